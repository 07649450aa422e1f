//! Hides pings in a client's stream from the websocket library, so that they are not answered: for tests of the
//! 200-level server, which may not answer pings.

/// Rewrites the pings of a client's frames as pongs, which need no answer.
#[derive(Debug, Default)]
pub(crate) struct Deafness {
    /// Payload bytes of the current frame that are still to come.
    payload: u64,
    /// The bytes of the header that is being read.
    header: Vec<u8>,
}

impl Deafness {
    /// Rewrites bytes as they were read; frames may be split anywhere.
    pub fn filter(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            if self.payload > 0 {
                let skipped = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
                self.payload -= skipped as u64;
                bytes = &mut bytes[skipped..];
                continue;
            }
            if self.header.is_empty() && bytes[0] & 0x0f == 9 {
                bytes[0] += 1;
            }
            self.header.push(bytes[0]);
            bytes = &mut bytes[1..];
            if let Some(payload) = payload(&self.header) {
                self.payload = payload;
                self.header.clear();
            }
        }
    }
}

/// Returns the payload length of a frame (including its mask) once its header is complete.
fn payload(header: &[u8]) -> Option<u64> {
    let second = *header.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (extended, length) = match second & 0x7f {
        126 => (2, u64::from(u16::from_be_bytes(header.get(2..4)?.try_into().ok()?))),
        127 => (8, u64::from_be_bytes(header.get(2..10)?.try_into().ok()?)),
        short => (0, u64::from(short)),
    };
    (header.len() == 2 + extended + mask).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pings_change_however_the_bytes_are_cut() {
        let mut frames = vec![0x81, 0x80 | 3, 1, 2, 3, 4, 0x89, 0x89, 0x89];
        frames.extend([0x89, 0x80 | 2, 9, 9, 9, 9, 0x89, 0x89]);
        frames.extend([0x82, 0x80 | 126, 0, 200, 0, 0, 0, 0]);
        frames.extend([0x89; 200]);
        frames.extend([0x89, 0x80, 0, 0, 0, 0]);
        let mut expected = frames.clone();
        expected[9] = 0x8a;
        let last = expected.len() - 6;
        expected[last] = 0x8a;
        for cut in [1, 2, 3, 7, 1000] {
            let mut deaf = Deafness::default();
            let mut heard = frames.clone();
            heard.chunks_mut(cut).for_each(|chunk| deaf.filter(chunk));
            assert_eq!(heard, expected, "cut every {cut}");
        }
    }
}
