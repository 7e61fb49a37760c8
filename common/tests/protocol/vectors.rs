//! Every format pinned to the byte: `common/vectors/*.hex` (PROTOCOL section 10).

mod archives;
mod codes;
mod exports;
pub(crate) mod reconciliations;
pub(crate) mod values;

use maille_common::content::{GivenStatement, PartContent, Step};
use maille_common::envelope::ShownEntries;
use maille_common::export::Piece;
use maille_common::roster::Subject;
use maille_common::vectors::Vectors;
use maille_common::wire::{Answer, Push, Request};

#[test]
fn every_format_has_its_pinned_bytes_and_they_are_read_back() {
    let mut vectors = Vectors::of(env!("CARGO_MANIFEST_DIR"), "vectors");
    values::check_all(&mut vectors);
    exports::check_all(&mut vectors);
    archives::check_all(&mut vectors);
    reconciliations::check_all(&mut vectors);
    vectors.page("codes", &codes::page());
    vectors.has_every_choice::<Subject>();
    vectors.has_every_choice::<PartContent>();
    vectors.has_every_choice::<Request>();
    vectors.has_every_choice::<Answer>();
    vectors.has_every_choice::<Push>();
    vectors.has_every_choice::<ShownEntries>();
    vectors.has_every_choice::<Piece>();
    vectors.has_every_choice::<Step>();
    vectors.has_every_choice::<GivenStatement>();
    vectors.end();
}
