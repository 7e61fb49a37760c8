//! Randomness as an argument: this crate has no source of its own.

use zeroize::Zeroizing;

/// A source of bytes that nobody else can know or repeat.
///
/// The shells give the operating system's; a test gives a fixed one, so that vectors can be pinned.
pub trait Randomness {
    /// Fills `bytes` with fresh random bytes.
    fn fill(&mut self, bytes: &mut [u8]);

    /// Fresh random bytes, wiped when dropped.
    fn secret<const N: usize>(&mut self) -> Zeroizing<[u8; N]>
    where
        Self: Sized,
    {
        let mut bytes = Zeroizing::new([0; N]);
        self.fill(bytes.as_mut());
        bytes
    }

    /// Fresh random bytes that need not stay secret: ids, salts.
    fn array<const N: usize>(&mut self) -> [u8; N]
    where
        Self: Sized,
    {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}
