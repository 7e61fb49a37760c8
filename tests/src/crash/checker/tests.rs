//! The checker notices: a rig whose checker sees nothing proves nothing.

use super::*;
use crate::crash::report::Report;

const SENDER: Role = Role::Sender(0);
const DELIVERED: u8 = 1;
const ACKNOWLEDGED_STAGE: u8 = 4;

/// One recipient, who acknowledges everything.
fn checker() -> Checker {
    Checker::new(Letters {
        seed: 1,
        recipients: 1,
        acknowledge: 100,
        refuse: 0,
        left: 0,
        large: false,
    })
}

fn letter(number: u64) -> LetterId {
    LetterId { sender: 0, number }
}

fn id(number: u64) -> String {
    format!("{number:064x}")
}

fn shown(checker: &Checker, number: u64, event: u64, possibly_seen: bool) -> Report {
    let hash = checker.letters().letter(letter(number)).hash();
    let (id, letter) = (id(number), Some(letter(number)));
    Report::Shown {
        event,
        id,
        letter,
        hash,
        possibly_seen,
    }
}

/// Everything that honest processes say about one letter.
fn honest(checker: &mut Checker, number: u64) {
    checker.grant(letter(number));
    checker.hear(
        SENDER,
        Report::Sent {
            number,
            id: id(number),
            already: false,
        },
    );
    let report = shown(checker, number, number + 1, false);
    checker.hear(Role::Recipient(0), report);
    checker.hear(Role::Recipient(0), Report::Acted { id: id(number) });
    let news = [
        Seen::Accepted,
        Seen::Receipt(DELIVERED),
        Seen::Receipt(ACKNOWLEDGED_STAGE),
        Seen::State(ACKNOWLEDGED),
    ];
    for (at, what) in (0..).zip(news) {
        let event = number * 4 + at + 1;
        let id = id(number);
        checker.hear(
            SENDER,
            Report::Seen {
                event,
                id,
                recipient: 0,
                what,
            },
        );
    }
}

/// What honest stores hold of so many letters.
fn stores(checker: &Checker, letters: u64) -> Findings {
    let mut findings = Findings::default();
    for number in 0..letters {
        let standing = Standing {
            state: ACKNOWLEDGED,
            stages: bit(DELIVERED) | bit(ACKNOWLEDGED_STAGE),
            accepted: 1,
            receipts: 2,
        };
        let standings = vec![ReportedStanding {
            recipient: 0,
            standing,
        }];
        let kept = KeptAlert {
            standings,
            unproven: 0,
        };
        let held = HeldAlert {
            letter: Some(letter(number)),
            hash: checker.letters().letter(letter(number)).hash(),
            stage: ACKNOWLEDGED_STAGE,
            arrivals: 1,
        };
        findings
            .outboxes
            .entry(0)
            .or_default()
            .insert(id(number), kept);
        findings
            .inboxes
            .entry(0)
            .or_default()
            .insert(id(number), held);
    }
    findings
}

fn codes(checker: &mut Checker) -> BTreeSet<Broken> {
    checker
        .take_violations()
        .into_iter()
        .map(|found| found.code)
        .collect()
}

/// What is noticed when one thing about otherwise honest stores is wrong.
fn noticed(wrong: impl Fn(&mut KeptAlert, &mut HeldAlert) -> bool) -> BTreeSet<Broken> {
    let mut checker = checker();
    honest(&mut checker, 0);
    let mut findings = stores(&checker, 1);
    let kept = findings
        .outboxes
        .get_mut(&0)
        .and_then(|all| all.get_mut(&id(0)));
    let inbox = findings.inboxes.get_mut(&0).unwrap();
    let stays = wrong(kept.unwrap(), inbox.get_mut(&id(0)).unwrap());
    if !stays {
        inbox.clear();
    }
    checker.weigh(&findings);
    codes(&mut checker)
}

