//! Sealing keys: what a device publishes so that others can seal to it, and what it keeps.
//!
//! Keys live a week, and a [`Bundle`] shows the weeks ahead, so that a device can be written to
//! while it is away. The private halves stand in a [`SealingRing`], in a file of their own, and are
//! erased when no honest sender can still use them: after that, a captured wrap stays shut.

mod bundle;
mod ring;
mod ring_file;
mod signed;

pub use bundle::{Bundle, ChosenKey, SealingKey, SealingKeyId};
pub use ring::{BundleOwner, RingFull, SealingRing};
pub use signed::{BundleFault, SignedBundle, Succession};

#[cfg(test)]
mod tests;
