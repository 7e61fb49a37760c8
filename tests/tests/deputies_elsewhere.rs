//! Deputies that collect where nobody holds a wrap for them: the sender's own clock asks them.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{Act, EventKind};
use maille_common::address::DeviceId;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::terms::{Kind, NoticeKind, Stage};
use maille_common::time::Span;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::Network;
use maille_tests::randomness::Seeded;

/// The first deputy collects at a relay that holds nothing for it, the second at the recipient's.
struct Elsewhere {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
    dakar: DeviceId,
    rabat: DeviceId,
}

fn elsewhere() -> Elsewhere {
    let organisations: [(&str, &[&str]); 3] = [
        ("interpol", &["lyon"]),
        ("cmai", &["tunis"]),
        ("afripol", &["dakar"]),
    ];
    let mut network = Network::found(43, &organisations);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let dakar = network.admit("afripol/dakar");
    let rabat = network.admit("cmai/rabat");
    network.deputise("cmai/tunis", "afripol/dakar", Span::from_minutes(10));
    network.deputise("cmai/tunis", "cmai/rabat", Span::from_minutes(20));
    let mut world = MemoryWorld::new(network);
    world.settle();
    Elsewhere {
        world,
        lyon,
        tunis,
        dakar,
        rabat,
    }
}

impl Elsewhere {
    fn after(&mut self, span: Span) {
        self.world.pass(span);
        self.world.tick();
        self.world.settle();
    }

    fn asked(&mut self, alert: &AlertId) -> (bool, bool) {
        let has = |world: &mut MemoryWorld, desk: DeviceId| {
            let inbox = world.desk(&desk).inbox().unwrap();
            inbox.iter().any(|entry| entry.id == *alert)
        };
        let (dakar, rabat) = (self.dakar, self.rabat);
        (has(&mut self.world, dakar), has(&mut self.world, rabat))
    }

    fn told(&mut self, alert: &AlertId) -> Vec<(String, NoticeKind, u8)> {
        let now = self.world.now;
        let track = self.world.desk(&self.lyon).track(alert, now).unwrap();
        let recipient = track.unwrap().recipients.remove(0);
        let told = recipient.notices.iter().map(|notice| {
            let notice = &notice.statement;
            (notice.relay.to_string(), notice.kind, notice.step)
        });
        let mut told: Vec<_> = told.collect();
        told.sort_by_key(|(_, _, step)| *step);
        told
    }
}

#[test]
fn a_deputy_that_collects_elsewhere_is_asked_by_the_senders_addendum_in_its_turn() {
    let mut asked = elsewhere();
    let lyon = asked.lyon;
    let alert = asked.world.send(&lyon, &["cmai/tunis"], "In turn");
    asked.world.settle();
    let instant = Span::from_ms(1);
    asked.after(Span::from_minutes(40) - instant);
    assert_eq!(asked.asked(&alert), (false, false), "a moment too early");
    asked.after(instant);
    assert_eq!(asked.asked(&alert), (true, false));
    let first = ("dakar".to_owned(), NoticeKind::Released, 1);
    assert_eq!(
        asked.told(&alert),
        std::slice::from_ref(&first),
        "nobody was passed over"
    );
    asked.after(Span::from_minutes(20) - instant);
    assert_eq!(asked.asked(&alert), (true, false), "a moment too early");
    asked.after(instant);
    assert_eq!(asked.asked(&alert), (true, true));
    let second = ("tunis".to_owned(), NoticeKind::Released, 2);
    assert_eq!(asked.told(&alert), [first, second]);
    // It acknowledges in the recipient's place, and the sender has the proof.
    let (dakar, now) = (asked.dakar, asked.world.now);
    let desk = asked.world.desk(&dakar);
    let mut random = Seeded::new(5);
    desk.act(&alert, &Act::Acknowledge, Some("Awa"), "", now, &mut random)
        .unwrap();
    asked.world.settle();
    let states = asked.world.desk(&lyon).outbox().unwrap().remove(0).states;
    let states: Vec<_> = states.into_values().collect();
    assert_eq!(states, [ObligationState::Acknowledged]);
    // Nobody is asked again, whoever looks at a clock.
    asked.after(Span::from_hours(5));
    let arrived = asked
        .world
        .desk(&dakar)
        .events_after(0, 1000, true)
        .unwrap();
    let arrived = arrived.iter().filter(|numbered| {
        matches!(
            numbered.event.kind,
            EventKind::Arrived { .. } | EventKind::AskedAsDeputy { .. }
        )
    });
    assert_eq!(
        arrived.count(),
        2,
        "it arrived once, and was asked for once"
    );
}

