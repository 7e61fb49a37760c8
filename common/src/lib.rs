//! The protocol of Maille, pure.
//!
//! No sockets, files, clocks or randomness of its own: `now` and randomness are arguments.

// The codec's macros name this crate by the path that other crates use.
extern crate self as maille_common;

pub mod address;
pub mod archive;
pub mod blob;
pub mod check;
pub mod codec;
pub mod content;
pub mod crypto;
pub mod drill;
pub mod envelope;
pub mod evidence;
pub mod export;
pub mod extension;
pub mod hash;
pub mod identifier;
pub mod label;
pub mod limits;
pub mod local_text;
#[cfg(feature = "parsers")]
pub mod parsers;
pub mod pattern;
pub mod randomness;
pub mod record;
pub mod roster;
pub mod safe_text;
pub mod sealing;
pub mod terms;
pub mod time;
pub mod toml_tokens;
pub mod typed_code;
#[cfg(any(test, feature = "vectors"))]
pub mod vectors;
pub mod wire;
