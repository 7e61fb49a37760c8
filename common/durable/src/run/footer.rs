//! The last frame of a run: what stands before it.

use crate::log::frame::FRAME_HEADER_LEN;

/// Length of a [`Footer`] in bytes.
pub(crate) const FOOTER_LEN: usize = 36;

/// Length of the frame that holds it, at the very end of the file.
pub(crate) const FOOTER_FRAME_LEN: usize = FRAME_HEADER_LEN + FOOTER_LEN;

/// How much of what a run holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Footer {
    /// Frames of operations.
    pub(crate) blocks: u64,
    /// Operations that put.
    pub(crate) puts: u64,
    /// Operations that delete.
    pub(crate) deletes: u64,
    /// Where the frames of the filter begin.
    pub(crate) filter_offset: u64,
    /// How many they are.
    pub(crate) filter_frames: u32,
}

impl Footer {
    /// Writes the footer.
    pub(crate) fn encode(&self) -> [u8; FOOTER_LEN] {
        let mut bytes = [0; FOOTER_LEN];
        bytes[..8].copy_from_slice(&self.blocks.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.puts.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.deletes.to_be_bytes());
        bytes[24..32].copy_from_slice(&self.filter_offset.to_be_bytes());
        bytes[32..].copy_from_slice(&self.filter_frames.to_be_bytes());
        bytes
    }

    /// Reads the payload of the last frame; `None` if that is no footer.
    pub(crate) fn decode(payload: &[u8]) -> Option<Self> {
        let bytes: &[u8; FOOTER_LEN] = payload.try_into().ok()?;
        let number = |at: usize| bytes[at..].first_chunk().map(|b| u64::from_be_bytes(*b));
        Some(Self {
            blocks: number(0)?,
            puts: number(8)?,
            deletes: number(16)?,
            filter_offset: number(24)?,
            filter_frames: u32::from_be_bytes(*bytes.last_chunk()?),
        })
    }
}
