//! The two keys of real desks renew themselves over real relays: offered, taken up, used, with
//! nobody at the desk.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::path::Path;
use std::time::Duration;

use maille_client::clock::{Clock, SystemClock};
use maille_client::core::{EventKind, IncidentKind};
use maille_client::entropy::OsRandomness;
use maille_client::home::{Home, Unlock};
use maille_client::{KeysTrouble, Message, Milestone, OfferedRenewals};
use maille_common::address::DeviceId;
use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use maille_common::roster::{DeviceKeys, RosterDocuments};
use maille_common::time::Span;
use maille_link::{
    AnswerBound, CloseReason, ConnectError, Dialer, Identity, Limits, Link, Priority, RequestError,
};
use maille_tests::machine::Machine;
use maille_tests::net::{NetPlan, TestNet, soon};

const LYON: &str = "interpol/lyon";
const PARIS: &str = "interpol/paris";
const TUNIS: &str = "cmai/tunis";
const OVERLAP: Span = Span::from_days(63);
const PATIENCE: Duration = Duration::from_secs(60);

/// A network whose devices got their keys yesterday.
struct Years {
    net: TestNet,
    machine: Machine,
}

impl Years {
    async fn begin(relays: &[&str]) -> Self {
        let machine = Machine::default();
        let yesterday = SystemClock.now() - Span::from_days(1);
        let plan = NetPlan::new(
            &[("interpol", relays), ("cmai", relays)],
            &[LYON, PARIS, TUNIS],
        );
        let net = plan.keys_from(yesterday).machine(&machine).start().await;
        Self { net, machine }
    }

    /// So many days pass for everybody at once. What desks do meanwhile wakes their keepers.
    async fn pass(&self, days: u64) {
        self.machine.set_ahead(Span::from_days(days));
    }

    fn device(&self, desk: &str) -> DeviceId {
        self.net.desk(desk).device
    }

    fn keys(&self, desk: &str, of: &str) -> Vec<DeviceKeys> {
        let roster = self.net.desk(desk).client().roster();
        roster
            .device(&self.device(of))
            .unwrap()
            .device
            .keys
            .to_vec()
    }

    /// Waits until a desk offers its next keys.
    async fn until_offered(&self, desk: &str) {
        let offered = async {
            while self
                .net
                .desk(desk)
                .client()
                .status()
                .await
                .unwrap()
                .keys
                .offered
                .is_none()
            {
                tokio::task::yield_now().await;
            }
        };
        soon("the next keys are offered", offered).await;
    }

