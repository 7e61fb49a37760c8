//! What is in force depends on the documents, not on the order in which they came.

use std::slice::from_ref;

use proptest::prelude::*;

use crate::codec::{decode, encode};
use crate::roster::fixture::*;
use crate::roster::*;

/// One document as a set.
fn singles(documents: &RosterDocuments) -> Vec<RosterDocuments> {
    let authority = documents
        .authority
        .iter()
        .map(|part| set(from_ref(part), &[], &[]));
    let annexes = documents
        .annexes
        .iter()
        .map(|annex| set(&[], from_ref(annex), &[]));
    let suspensions = documents
        .suspensions
        .iter()
        .map(|one| set(&[], &[], from_ref(one)));
    authority.chain(annexes).chain(suspensions).collect()
}

/// Four parts with rotations and pins, seven annexes, three suspensions of which one is lifted.
fn story() -> RosterDocuments {
    let hq = |device| [contact("interpol/hq", &[device])];
    let interpol_2 = signed_annex(next_annex(&interpol_1(), &hq(120)), &INTERPOL);
    let by_organisation = suspension(Subject::Contact(address("interpol/hq")), 10);
    let by_authority = suspension(Subject::Organisation(name("ngo")), 3);
    let device = suspension(
        Subject::Device(address("europol/nl/cyber"), device(200).id),
        21,
    );

    let mut two = pinning(next_part(&part_1()), &interpol_1());
    two.threshold = 1;
    let two = signed_part(two, &AUTHORITY);
    let mut three = next_part(&two);
    three.keys = sorted([authority_key(4, "interpol"), authority_key(5, "europol")]);
    three.lifted = sorted([by_authority.hash()]);
    let three = pinning(pinning(three, &interpol_2), &afripol_1());
    let three = with_organisation(three, "interpol", |found| {
        found.annex_keys = sorted([public(11)]);
    });
    let three = signed_part(three, &[3]);
    let four = signed_part(next_part(&three), &[5]);

    let mut interpol_3 = next_annex(&interpol_2, &hq(130));
    interpol_3.lifted = sorted([by_organisation.hash()]);
    let interpol_3 = signed_annex(interpol_3, &[11]);
    let interpol_4 = signed_annex(next_annex(&interpol_3, &hq(140)), &[11]);
    set(
        &[part_1(), two, three, four],
        &[
            interpol_1(),
            interpol_2,
            interpol_3,
            interpol_4,
            europol_1(),
            afripol_1(),
            ngo_1(),
        ],
        &[by_organisation, by_authority, device],
    )
}

/// Applies sets one after the other. What lacks something waits, joined with what comes next.
fn grow(batches: Vec<RosterDocuments>) -> Roster {
    let mut waiting = RosterDocuments::default();
    let mut roster: Option<Roster> = None;
    for batch in batches {
        let tried = waiting.clone().join(batch).unwrap();
        let grown = match &mut roster {
            None => Roster::found(anchor(), &tried).map(|founded| roster = Some(founded)),
            Some(roster) => roster.apply(&tried).map(|_| ()),
        };
        waiting = match grown {
            Ok(()) => RosterDocuments::default(),
            Err(_) => tried,
        };
    }
    assert!(waiting.is_empty(), "all documents together have to enter");
    roster.unwrap()
}

fn batches(order: &[RosterDocuments], sizes: &[usize]) -> Vec<RosterDocuments> {
    let mut rest = order;
    let mut sizes = sizes.iter().cycle();
    let mut batches = Vec::new();
    while !rest.is_empty() {
        let size = (*sizes.next().unwrap()).min(rest.len());
        let joined = rest[..size]
            .iter()
            .cloned()
            .reduce(|all, one| all.join(one).unwrap());
        batches.extend(joined);
        rest = &rest[size..];
    }
    batches
}

/// The places of the documents of the story, shuffled.
fn order() -> impl Strategy<Value = Vec<usize>> {
    let places: Vec<usize> = (0..singles(&story()).len()).collect();
    Just(places).prop_shuffle()
}

/// The documents of the story at these places.
fn told(order: &[usize]) -> Vec<RosterDocuments> {
    let documents = singles(&story());
    order
        .iter()
        .map(|&place| documents[place].clone())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn equal_documents_make_equal_rosters_in_whatever_order_they_come(
        order in order(),
        sizes in prop::collection::vec(1_usize..6, 1..6),
    ) {
        let at_once = Roster::found(anchor(), &story()).unwrap();
        let grown = grow(batches(&told(&order), &sizes));
        prop_assert_eq!(grown.hash(), at_once.hash());
        prop_assert_eq!(&grown, &at_once);
        prop_assert_eq!(grown.heads(), at_once.heads());
        prop_assert_eq!(grown.suspensions().count(), 1);
        prop_assert!(grown.forks().is_empty());
    }

    #[test]
    fn two_desks_that_heard_different_things_agree_after_handing_over(
        order in order(), cut in 0_usize..14,
    ) {
        let all = story();
        let base = set(&all.authority[..1], &[], &[]);
        // What cannot be verified yet waits for what it needs.
        let hear = |mut sets: Vec<RosterDocuments>| {
            let mut roster = Roster::found(anchor(), &base).unwrap();
            loop {
                let before = sets.len();
                sets.retain(|set| roster.apply(set).is_err());
                if sets.len() == before {
                    return roster;
                }
            }
        };
        let (mut left, mut right) = (hear(told(&order[..cut])), hear(told(&order[cut..])));
        for _ in 0..2 {
            let (to_left, to_right) =
                (right.documents_since(left.heads()), left.documents_since(right.heads()));
            let _ = left.apply(&to_left);
            let _ = right.apply(&to_right);
        }
        prop_assert_eq!(left.compare(right.heads()), Comparison::Same);
        prop_assert_eq!(left, right);
    }

    #[test]
    fn decoding_arbitrary_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode::<RosterDocuments>(&bytes);
        let _ = decode::<AuthorityPart>(&bytes);
        let _ = decode::<Annex>(&bytes);
        let _ = decode::<Suspension>(&bytes);
        let _ = decode::<Anchor>(&bytes);
        let _ = decode::<RosterHeads>(&bytes);
        let _ = decode::<SignedRequest>(&bytes);
        let _ = decode::<Fork>(&bytes);
    }

    #[test]
    fn a_changed_byte_is_refused_or_changes_nothing(at in any::<prop::sample::Index>(), byte: u8) {
        let good = Roster::found(anchor(), &story()).unwrap();
        let mut bytes = encode(&story());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(documents) = decode::<RosterDocuments>(&bytes) {
            prop_assert_eq!(&encode(&documents), &bytes);
            match Roster::found(anchor(), &documents) {
                Ok(roster) => prop_assert_eq!(roster.hash(), good.hash()),
                Err(error) => prop_assert!(error.check().starts_with('R')),
            }
        }
    }
}
