//! The vectors notice what they are for.

use super::*;
use crate::codec::{Decode, Encode};

#[derive(Encode, Decode)]
struct Sample {
    number: u16,
    choice: Sort,
}

#[derive(Encode, Decode)]
enum Sort {
    Plain,
    Marked { mark: u8 },
}

impl Record for Sample {
    const NAME: &'static str = "sample";
}

annotate_fields! {
    Sample { number, choice }
}

annotate_choices! {
    Sort { 0 Plain 1 Marked { mark } }
}

const SAMPLE: Sample = Sample {
    number: 513,
    choice: Sort::Marked { mark: 7 },
};

/// What the file of the sample says.
const PINNED: &str = "\
01 # sample: format 1
0102 # sample.number: 513
01000000 # sample.choice: choice 1, Marked
07 # sample.choice.mark: 7
";

/// A folder with the sample's file, changed.
fn world(change: impl Fn(&str) -> String) -> (tempfile::TempDir, Vectors) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sample.hex"), change(PINNED)).unwrap();
    let vectors = Vectors::at(folder.path().to_owned(), false);
    (folder, vectors)
}

#[test]
fn a_record_is_the_bytes_of_its_file_and_the_file_the_record() {
    let (_folder, mut vectors) = world(str::to_owned);
    vectors.record("sample", &SAMPLE);
    vectors.has_every_record(&["sample"]);
    vectors.end();
}

#[test]
#[should_panic(expected = "sample.hex has other bytes or fields")]
fn a_changed_byte_is_noticed() {
    let (_folder, mut vectors) = world(|text| text.replace("07 #", "08 #"));
    vectors.record("sample", &SAMPLE);
}

#[test]
#[should_panic(expected = "sample.hex has other bytes or fields")]
fn another_name_of_a_field_is_noticed() {
    let (_folder, mut vectors) = world(|text| text.replace("number", "count"));
    vectors.record("sample", &SAMPLE);
}

#[test]
#[should_panic(expected = "other.hex has other bytes or fields")]
fn a_missing_file_is_noticed() {
    let (_folder, mut vectors) = world(str::to_owned);
    vectors.record("other", &SAMPLE);
}

#[test]
#[should_panic(expected = "each file is compared")]
fn a_file_that_nothing_is_compared_with_is_noticed() {
    let (_folder, vectors) = world(str::to_owned);
    vectors.end();
}

#[test]
#[should_panic(expected = "the record `another` has no vector")]
fn a_record_without_a_vector_is_noticed() {
    let (_folder, mut vectors) = world(str::to_owned);
    vectors.record("sample", &SAMPLE);
    vectors.has_every_record(&["another", "sample"]);
}

#[test]
#[should_panic(expected = "Sort::Plain has no vector")]
fn a_variant_without_a_vector_is_noticed() {
    let (_folder, mut vectors) = world(str::to_owned);
    vectors.record("sample", &SAMPLE);
    vectors.has_every_choice::<Sort>();
}

#[test]
#[should_panic(expected = "a field is not annotated")]
fn a_field_that_is_not_annotated_is_noticed() {
    #[derive(Encode, Decode)]
    struct Longer {
        number: u16,
        forgotten: u16,
    }
    annotate_fields! {
        Longer { number }
    }
    let (_folder, mut vectors) = world(str::to_owned);
    let (number, forgotten) = (1, 2);
    vectors.value("sample", &Longer { number, forgotten });
}

#[test]
fn files_are_written_only_when_asked_for() {
    let (folder, _) = world(str::to_owned);
    let fresh = folder.path().join("fresh");
    Vectors::at(fresh.clone(), true).record("sample", &SAMPLE);
    assert_eq!(
        fs::read_to_string(fresh.join("sample.hex")).unwrap(),
        PINNED
    );
}

#[test]
fn the_vectors_of_the_protocol_are_there_to_be_stored() {
    let receipt: crate::evidence::SignedReceipt = sent("receipt");
    assert_eq!(receipt.statement.version, 1);
}
