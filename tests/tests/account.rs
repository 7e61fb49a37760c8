//! The relay's books: every accepted recipient is in one place, and no record can go unnoticed.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::collections::BTreeMap;

use maille_client::core::{Act, RefuseReason};
use maille_common::address::DeviceId;
use maille_common::identifier::AlertId;
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, MemoryStore, Scan, Store, Table};
use maille_relay::core::{Account, Ledger, account};
use maille_tests::memory::MemoryWorld;
use maille_tests::network::Network;
use maille_tests::randomness::Seeded;

const TUNIS: &str = "cmai/tunis";
const ALGIERS: &str = "afripol/algiers";

/// One relay for three contacts.
fn one_relay() -> (MemoryWorld, DeviceId, DeviceId, DeviceId) {
    let home: &[&str] = &["lyon"];
    let mut network = Network::found(23, &[("interpol", home), ("cmai", home), ("afripol", home)]);
    let lyon = network.admit("interpol/lyon");
    let (tunis, algiers) = (network.admit(TUNIS), network.admit(ALGIERS));
    let mut world = MemoryWorld::new(network);
    world.settle();
    (world, lyon, tunis, algiers)
}

fn act(world: &mut MemoryWorld, device: &DeviceId, alert: AlertId, act: &Act) {
    let now = world.now;
    let random = &mut Seeded::new(5);
    let desk = world.desk(device);
    desk.act(&alert, act, Some("Amina"), "", now, random)
        .unwrap();
}

fn balance(store: &dyn Store) -> Account {
    let ever = Timestamp::EPOCH..Timestamp::from_unix_ms(u64::MAX);
    account(store, ever, &|| true).unwrap()
}

/// Lyon sends to both, Tunis acknowledges, and Algiers is away.
fn half_answered() -> (MemoryWorld, AlertId) {
    let (mut world, lyon, tunis, _) = one_relay();
    let alert = world.send(&lyon, &[TUNIS, ALGIERS], "Half answered");
    for device in [&lyon, &tunis] {
        world.meet(device, "lyon");
    }
    act(&mut world, &tunis, alert, &Act::Acknowledge);
    world.meet(&tunis, "lyon");
    (world, alert)
}

#[test]
fn an_accepted_recipient_is_open_then_delivered_then_acknowledged_or_refused() {
    let (mut world, lyon, tunis, algiers) = one_relay();
    let before = world.account("lyon").all.delivered;
    let alert = world.send(&lyon, &[TUNIS, ALGIERS], "Three states");
    world.meet(&lyon, "lyon");
    let books = world.account("lyon");
    assert_eq!((books.day.open, books.mail_waiting), (2, 2));
    world.settle();
    assert_eq!(world.account("lyon").all.delivered, before + 2);
    act(&mut world, &tunis, alert, &Act::Acknowledge);
    act(
        &mut world,
        &algiers,
        alert,
        &Act::Refuse(RefuseReason::NotOurs { suggested: None }),
    );
    world.settle();
    let ended = world.account("lyon").day;
    assert_eq!((ended.acknowledged, ended.refused, ended.open), (1, 1, 0));
    world.pass(Span::from_days(1));
    let books = world.account("lyon");
    assert_eq!(books.day, Ledger::default(), "another day has other books");
    assert_eq!(books.all, ended);
}

#[test]
fn after_the_purge_the_books_still_tell_answers_from_tombstones() {
    let (mut world, _) = half_answered();
    world.pass(Span::from_days(9));
    world.tick();
    world.tick();
    let books = world.account("lyon");
    assert!(books.is_sound(), "{books:#?}");
    assert_eq!(books.alerts_kept, 0);
    assert_eq!((books.all.acknowledged, books.all.tombstoned), (1, 1));
    assert_eq!(books.all.accepted, 2);
}

#[test]
fn a_relay_restored_from_an_old_copy_has_sound_books_throughout() {
    let (mut world, lyon, tunis, _) = one_relay();
    world.save_relay("lyon");
    world.send(&lyon, &[TUNIS], "After the copy");
    world.settle();
    world.restore_relay("lyon");
    assert!(world.account("lyon").is_sound());
    world.meet(&tunis, "lyon");
    assert!(world.account("lyon").is_sound());
    world.settle();
    assert_eq!(world.account("lyon").all.delivered, 1);
}

#[test]
fn a_deadline_and_a_new_epoch_leave_sound_books() {
    let (mut world, alert) = half_answered();
    world.pass(Span::from_days(2));
    world.tick();
    assert!(world.account("lyon").is_sound());
    let devices: Vec<DeviceId> = world.network.devices.iter().map(|held| held.id).collect();
    for device in &devices {
        world.kill_desk(device);
    }
    world.settle();
    let books = world.account("lyon");
    assert_eq!(books.all.open, 0, "{alert}: {books:#?}");
}

/// The rows of a store that another could be made of.
fn rows(store: &MemoryStore) -> BTreeMap<(u8, Vec<u8>), Vec<u8>> {
    let mut rows = BTreeMap::new();
    for table in 0..=u8::MAX {
        for (key, value) in store.scan(Scan::table(Table(table), usize::MAX)).unwrap() {
            rows.insert((table, key), value);
        }
    }
    rows
}

