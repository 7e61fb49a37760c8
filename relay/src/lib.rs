//! The relay of Maille.
