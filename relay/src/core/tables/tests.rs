//! Every key pinned to the byte, and their order.

use maille_common::vectors::{Page, Vectors};

use super::*;

const DEVICE_ID: DeviceId = DeviceId::from_bytes([0xd1; 16]);
const ALERT_ID: AlertId = AlertId::from_bytes([0xa1; 32]);
const ADDENDUM_ID: AlertId = AlertId::from_bytes([0xa2; 32]);
const BLOB_ID: BlobId = BlobId::from_bytes([0xb1; 32]);
const STATEMENT: Hash = Hash::from_bytes([0xc1; 32]);
const NOW: Timestamp = Timestamp::from_unix_ms(1_795_420_800_000);

/// What a key holds, and how wide it is.
type Part = (&'static str, usize);

const ALERT_PART: Part = ("alert", 32);
const DEVICE_PART: Part = ("device", 16);
const INDEX_PART: Part = ("index", 4);
const RECIPIENT_PART: Part = ("recipient", 2);
const NUMBER_PART: Part = ("number", 8);
const STATEMENT_PART: Part = ("statement", 32);

/// One key of every table, and its parts.
fn keys() -> Vec<(Table, Vec<u8>, Vec<Part>)> {
    let sender: ContactAddress = "interpol/fr/cyber".parse().unwrap();
    let of_alert = |table| (table, ALERT_ID.as_bytes().to_vec(), vec![ALERT_PART]);
    let of_statement = |table| (table, statement(&STATEMENT).to_vec(), vec![STATEMENT_PART]);
    let of_device = |table| (table, DEVICE_ID.as_bytes().to_vec(), vec![DEVICE_PART]);
    vec![
        (META, META_KEY.to_vec(), vec![("relay", 5)]),
        of_alert(ALERT),
        of_alert(ENVELOPE),
        of_alert(BODY),
        (
            ENTRY,
            entry(&ALERT_ID, &DEVICE_ID, 258),
            vec![ALERT_PART, DEVICE_PART, INDEX_PART],
        ),
        (
            ANSWER,
            answer(&ALERT_ID, 258),
            vec![ALERT_PART, ("recipient", 2)],
        ),
        of_device(DEVICE),
        (MAIL, mail(&DEVICE_ID, 258), vec![DEVICE_PART, NUMBER_PART]),
        (
            WAITING,
            waiting(&DEVICE_ID, 3, 258),
            vec![DEVICE_PART, ("class", 1), NUMBER_PART],
        ),
        of_statement(RECEIPT),
        of_statement(NOTICE),
        of_device(BUNDLE),
        (DUE, due(NOW, &ALERT_ID), vec![("time", 8), ALERT_PART]),
        (
            EXTENDS,
            extends(&ALERT_ID, &ADDENDUM_ID),
            vec![("original", 32), ("addendum", 32)],
        ),
        (
            ADDRESSED,
            addressed(&DEVICE_ID, &ALERT_ID, 258),
            vec![DEVICE_PART, ALERT_PART, INDEX_PART],
        ),
        (
            NAMED,
            named(&BLOB_ID, &ALERT_ID),
            vec![("blob", 32), ALERT_PART],
        ),
        (
            SENDER,
            contact(&sender).to_vec(),
            vec![("hash of interpol/fr/cyber", 32)],
        ),
        of_statement(RECEIPT_SEEN),
        (
            ENDED,
            ended(&ALERT_ID, 258, &DEVICE_ID),
            vec![ALERT_PART, ("recipient", 2), DEVICE_PART],
        ),
        (TAKEN, DEVICE_ID.as_bytes().to_vec(), vec![DEVICE_PART]),
        (
            HELD,
            held((&ALERT_ID, 258, 3), &DEVICE_ID, 259),
            vec![
                ALERT_PART,
                RECIPIENT_PART,
                ("step", 1),
                DEVICE_PART,
                INDEX_PART,
            ],
        ),
        (
            ESCALATION,
            escalation(&ALERT_ID, 258),
            vec![ALERT_PART, RECIPIENT_PART],
        ),
        (
            STEP_DUE,
            step_due(NOW, &ALERT_ID, 258),
            vec![("time", 8), ALERT_PART, RECIPIENT_PART],
        ),
        (
            STOPPED,
            stopped(&ALERT_ID, &sender),
            vec![ALERT_PART, ("hash of interpol/fr/cyber", 32)],
        ),
        (CLOCK, CLOCK_KEY.to_vec(), vec![("count", 5)]),
        (
            SAID,
            said(&ALERT_ID, &sender, &DEVICE_ID, 4),
            vec![
                ALERT_PART,
                ("hash of interpol/fr/cyber", 32),
                DEVICE_PART,
                ("stage", 1),
            ],
        ),
        (
            TOLD,
            told(&ALERT_ID, &DEVICE_ID),
            vec![ALERT_PART, DEVICE_PART],
        ),
        of_alert(ENTRIES),
        (
            ASKED,
            held((&ALERT_ID, 258, 3), &DEVICE_ID, 259),
            vec![
                ALERT_PART,
                RECIPIENT_PART,
                ("step", 1),
                DEVICE_PART,
                INDEX_PART,
            ],
        ),
        (
            UNSEEN,
            unseen(&ALERT_ID, &sender),
            vec![ALERT_PART, ("hash of interpol/fr/cyber", 32)],
        ),
        (KNOWN_KEYS, KNOWN_KEYS_KEY.to_vec(), vec![("next", 4)]),
    ]
}

#[test]
fn every_table_and_key_has_its_pinned_bytes() {
    let mut page = Page::default();
    let mut keys = keys().into_iter();
    for (name, table) in TABLES {
        let (of, key, parts) = keys.next().unwrap();
        assert_eq!(of, *table, "{name} has no pinned key");
        page.line(&format!("{name}: table {}", table.0), &[table.0]);
        page.parts(name, &key, &parts);
    }
    assert_eq!(keys.next(), None);
    let mut vectors = Vectors::of(env!("CARGO_MANIFEST_DIR"), "vectors");
    vectors.page("keys", &page);
    vectors.end();
}

#[test]
fn no_two_tables_have_one_number() {
    assert!(TABLES.is_sorted_by(|(_, one), (_, next)| one.0 < next.0));
}

#[test]
fn what_a_key_was_made_of_is_read_back() {
    assert_eq!(waiting_number(&waiting(&DEVICE_ID, 3, 258)), Some(258));
    assert_eq!(due_parts(&due(NOW, &ALERT_ID)), Some((NOW, ALERT_ID)));
    let key = addressed(&DEVICE_ID, &ALERT_ID, 258);
    assert_eq!(addressed_parts(&key), Some((ALERT_ID, 258)));
    let key = ended(&ALERT_ID, 258, &DEVICE_ID);
    assert_eq!(ended_parts(&key), Some((258, DEVICE_ID)));
    let sender: ContactAddress = "interpol/fr/cyber".parse().unwrap();
    let key = said(&ALERT_ID, &sender, &DEVICE_ID, 4);
    assert_eq!(said_parts(&key), Some((contact(&sender), DEVICE_ID, 4)));
    let key = held((&ALERT_ID, 258, 3), &DEVICE_ID, 259);
    assert_eq!(held_parts(&key), Some((3, DEVICE_ID, 259)));
    let key = step_due(NOW, &ALERT_ID, 258);
    assert_eq!(step_due_parts(&key), Some((NOW, ALERT_ID, 258)));
}

#[test]
fn entries_of_one_device_stand_together_in_their_order() {
    let prefix = entries_of(&ALERT_ID, &DEVICE_ID);
    let keys = [
        prefix.clone(),
        entry(&ALERT_ID, &DEVICE_ID, 255),
        entry(&ALERT_ID, &DEVICE_ID, 256),
        after(&prefix),
        entry(&ALERT_ID, &DeviceId::from_bytes([0xd2; 16]), 0),
        entry(&ADDENDUM_ID, &DeviceId::from_bytes([0; 16]), 0),
    ];
    assert!(keys.is_sorted());
}

#[test]
fn keys_order_by_device_then_urgency_then_number() {
    let device = DeviceId::from_bytes([1; 16]);
    let keys = [
        waiting(&device, 1, 255),
        waiting(&device, 1, 256),
        waiting(&device, 2, 1),
        waiting(&DeviceId::from_bytes([2; 16]), 0, 0),
    ];
    assert!(keys.is_sorted());
    let keys = [
        mail(&device, 255),
        mail(&device, 256),
        mail(&DeviceId::from_bytes([2; 16]), 0),
    ];
    assert!(keys.is_sorted());
    let keys = [
        addressed(&device, &ALERT_ID, 255),
        addressed(&device, &ALERT_ID, 256),
        addressed(&device, &ADDENDUM_ID, 0),
        addressed(&DeviceId::from_bytes([2; 16]), &ALERT_ID, 0),
    ];
    assert!(keys.is_sorted());
}

#[test]
fn what_belongs_to_an_alert_stands_together() {
    let keys = [
        answer(&ALERT_ID, 255),
        answer(&ALERT_ID, 256),
        answer(&ADDENDUM_ID, 0),
    ];
    assert!(keys.is_sorted());
    let none = AlertId::from_bytes([0; 32]);
    assert!(extends(&ALERT_ID, &ADDENDUM_ID) < extends(&ADDENDUM_ID, &none));
    let next = BlobId::from_bytes([0xb2; 32]);
    assert!(named(&BLOB_ID, &ADDENDUM_ID) < named(&next, &ALERT_ID));
}

#[test]
fn due_keys_order_by_time() {
    let early = due(Timestamp::from_unix_ms(255), &AlertId::from_bytes([9; 32]));
    let late = due(Timestamp::from_unix_ms(256), &AlertId::from_bytes([0; 32]));
    assert!(early < late);
    let early = step_due(Timestamp::from_unix_ms(255), &ALERT_ID, 9);
    let late = step_due(Timestamp::from_unix_ms(256), &ALERT_ID, 0);
    assert!(early < late);
}
