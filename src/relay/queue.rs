//! Queues websocket frames for a client in one buffer, of which the oldest packets can be dropped.

use std::collections::VecDeque;

/// Limit in bytes; beyond it the oldest packets are dropped.
pub(super) const WAITING: usize = 16 << 20;

/// A queued frame.
#[derive(Debug, Clone, Copy)]
struct Frame {
    length: u32,
    /// Number of packets in it; control frames have none and are never dropped.
    packets: u32,
}

/// Queues frames in the order of sending.
#[derive(Debug, Default)]
pub(super) struct ClientQueue {
    bytes: VecDeque<u8>,
    frames: VecDeque<Frame>,
    /// Number of bytes of the first frame that were sent.
    sent: usize,
    /// Number of packets dropped and not yet taken.
    dropped: u64,
}

impl ClientQueue {
    /// Returns whether the queue is empty.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Appends frames that the websocket library made.
    pub fn push_control(&mut self, frames: &[u8]) {
        self.push_whole(frames, 0);
    }

    /// Appends a server's message: unmasked, in one frame.
    pub fn push(&mut self, is_text: bool, payload: &[u8], packets: u32) {
        let opcode = if is_text { 0x81 } else { 0x82 };
        let mut header = [opcode, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let header = match payload.len() {
            length @ 0..=125 => {
                header[1] = length as u8;
                &header[..2]
            }
            length @ 126..=65_535 => {
                header[1] = 126;
                header[2..4].copy_from_slice(&(length as u16).to_be_bytes());
                &header[..4]
            }
            length => {
                header[1] = 127;
                header[2..10].copy_from_slice(&(length as u64).to_be_bytes());
                &header[..10]
            }
        };
        self.bytes.extend(header);
        self.bytes.extend(payload);
        self.frames.push_back(Frame { length: (header.len() + payload.len()) as u32, packets });
        while self.bytes.len() > WAITING && self.drop_oldest() {}
    }

    fn push_whole(&mut self, frames: &[u8], packets: u32) {
        self.bytes.extend(frames);
        self.frames.push_back(Frame { length: frames.len() as u32, packets });
    }

    /// Drops the oldest frame that holds packets and of which nothing was sent.
    fn drop_oldest(&mut self) -> bool {
        let first = usize::from(self.sent > 0);
        let mut from = if first == 1 { self.frames[0].length as usize - self.sent } else { 0 };
        let Some(at) = (first..self.frames.len()).find(|&i| {
            let is_packet = self.frames[i].packets > 0;
            from += if is_packet { 0 } else { self.frames[i].length as usize };
            is_packet
        }) else {
            return false;
        };
        let Some(frame) = self.frames.remove(at) else { return false };
        self.bytes.drain(from..from + frame.length as usize);
        self.dropped += u64::from(frame.packets);
        true
    }

    /// Removes all frames.
    pub fn clear(&mut self) {
        *self = ClientQueue::default();
    }

    /// Returns the bytes to send next.
    pub fn next(&self) -> &[u8] {
        self.bytes.as_slices().0
    }

    /// Removes sent bytes; returns the number of packets in frames that are completely sent.
    pub fn sent(&mut self, mut bytes: usize) -> u64 {
        self.bytes.drain(..bytes);
        let mut packets = 0;
        while let Some(frame) = self.frames.front() {
            let rest = frame.length as usize - self.sent;
            if bytes < rest {
                self.sent += bytes;
                return packets;
            }
            bytes -= rest;
            self.sent = 0;
            packets += u64::from(frame.packets);
            self.frames.pop_front();
        }
        packets
    }

    /// Returns the number of packets dropped since the last call.
    pub fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_whole_packets_are_dropped_and_what_was_begun_is_sent_to_its_end() {
        let mut queue = ClientQueue::default();
        let payload = vec![7; 1 << 20];
        queue.push(false, &payload, 1);
        queue.push_control(b"pong");
        assert_eq!(queue.sent(10), 0);
        for n in 1..20u8 {
            queue.push(false, &[&[n][..], &payload].concat(), 2);
        }
        assert!(queue.bytes.len() <= WAITING);
        let dropped = queue.take_dropped();
        assert!(dropped >= 8 && dropped % 2 == 0, "{dropped}");
        assert_eq!(queue.take_dropped(), 0);
        let mut out = Vec::new();
        let mut packets = 0;
        while !queue.is_empty() {
            let some = queue.next().len().min(4_000);
            out.extend_from_slice(&queue.next()[..some]);
            packets += queue.sent(some);
        }
        assert_eq!(packets + dropped, 1 + 19 * 2);
        // The first frame was begun: the rest of it comes, then the pong, then the newest packets in order.
        let rest = payload.len() + 10 - 10;
        assert_eq!(&out[rest..rest + 4], b"pong");
        let first = out[rest + 4 + 10];
        assert!(first > 1, "{first}");
        assert_eq!(out[out.len() - payload.len() - 1], 19);
    }
}
