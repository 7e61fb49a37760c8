//! The client library of Maille.
