//! Notes: for the sender's devices, and for nobody else.

use maille_common::codec::encode;
use maille_common::evidence::{
    Note, NoteFault, NoteReader, SealedNote, officer_hash, open_note, seal_note,
};
use maille_common::identifier::AlertId;
use maille_common::sealing::SealingKeyId;
use maille_common::terms::{Reason, Stage};

use crate::evidence::{ALERT, act};
use crate::world::*;

pub(crate) fn note() -> Note {
    Note {
        version: 1,
        salt: [1; 16],
        officer: text("Amina"),
        text: text("On our way."),
        suggested: text("gamma/desk"),
        duplicate_of: AlertId::NONE,
    }
}

pub(crate) fn sealed_note(note: &Note) -> SealedNote {
    let readers = [1, 2].map(|number| {
        let public = sealing(number).public_key();
        NoteReader {
            device: device(number),
            key: SealingKeyId::of(&public),
            public,
        }
    });
    seal_note(note, &ALERT, &device(3), &readers, &mut Fixed(4)).unwrap()
}

#[test]
fn a_note_is_read_by_the_senders_devices_alone() {
    let sealed = sealed_note(&note());
    let open = |reader: u8, with: u8| {
        let (signer, reader) = (device(3), device(reader));
        open_note(&sealed, &ALERT, &signer, &reader, Some(&sealing(with)))
    };
    assert_eq!(open(1, 1), Ok(note()));
    assert_eq!(open(2, 2), Ok(note()));
    assert_eq!(open(1, 2), Err(NoteFault::Broken));
    assert_eq!(open(4, 4), Err(NoteFault::NotMine));
    assert_eq!(note().suggested_contact(), Some(address("gamma/desk")));
    let expected = officer_hash(&note().salt, "Amina");
    assert_eq!(act(Stage::Read, Reason::None).officer, expected);
}

#[test]
fn a_note_moved_to_another_alert_or_signer_does_not_open() {
    let sealed = sealed_note(&note());
    let key = sealing(1);
    let other = AlertId::from_bytes([2; 32]);
    for (alert, signer) in [(other, 3), (ALERT, 4)] {
        let opened = open_note(&sealed, &alert, &device(signer), &device(1), Some(&key));
        assert_eq!(opened, Err(NoteFault::Broken));
    }
}

#[test]
fn the_relay_sees_nothing_of_a_note_but_its_length() {
    let (first, second) = (
        note(),
        Note {
            officer: text("Bo"),
            text: text("No."),
            suggested: text(""),
            ..note()
        },
    );
    let (first_sealed, second_sealed) = (sealed_note(&first), sealed_note(&second));
    assert_eq!(encode(&first_sealed).len(), encode(&second_sealed).len());
    let bytes = encode(&first_sealed);
    for word in ["Amina", "On our way.", "gamma/desk"] {
        let found = bytes
            .windows(word.len())
            .any(|seen| seen == word.as_bytes());
        assert!(!found, "{word}");
    }
    assert_ne!(first_sealed.hash(), second_sealed.hash());
}

#[test]
fn a_note_of_another_version_is_refused_as_such() {
    let newer = Note {
        version: 2,
        ..note()
    };
    let opened = open_note(
        &sealed_note(&newer),
        &ALERT,
        &device(3),
        &device(1),
        Some(&sealing(1)),
    );
    assert_eq!(opened, Err(NoteFault::Version(2)));
}
