//! The protocol of Maille, pure.
