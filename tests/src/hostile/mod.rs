//! What the honest code never makes, for the tests of attacks.
//!
//! | file | what it makes |
//! |---|---|
//! | `cast` | a network in which anybody may be hostile, and what a device makes of bytes |
//! | `forgery` | envelopes of parts that do not belong together, signed by whoever has keys |
//! | `gcm` | the arithmetic of AES-GCM, and one ciphertext that opens under two keys |

mod cast;
mod forgery;
pub mod gcm;

pub use cast::{Cast, refusal_of, returned_for};
pub use forgery::{ForgedWrap, Forgery, all_shares, altered, share, signed_by};
