//! Who was asked at another relay than the recipient's learns of an answer by the sender, who alone
//! knows whom it asked.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{Act, EventKind, Order};
use maille_common::address::DeviceId;
use maille_common::evidence::SignedReceipt;
use maille_common::identifier::AlertId;
use maille_common::terms::{AckRule, Stage};
use maille_common::time::Span;
use maille_common::wire::{Answer, PostReceipt, Refusal, RefusalCode};
use maille_relay::core::verify_receipt;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::{Network, address};
use maille_tests::randomness::Seeded;

/// Tunis has a deputy in Dakar, and each of the three collects at a relay of its own.
struct Apart {
    world: MemoryWorld,
    lyon: DeviceId,
    night: DeviceId,
    other: DeviceId,
    tunis: DeviceId,
    dakar: DeviceId,
}

fn apart() -> Apart {
    let organisations: [(&str, &[&str]); 3] = [
        ("interpol", &["lyon"]),
        ("cmai", &["tunis"]),
        ("afripol", &["dakar"]),
    ];
    let mut network = Network::found(61, &organisations);
    let lyon = network.admit("interpol/lyon");
    let night = network.admit("interpol/lyon");
    let other = network.admit("interpol/other");
    let tunis = network.admit("cmai/tunis");
    let dakar = network.admit("afripol/dakar");
    network.deputise("cmai/tunis", "afripol/dakar", Span::from_minutes(10));
    let mut world = MemoryWorld::new(network);
    world.settle();
    Apart {
        world,
        lyon,
        night,
        other,
        tunis,
        dakar,
    }
}

impl Apart {
    /// Half an hour and ten minutes pass: the deputy is asked.
    fn until_asked(&mut self) {
        self.world.pass(Span::from_minutes(40));
        self.world.tick();
    }

    fn acknowledge(&mut self, desk: DeviceId, alert: &AlertId) {
        let (now, mut random) = (self.world.now, Seeded::new(5));
        let desk = self.world.desk(&desk);
        let act = Act::Acknowledge;
        desk.act(alert, &act, Some("Amina"), "On it.", now, &mut random)
            .unwrap();
    }

    /// Whether it stands on a desk's list as still to be answered.
    fn is_open(&mut self, desk: DeviceId) -> bool {
        let inbox = self.world.desk(&desk).inbox().unwrap();
        assert_eq!(inbox.len(), 1, "it has it");
        inbox[0].is_open()
    }

    /// The devices whose acknowledgement a desk was told of.
    fn told(&mut self, desk: DeviceId) -> Vec<DeviceId> {
        let events = self.world.desk(&desk).events_after(0, 1000, true).unwrap();
        let told = events
            .into_iter()
            .filter_map(|numbered| match numbered.event.kind {
                EventKind::ActedElsewhere {
                    device,
                    stage: Stage::Acknowledged,
                    ..
                } => Some(device),
                kind => {
                    assert!(!matches!(kind, EventKind::Incident { .. }), "{kind:?}");
                    None
                }
            });
        told.collect()
    }

    /// The acknowledgement of Tunis, as the sender has it.
    fn acknowledgement(&mut self, alert: &AlertId) -> SignedReceipt {
        let (lyon, now) = (self.lyon, self.world.now);
        let track = self.world.desk(&lyon).track(alert, now).unwrap().unwrap();
        let receipts = track.recipients[0].receipts.iter();
        let mut receipts = receipts.map(|(receipt, _)| receipt);
        let acknowledged = receipts.find(|receipt| receipt.statement.stage == Stage::Acknowledged);
        acknowledged.unwrap().clone()
    }
}

#[test]
fn a_deputy_asked_at_another_relay_learns_that_its_principal_answered() {
    let mut apart = apart();
    let (lyon, tunis, dakar) = (apart.lyon, apart.tunis, apart.dakar);
    let alert = apart.world.send(&lyon, &["cmai/tunis"], "Answered late");
    apart.world.settle();
    apart.until_asked();
    apart.world.settle();
    assert!(apart.is_open(dakar));
    apart.acknowledge(tunis, &alert);
    apart.world.settle();
    assert!(!apart.is_open(dakar));
    assert_eq!(apart.told(dakar), [tunis]);
    // Each desk goes on meeting every relay: none takes its store for an old copy.
    apart.world.pass(Span::from_hours(1));
    apart.world.settle();
    for desk in [lyon, apart.night, tunis, dakar] {
        let _ = apart.told(desk);
    }
}

