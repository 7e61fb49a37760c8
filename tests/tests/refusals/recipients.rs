//! The reasons of machines and officers at the recipient.

use maille_client::core::{Act, Collected, Order, Refusal, RefuseReason};
use maille_common::address::DeviceId;
use maille_common::codec::{Bytes, Exact, List, SortedList};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::evidence::{ObligationState, Receipt, sign};
use maille_common::extension::{Extension, Extensions};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::terms::{Actor, Kind, Reason, Stage};
use maille_common::wire::Push;
use maille_tests::memory::{Wrong, order};
use maille_tests::randomness::Seeded;

use crate::{RABAT, RELAY, Refused, TUNIS};

/// Who gives a reason of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Giver {
    /// Nobody: it is the reason of the stages that need none.
    Nobody,
    /// An officer.
    Officer,
    /// A machine, which ends it where every machine of the contact gives one.
    Machine,
    /// A machine, which gets it anew.
    MachineWithoutKey,
}

fn giver(reason: Reason) -> Giver {
    match reason {
        Reason::None => Giver::Nobody,
        Reason::NotOurs
        | Reason::Duplicate
        | Reason::CannotOpen
        | Reason::NoLegalBasis
        | Reason::Handling
        | Reason::Other => Giver::Officer,
        Reason::KeyGone => Giver::MachineWithoutKey,
        Reason::VersionUnknown
        | Reason::WrapBroken
        | Reason::BodyBroken
        | Reason::ContentMalformed
        | Reason::CriticalExtension
        | Reason::ReferenceUnknown
        | Reason::StoreFull
        | Reason::NotAllowed => Giver::Machine,
    }
}

/// The order of an officer who refuses for a reason.
fn refuse(reason: Reason, other: AlertId) -> Option<RefuseReason> {
    match reason {
        Reason::NotOurs => Some(RefuseReason::NotOurs {
            suggested: Some(RABAT.parse().unwrap()),
        }),
        Reason::Duplicate => Some(RefuseReason::Duplicate { of: other }),
        Reason::CannotOpen => Some(RefuseReason::CannotOpen),
        Reason::NoLegalBasis => Some(RefuseReason::NoLegalBasis),
        Reason::Handling => Some(RefuseReason::Handling),
        Reason::Other => Some(RefuseReason::Other),
        reason => {
            assert_ne!(giver(reason), Giver::Officer, "{reason}");
            None
        }
    }
}

#[test]
fn whatever_reason_an_officer_gives_ends_it_and_is_shown() {
    let officers = Reason::ALL.iter().copied();
    for reason in officers.filter(|reason| giver(*reason) == Giver::Officer) {
        let mut refused = Refused::new();
        let (lyon, tunis) = (refused.lyon, refused.tunis);
        let other = refused.world.send(&lyon, &[TUNIS], "Another one");
        let alert = refused.world.send(&lyon, &[TUNIS], "Refused");
        refused.minutes(2);
        let act = Act::Refuse(refuse(reason, other).unwrap());
        let (now, mut random) = (refused.world.now, Seeded::new(82));
        let desk = refused.world.desk(&tunis);
        desk.act(&alert, &act, Some("Amina"), "", now, &mut random)
            .unwrap();
        refused.minutes(2);
        let tracked = refused.tracked(&alert, TUNIS);
        assert_eq!(tracked.standing.state, ObligationState::Refused);
        let (receipt, note) = tracked.receipts.last().unwrap();
        let receipt = &receipt.statement;
        assert_eq!(
            (receipt.stage, receipt.actor, receipt.reason),
            (Stage::Refused, Actor::Officer, reason)
        );
        assert_eq!(note.as_ref().unwrap().officer.as_str(), "Amina");
        let contact = TUNIS.parse().unwrap();
        assert_eq!(tracked.refusals, [Refusal::Officer { contact, reason }]);
        assert_eq!(refused.in_ledger(&alert, TUNIS), None, "it has ended");
        let still = refused.in_ledger(&other, TUNIS);
        assert_eq!(still, Some(Vec::new()), "the one before is open");
        // Somebody takes it on after all.
        let now = refused.world.now;
        let desk = refused.world.desk(&tunis);
        let act = Act::Acknowledge;
        desk.act(&alert, &act, Some("Amina"), "", now, &mut random)
            .unwrap();
        refused.minutes(2);
        assert_eq!(refused.tracked(&alert, TUNIS).refusals, []);
    }
}