    /// Waits until a desk uses the newest keys that its roster has for it, which are others than
    /// those before.
    async fn until_taken(&self, desk: &str, before: &DeviceKeys) {
        let taken = async {
            loop {
                let status = self.net.desk(desk).client().status().await.unwrap();
                let newest = self.keys(desk, desk)[0].clone();
                if newest != *before && status.keys.since == Some(newest.valid_from) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        soon("the next keys are in use", taken).await;
    }

    /// What a colleague's desk finds at the relays, once the desk's renewal has come there.
    async fn found_by(&self, colleague: &str, of: &str) -> OfferedRenewals {
        let device = self.device(of);
        let found = async {
            loop {
                let client = self.net.desk(colleague).client();
                let found = client.renewals(PATIENCE).await.unwrap();
                let mut renewals = found.renewals.iter();
                if renewals.any(|renewal| renewal.request.request.device == device) {
                    return found;
                }
            }
        };
        soon("the renewal is at the relay", found).await
    }

    /// The organisation's key holder takes up what a desk of it has found.
    async fn take_up(&mut self, colleague: &str, found: &OfferedRenewals) -> RosterDocuments {
        assert_eq!(found.unusable, []);
        let roster = self.net.desk(colleague).client().roster();
        let now = Clock::now(&self.machine);
        let network = &mut self.net.network;
        let _ = network.take_up(&roster, &found.renewals, OVERLAP, now);
        self.net.publish().await
    }

    /// How many devices' keys end soon, as a desk is warned.
    async fn device_endings(&self, desk: &str) -> usize {
        let endings = self.net.desk(desk).client().endings().await.unwrap();
        let of_devices = endings
            .iter()
            .filter(|ending| ending.what.name() == "device");
        of_devices.count()
    }

    /// What a desk tells of its own keys, as soon as it does.
    async fn told_of_keys(&self, desk: &str) -> KeysTrouble {
        let mut reader = self.net.desk(desk).client().events("keys");
        let told = async {
            loop {
                let event = reader.next().await.unwrap().event;
                if let EventKind::Keys { trouble, .. } = event.kind {
                    return trouble;
                }
            }
        };
        soon("its keys are told of", told).await
    }

    async fn exchange(&self, from: &str, to: &str, subject: &str) {
        let alert = self.net.desk(from).send_to(&[to], subject).await;
        assert_eq!(self.net.desk(to).receive().await.entry.id, alert);
        self.net.desk(to).acknowledge(alert).await;
        self.net
            .desk(from)
            .wait(alert, Milestone::Acknowledged)
            .await;
    }
}

fn keys_at(home: &Path) -> (VerifyingKey, bool) {
    let home = Home::open(home, Unlock::Machine).unwrap();
    (
        home.signing_key().verifying_key(),
        home.offered_keys().is_some(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_renews_its_keys_with_nobody_at_it_and_nothing_under_way_is_lost() {
    let mut years = Years::begin(&["lyon"]).await;
    years.exchange(LYON, TUNIS, "First").await;
    let before = years.keys(LYON, LYON)[0].clone();
    let status = years.net.desk(LYON).client().status().await.unwrap();
    assert_eq!(
        (status.keys.since, status.keys.offered),
        (Some(before.valid_from), None)
    );
    years.pass(331).await;
    // Anything that happens wakes the desk's keeper, as a minute does.
    years.exchange(LYON, TUNIS, "After eleven months").await;
    years.until_offered(LYON).await;
    let found = years.found_by(PARIS, LYON).await;
    // Under way while the keys change: signed with the old ones, read and answered after.
    years.net.close_desk(TUNIS).await;
    let message = Message::text("Under way", "Under way")
        .to_all([TUNIS])
        .expires_after(Span::from_days(40));
    let under_way = years
        .net
        .desk(LYON)
        .client()
        .send(message)
        .await
        .unwrap()
        .id;
    years
        .net
        .desk(LYON)
        .wait(under_way, Milestone::Accepted)
        .await;
    years.take_up(PARIS, &found).await;
    years.until_taken(LYON, &before).await;
    let pairs = years.keys(LYON, LYON);
    assert_eq!(pairs[1].signing, before.signing);
    assert_eq!(pairs[1].valid_to, Some(pairs[0].valid_from + OVERLAP));
    // It has the roster of before the change until it connects.
    years.net.open_desk(TUNIS).await;
    assert_eq!(years.net.desk(TUNIS).receive().await.entry.id, under_way);
    years.net.desk(TUNIS).acknowledge(under_way).await;
    years
        .net
        .desk(LYON)
        .wait(under_way, Milestone::Acknowledged)
        .await;
    years.exchange(LYON, TUNIS, "With the new keys").await;
    years.exchange(TUNIS, LYON, "Back").await;
    for desk in [LYON, PARIS, TUNIS] {
        assert_eq!(
            years
                .net
                .desk(desk)
                .client()
                .incidents(0, 10)
                .await
                .unwrap(),
            []
        );
    }
    years.net.close_desk(LYON).await;
    let (in_use, offers) = keys_at(&years.net.desk(LYON).home);
    assert_eq!((in_use, offers), (pairs[0].signing, false));
    years.net.stop().await;
}

/// One of the relays was off when the roster changed, and the desk is the first to come by.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_knows_the_old_key_alone_learns_of_the_new_one_from_the_desk() {
    let mut years = Years::begin(&["lyon", "dakar"]).await;
    years.exchange(LYON, TUNIS, "First").await;
    let before = years.keys(LYON, LYON)[0].clone();
    years.pass(331).await;
    years.exchange(LYON, TUNIS, "After eleven months").await;
    years.until_offered(LYON).await;
    let found = years.found_by(PARIS, LYON).await;
    years.net.stop_relay("dakar").await;
    years.take_up(PARIS, &found).await;
    years.until_taken(LYON, &before).await;
    for away in [PARIS, TUNIS] {
        years.net.close_desk(away).await;
    }
    years.net.stop_relay("lyon").await;
    years.net.start_relay("dakar").await;
    years.net.until_connected("dakar", 1).await;
    years.net.open_desk(TUNIS).await;
    years.exchange(LYON, TUNIS, "Over the other relay").await;
    years.net.stop().await;
}

/// Killed between taking the keys into use and telling anybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_was_killed_while_it_changed_its_keys_finishes_that_at_its_next_start() {
    let mut years = Years::begin(&["lyon"]).await;
    years.exchange(LYON, TUNIS, "First").await;
    years.pass(331).await;
    years.net.close_desk(LYON).await;
    // The next keys are made, and no bundle offers them yet.
    let home = years.net.desk(LYON).home.clone();
    let now = Clock::now(&years.machine);
    let random = &mut OsRandomness::new();
    let mut held = Home::open(&home, Unlock::Machine).unwrap();
    held.make_next_keys(now, random).unwrap();
    drop(held);
    years.net.open_desk(LYON).await;
    let found = years.found_by(PARIS, LYON).await;
    years.net.close_desk(LYON).await;
    let documents = years.take_up(PARIS, &found).await;
    // They are in use, and the bundle is signed by the old one still.
    let mut held = Home::open(&home, Unlock::Machine).unwrap();
    held.take_next_keys(random).unwrap();
    drop(held);
    years.net.give_roster(LYON, &documents);
    years.net.open_desk(LYON).await;
    years.exchange(LYON, TUNIS, "Back again").await;
    years.exchange(TUNIS, LYON, "Good").await;
    years.net.stop().await;
}

/// A file that cannot be replaced stops the renewal alone: the desk makes its weekly sealing keys,
/// running and started again, and renews once the file can be.
#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_cannot_keep_its_next_pair_goes_on_making_sealing_keys() {
    let mut years = Years::begin(&["lyon"]).await;
    years.exchange(LYON, TUNIS, "First").await;
    let home = years.net.desk(LYON).home.clone();
    // Where the fresh file is to be written stands a folder.
    let in_the_way = home.join("identity.sealed.new");
    std::fs::create_dir(&in_the_way).unwrap();
    for (days, subject) in [
        (331, "After eleven months"),
        (351, "After three weeks more"),
    ] {
        years.pass(days).await;
        // Nobody seals to keys of weeks that are over.
        years.exchange(LYON, TUNIS, subject).await;
        years.exchange(TUNIS, LYON, subject).await;
        let status = years.net.desk(LYON).client().status().await.unwrap();
        assert_eq!(status.keys.offered, None);
        years.net.close_desk(LYON).await;
        years.net.open_desk(LYON).await;
    }
    std::fs::remove_dir(&in_the_way).unwrap();
    years.pass(352).await;
    years.exchange(LYON, TUNIS, "Mended").await;
    years.until_offered(LYON).await;
    years.net.stop().await;
}

/// The backup was made before the desk made its next keys.
#[tokio::test(flavor = "multi_thread")]
async fn a_home_without_the_keys_that_were_taken_up_goes_on_offers_others_and_ends_with_words() {
    let mut years = Years::begin(&["lyon"]).await;
    years.exchange(LYON, TUNIS, "First").await;
    let before = years.keys(LYON, LYON)[0].clone();
    let home = years.net.desk(LYON).home.clone();
    let backup = std::fs::read(home.join("identity.sealed")).unwrap();
    years.pass(331).await;
    years.exchange(LYON, TUNIS, "After eleven months").await;
    years.until_offered(LYON).await;
    let found = years.found_by(PARIS, LYON).await;
    years.take_up(PARIS, &found).await;
    years.until_taken(LYON, &before).await;
    years.net.close_desk(LYON).await;
    std::fs::write(home.join("identity.sealed"), backup).unwrap();
    years.net.open_desk(LYON).await;
    years.exchange(LYON, TUNIS, "With the old keys").await;
    assert_eq!(years.told_of_keys(LYON).await, KeysTrouble::Others);
    // It offers others, which the old keys vouch for while they count.
    years.until_offered(LYON).await;
    assert_eq!(years.device_endings(LYON).await, 0);
    years.pass(331 + 62).await;
    assert_eq!(years.device_endings(LYON).await, 1);
    let found = years.found_by(PARIS, LYON).await;
    years.pass(331 + 64).await;
    let message = Message::text("Too late", "Too late").to_all([TUNIS]);
    let refused = years
        .net
        .desk(LYON)
        .client()
        .send(message)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "keys-ended");
    // Old keys vouch for nothing once their time is over.
    let roster = years.net.desk(PARIS).client().roster();
    let late = found
        .renewals
        .iter()
        .find(|renewal| renewal.request.request.device == years.device(LYON));
    let late = late.unwrap().verify(&roster, Clock::now(&years.machine));
    assert_eq!(late.unwrap_err().code(), "renewal-not-vouched");
    // Nor do they connect: it has no newer ones, and is told so.
    let told = |event: &EventKind| matches!(event, EventKind::Incident { .. });
    years.net.desk(LYON).until("refused", told).await;
    let incidents = years
        .net
        .desk(LYON)
        .client()
        .incidents(0, 10)
        .await
        .unwrap();
    let refused = |kind: &IncidentKind| matches!(kind, IncidentKind::NotAdmitted { .. });
    assert!(
        incidents.iter().any(|(_, one)| refused(&one.kind)),
        "{incidents:?}"
    );
    years.net.stop().await;
}

/// It was away until its keys had ended, and shows relays the next ones, which it had offered.
#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_was_away_for_longer_than_the_overlap_comes_back_by_itself() {
    for left_out in [false, true] {
        let mut years = Years::begin(&["lyon"]).await;
        years.exchange(LYON, TUNIS, "First").await;
        let before = years.keys(LYON, LYON)[0].clone();
        let found = years.offered_by(LYON).await;
        years.net.close_desk(LYON).await;
        // Sealed to it before it is renewed, and waits.
        let message = Message::text("Waits", "Waits")
            .to_all([LYON])
            .expires_after(Span::from_days(90));
        let waits = years.net.desk(TUNIS).client().send(message).await;
        let waits = waits.unwrap().id;
        years.net.desk(TUNIS).wait(waits, Milestone::Accepted).await;
        years.take_up(PARIS, &found).await;
        years.pass(331 + 70).await;
        if left_out {
            // Its organisation has cleared the roster of keys that ended.
            let device = years.device(LYON);
            let contact = years.net.desk(LYON).contact.clone();
            years.net.network.forget_former_keys(&device, &contact);
            years.net.publish().await;
        }
        years.net.open_desk(LYON).await;
        assert_eq!(years.net.desk(LYON).receive().await.entry.id, waits);
        years.until_taken(LYON, &before).await;
        years.net.desk(LYON).acknowledge(waits).await;
        years
            .net
            .desk(TUNIS)
            .wait(waits, Milestone::Acknowledged)
            .await;
        years.exchange(TUNIS, LYON, "With the new keys").await;
        years.exchange(LYON, TUNIS, "Back").await;
        for desk in [LYON, PARIS, TUNIS] {
            let incidents = years.net.desk(desk).client().incidents(0, 10).await;
            assert_eq!(incidents.unwrap(), [], "{desk}");
        }
        years.net.close_desk(LYON).await;
        let newest = years.keys(PARIS, LYON)[0].signing;
        assert_eq!(keys_at(&years.net.desk(LYON).home), (newest, false));
        years.net.stop().await;
    }
}

