//! The reasons of relays.

use maille_client::core::{EventKind, Order, Refusal};
use maille_common::blob::{BlobId, BlobRef};
use maille_common::content::{Alert, AttachmentDraft};
use maille_common::crypto::chunked::{ContentKey, sealed_len};
use maille_common::hash::FileHash;
use maille_common::terms::{AcceptReason, Outcome};
use maille_common::time::Span;
use maille_relay::core::RelayBudget;
use maille_tests::memory::{Room, order};
use maille_tests::network::FOUNDED;

use crate::{DAKAR, RABAT, RELAY, Refused, TUNIS};

/// How a relay says a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// It does not: it takes the alert.
    Not,
    /// Signed, for this recipient alone.
    Signed,
    /// Of the whole request, with what is behind it: there is no room for a signed answer either.
    OfTheRequest,
}

impl Refused {
    /// What Lyon orders, before anything is wrong with it.
    fn ordered(&mut self, reason: AcceptReason) -> Order {
        match reason {
            AcceptReason::NoDevice => {
                self.dakar = Some(self.world.network.admit(DAKAR));
                self.publish();
                // Its roster comes with the next greeting.
                self.world.greet_alone(RELAY, &self.lyon);
                order(&[DAKAR, RABAT], "Refused")
            }
            AcceptReason::BlobMissing => with_attachment(),
            _ => order(&[TUNIS], "Refused"),
        }
    }

    fn recipient(reason: AcceptReason) -> &'static str {
        match reason {
            AcceptReason::NoDevice => DAKAR,
            _ => TUNIS,
        }
    }

    /// Brings it about that the relay refuses for a reason.
    fn provoke(&mut self, reason: AcceptReason) -> Said {
        let budget = RelayBudget::default();
        match reason {
            AcceptReason::None => return Said::Not,
            // Its envelope has it.
            AcceptReason::NoDevice | AcceptReason::BlobMissing => return Said::Signed,
            AcceptReason::UnknownContact => {
                self.dissolved = Some(self.world.network.dissolve(TUNIS));
            }
            AcceptReason::NoRule => self.world.network.rules(&[("interpol/**", RABAT)]),
            AcceptReason::NotCollectedHere => self.world.network.move_homes("cmai", &["lyon"]),
            AcceptReason::Suspended => {
                let documents = self.world.network.suspend_contact(TUNIS);
                self.world.spread_to_relay(RELAY, &documents);
                return Said::Signed;
            }
            AcceptReason::SenderQuota => {
                let sender_alerts_max = 0;
                let budget = RelayBudget {
                    sender_alerts_max,
                    ..budget
                };
                self.world.relay_budget(RELAY, budget);
                return Said::Signed;
            }
            AcceptReason::MailboxFull => {
                let mailbox_mail_max = 0;
                let budget = RelayBudget {
                    mailbox_mail_max,
                    ..budget
                };
                self.world.relay_budget(RELAY, budget);
                return Said::Signed;
            }
            AcceptReason::DiskLow => {
                self.world.relay_room(RELAY, Room::Low);
                return Said::OfTheRequest;
            }
            AcceptReason::DeviceNotOfContact => {
                self.world.network.move_device(&self.second, RABAT);
            }
            AcceptReason::TwoPersonsRequired => self.world.network.ask_for_two_persons(true),
            AcceptReason::NotValid => {
                let past = FOUNDED + Span::from_minutes(1);
                self.world.network.end_designation(TUNIS, Some(past));
            }
        }
        self.publish();
        Said::Signed
    }

    /// What made the relay refuse is over.
    fn mend(&mut self, reason: AcceptReason) {
        match reason {
            AcceptReason::None
            // The sender mends these by itself.
            | AcceptReason::NotCollectedHere
            | AcceptReason::DeviceNotOfContact => {}
            AcceptReason::UnknownContact => {
                let contact = self.dissolved.take().unwrap();
                self.world.network.restore(&contact);
                self.publish();
            }
            AcceptReason::NoRule => {
                self.world.network.rules(&[("**", "**")]);
                self.publish();
            }
            AcceptReason::NoDevice => {
                let roster = self.world.desk(&self.lyon).roster().clone();
                self.world.start_desk(&self.dakar.unwrap(), roster);
            }
            AcceptReason::Suspended => {
                self.world.network.lift_suspensions();
                self.publish();
            }
            AcceptReason::SenderQuota | AcceptReason::MailboxFull => {
                self.world.relay_budget(RELAY, RelayBudget::default());
            }
            AcceptReason::DiskLow => self.world.relay_room(RELAY, Room::Enough),
            AcceptReason::TwoPersonsRequired => {
                self.world.network.ask_for_two_persons(false);
                self.publish();
            }
            AcceptReason::BlobMissing => self.world.shelve(blob().id),
            AcceptReason::NotValid => {
                self.world.network.end_designation(TUNIS, None);
                self.publish();
            }
        }
    }
}