#[test]
fn an_answer_in_time_keeps_deputies_elsewhere_out_of_it_and_a_killed_sender_asks_once() {
    let mut asked = elsewhere();
    let lyon = asked.lyon;
    let answered = asked.world.send(&lyon, &["cmai/rabat"], "Another");
    let alert = asked.world.send(&lyon, &["cmai/tunis"], "Once");
    asked.world.settle();
    for _ in 0..60 {
        asked.world.kill_desk(&lyon);
        asked.after(Span::from_minutes(1));
    }
    assert_eq!(asked.asked(&alert), (true, true));
    let told = asked.told(&alert);
    assert_eq!(told.len(), 2, "each step once: {told:?}");
    assert!(asked.told(&answered).is_empty());
}

#[test]
fn copies_reach_the_senders_other_device_where_no_recipient_collects() {
    let organisations: [(&str, &[&str]); 2] = [("interpol", &["lyon"]), ("cmai", &["tunis"])];
    let mut network = Network::found(47, &organisations);
    let lyon = network.admit("interpol/lyon");
    let second = network.admit("interpol/lyon");
    network.admit("cmai/tunis");
    let mut world = MemoryWorld::new(network);
    world.settle();
    let alert = world.send(&lyon, &["cmai/tunis"], "A copy");
    world.settle();
    let now = world.now;
    let copy = world.desk(&second).track(&alert, now).unwrap().unwrap();
    assert!(copy.is_copy);
    assert_eq!(copy.recipients[0].receipts.len(), 1, "it was delivered");
}

#[test]
fn a_deputy_elsewhere_gets_an_update_at_once_and_is_asked_anew_when_its_key_is_gone() {
    let mut asked = elsewhere();
    let (lyon, dakar) = (asked.lyon, asked.dakar);
    let alert = asked.world.send(&lyon, &["cmai/tunis"], "First words");
    asked.world.settle();
    asked.after(Span::from_minutes(39));
    // What it was asked under is gone before it comes by.
    asked.world.pass(Span::from_minutes(1));
    asked.world.tick();
    asked.world.submit_alone("dakar", &lyon);
    asked.world.lose_sealing_keys(&dakar);
    asked.world.settle();
    asked.after(Span::from_minutes(1));
    asked.after(Span::from_minutes(1));
    assert_eq!(asked.asked(&alert), (true, false));
    let update = asked.world.amend(&lyon, Kind::Update, alert, "More words");
    asked.world.settle();
    assert_eq!(asked.asked(&update), (true, false));
}

#[test]
fn a_relay_that_lost_its_disk_is_given_the_addendum_again() {
    let mut asked = elsewhere();
    let lyon = asked.lyon;
    let alert = asked.world.send(&lyon, &["cmai/tunis"], "Brought again");
    asked.world.settle();
    asked.world.pass(Span::from_minutes(40));
    asked.world.tick();
    asked.world.submit_alone("dakar", &lyon);
    assert_eq!(asked.asked(&alert), (false, false));
    asked.world.lose_relay("dakar");
    asked.world.settle();
    assert_eq!(asked.asked(&alert), (true, false));
}

/// It collects at no relay of its deputy's, which brings it the answer.
#[test]
fn whoever_is_asked_and_answered_for_elsewhere_hears_of_both_at_its_own_relay() {
    let mut asked = elsewhere();
    let (lyon, tunis, dakar) = (asked.lyon, asked.tunis, asked.dakar);
    let alert = asked
        .world
        .send(&lyon, &["cmai/tunis"], "Answered elsewhere");
    asked.world.settle();
    asked.after(Span::from_minutes(40));
    let is_open = |asked: &mut Elsewhere| {
        let inbox = asked.world.desk(&tunis).inbox().unwrap();
        inbox
            .iter()
            .any(|entry| entry.id == alert && entry.is_open())
    };
    assert!(is_open(&mut asked));
    assert_eq!(heard(&mut asked, tunis, dakar), [Stage::Delivered]);
    let (now, mut random) = (asked.world.now, Seeded::new(5));
    let desk = asked.world.desk(&dakar);
    desk.act(&alert, &Act::Acknowledge, Some("Awa"), "", now, &mut random)
        .unwrap();
    asked.world.settle();
    assert!(!is_open(&mut asked));
    let both = [Stage::Delivered, Stage::Acknowledged];
    assert_eq!(heard(&mut asked, tunis, dakar), both);
}

/// What a desk was told that another device did.
fn heard(asked: &mut Elsewhere, desk: DeviceId, by: DeviceId) -> Vec<Stage> {
    let events = asked.world.desk(&desk).events_after(0, 1000, true);
    let kinds = events.unwrap().into_iter().map(|one| one.event.kind);
    let told = kinds.filter_map(|kind| match kind {
        EventKind::ActedElsewhere { device, stage, .. } if device == by => Some(stage),
        _ => None,
    });
    told.collect()
}
