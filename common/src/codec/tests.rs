use proptest::prelude::*;

use super::*;

coded_enum! {
    /// A colour.
    enum Colour: u8 {
        /// Red.
        Red = 1 => "red",
        /// Green.
        Green = 7 => "green",
    }
}

fixed_bytes! {
    /// Names a sample.
    struct SampleId([u8; 4]);
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
enum Choice {
    Nothing,
    Number(u16),
    Named { name: Text<5> },
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Sample {
    id: SampleId,
    colour: Colour,
    maybe: Option<bool>,
    names: List<Text<8>, 4>,
    marks: SortedList<u16, 4>,
    blob: Bytes<16>,
    choice: Choice,
    inner: Exact<(u8, Option<u8>), 8>,
}

fn sample() -> Sample {
    Sample {
        id: SampleId::from_bytes([0xa0, 0xa1, 0xa2, 0xa3]),
        colour: Colour::Green,
        maybe: Some(true),
        names: List::new([Text::new("é").unwrap()]).unwrap(),
        marks: SortedList::new([513, 2]).unwrap(),
        blob: Bytes::new([9]).unwrap(),
        choice: Choice::Number(5),
        inner: Exact::of((3, None)).unwrap(),
    }
}

#[rustfmt::skip]
const SAMPLE: &[u8] = &[
    0xa0, 0xa1, 0xa2, 0xa3, // id, raw
    7,                      // colour: the code as written down
    1, 1,                   // maybe: some, true
    1, 0, 0, 0,             // names: one
    2, 0, 0, 0, 0xc3, 0xa9, //   of two bytes of UTF-8
    2, 0, 0, 0,             // marks: two, ascending
    2, 0, 1, 2,             //   2 and 513, little-endian
    1, 0, 0, 0, 9,          // blob: one byte
    1, 0, 0, 0, 5, 0,       // choice: the variant counted from 0, its field
    2, 0, 0, 0, 3, 0,       // inner: two bytes, (3, none)
];

#[test]
fn the_bytes_of_a_sample_are_pinned() {
    assert_eq!(encode(&sample()), SAMPLE);
    assert_eq!(decode(SAMPLE), Ok(sample()));
}

#[test]
fn every_shorter_input_is_truncated() {
    for length in 0..SAMPLE.len() {
        assert_eq!(
            decode::<Sample>(&SAMPLE[..length]),
            Err(DecodeError::Truncated),
            "{length}"
        );
    }
}

#[test]
fn trailing_bytes_are_refused() {
    let longer = [SAMPLE, &[0, 0]].concat();
    assert_eq!(
        decode::<Sample>(&longer),
        Err(DecodeError::Trailing { bytes: 2 })
    );
}

#[test]
fn flags_other_than_0_and_1_are_refused() {
    let what = "bool";
    assert_eq!(
        decode::<bool>(&[2]),
        Err(DecodeError::UnknownCode { what, code: 2 })
    );
    assert_eq!(
        decode::<Option<u8>>(&[2, 0]).unwrap_err().code(),
        "unknown-code"
    );
    assert_eq!(
        decode::<Option<u8>>(&[255, 0]).unwrap_err().code(),
        "unknown-code"
    );
}

#[test]
fn codes_and_names_lead_to_their_variants_and_back() {
    assert_eq!(Colour::ALL, [Colour::Red, Colour::Green]);
    for &colour in Colour::ALL {
        assert_eq!(Colour::from_code(colour.code()), Some(colour));
        assert_eq!(colour.name().parse(), Ok(colour));
        assert_eq!(decode(&[colour.code()]), Ok(colour));
    }
    let error = "blue".parse::<Colour>().unwrap_err();
    assert_eq!(error.to_string(), "`blue` is not one of: red, green.");
}

#[test]
fn unknown_codes_are_refused() {
    let what = "Colour";
    for code in (0..=255).filter(|code| ![1, 7].contains(code)) {
        let error = DecodeError::UnknownCode {
            what,
            code: code.into(),
        };
        assert_eq!(decode::<Colour>(&[code]), Err(error));
    }
}

#[test]
fn unknown_variants_of_a_derived_enum_are_refused() {
    for variant in [3, 256, u32::MAX] {
        let error = DecodeError::UnknownCode {
            what: "Choice",
            code: variant,
        };
        assert_eq!(decode::<Choice>(&variant.to_le_bytes()), Err(error));
    }
}

#[test]
fn a_length_above_its_limit_is_refused_before_the_bytes_are_looked_at() {
    let claimed = 6_u32.to_le_bytes();
    let error = DecodeError::TooLong { limit: 5, found: 6 };
    assert_eq!(decode::<Text<5>>(&claimed), Err(error.clone()));
    assert_eq!(decode::<Bytes<5>>(&claimed), Err(error.clone()));
    assert_eq!(decode::<List<u8, 5>>(&claimed), Err(error.clone()));
    assert_eq!(decode::<SortedList<u8, 5>>(&claimed), Err(error.clone()));
    assert_eq!(decode::<Exact<u8, 5>>(&claimed), Err(error));
}

#[test]
fn a_length_above_what_remains_is_truncated_before_anything_is_allocated() {
    let claimed = [0xff, 0xff, 0xff, 0xff, 0];
    assert_eq!(
        decode::<Text<{ usize::MAX }>>(&claimed),
        Err(DecodeError::Truncated)
    );
    assert_eq!(
        decode::<Bytes<{ usize::MAX }>>(&claimed),
        Err(DecodeError::Truncated)
    );
    assert_eq!(
        decode::<List<u8, { usize::MAX }>>(&claimed),
        Err(DecodeError::Truncated)
    );
}

#[test]
fn lists_of_wide_items_from_few_bytes_are_refused() {
    // 60,000 absent arrays of 1 KiB each: 60 KB on the wire, 60 MB in memory.
    let mut bytes = 60_000_u32.to_le_bytes().to_vec();
    bytes.resize(bytes.len() + 60_000, 0);
    type Wide = List<Option<[u8; 1024]>, 100_000>;
    assert_eq!(decode::<Wide>(&bytes), Err(DecodeError::TooLarge));
}

#[test]
fn nested_lists_share_one_budget() {
    // Each inner list asks for 500 KiB of memory; two fit into the budget of a small input.
    let mut inner = 500_u32.to_le_bytes().to_vec();
    inner.resize(inner.len() + 500, 0);
    let outer = |count: u32| [count.to_le_bytes().to_vec(), inner.repeat(3)].concat();
    type Nested = List<List<Option<[u8; 1024]>, 500>, 3>;
    assert_eq!(decode::<Nested>(&outer(3)), Err(DecodeError::TooLarge));
    assert_eq!(
        decode::<Nested>(&outer(2)[..4 + 2 * inner.len()])
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn an_input_above_the_largest_is_refused() {
    let bytes = vec![0; INPUT_BYTES_MAX + 1];
    assert_eq!(decode::<u8>(&bytes).unwrap_err().code(), "too-long");
}

#[test]
fn inputs_of_every_size_class_decode() {
    for length in [
        SMALL_BYTES,
        SMALL_BYTES + 1,
        MEDIUM_BYTES + 1,
        INPUT_BYTES_MAX,
    ] {
        let value = Bytes::<INPUT_BYTES_MAX>::new(vec![7; length - 4]).unwrap();
        assert_eq!(decode(&encode(&value)), Ok(value));
    }
}

#[test]
fn a_text_that_is_not_utf8_is_refused() {
    assert_eq!(
        decode::<Text<5>>(&[1, 0, 0, 0, 0xff]),
        Err(DecodeError::NotUtf8)
    );
    // An overlong encoding of a slash would be a second encoding of one text.
    assert_eq!(
        decode::<Text<5>>(&[2, 0, 0, 0, 0xc0, 0xaf]),
        Err(DecodeError::NotUtf8)
    );
}

#[test]
fn a_sorted_list_out_of_order_or_with_a_repetition_is_refused() {
    for bytes in [[2, 0, 0, 0, 9, 8], [2, 0, 0, 0, 9, 9]] {
        assert_eq!(
            decode::<SortedList<u8, 5>>(&bytes),
            Err(DecodeError::NotSorted)
        );
    }
}

#[test]
fn constructors_check_what_the_decoder_checks() {
    let long = TooLong { limit: 2, found: 3 };
    assert_eq!(Text::<2>::new("abc"), Err(long));
    assert_eq!(Bytes::<2>::new([1, 2, 3]), Err(long));
    assert_eq!(List::<u8, 2>::new([1, 2, 3]), Err(long));
    assert_eq!(
        SortedList::<u8, 2>::new([1, 2, 3]),
        Err(ListError::TooLong(long))
    );
    assert_eq!(SortedList::<u8, 2>::new([2, 2]), Err(ListError::Repeated));
    assert_eq!(SortedList::<u8, 2>::new([2, 1]).unwrap().as_slice(), [1, 2]);
    assert_eq!(Exact::<[u8; 3], 2>::of([1, 2, 3]), Err(long));
    assert!(Exact::<[u8; 3], 2>::parse(vec![1, 2, 3]).is_err());
}

#[test]
fn the_reason_for_a_fault_inside_an_exact_value_reaches_the_caller() {
    type Inner<T> = Exact<T, 32>;
    assert_eq!(
        decode::<Inner<bool>>(&[1, 0, 0, 0, 9]).unwrap_err().code(),
        "unknown-code"
    );
    let trailing = DecodeError::Trailing { bytes: 2 };
    assert_eq!(decode::<Inner<bool>>(&[3, 0, 0, 0, 1, 8, 8]), Err(trailing));
    assert_eq!(
        decode::<Inner<u16>>(&[1, 0, 0, 0, 9]),
        Err(DecodeError::Truncated)
    );
    let unsorted = [6, 0, 0, 0, 2, 0, 0, 0, 9, 8];
    assert_eq!(
        decode::<Inner<SortedList<u8, 4>>>(&unsorted),
        Err(DecodeError::NotSorted)
    );
    let not_utf8 = [5, 0, 0, 0, 1, 0, 0, 0, 0xff];
    assert_eq!(
        decode::<Inner<Text<4>>>(&not_utf8),
        Err(DecodeError::NotUtf8)
    );
}

#[test]
fn hexadecimal_is_exact() {
    assert_eq!(
        "A0a1a2a3".parse(),
        Ok(SampleId::from_bytes([0xa0, 0xa1, 0xa2, 0xa3]))
    );
    for text in [
        "",
        "a0a1a2a",
        "a0a1a2a3a4",
        "a0a1a2g3",
        "+0a1a2a3",
        "éa1a2a3",
    ] {
        assert_eq!(text.parse::<SampleId>(), Err(NotHex { bytes: 4 }), "{text}");
    }
    let id: SampleId = "0102a0ff".parse().unwrap();
    assert_eq!(id.as_bytes(), &[1, 2, 0xa0, 0xff]);
    assert_eq!(
        (id.as_bytes().len(), id.short()),
        (SampleId::LEN, id.to_string())
    );
    assert_eq!(format!("{id:?}"), "SampleId(0102a0ff)");
}

proptest! {
    #[test]
    fn decoding_never_panics_and_accepts_one_encoding(
        bytes in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        if let Ok(value) = decode::<Sample>(&bytes) {
            prop_assert_eq!(encode(&value), bytes);
        }
    }

    #[test]
    fn a_changed_sample_is_refused_or_encodes_back(at in 0..SAMPLE.len(), byte: u8) {
        let mut bytes = SAMPLE.to_vec();
        bytes[at] = byte;
        if let Ok(value) = decode::<Sample>(&bytes) {
            prop_assert_eq!(encode(&value), bytes);
        }
    }

    #[test]
    fn every_sample_survives_the_wire(
        names in proptest::collection::vec(".{0,2}", 0..4),
        marks in proptest::collection::btree_set(any::<u16>(), 0..4),
        blob in proptest::collection::vec(any::<u8>(), 0..16),
        number: Option<u16>,
        inner: (u8, Option<u8>),
    ) {
        let names: Vec<_> = names.into_iter().map(|name| Text::new(name).unwrap()).collect();
        let value = Sample {
            names: List::new(names).unwrap(),
            marks: SortedList::new(Vec::from_iter(marks)).unwrap(),
            blob: Bytes::new(blob).unwrap(),
            choice: number.map_or(Choice::Named { name: Text::default() }, Choice::Number),
            inner: Exact::of(inner).unwrap(),
            ..sample()
        };
        prop_assert_eq!(decode(&encode(&value)), Ok(value));
    }
}