/// Whoever took a copy of the home before it was renewed connects for as long as the overlap lasts.
#[tokio::test(flavor = "multi_thread")]
async fn a_transport_key_that_was_renewed_away_connects_until_it_ends_and_nowhere_then() {
    let mut years = Years::begin(&["lyon", "dakar"]).await;
    years.exchange(LYON, TUNIS, "First").await;
    let before = years.keys(LYON, LYON)[0].clone();
    let found = years.offered_by(LYON).await;
    let seed = *years.closed_home(LYON).await.transport_seed();
    years.net.open_desk(LYON).await;
    years.take_up(PARIS, &found).await;
    years.until_taken(LYON, &before).await;
    let stolen = SigningKey::from_seed(seed);
    assert_eq!(stolen.verifying_key(), before.transport);
    let thief = Identity::new("thief", &stolen).unwrap();
    let dialer = Dialer::bind(thief, Limits::default()).unwrap();
    let mut held = Vec::new();
    for relay in ["lyon", "dakar"] {
        let link = years.connect(&dialer, relay).await.unwrap();
        held.push((relay, link));
    }
    years.pass(331 + 64).await;
    // Whoever is connected is put out by itself.
    for (relay, link) in held {
        let reason = soon("the thief is put out", link.closed()).await;
        assert_eq!(reason, CloseReason::Ended, "{relay}");
        let again = years.connect(&dialer, relay).await;
        assert_eq!(again.map(|_| ()), Err("ended"), "{relay}");
    }
    // The device itself goes on.
    years.exchange(TUNIS, LYON, "With the new keys").await;
    years.net.stop().await;
}

