//! Small parts and the primitives under them, by noun. docs/performance.md says how to run them.

mod bare;
mod codec;
mod commit;
mod envelope;
mod ledger;
mod roster;

use std::sync::LazyLock;

use maille_tests::micro::Place;

/// Where stores are made, and the one roster that all questions go to.
static PLACE: LazyLock<Place> = LazyLock::new(Place::usual);

fn main() {
    divan::main();
}
