//! Distributes upstream frames to the clients, and reports gaps to them.

use super::client::{RelayClient, depth_index};
use super::hub::{HubState, Loss};
use crate::clock;
use crate::model::{Levels, Stream};
use crate::pipeline::item::FrameKind;
use crate::protocol::relay::GapMessage;
use crate::protocol::{depth, feed};

/// Returns whether a frame holds data, which closes a gap.
pub(super) fn is_data(stream: Stream, kind: FrameKind, frame: &[u8]) -> bool {
    match (stream, kind) {
        (Stream::Market, FrameKind::Binary) => feed::packets(frame)
            .flatten()
            .any(|(_, packet)| !matches!(packet, feed::Packet::Disconnect(_) | feed::Packet::Heartbeat)),
        (Stream::Depth(levels), FrameKind::Binary) => {
            depth::packets(frame, levels).flatten().any(|packet| matches!(packet, depth::Packet::Side(_)))
        }
        (Stream::Orders, kind) => kind == FrameKind::Text,
        _ => false,
    }
}

/// Distributes the packets of a market-feed frame.
pub(super) fn market(state: &mut HubState, conn: u16, frame: &[u8]) {
    let mut rest = frame;
    let mut packets = feed::packets(frame);
    while let Some(packet) = packets.next() {
        let step = rest.len() - packets.rest().len();
        let (bytes, after) = rest.split_at(step);
        rest = after;
        let Ok((header, packet)) = packet else { continue };
        match packet {
            feed::Packet::Disconnect(_) | feed::Packet::Heartbeat => {}
            feed::Packet::MarketStatus(_) => {
                // The packet is about a segment, so every client with an instrument there gets it.
                let segment = header.instrument.segment;
                for client in state.clients.values().filter(|client| client.stream == Stream::Market) {
                    if client.subscriptions.borrow().keys().any(|key| key.segment == segment) {
                        client.packet(bytes, 1);
                    }
                }
            }
            _ => {
                if let Some(quoted) = state.quoted.get_mut(&header.instrument) {
                    quoted.conn = Some(conn);
                    quoted.packet(header.instrument, bytes, &mut state.scratch);
                }
            }
        }
    }
}

/// Distributes the packets of a depth frame: each client gets the ones it wants, in one message.
pub(super) fn book(state: &mut HubState, levels: Levels, conn: u16, frame: &[u8]) {
    let mut rest = frame;
    let mut sides = Vec::new();
    let mut packets = depth::packets(frame, levels);
    while let Some(packet) = packets.next() {
        let step = rest.len() - packets.rest().len();
        let (bytes, after) = rest.split_at(step);
        rest = after;
        if let Ok(depth::Packet::Side(side)) = packet {
            sides.push((side.instrument, side.side, bytes));
        }
    }
    let books = &mut state.books[depth_index(levels)];
    for (instrument, side, bytes) in &sides {
        if let Some(book) = books.get_mut(instrument) {
            book.conn = Some(conn);
            book.side(usize::from(*side == depth::Side::Ask), bytes);
        }
    }
    for client in state.clients.values().filter(|client| client.stream == Stream::Depth(levels)) {
        let wanted = client.subscriptions.borrow();
        state.scratch.clear();
        let mut count = 0;
        for (_, _, bytes) in sides.iter().filter(|(instrument, ..)| wanted.contains_key(instrument)) {
            state.scratch.extend_from_slice(bytes);
            count += 1;
        }
        drop(wanted);
        if count > 0 {
            client.packet(&state.scratch, count);
        }
    }
}

/// Reports a gap to its clients, in the form that each understands.
pub(super) fn report_gap(state: &HubState, stream: Stream, conn: u16, loss: &Loss) {
    let message = GapMessage {
        reason: loss.reason.name().to_owned(),
        detail: Some(format!("upstream of the relay: {}", loss.detail)),
        from: loss.from,
        to: clock::now(),
        dropped: None,
    };
    let text = message.text();
    let is_hit = |client: &RelayClient| {
        let wanted = client.subscriptions.borrow();
        match stream {
            Stream::Market => wanted
                .keys()
                .any(|key| state.quoted.get(key).is_some_and(|quoted| quoted.conn.is_none_or(|known| known == conn))),
            Stream::Depth(levels) => wanted.keys().any(|key| {
                let book = state.books[depth_index(levels)].get(key);
                book.is_some_and(|book| book.conn.is_none_or(|known| known == conn))
            }),
            Stream::Orders => true,
        }
    };
    for client in state.clients.values().filter(|client| client.stream == stream && client.reads_gaps) {
        if is_hit(client) {
            client.text(text.as_bytes(), 0);
        }
    }
}
