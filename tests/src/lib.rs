//! The world in which Maille is tested.
