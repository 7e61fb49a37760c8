//! What a reconciliation hands over is judged, not believed (PROTOCOL V6).

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::IncidentKind;
use maille_common::address::DeviceId;
use maille_common::codec::{Exact, List, SortedList};
use maille_common::content::{GivenStatement, Handed, Place, Reconciliation, RoundId, Step};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::envelope::{Content, SealedEnvelope, SignedEnvelope};
use maille_common::evidence::{Expiry, sign};
use maille_common::extension::Extensions;
use maille_common::limits::RECONCILED_DAYS;
use maille_common::wire::Push;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::Network;

const RELAY: &str = "lyon";

/// Lyon writes to Tunis and to Rabat, and compares with Tunis by letters of its own making.
struct Letters {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
}

impl Letters {
    fn write(&mut self, turn: RoundId, step: Step) {
        let letter = Reconciliation {
            version: Reconciliation::VERSION,
            round: RoundId::from_bytes([7; 16]),
            turn,
            step,
            extensions: Extensions::empty(),
        };
        let (lyon, tunis) = (self.lyon, self.tunis);
        self.world.write_letter(RELAY, (&lyon, &tunis), &letter);
        self.world.collect_due(&tunis, RELAY);
        let _ = self.world.reconcile();
        self.world.bring_due(&tunis, RELAY);
    }

    /// The newest letter that waits for Lyon, which its desk never reads.
    fn answer(&mut self) -> Reconciliation {
        let lyon = self.lyon;
        let number = *self.world.deliveries(RELAY, &lyon).last().unwrap();
        let push = self.world.relay(RELAY).push(&lyon, number).unwrap();
        let Some(Push::Delivery { delivery, .. }) = push else {
            panic!("{push:?}");
        };
        let now = self.world.now;
        let desk = self.world.desk(&lyon);
        let sealed = SealedEnvelope::new(*delivery).unwrap();
        let verified = sealed.verify(desk.roster(), &lyon, now).unwrap();
        let key = desk.ring().secret(&verified.delivery().entry.key);
        match verified.open(key).unwrap().content() {
            Content::Reconciliation(letter) => (**letter).clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Lyon asks what Tunis holds, and hands a statement over with its own list.
    fn hand_over(&mut self, statement: GivenStatement) {
        let today = Place::day_of(self.world.now);
        let digests = Step::Digests {
            from: today.saturating_sub(RECONCILED_DAYS - 3),
            after: Place::START,
            days: SortedList::empty(),
        };
        self.write(RoundId::NONE, digests);
        let answer = self.answer();
        let Step::Holdings { days, .. } = answer.step else {
            panic!("{answer:?}");
        };
        let handed = Handed {
            statements: List::new([statement]).unwrap(),
            again: SortedList::empty(),
            more: false,
        };
        let holdings = Step::Holdings {
            days,
            held: SortedList::empty(),
            upto: None,
            handed,
        };
        self.write(answer.turn, holdings);
    }

    /// The checks that refused statements at Tunis.
    fn refused(&mut self) -> Vec<String> {
        let tunis = self.tunis;
        let incidents = self.world.desk(&tunis).incidents_after(0, 100).unwrap();
        let kinds = incidents.into_iter().map(|(_, one)| one.kind);
        kinds
            .filter_map(|kind| match kind {
                IncidentKind::Receipt { check } => Some(check.as_str().to_owned()),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn an_envelope_of_neither_contact_is_not_taken_from_a_letter() {
    let homes: &[&str] = &[RELAY];
    let mut network = Network::found(61, &[("interpol", homes), ("cmai", homes)]);
    let [lyon, rome] = ["interpol/lyon", "interpol/rome"].map(|to| network.admit(to));
    let [tunis, _] = ["cmai/tunis", "cmai/rabat"].map(|to| network.admit(to));
    let mut world = MemoryWorld::new(network);
    world.settle();
    let _ = world.send(&lyon, &["cmai/tunis"], "What there is to compare");
    let foreign = world.send(&rome, &["cmai/rabat"], "Nothing to Tunis");
    let submission = world.desk(&rome).submission(&foreign).unwrap().unwrap();
    world.settle();
    let mut letters = Letters { world, lyon, tunis };
    let shown = SignedEnvelope::of_submission(&submission);
    letters.hand_over(GivenStatement::Envelope(Box::new(shown)));
    assert!(letters.refused().contains(&"V6".to_owned()));
}

/// With a contact's help a stolen device could end what its contact sent later, and stop all
/// clocks.
#[test]
fn q6_an_expiry_by_a_suspended_device_ends_no_alert_that_was_made_later() {
    let homes: &[&str] = &[RELAY];
    let mut network = Network::found(62, &[("interpol", homes), ("cmai", homes)]);
    let [lyon, tunis, stolen] =
        ["interpol/lyon", "cmai/tunis", "cmai/tunis"].map(|to| network.admit(to));
    let _ = network.admit("cmai/rabat");
    let mut world = MemoryWorld::new(network);
    world.settle();
    let _ = world.send(&lyon, &["cmai/tunis"], "What there is to compare");
    world.settle();
    let documents = world.network.suspend(&stolen);
    world.spread_to_relay(RELAY, &documents);
    world.settle();
    let alert = world.send(&tunis, &["cmai/rabat"], "After the theft");
    world.settle();
    let expiry = Expiry {
        version: Expiry::VERSION,
        alert,
        recipient: "cmai/rabat".parse().unwrap(),
        device: stolen,
        time: world.now,
        roster: world.desk(&tunis).roster().hash(),
        uncertain: false,
    };
    let key = SigningKey::from_seed(world.network.device(&stolen).signing);
    let signed = sign(&key, vec![Exact::of(expiry).unwrap()]).remove(0);
    let mut letters = Letters { world, lyon, tunis };
    letters.hand_over(GivenStatement::Expiry(signed));
    assert_eq!(letters.refused(), ["Q6"]);
    let now = letters.world.now;
    let track = letters.world.desk(&tunis).track(&alert, now).unwrap();
    let track = track.unwrap();
    assert_eq!(track.recipients[0].expiries, []);
}
