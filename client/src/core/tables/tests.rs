//! Every key pinned to the byte, and their order.

use maille_common::content::RoundId;
use maille_common::extension::Extensions;
use maille_common::vectors::{Page, Vectors};

use super::*;

const DEVICE_ID: DeviceId = DeviceId::from_bytes([0xd1; 16]);
const NEXT_DEVICE_ID: DeviceId = DeviceId::from_bytes([0xd2; 16]);
const ALERT_ID: AlertId = AlertId::from_bytes([0xa1; 32]);
const ADDENDUM_ID: AlertId = AlertId::from_bytes([0xa2; 32]);
const STATEMENT_HASH: Hash = Hash::from_bytes([0xc1; 32]);
const NOW: Timestamp = Timestamp::from_unix_ms(1_795_420_800_000);

/// What a key holds, and how wide it is.
type Part = (&'static str, usize);

const ALERT: Part = ("alert", 32);
const DEVICE: Part = ("device", 16);
const EPOCH: Part = ("epoch", 8);
const NUMBER: Part = ("number", 8);
const STATEMENT: Part = ("statement", 32);
const TIME: Part = ("time", 8);
const LYON: Part = ("hash of lyon", 32);
const CYBER: Part = ("hash of interpol/fr/cyber", 32);

fn lyon() -> Name {
    "lyon".parse().unwrap()
}

fn cyber() -> ContactAddress {
    "interpol/fr/cyber".parse().unwrap()
}

/// One key of every table, and its parts.
fn keys() -> Vec<(Table, Vec<u8>, Vec<Part>)> {
    let of_alert = |table| (table, ALERT_ID.as_bytes().to_vec(), vec![ALERT]);
    let of_device = |table| (table, DEVICE_ID.as_bytes().to_vec(), vec![DEVICE]);
    let of_number = |table| (table, 258_u64.to_be_bytes().to_vec(), vec![NUMBER]);
    let of_statement = (RECEIPT, STATEMENT_HASH.as_bytes().to_vec(), vec![STATEMENT]);
    let of_reference = ("hash of case 1183", 32);
    let of_reader = ("hash of desk screen", 32);
    let of_epoch = |table| {
        let key = stream_in(&DEVICE_ID, Epoch(258));
        (table, key, vec![DEVICE, EPOCH])
    };
    let of_row = |table| {
        let key = hole(&DEVICE_ID, Epoch(258), 1, 259);
        (table, key, vec![DEVICE, EPOCH, ("row", 1), NUMBER])
    };
    let at_lyon = pending(&lyon(), NOW, &ALERT_ID);
    let by_lyon = accepted(&ALERT_ID, &lyon(), &cyber());
    let extended = extends(&ALERT_ID, &ADDENDUM_ID);
    let missing = hole(&DEVICE_ID, Epoch(258), 1, 259);
    vec![
        (META, META_KEY.to_vec(), vec![("desk", 4)]),
        of_alert(OUTBOX),
        of_alert(SUBMISSION),
        (REFERENCE, word("case 1183").to_vec(), vec![of_reference]),
        (TARGET, target(&lyon(), &ALERT_ID), vec![LYON, ALERT]),
        (PENDING, at_lyon, vec![LYON, TIME, ALERT]),
        of_device(STREAM_OUT),
        of_epoch(STREAM_IN),
        of_alert(INBOX),
        of_alert(DELIVERY),
        of_alert(KNOWN),
        (ROW, contact(&cyber()).to_vec(), vec![CYBER]),
        of_statement,
        (POST, post(&lyon(), &STATEMENT_HASH), vec![LYON, STATEMENT]),
        (
            EVIDENCE,
            evidence(&ALERT_ID, &STATEMENT_HASH),
            vec![ALERT, STATEMENT],
        ),
        (ACCEPTED, by_lyon, vec![ALERT, LYON, CYBER]),
        of_epoch(ROW_IN),
        of_number(EVENT),
        (READER, word("desk screen").to_vec(), vec![of_reader]),
        of_number(INCIDENT),
        of_device(PEER_BUNDLE),
        (RELAY, relay(&lyon()).to_vec(), vec![LYON]),
        (LACKING, lacking(&DEVICE_ID, &ALERT_ID), vec![DEVICE, ALERT]),
        (HELD, held(&ALERT_ID, &lyon()), vec![ALERT, LYON]),
        (DUE, due(NOW, &ALERT_ID), vec![TIME, ALERT]),
        (CONFIRM, confirm(&lyon(), 258), vec![LYON, NUMBER]),
        (ACT, act(&ALERT_ID, 4), vec![ALERT, ("stage", 1)]),
        (EXTENDS, extended, vec![ALERT, ("addendum", 32)]),
        (HOLE, missing, vec![DEVICE, EPOCH, ("row", 1), NUMBER]),
        of_epoch(STREAM_HEARD),
        (POSTED, relay(&lyon()).to_vec(), vec![LYON]),
        (
            KNOWN_AS_DEPUTY,
            deputy_for(&ALERT_ID, &cyber()),
            vec![ALERT, CYBER],
        ),
        (
            DEPUTY_FOR,
            deputy_for(&ALERT_ID, &cyber()),
            vec![ALERT, CYBER],
        ),
        (
            ACT_FOR,
            act_for(&ALERT_ID, 4, &cyber()),
            vec![ALERT, ("stage", 1), CYBER],
        ),
        (CLOCK, CLOCK_KEY.to_vec(), vec![("count", 5)]),
        (DUTY, act(&ALERT_ID, 4), vec![ALERT, ("stage", 1)]),
        of_alert(ANSWER_BY),
        (ANSWER_DUE, due(NOW, &ALERT_ID), vec![TIME, ALERT]),
        (
            OWED_DUE,
            owed_due(NOW, &ALERT_ID, &cyber()),
            vec![TIME, ALERT, CYBER],
        ),
        (
            HEADS,
            STATEMENT_HASH.as_bytes().to_vec(),
            vec![("roster", 32)],
        ),
        of_alert(ENVELOPE),
        of_device(WRITTEN),
        (HEARTBEAT, heartbeat(&lyon(), &cyber()), vec![LYON, CYBER]),
        of_device(PEER),
        of_device(UNREAD),
        (
            ASKED_DEPUTY,
            asked_deputy(&DEVICE_ID, &ALERT_ID, &cyber()),
            vec![DEVICE, ALERT, CYBER],
        ),
        (
            ABOUT,
            about(&ALERT_ID, &ADDENDUM_ID),
            vec![ALERT, ("update", 32)],
        ),
        (
            EARLY,
            evidence(&ALERT_ID, &STATEMENT_HASH),
            vec![ALERT, STATEMENT],
        ),
        of_alert(UNSEEN),
        (
            LETTER,
            target(&lyon(), &ALERT_ID),
            vec![LYON, ("envelope", 32)],
        ),
        (
            ARRIVED,
            arrived(&DEVICE_ID, &same()),
            vec![DEVICE, ("round", 16), ("place in it", 1)],
        ),
        of_device(ROUND),
        of_device(TURN),
        (AGAIN, lacking(&DEVICE_ID, &ALERT_ID), vec![DEVICE, ALERT]),
        (APART, apart(&DEVICE_ID, 258), vec![DEVICE, ("day", 4)]),
        (
            GIVEN,
            given(&DEVICE_ID, Epoch(258), 259),
            vec![DEVICE, EPOCH, NUMBER],
        ),
        (
            ASKED,
            given(&DEVICE_ID, Epoch(258), 259),
            vec![DEVICE, EPOCH, NUMBER],
        ),
        of_row(TAKEN),
        of_row(FORK_SEEN),
        of_row(FORK_TOLD),
        of_alert(STAND_IN),
        of_device(ADDED),
        of_forward(FORWARD),
        of_forward(FORWARDED),
        (HOMES, relay(&lyon()).to_vec(), vec![LYON]),
        (ERASURE, ERASURE_KEY.to_vec(), vec![("keys", 4)]),
        (ROSTER_SHOWN, relay(&lyon()).to_vec(), vec![LYON]),
        (ERASE_DUE, ERASE_KEY.to_vec(), vec![("erase", 5)]),
        (ARCHIVE, ARCHIVE_KEY.to_vec(), vec![("archive", 7)]),
        (
            ARCHIVE_BLOB,
            STATEMENT_HASH.as_bytes().to_vec(),
            vec![("attachment", 32)],
        ),
        (EXCLUDED, EXCLUDED_KEY.to_vec(), vec![("device", 6)]),
        (NOT_ADMITTED, relay(&lyon()).to_vec(), vec![LYON]),
        (
            ENDING_TOLD,
            ending(&Ends::Authority).to_vec(),
            vec![("what ends", 32)],
        ),
        (KEYS_TOLD, KEYS_TOLD_KEY.to_vec(), vec![("pair", 4)]),
    ]
}

fn of_forward(table: Table) -> (Table, Vec<u8>, Vec<Part>) {
    let key = forward(&lyon(), &ALERT_ID, &STATEMENT_HASH);
    (table, key, vec![LYON, ALERT, STATEMENT])
}

fn same() -> Reconciliation {
    Reconciliation {
        version: 1,
        round: RoundId::from_bytes([0xe1; 16]),
        turn: RoundId::NONE,
        step: Step::Same,
        extensions: Extensions::empty(),
    }
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
    let key = pending(&lyon(), NOW, &ALERT_ID);
    assert_eq!(pending_due(&key), Some(NOW));
    assert_eq!(alert_at_end(&key), Some(ALERT_ID));
    assert_eq!(due_time(&due(NOW, &ALERT_ID)), Some(NOW));
    assert_eq!(number_at_end(&confirm(&lyon(), 258)), Some(258));
    let owed = owed_due(NOW, &ALERT_ID, &cyber());
    assert_eq!(due_time(&owed), Some(NOW));
    assert_eq!(owed_of(&owed), Some((ALERT_ID, contact(&cyber()))));
    let key = post(&lyon(), &STATEMENT_HASH);
    assert_eq!(hash_at_end(&key), Some(STATEMENT_HASH));
    let key = given(&DEVICE_ID, Epoch(7), 258);
    assert_eq!(given_of(&key), Some((DEVICE_ID, Epoch(7), 258)));
}

#[test]
fn what_is_due_later_stands_behind() {
    let alert = AlertId::from_bytes([255; 32]);
    let none = AlertId::from_bytes([0; 32]);
    let (early, late) = (Timestamp::from_unix_ms(255), Timestamp::from_unix_ms(256));
    let keys = [
        pending(&lyon(), early, &alert),
        pending_until(&lyon(), early),
        pending(&lyon(), late, &none),
    ];
    assert!(keys.is_sorted());
    assert!(due(early, &alert) < due(late, &none));
}

#[test]
fn numbers_stand_in_their_order_within_what_they_count() {
    let next = NEXT_DEVICE_ID;
    let keys = [
        stream_in(&DEVICE_ID, Epoch(255)),
        stream_in(&DEVICE_ID, Epoch(256)),
        stream_in(&next, Epoch(0)),
    ];
    assert!(keys.is_sorted());
    assert!(confirm(&lyon(), 255) < confirm(&lyon(), 256));
    let keys = [
        hole(&DEVICE_ID, Epoch(255), 1, 256),
        hole(&DEVICE_ID, Epoch(256), 0, 255),
        hole(&DEVICE_ID, Epoch(256), 0, 256),
        hole(&DEVICE_ID, Epoch(256), 1, 1),
    ];
    assert!(keys.is_sorted());
    assert!(act(&ALERT_ID, 5) < act(&ADDENDUM_ID, 1));
    assert!(lacking(&DEVICE_ID, &ADDENDUM_ID) < lacking(&next, &ALERT_ID));
}

#[test]
fn what_belongs_to_an_alert_or_a_relay_stands_together() {
    let of_alert = after(ALERT_ID.as_bytes());
    for key in [
        evidence(&ALERT_ID, &Hash::from_bytes([255; 32])),
        accepted(&ALERT_ID, &lyon(), &cyber()),
        extends(&ALERT_ID, &AlertId::from_bytes([255; 32])),
        act(&ALERT_ID, 255),
    ] {
        assert!(key.as_slice() > ALERT_ID.as_bytes().as_slice() && key < of_alert);
    }
    let of_relay = after(&relay(&lyon()));
    for key in [
        target(&lyon(), &AlertId::from_bytes([255; 32])),
        post(&lyon(), &Hash::from_bytes([255; 32])),
        confirm(&lyon(), u64::MAX),
    ] {
        assert!(key.as_slice() > relay(&lyon()).as_slice() && key < of_relay);
    }
}
