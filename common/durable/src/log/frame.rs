//! One checksummed, numbered frame.
//!
//! `magic | payload length | number | synced | payload checksum | head checksum | payload`
//!
//! In the log, `synced` is the newest number that was durable before this frame was written. It is
//! what tells damage from a tear: frames written together may reach the disk in any order, so a
//! valid frame behind an invalid one proves damage only if it says that the invalid one had been
//! synced. In a run it is the first batch the run covers, so that no frame verifies in another run.

/// Begins every frame.
pub(crate) const MAGIC: [u8; 4] = *b"mFrm";

/// Length of a frame without its payload.
pub(crate) const FRAME_HEADER_LEN: usize = 32;

/// The first 32 bytes of a frame, verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) payload_len: usize,
    pub(crate) number: u64,
    pub(crate) synced: u64,
    payload_crc: u32,
}

/// A verified frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) number: u64,
    pub(crate) payload: &'a [u8],
}

/// Appends a frame whose payload `fill` writes.
pub(crate) fn encode(
    seed: u32,
    number: u64,
    synced: u64,
    out: &mut Vec<u8>,
    fill: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    out.extend_from_slice(&[0; FRAME_HEADER_LEN]);
    fill(out);
    let (header, payload) = out[start..].split_at_mut(FRAME_HEADER_LEN);
    let length = u32::try_from(payload.len()).expect("batches have at most 16 MiB");
    header[..4].copy_from_slice(&MAGIC);
    header[4..8].copy_from_slice(&length.to_be_bytes());
    header[8..16].copy_from_slice(&number.to_be_bytes());
    header[16..24].copy_from_slice(&synced.to_be_bytes());
    header[24..28].copy_from_slice(&crc32c::crc32c_append(seed, payload).to_be_bytes());
    let crc = crc32c::crc32c_append(seed, &header[..28]);
    header[28..].copy_from_slice(&crc.to_be_bytes());
}

impl FrameHeader {
    /// Reads a header from the beginning of `bytes`; `None` if it is not a valid one.
    pub(crate) fn decode(seed: u32, bytes: &[u8]) -> Option<Self> {
        let (head, crc) = bytes.first_chunk::<FRAME_HEADER_LEN>()?.split_at(28);
        if head[..4] != MAGIC || crc32c::crc32c_append(seed, head).to_be_bytes() != crc {
            return None;
        }
        Some(Self {
            payload_len: usize::try_from(u32::from_be_bytes(*head[4..].first_chunk()?)).ok()?,
            number: u64::from_be_bytes(*head[8..].first_chunk()?),
            synced: u64::from_be_bytes(*head[16..].first_chunk()?),
            payload_crc: u32::from_be_bytes(*head[24..].first_chunk()?),
        })
    }

    /// Tells whether `payload` is the one this header was written for.
    pub(crate) fn fits(&self, seed: u32, payload: &[u8]) -> bool {
        payload.len() == self.payload_len
            && crc32c::crc32c_append(seed, payload) == self.payload_crc
    }
}

/// Reads a whole frame from the beginning of `bytes`; `None` if it is not a valid one.
pub(crate) fn decode(seed: u32, bytes: &[u8]) -> Option<Frame<'_>> {
    let header = FrameHeader::decode(seed, bytes)?;
    let payload = bytes[FRAME_HEADER_LEN..].get(..header.payload_len)?;
    header.fits(seed, payload).then_some(Frame {
        number: header.number,
        payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_bit_other_length_or_other_seed_passes() {
        let mut bytes = Vec::new();
        encode(7, 3, 2, &mut bytes, |out| out.extend_from_slice(b"payload"));
        assert_eq!(
            decode(7, &bytes),
            Some(Frame {
                number: 3,
                payload: b"payload"
            })
        );
        assert_eq!(decode(8, &bytes), None);
        for length in 0..bytes.len() {
            assert_eq!(decode(7, &bytes[..length]), None);
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(7, &flipped), None, "bit {bit}");
        }
    }
}
