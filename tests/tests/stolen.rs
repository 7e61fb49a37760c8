//! A device is stolen with its home open: its thief has the keys, and what they still open. That is
//! the inbox within its retention, and nothing from before.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use maille_client::core::EventKind;
use maille_client::entropy::OsRandomness;
use maille_client::home::{Home, SealedStore, Unlock};
use maille_client::{Client, ClientConfig, Milestone};
use maille_common::codec::decode;
use maille_common::envelope::Delivery;
use maille_common::identifier::AlertId;
use maille_common::limits::HOLE_LOOKS;
use maille_common::randomness::Randomness;
use maille_common::time::Span;
use maille_durable::{DurableStore, Options, Scan, Store, StoreId, Table, boot_id};
use maille_tests::machine::Machine;
use maille_tests::net::{NetPlan, TestNet};

const RELAY: &str = "lyon";
const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";

/// Where deliveries stand in the store of a desk, in pieces.
const DELIVERIES: Table = Table(10);
/// Where what arrived stands, with its content keys, in pieces.
const INBOX: Table = Table(9);

/// A home that was copied while nobody held it, and what its keys open.
struct Stolen {
    path: PathBuf,
    home: Home,
    store: SealedStore<std::sync::Arc<DurableStore>>,
    /// The same, as it lies on the disk.
    sealed: std::sync::Arc<DurableStore>,
}

impl Stolen {
    fn from(home: &Path, to: PathBuf) -> Self {
        copy(home, &to);
        let home = Home::open(&to, Unlock::Machine).unwrap();
        let id = StoreId(OsRandomness::new().array());
        let options = Options::new(id, boot_id(), "stolen");
        let (durable, opening) = DurableStore::open(&home.store_path(), &options).unwrap();
        assert!(!opening.created && opening.set_aside.is_none());
        let sealed = std::sync::Arc::new(durable);
        let nonces = Box::new(|bytes: &mut [u8]| OsRandomness::new().fill(bytes));
        let store = SealedStore::new(std::sync::Arc::clone(&sealed), home.store_key(), nonces);
        Self {
            path: to,
            home,
            store,
            sealed,
        }
    }

    /// The alert as a relay handed it over: whoever listened has the same.
    fn delivery(&self, alert: AlertId) -> Option<Delivery> {
        let record = self.store.pieces(DELIVERIES, alert.as_bytes()).unwrap()?;
        // Behind the format of the record.
        Some(decode(&record[1..]).unwrap())
    }

    /// Everything in the store, opened.
    fn everything(&self) -> Vec<u8> {
        let tables = (0..=u8::MAX).map(Table);
        let rows = tables.map(|table| self.store.scan(Scan::table(table, usize::MAX)).unwrap());
        rows.flatten().flat_map(|(_, value)| value).collect()
    }

    /// The value of an alert in a table as it lies on the disk, sealed.
    fn on_disk(&self, table: Table, alert: AlertId) -> Vec<u8> {
        self.sealed
            .pieces(table, alert.as_bytes())
            .unwrap()
            .unwrap()
    }

    fn has_key_of(&self, delivery: &Delivery) -> bool {
        let ring = self.home.load_ring().unwrap().unwrap();
        ring.secret(&delivery.entry.key).is_some()
    }

