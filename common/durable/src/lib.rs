//! The durable store of Maille.
