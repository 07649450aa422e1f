//! Cuts the narrower packets, which Dhan would have sent instead, out of a wider one.

use crate::protocol::Mode;
use crate::protocol::feed::code;

/// Returns the mode of a packet.
pub(super) fn mode_of(packet: &[u8]) -> Option<Mode> {
    match *packet.first()? {
        code::TICKER => Some(Mode::Ticker),
        code::QUOTE => Some(Mode::Quote),
        code::FULL => Some(Mode::Full),
        _ => None,
    }
}

/// Appends the packet of a mode, cut from one of the same or a richer mode; returns `false` if that is not possible.
///
/// Quote and full are identical up to offset 34; a full packet then has three words of open interest before the day's
/// prices. A packet that is shorter than its code's size gives nothing.
pub(super) fn narrow(packet: &[u8], mode: Mode, out: &mut Vec<u8>) -> bool {
    let Some(have) = mode_of(packet) else { return false };
    let size = match have {
        Mode::Ticker => 16,
        Mode::Quote => 50,
        Mode::Full => 162,
    };
    if packet.len() < size || mode > have {
        return false;
    }
    if mode == have {
        out.extend_from_slice(packet);
        return true;
    }
    let (new_code, length): (u8, u16) = if mode == Mode::Quote { (code::QUOTE, 50) } else { (code::TICKER, 16) };
    out.push(new_code);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&packet[3..8]);
    if mode == Mode::Quote {
        out.extend_from_slice(&packet[8..34]);
        out.extend_from_slice(&packet[46..62]);
    } else {
        out.extend_from_slice(&packet[8..12]);
        out.extend_from_slice(&packet[14..18]);
    }
    true
}

/// Appends the open-interest packet that accompanies a full one.
pub(super) fn open_interest(full: &[u8], out: &mut Vec<u8>) {
    out.push(code::OI);
    out.extend_from_slice(&12u16.to_le_bytes());
    out.extend_from_slice(&full[3..8]);
    out.extend_from_slice(&full[34..38]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{InstrumentKey, Segment};
    use crate::protocol::encode;

    #[test]
    fn a_full_packet_is_cut_to_exactly_what_the_narrower_modes_carry() {
        let key = InstrumentKey::new(Segment::NSE_FNO, 55_796);
        let quote = encode::Quote {
            ltp: 152.3,
            ltq: 75,
            ltt_raw: 1_781_084_997,
            atp: 151.85,
            volume: 9_876_525,
            total_sell_qty: 451_275,
            total_buy_qty: 398_400,
            day_open: 148.0,
            close: 149.55,
            day_high: 160.4,
            day_low: 141.2,
        };
        let full = encode::Full { quote, oi: [3_214_575, 3_300_000, 3_100_050], ..encode::Full::default() };
        let (mut wide, mut as_quote, mut as_ticker, mut oi) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        encode::full(&mut wide, key, &full);
        encode::quote(&mut as_quote, key, &quote);
        encode::ticker(&mut as_ticker, key, quote.ltp, quote.ltt_raw);
        encode::open_interest(&mut oi, key, full.oi[0]);
        let cut = |packet: &[u8], mode| {
            let mut out = Vec::new();
            narrow(packet, mode, &mut out).then_some(out)
        };
        assert_eq!(cut(&wide, Mode::Full), Some(wide.clone()));
        assert_eq!(cut(&wide, Mode::Quote), Some(as_quote.clone()));
        assert_eq!(cut(&wide, Mode::Ticker), Some(as_ticker.clone()));
        assert_eq!(cut(&as_quote, Mode::Ticker), Some(as_ticker.clone()));
        assert_eq!(cut(&as_quote, Mode::Full), None);
        assert_eq!(cut(&wide[..100], Mode::Ticker), None);
        let mut out = Vec::new();
        open_interest(&wide, &mut out);
        assert_eq!(out, oi);
    }
}