impl Years {
    /// Eleven months pass, and a desk offers its next keys; what its colleague finds then.
    async fn offered_by(&mut self, desk: &str) -> OfferedRenewals {
        self.pass(331).await;
        self.exchange(desk, TUNIS, "After eleven months").await;
        self.until_offered(desk).await;
        self.found_by(PARIS, desk).await
    }

    /// A desk's home, while it is closed.
    async fn closed_home(&mut self, desk: &str) -> Home {
        self.net.close_desk(desk).await;
        Home::open(&self.net.desk(desk).home, Unlock::Machine).unwrap()
    }

    /// A link on which something was answered, or why there is none: a device may hear that its
    /// key is refused with its first request only.
    async fn connect(&self, dialer: &Dialer, relay: &str) -> Result<Link, &'static str> {
        let entry = self.net.desk(PARIS).client().roster();
        let keys: Vec<VerifyingKey> = entry
            .relay(&relay.parse().unwrap())
            .unwrap()
            .keys
            .iter()
            .map(|pair| pair.transport)
            .collect();
        let mut ways = self.net.relay_addresses(PARIS).into_iter();
        let (_, address) = ways.find(|(name, _)| name == relay).unwrap();
        let link = match dialer.connect(&address.to_string(), &keys).await {
            Ok(link) => link,
            Err(ConnectError::KeyEnded { .. }) => return Err("ended"),
            Err(error) => panic!("{error}"),
        };
        let bound = AnswerBound {
            bytes_max: 1024 * 1024,
            deadline: PATIENCE,
        };
        match link.request(Priority::Normal, b"anything", bound).await {
            Ok(_) => Ok(link),
            Err(RequestError::Closed(CloseReason::Ended)) => Err("ended"),
            Err(error) => panic!("{error}"),
        }
    }
}
