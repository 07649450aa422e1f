//! Builds the packet that a server sends besides market data: the disconnect packet.

use crate::model::Stream;
use crate::model::{InstrumentKey, Segment};
use crate::protocol::{DisconnectReason, encode};

/// Names a layout of the depth socket's disconnect packet; sources differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum DisconnectLayout {
    /// 14 bytes: the depth header, then the reason
    #[default]
    A,
    /// 12 bytes: the reason is the header's last word
    B,
    /// 10 bytes: the market feed's packet
    C,
}

/// Returns a disconnect packet as the stream's server sends it.
pub(crate) fn disconnect_packet(kind: Stream, layout: DisconnectLayout, reason: u16) -> Vec<u8> {
    let (mut packet, nobody) = (Vec::new(), InstrumentKey::new(Segment::IDX_I, 0));
    let reason = DisconnectReason(reason);
    match (kind, layout) {
        (Stream::Market | Stream::Orders, _) | (_, DisconnectLayout::C) => {
            encode::disconnect(&mut packet, nobody, reason)
        }
        (_, DisconnectLayout::A) => encode::depth_disconnect(&mut packet, nobody, reason),
        (_, DisconnectLayout::B) => encode::depth_disconnect_short(&mut packet, nobody, reason),
    }
    packet
}