#[test]
fn honest_processes_and_stores_violate_nothing_and_are_settled() {
    let mut checker = checker();
    for number in 0..3 {
        honest(&mut checker, number);
    }
    assert!(checker.is_quiet());
    assert_eq!(
        (checker.counts.acknowledged, checker.counts.settled),
        (3, 3)
    );
    let findings = stores(&checker, 3);
    checker.weigh(&findings);
    assert_eq!(codes(&mut checker), BTreeSet::new());
}

#[test]
fn a_lost_alert_is_noticed() {
    let mut checker = checker();
    checker.grant(letter(0));
    checker.hear(
        SENDER,
        Report::Sent {
            number: 0,
            id: id(0),
            already: false,
        },
    );
    assert!(!checker.is_quiet(), "nobody has shown it");
    let mut findings = stores(&checker, 1);
    findings.inboxes.clear();
    let kept = findings
        .outboxes
        .get_mut(&0)
        .and_then(|all| all.get_mut(&id(0)));
    kept.unwrap().standings[0].standing = Standing::default();
    checker.weigh(&findings);
    assert_eq!(codes(&mut checker), BTreeSet::from([Broken::Lost]));
}

#[test]
fn an_end_that_the_sender_can_prove_is_no_loss() {
    let mut checker = checker();
    checker.grant(letter(0));
    checker.hear(
        SENDER,
        Report::Sent {
            number: 0,
            id: id(0),
            already: false,
        },
    );
    let mut findings = stores(&checker, 1);
    findings.inboxes.clear();
    let kept = findings
        .outboxes
        .get_mut(&0)
        .and_then(|all| all.get_mut(&id(0)));
    kept.unwrap().standings[0].standing = Standing {
        state: 1,
        ..Standing::default()
    };
    checker.weigh(&findings);
    assert_eq!(codes(&mut checker), BTreeSet::new());
}

#[test]
fn a_promise_that_the_outbox_forgot_is_noticed() {
    let mut checker = checker();
    honest(&mut checker, 0);
    let mut findings = stores(&checker, 1);
    findings.outboxes.clear();
    checker.weigh(&findings);
    assert_eq!(
        codes(&mut checker),
        BTreeSet::from([Broken::PromiseForgotten])
    );
}

#[test]
fn a_double_arrival_is_noticed() {
    // The same arrival, shown as new again.
    let mut checker = checker();
    honest(&mut checker, 0);
    let again = shown(&checker, 0, 1, false);
    checker.hear(Role::Recipient(0), again);
    assert_eq!(codes(&mut checker), BTreeSet::from([Broken::TwiceAsNew]));
    // Another arrival of the same alert, however it is marked.
    let again = shown(&checker, 0, 9, true);
    checker.hear(Role::Recipient(0), again);
    assert_eq!(codes(&mut checker), BTreeSet::from([Broken::TwiceAsNew]));
    // Two arrivals in the desk's own stream of events.
    let twice = noticed(|_, held| {
        held.arrivals = 2;
        true
    });
    assert_eq!(twice, BTreeSet::from([Broken::TwiceAsNew]));
}

#[test]
fn showing_again_as_possibly_seen_is_allowed() {
    let mut checker = checker();
    honest(&mut checker, 0);
    let again = shown(&checker, 0, 1, true);
    checker.hear(Role::Recipient(0), again);
    assert_eq!(codes(&mut checker), BTreeSet::new());
    assert_eq!(
        (checker.counts.shown_new, checker.counts.shown_again),
        (1, 1)
    );
}

#[test]
fn a_false_receipt_is_noticed() {
    // The sender holds receipts, and the recipient does not have the alert.
    let without = noticed(|_, _| false);
    assert_eq!(
        without,
        BTreeSet::from([Broken::FalseReceipt, Broken::Lost])
    );
    // The sender holds an acknowledgement that the recipient never signed.
    let unsigned = noticed(|_, held| {
        held.stage = DELIVERED;
        true
    });
    assert_eq!(unsigned, BTreeSet::from([Broken::FalseReceipt]));
    let forged = noticed(|kept, _| {
        kept.unproven = 1;
        true
    });
    assert_eq!(forged, BTreeSet::from([Broken::UnprovenEvidence]));
}

