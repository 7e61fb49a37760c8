//! The command line of Maille.

fn main() {}
