//! The client library of Maille.

pub mod authority;
pub mod cap;
pub mod core;
pub mod entropy;
pub mod home;