#[test]
fn other_content_than_was_sent_is_noticed() {
    let other = noticed(|_, held| {
        held.hash = String::new();
        true
    });
    assert_eq!(other, BTreeSet::from([Broken::WrongContent]));
}

#[test]
fn a_state_that_fell_and_evidence_that_went_are_noticed() {
    let fell = noticed(|kept, _| {
        kept.standings[0].standing.state = 1;
        true
    });
    assert!(fell.contains(&Broken::StateFell));
    let fewer = noticed(|kept, _| {
        kept.standings[0].standing.receipts = 1;
        true
    });
    assert_eq!(fewer, BTreeSet::from([Broken::EvidenceFell]));
    let mut checker = checker();
    honest(&mut checker, 0);
    let what = Seen::State(1);
    checker.hear(
        SENDER,
        Report::Seen {
            event: 9,
            id: id(0),
            recipient: 0,
            what,
        },
    );
    assert_eq!(codes(&mut checker), BTreeSet::from([Broken::StateFell]));
}

#[test]
fn one_letter_under_two_ids_is_noticed() {
    let mut checker = checker();
    honest(&mut checker, 0);
    checker.hear(
        SENDER,
        Report::Sent {
            number: 0,
            id: id(7),
            already: false,
        },
    );
    assert_eq!(codes(&mut checker), BTreeSet::from([Broken::TwoIds]));
}

#[test]
fn a_cursor_that_fell_and_a_life_that_changed_are_noticed() {
    let mut checker = checker();
    honest(&mut checker, 0);
    checker.hear(SENDER, Report::Committed { event: 4 });
    let what = Seen::Accepted;
    checker.hear(
        SENDER,
        Report::Seen {
            event: 4,
            id: id(0),
            recipient: 0,
            what,
        },
    );
    assert_eq!(codes(&mut checker), BTreeSet::from([Broken::CursorFell]));
    for life in ["one", "other"] {
        let life = life.to_owned();
        checker.hear(
            Role::Relay,
            Report::Up {
                life,
                address: None,
            },
        );
    }
    assert_eq!(codes(&mut checker), BTreeSet::from([Broken::LifeChanged]));
}

#[test]
fn an_answer_that_did_not_come_and_a_stranger_are_noticed() {
    let unanswered = noticed(|kept, held| {
        kept.standings[0].standing.state = 0;
        kept.standings[0].standing.stages = bit(DELIVERED);
        held.stage = DELIVERED;
        true
    });
    assert!(unanswered.contains(&Broken::ActLost));
    let mut checker = checker();
    honest(&mut checker, 0);
    let findings = stores(&checker, 2);
    checker.weigh(&findings);
    assert_eq!(codes(&mut checker), BTreeSet::from([Broken::Stranger]));
}

#[test]
fn what_was_promised_after_the_moment_kept_is_promised_no_more() {
    let mut checker = checker();
    honest(&mut checker, 0);
    checker.grant(letter(1));
    let moment = checker.clone();
    checker.hear(
        SENDER,
        Report::Sent {
            number: 1,
            id: id(1),
            already: false,
        },
    );
    let late = shown(&checker, 1, 2, false);
    checker.hear(Role::Recipient(0), late.clone());
    // The world is set back; what was told since may be so.
    let mut checker = moment;
    checker.hear_perhaps(Role::Recipient(0), &late);
    assert_eq!(checker.unpromised(0), [1]);
    // It is sent again, perhaps under another id, and perhaps shown again.
    checker.hear(
        SENDER,
        Report::Sent {
            number: 1,
            id: id(8),
            already: false,
        },
    );
    assert_eq!(codes(&mut checker), BTreeSet::new());
}