/// Without this row, something is no longer as it was said to be.
fn is_missed(world: &MemoryWorld, (table, key): &(u8, Vec<u8>)) -> bool {
    let store = world.store_of("lyon");
    let mut batch = Batch::new();
    batch.delete(Table(*table), key);
    store.append(batch).unwrap();
    !balance(&store).is_sound()
}

#[test]
fn no_row_of_the_books_can_vanish_unnoticed() {
    const META: u8 = 1;
    const BUNDLE: u8 = 12;
    const RECEIPT_SEEN: u8 = 18;
    const TAKEN: u8 = 20;
    const CLOCK: u8 = 25;
    const UNSEEN: u8 = 44;
    const DEVICE: u8 = 7;
    let (mut world, _) = half_answered();
    world.pass(Span::from_days(2));
    world.tick();
    let rows = rows(&world.store_of("lyon"));
    let tables: Vec<u8> = (1..=20).filter(|table| ![14, 16].contains(table)).collect();
    for table in tables {
        assert!(
            rows.keys().any(|(of, _)| *of == table),
            "table {table} is empty"
        );
    }
    for row in rows.keys() {
        // Without its description a store begins a new incarnation; bundles are published again,
        // a receipt posted again is told again, how many were taken of a device is compared with
        // what the device says, time is counted from the wall's anew, and who is called unseen may
        // be called so again: none of them is a book.
        if [META, BUNDLE, RECEIPT_SEEN, TAKEN, CLOCK, UNSEEN].contains(&row.0) {
            continue;
        }
        // Of a device for which nothing waits and to which nothing was answered, only its epoch is
        // known.
        let idle = row.0 == DEVICE
            && !rows
                .keys()
                .any(|(table, key)| *table == 8 && key.starts_with(&row.1));
        assert!(
            idle || is_missed(&world, row),
            "table {}: {:02x?}",
            row.0,
            row.1
        );
    }
}

#[test]
fn no_row_of_an_escalation_can_vanish_unnoticed() {
    let mut network = Network::found(23, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    for contact in [TUNIS, "cmai/amman"] {
        network.admit(contact);
    }
    network.deputise(TUNIS, "cmai/amman", Span::from_minutes(10));
    let mut world = MemoryWorld::new(network);
    world.settle();
    world.send(&lyon, &[TUNIS], "Held back");
    world.settle();
    let rows = rows(&world.store_of("lyon"));
    let rows: Vec<_> = rows
        .keys()
        .filter(|(table, _)| (21..=23).contains(table))
        .collect();
    assert_eq!(rows.len(), 3, "a wrap, an escalation and when it is due");
    for row in rows {
        assert!(is_missed(&world, row), "table {}", row.0);
    }
}

#[test]
fn no_row_of_who_was_asked_and_of_copies_can_vanish_unnoticed() {
    let mut network = Network::found(29, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    for contact in ["interpol/lyon", TUNIS, "cmai/amman"] {
        network.admit(contact);
    }
    network.deputise(TUNIS, "cmai/amman", Span::from_minutes(10));
    let mut world = MemoryWorld::new(network);
    world.settle();
    world.send(&lyon, &[TUNIS], "Nobody looks");
    world.settle();
    world.pass(Span::from_hours(2));
    world.tick();
    assert!(world.account("lyon").is_sound());
    let rows = rows(&world.store_of("lyon"));
    let rows: Vec<_> = rows
        .keys()
        .filter(|(table, _)| (42..=43).contains(table))
        .collect();
    assert_eq!(rows.len(), 2, "whom it was given to, and who was asked");
    for row in rows {
        assert!(is_missed(&world, row), "table {}", row.0);
    }
}

#[test]
fn a_wrong_sum_is_named_with_what_was_found() {
    const SENDER: Table = Table(17);
    let (world, _) = half_answered();
    let store = world.store_of("lyon");
    let (key, mut value) = store.scan(Scan::table(SENDER, 1)).unwrap().remove(0);
    *value.last_mut().unwrap() ^= 1;
    let mut batch = Batch::new();
    batch.put(SENDER, &key, &value);
    store.append(batch).unwrap();
    let books = balance(&store);
    assert_eq!(books.faults_found, 1);
    assert!(
        books.faults[0].sentence.contains("it keeps 1 of"),
        "{books:#?}"
    );
}

#[test]
fn lost_mail_is_named_with_its_alert_and_the_books_do_not_balance() {
    const MAIL: Table = Table(8);
    let (world, alert) = half_answered();
    let store = world.store_of("lyon");
    let rows = store.scan(Scan::table(MAIL, usize::MAX)).unwrap();
    let mut batch = Batch::new();
    for (key, _) in &rows {
        batch.delete(MAIL, key);
    }
    store.append(batch).unwrap();
    let books = balance(&store);
    assert!(!books.all.balances());
    let told = books
        .faults
        .iter()
        .find(|fault| fault.alert.is_some())
        .unwrap();
    assert_eq!(told.alert, Some(alert.prefix().to_string()));
    assert!(told.sentence.contains("no mail waits for it"), "{told:?}");
}