#[test]
fn whatever_reason_machines_give_is_shown_and_ends_it_where_all_do() {
    for reason in Reason::ALL.iter().copied() {
        let ends = match giver(reason) {
            Giver::Machine => true,
            Giver::MachineWithoutKey => false,
            Giver::Nobody | Giver::Officer => continue,
        };
        let mut refused = Refused::new();
        let (lyon, tunis, second) = (refused.lyon, refused.tunis, refused.second);
        let alert = refused.world.send(&lyon, &[TUNIS], "Returned");
        refused.world.meet(&lyon, RELAY);
        let returned = |refused: &mut Refused, device: DeviceId| {
            let receipt = Receipt {
                version: Receipt::VERSION,
                alert,
                recipient: TUNIS.parse().unwrap(),
                contact: TUNIS.parse().unwrap(),
                device,
                stage: Stage::Returned,
                actor: Actor::System,
                reason,
                officer: Hash::ZERO,
                note: Hash::ZERO,
                time: refused.world.now,
                roster: refused.world.desk(&lyon).roster().hash(),
                bundle: 1,
                epoch: refused.world.desk(&device).epoch(),
                number: 1,
                previous: Hash::ZERO,
                extensions: Extensions::empty(),
            };
            let key = SigningKey::from_seed(refused.world.network.device(&device).signing);
            let receipt = sign(&key, vec![Exact::of(receipt).unwrap()]).remove(0);
            let push = Push::Receipt {
                number: 1,
                receipt: Box::new(receipt),
                note: None,
            };
            let _ = refused
                .world
                .take_push(&lyon, &"lyon".parse().unwrap(), push);
        };
        returned(&mut refused, tunis);
        let shown = |device| Refusal::Device { device, reason };
        let in_ledger = refused.in_ledger(&alert, TUNIS);
        assert_eq!(in_ledger, Some(vec![shown(tunis)]), "{reason}: open");
        returned(&mut refused, second);
        let tracked = refused.tracked(&alert, TUNIS);
        let mut both = [shown(tunis), shown(second)];
        both.sort_by_key(|refusal| match refusal {
            Refusal::Device { device, .. } => *device,
            other => panic!("{other:?}"),
        });
        assert_eq!(tracked.refusals, both, "{reason}");
        let is_refused = tracked.standing.state == ObligationState::Refused;
        assert_eq!(is_refused, ends, "{reason}");
        let desk = refused.world.desk(&lyon);
        let incidents = desk.incidents_after(0, 10).unwrap();
        assert_eq!(
            incidents,
            [],
            "{reason}: nothing is wrong with the receipts"
        );
    }
}

/// Every reason that this program's own machine gives, each of one alert, and one that is whole
/// behind it in the same mailbox.
#[test]
fn whatever_a_machine_returns_frees_the_mailbox_behind_it() {
    for reason in Reason::ALL.iter().copied() {
        let mut refused = Refused::new();
        let (lyon, tunis) = (refused.lyon, refused.tunis);
        let before = refused.world.send(&lyon, &[TUNIS], "Before");
        refused.minutes(1);
        let mut content = order(&[TUNIS], "Returned").content;
        let mut sent = None;
        match reason {
            Reason::None
            | Reason::NotOurs
            | Reason::Duplicate
            | Reason::CannotOpen
            | Reason::NoLegalBasis
            | Reason::Handling
            | Reason::Other => continue,
            // Said by nobody here: what something refers to may still come, and a desk without
            // room takes what is urgent, or is pushed it again.
            Reason::ReferenceUnknown | Reason::StoreFull => continue,
            Reason::KeyGone => {
                sent = Some(refused.world.send(&lyon, &[TUNIS], "To the old key"));
                refused.world.meet(&lyon, RELAY);
                refused.world.lose_sealing_keys(&tunis);
                refused.world.meet(&tunis, "lyon");
            }
            Reason::VersionUnknown => content.version = 2,
            Reason::ContentMalformed => content.parts = List::empty(),
            Reason::CriticalExtension => {
                let extension = Extension {
                    number: 9,
                    critical: true,
                    value: Bytes::new(*b"new").unwrap(),
                };
                content.extensions = SortedList::new([extension]).unwrap();
            }
            Reason::WrapBroken | Reason::BodyBroken => {
                let wrong = match reason {
                    Reason::WrapBroken => Wrong::Wrap,
                    _ => Wrong::Body,
                };
                let pair = (&lyon, &tunis);
                refused.world.send_wrong(RELAY, pair, &before, wrong);
                sent = Some(before);
            }
            Reason::NotAllowed => {
                // The rule ends while it is under way, and the recipient hears of it first.
                let cancel = Order {
                    kind: Kind::Cancel,
                    refers_to: Some(before),
                    ..order(&[TUNIS], "Not any more")
                };
                let cancel = refused.world.order(&lyon, &cancel).id;
                refused.world.meet(&lyon, RELAY);
                refused.world.network.rules(&[("cmai/**", "interpol/**")]);
                let documents = refused.world.network.publish();
                let mut roster = (**refused.world.desk(&tunis).roster()).clone();
                roster.apply(&documents).unwrap();
                let now = refused.world.now;
                let desk = refused.world.desk(&tunis);
                desk.replace_roster(std::sync::Arc::new(roster), now)
                    .unwrap();
                sent = Some(cancel);
            }
        }
        if sent.is_none() {
            let order = Order {
                content,
                ..order(&[TUNIS], "Returned")
            };
            let _ = refused.world.order(&lyon, &order);
            refused.world.meet(&lyon, RELAY);
        }
        let whole = match reason {
            // By the rule nothing whole can be behind it.
            Reason::NotAllowed => None,
            _ => Some(refused.world.send(&lyon, &[TUNIS], "Behind it")),
        };
        refused.world.submit_alone(RELAY, &lyon);
        let waiting = refused.world.deliveries(RELAY, &tunis).len();
        assert_eq!(waiting, 1 + usize::from(whole.is_some()), "{reason}");
        let first = refused.world.hand_over(RELAY, &tunis).unwrap();
        assert!(
            matches!(first, Collected::Returned { reason: said, .. } if said == reason),
            "{reason}: {first:?}"
        );
        refused.world.greet_alone(RELAY, &tunis);
        refused.world.post_due(&tunis, RELAY);
        let left = refused.world.deliveries(RELAY, &tunis).len();
        assert_eq!(left, waiting - 1);
        refused.world.collect_due(&tunis, RELAY);
        if let Some(whole) = whole.filter(|_| reason != Reason::KeyGone) {
            assert!(refused.has(tunis, &whole), "{reason}");
        }
        assert!(refused.world.mail(RELAY, &tunis).is_empty(), "{reason}");
    }
}