    /// Gives the home to the program, which opens it as the desk would.
    async fn open(self) -> Client {
        let Self {
            path,
            home,
            store,
            sealed,
        } = self;
        drop((home, store, sealed));
        Client::open(ClientConfig::new(path)).await.unwrap()
    }
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files_under(&path)),
            false => found.push(path),
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    for file in files_under(from) {
        let there = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(there.parent().unwrap()).unwrap();
        fs::copy(&file, there).unwrap();
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

fn is_in(bytes: &[u8], wanted: &[u8]) -> bool {
    let first = wanted[0];
    let mut starts = (0..bytes.len()).filter(|at| bytes[*at] == first);
    starts.any(|at| bytes[at..].starts_with(wanted))
}

/// The files of the home that hold these bytes, or the first of them.
fn holders(home: &Path, wanted: &[u8]) -> usize {
    let beginning = &wanted[..wanted.len().min(64)];
    let files = files_under(home).into_iter();
    files
        .filter(|file| is_in(&fs::read(file).unwrap(), beginning))
        .count()
}

/// Lyon alerts Tunis, which takes it on.
async fn acknowledged(net: &TestNet, subject: &str) -> AlertId {
    let alert = net.desk(LYON).send_to(&[TUNIS], subject).await;
    net.desk(TUNIS)
        .until(
            "test",
            |event| matches!(event, EventKind::Arrived { alert: id, .. } if *id == alert),
        )
        .await;
    net.desk(TUNIS).acknowledge(alert).await;
    net.desk(LYON).wait(alert, Milestone::Acknowledged).await;
    alert
}

/// Everything was off for so long, and is on again. Tunis comes often: it erases sealing keys by
/// its own clock and by that of a relay, and after as many looks as mail for them is waited for.
async fn later(net: &mut TestNet, machine: &Machine, days: u64) {
    net.close_desk(TUNIS).await;
    net.close_desk(LYON).await;
    net.stop_relay(RELAY).await;
    machine.set_ahead(Span::from_days(days));
    machine.reboot();
    net.start_relay(RELAY).await;
    for _ in 0..=HOLE_LOOKS {
        net.open_desk(TUNIS).await;
        assert!(
            net.desk(TUNIS)
                .client()
                .ready(Duration::from_secs(60))
                .await
        );
        net.close_desk(TUNIS).await;
    }
    net.open_desk(TUNIS).await;
    net.open_desk(LYON).await;
    assert!(net.desk(LYON).client().ready(Duration::from_secs(60)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_home_yields_its_inbox_within_the_retention_and_nothing_from_before() {
    let (old, new) = ("The heron flies at dawn", "The stork nests in April");
    let machine = Machine::default();
    let homes: (&[&str], _) = (&[RELAY], [LYON, TUNIS]);
    let plan = NetPlan::new(&[("interpol", homes.0), ("cmai", homes.0)], &homes.1);
    let mut net = plan.machine(&machine).start().await;
    let home = net.desk(TUNIS).home.clone();
    fs::write(home.join("settings.toml"), "retention_days = 7\n").unwrap();
    net.acquaint(LYON, TUNIS).await;
    let before = acknowledged(&net, old).await;
    net.close_desk(TUNIS).await;
    let at_first = Stolen::from(&home, net.path().join("at-first"));
    // What somebody who listened for all this time has kept, and what lies on the disk.
    let kept = at_first.delivery(before).unwrap();
    assert!(at_first.has_key_of(&kept));
    let on_disk = [INBOX, DELIVERIES].map(|table| at_first.on_disk(table, before));
    assert!(on_disk.iter().all(|sealed| holders(&home, sealed) > 0));
    drop(at_first);
    net.open_desk(TUNIS).await;

    later(&mut net, &machine, 60).await;
    let after = acknowledged(&net, new).await;
    net.close_desk(TUNIS).await;
    let stolen = Stolen::from(&home, net.path().join("stolen"));
    let everything = stolen.everything();
    assert!(!is_in(&everything, old.as_bytes()));
    assert!(!is_in(&everything, &kept.body[..64]));
    assert!(is_in(
        &everything,
        &stolen.delivery(after).unwrap().body[..64]
    ));
    assert!(stolen.delivery(before).is_none());
    // Nor in a file that the store has done with.
    assert_eq!(on_disk.map(|sealed| holders(&stolen.path, &sealed)), [0, 0]);
    // Nor does any key open what was listened to then.
    assert!(!stolen.has_key_of(&kept));
    assert!(stolen.has_key_of(&stolen.delivery(after).unwrap()));

    // The program opens for the thief what it would open for the desk.
    net.stop_relay(RELAY).await;
    let thief = stolen.open().await;
    let received = thief.received(after).await.unwrap();
    assert_eq!(received.content.subject(&[]), new);
    assert!(thief.received(before).await.is_err());
    thief.shutdown().await;
    net.stop().await;
}