#[test]
fn an_answer_that_came_before_a_relay_had_the_addendum_is_passed_on_when_it_has() {
    let mut apart = apart();
    let (lyon, tunis, dakar) = (apart.lyon, apart.tunis, apart.dakar);
    let alert = apart.world.send(&lyon, &["cmai/tunis"], "Crossing");
    apart.world.settle();
    apart.world.down.insert("dakar".to_owned());
    apart.until_asked();
    apart.world.settle();
    apart.acknowledge(tunis, &alert);
    apart.world.settle();
    apart.world.down.clear();
    apart.world.pass(Span::from_minutes(10));
    apart.world.settle();
    assert!(!apart.is_open(dakar));
    assert_eq!(apart.told(dakar), [tunis]);
}

#[test]
fn a_colleague_passes_it_on_while_the_device_that_asked_is_away() {
    let mut apart = apart();
    let (lyon, night) = (apart.lyon, apart.night);
    let (tunis, dakar) = (apart.tunis, apart.dakar);
    let alert = apart.world.send(&lyon, &["cmai/tunis"], "At night");
    apart.world.settle();
    apart.until_asked();
    apart.world.settle();
    apart.acknowledge(tunis, &alert);
    for relay in ["tunis", "lyon"] {
        apart.world.meet(&tunis, relay);
    }
    for relay in ["lyon", "dakar"] {
        apart.world.meet(&night, relay);
    }
    apart.world.meet(&dakar, "dakar");
    assert_eq!(apart.told(dakar), [tunis]);
    apart.world.settle();
    assert_eq!(apart.told(dakar), [tunis], "once, whoever passes it on");
}

#[test]
fn where_one_acknowledgement_frees_all_recipients_at_other_relays_are_free() {
    let mut apart = apart();
    let (lyon, tunis, dakar) = (apart.lyon, apart.tunis, apart.dakar);
    let first = Order {
        ack_rule: AckRule::First,
        ..order(&["cmai/tunis", "afripol/dakar"], "Whoever comes first")
    };
    let alert = apart.world.order(&lyon, &first).id;
    apart.world.settle();
    apart.acknowledge(dakar, &alert);
    apart.world.settle();
    assert!(!apart.is_open(tunis));
    assert_eq!(apart.told(tunis), [dakar]);
}

#[test]
fn a_relay_takes_from_a_sender_receipts_about_its_own_alert_that_it_keeps_and_nothing_else() {
    let mut apart = apart();
    let (lyon, other) = (apart.lyon, apart.other);
    let (tunis, dakar) = (apart.tunis, apart.dakar);
    let alert = apart.world.send(&lyon, &["cmai/tunis"], "Whose it is");
    apart.world.settle();
    apart.acknowledge(tunis, &alert);
    apart.world.settle();
    let receipt = apart.acknowledgement(&alert);
    let mut post = |relay: &str, to: &str, by: &DeviceId| {
        let posted = PostReceipt {
            receipt: receipt.clone(),
            note: None,
            to: address(to),
        };
        let core = apart.world.relay(relay);
        let verified = verify_receipt(posted, core.roster(), by)?;
        match core.receipt(&verified).unwrap().answer {
            Answer::Done => Ok(()),
            Answer::Refused(Refusal { code, .. }) => Err(code),
            answer => panic!("{answer:?}"),
        }
    };
    assert_eq!(post("tunis", "interpol/lyon", &lyon), Ok(()));
    let unknown = Err(RefusalCode::UnknownAlert);
    assert_eq!(post("dakar", "interpol/lyon", &lyon), unknown);
    let strange = Err(RefusalCode::NotYourContact);
    assert_eq!(post("tunis", "interpol/other", &other), strange);
    assert_eq!(post("tunis", "interpol/lyon", &other), strange);
    assert_eq!(post("tunis", "interpol/lyon", &dakar), strange);
    // Whoever acts leaves no note out.
    let without = Err(RefusalCode::Hash);
    assert_eq!(post("tunis", "interpol/lyon", &tunis), without);
}