fn blob() -> BlobRef {
    BlobRef {
        id: BlobId::from_bytes([5; 32]),
        length: sealed_len(40_000),
    }
}

fn with_attachment() -> Order {
    let attachment = AttachmentDraft {
        media_type: "image/jpeg".to_owned(),
        name: "scene.jpg".to_owned(),
        blob: blob(),
        key: ContentKey::from_bytes([5; 32]),
        length: 40_000,
        digest: FileHash::of(b"scene"),
    };
    let draft = Alert::draft("Refused").text("See the picture.");
    Order {
        content: draft.attachment(attachment).build().unwrap(),
        blobs: vec![blob()],
        ..order(&[TUNIS], "Refused")
    }
}

#[test]
fn whatever_reason_a_relay_gives_is_shown_frees_the_queue_and_is_not_the_end() {
    for reason in AcceptReason::ALL.iter().copied() {
        let mut refused = Refused::new();
        let to = Refused::recipient(reason);
        let ordered = refused.ordered(reason);
        let alert = refused.world.order(&refused.lyon, &ordered).id;
        let said = refused.provoke(reason);
        let lyon = refused.lyon;
        // One for somebody else, who is not concerned, is behind it.
        let behind = match reason {
            AcceptReason::TwoPersonsRequired => None,
            _ => Some(refused.world.send(&lyon, &[RABAT], "Behind it")),
        };
        refused.world.meet(&lyon, RELAY);
        let tracked = refused.tracked(&alert, to);
        let answers = tracked.accepted.iter().map(|signed| {
            let statement = &signed.statement;
            (statement.outcome, statement.reason)
        });
        let answers: Vec<_> = answers.collect();
        match said {
            Said::Not => assert_eq!(answers, [(Outcome::Accepted, reason)]),
            Said::Signed => {
                assert_eq!(answers, [(Outcome::Refused, reason)], "{reason}");
                let relay = RELAY.parse().unwrap();
                let shown = [Refusal::Relay { relay, reason }];
                assert_eq!(tracked.refusals, shown, "{reason}");
                assert_eq!(refused.in_ledger(&alert, to).unwrap(), shown, "{reason}");
            }
            Said::OfTheRequest => assert_eq!(answers, [], "{reason}"),
        }
        let events = refused.world.desk(&lyon).events_after(0, 100, true);
        let heard = events.unwrap().into_iter().any(|one| match one.event.kind {
            EventKind::Answered {
                alert: of,
                reason: told,
                ..
            } => of == alert && told == reason,
            _ => false,
        });
        assert_eq!(heard, said != Said::OfTheRequest, "{reason}");
        // What concerns everything of this sender, or everybody's mail, concerns it as well.
        let everything = matches!(
            reason,
            AcceptReason::NotCollectedHere
                | AcceptReason::SenderQuota
                | AcceptReason::MailboxFull
                | AcceptReason::DiskLow
        );
        if let Some(behind) = behind.filter(|_| !everything && said != Said::Not) {
            let state = refused.tracked(&behind, RABAT);
            assert!(state.refusals.is_empty(), "{reason}: the queue is free");
            let (now, relay) = (refused.world.now, RELAY.parse().unwrap());
            let desk = refused.world.desk(&lyon);
            let pending = desk.submissions_due(&relay, now, 10);
            assert!(
                !pending.unwrap().contains(&alert),
                "{reason}: it is put off"
            );
        }

        refused.mend(reason);
        refused.minutes(15);
        let reader = refused.dakar.unwrap_or(refused.tunis);
        assert!(refused.has(reader, &alert), "{reason}: it comes in the end");
        assert_eq!(refused.tracked(&alert, to).refusals, [], "{reason}");
        if let Some(behind) = behind {
            let rabat = refused.rabat;
            assert!(refused.has(rabat, &behind), "{reason}");
        }
    }
}
