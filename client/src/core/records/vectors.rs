//! Every record pinned to the byte: a desk reads what an earlier one stored.

mod happenings;
mod reconciliations;

use maille_common::codec::encode;
use maille_common::content::ToldFork;
use maille_common::crypto::hpke::SealingSecretKey;
use maille_common::envelope::{IncomingStream, Link, OutgoingStream};
use maille_common::evidence::ObligationState;
use maille_common::terms::Numbered;
use maille_common::vectors::{Vectors, annotate_choices, annotate_fields, sent};
use maille_common::wire::Request;

use super::numbered::AheadOfHole;
use super::*;
use crate::core::events::EventKind;
use crate::core::incidents::IncidentKind;
use maille_common::time::Span;

annotate_fields! {
    MetaRecord { epoch, device }
    OutboxRecord {
        committed, core, content_key, reference, extends, addressed, overdue_told, closed,
    }
    SubmissionRecord { submission }
    ReferenceRecord { alert, content }
    TargetRecord { relay, accepted_by, attempts, due }
    InboxRecord {
        envelope, core, kind, recipient, release, received, content_key, stage, shown,
        late_roster, blobs_missing,
    }
    DeliveryRecord { delivery }
    KnownRecord { receipt }
    RowRecord { epoch, number, previous }
    ReceiptRecord { posted }
    EarlyRecord { receipt, note, received, looks }
    UnseenRecord { status, from, recipient, accepted, dropped, received, relay }
    IncomingRowRecord { number, hash }
    HoleRecord { of, device, epoch, from, to, alert, looks, since, asked, rests }
    RelayRecord { incarnation, mailbox, accepted, time, bundle }
    PostRecord { turn }
    PostedRecord { epoch, receipts }
    LackingRecord { recipient, since, due, again }
    StandInRecord { began, since, alone, overdue_told, closed, addressed }
    HomesRecord { organisation, relays }
    ErasureRecord { until, looks }
    RosterShownRecord { shown, took, fault, since }
    ExcludedRecord { roster, designation, document }
    NotAdmittedRecord { roster, since }
    EndingToldRecord { stage }
    KeysToldRecord { trouble, since, at }
    ArchivingRecord { key, folder, chain, number, last, event, failing, left_out }
    HeldRecord { delivery, relay, number, since }
    AcceptedRecord { accepted }
    BundleRecord { bundle }
    IncomingRecord { head, ahead }
    HeardRecord { number }
    AheadOfHole { number, link, chain }
    WrittenRecord { at }
    HeartbeatRecord { relay, to, due, pending, named }
    PeerRecord { created, received, written, due, looks }
    UnreadRecord { alerts }
    GivenRecord { alert, chain, again }
    AskedRecord { to, since, told, unknown }
    TakenRecord { hash }
    ForkRecord { fork, since, told }
    ToldForkRecord { by, fork }
    ActRecord { receipt }
    DeputyRecord {
        principal, envelope, since, began, ack_within, expires_after, stage,
    }
    AskedDeputyRecord { principal, step, since }
    ClockRecord { count }
    DutyRecord { officer, time, note }
    AnswerByRecord { since, within, told }
    CursorRecord { number }
    HeadsRecord { heads }
    EnvelopeRecord { envelope }
}

annotate_choices! {
    EvidenceRecord {
        0 Receipt { receipt, note, received }
        1 Expiry { expiry }
        2 Cancel { id, time }
        3 Notice { notice, received }
    }
    HoleIn {
        0 Receipts { before, after }
        1 Alerts
    }
}

impl maille_common::vectors::Annotate for RosterFault {
    fn annotate(&self, page: &mut maille_common::vectors::Page, path: &str) {
        page.line(&format!("{path}: {self}"), &encode(self));
    }
}

impl maille_common::vectors::Annotate for KeysTrouble {
    fn annotate(&self, page: &mut maille_common::vectors::Page, path: &str) {
        page.line(&format!("{path}: {self}"), &encode(self));
    }
}

impl maille_common::vectors::Annotate for OutgoingRecord {
    fn annotate(&self, page: &mut maille_common::vectors::Page, path: &str) {
        let newest = self.stream.newest();
        newest.annotate(page, &format!("{path}.stream"));
    }
}

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_420_800_000);
const ALERT: AlertId = AlertId::from_bytes([0xa1; 32]);
const ADDENDUM: AlertId = AlertId::from_bytes([0xa2; 32]);
const STATEMENT: Hash = Hash::from_bytes([0xc1; 32]);
const DEVICE: DeviceId = DeviceId::from_bytes([0xd1; 16]);
const EPOCH: Epoch = Epoch(258);
const INCARNATION: Incarnation = Incarnation::from_bytes([8; 16]);

fn content_key() -> ContentKey {
    ContentKey::from_bytes([6; 32])
}

fn lyon() -> Name {
    "lyon".parse().unwrap()
}

fn cyber() -> ContactAddress {
    "interpol/fr/cyber".parse().unwrap()
}

#[test]
fn every_record_has_its_pinned_bytes_and_they_are_read_back() {
    let mut vectors = Vectors::of(env!("CARGO_MANIFEST_DIR"), "vectors/records");
    let (epoch, device) = (EPOCH, DEVICE);
    vectors.record("description", &MetaRecord { epoch, device });
    outbox(&mut vectors);
    inbox(&mut vectors);
    receipts(&mut vectors);
    evidence(&mut vectors);
    streams(&mut vectors);
    gaps(&mut vectors);
    heartbeats(&mut vectors);
    reconciliations::all(&mut vectors);
    relays(&mut vectors);
    let number = 258;
    vectors.record("cursor", &CursorRecord { number });
    vectors.record("clock", &ClockRecord { count: count() });
    let deputy = DeputyRecord {
        principal: cyber(),
        envelope: ADDENDUM,
        since: NOW,
        began: NOW + Span::from_seconds(1),
        ack_within: Span::from_minutes(30),
        expires_after: Span::from_days(1),
        stage: Stage::Read,
    };
    vectors.record("deputy", &deputy);
    let asked_deputy = AskedDeputyRecord {
        principal: cyber(),
        step: 2,
        since: NOW,
    };
    vectors.record("asked-deputy", &asked_deputy);
    let duty = DutyRecord {
        officer: Some(Text::new("A. Diallo").unwrap()),
        time: NOW,
        note: Text::new("We are on it.").unwrap(),
    };
    vectors.record("duty", &duty);
    let asked = AnswerByRecord {
        since: NOW,
        within: Span::from_days(3),
        told: List::new([cyber()]).unwrap(),
    };
    vectors.record("answer-by", &asked);
    let heads = sent("heads");
    vectors.record("heads", &HeadsRecord { heads });
    let Request::Submit(submission) = sent("request-1-submit") else {
        panic!("the vector is a submission");
    };
    let envelope = SignedEnvelope::of_submission(&submission);
    vectors.record("envelope", &EnvelopeRecord { envelope });
    happenings::events(&mut vectors);
    happenings::incidents(&mut vectors);
    vectors.has_every_record(NAMES);
    vectors.has_every_choice::<EvidenceRecord>();
    vectors.has_every_choice::<HoleIn>();
    vectors.has_every_choice::<EventKind>();
    vectors.has_every_choice::<IncidentKind>();
    vectors.end();
}

/// An alert under a reference, and an addendum to it whose obligations have ended.
fn outbox(vectors: &mut Vectors) {
    let alert = OutboxRecord {
        committed: NOW,
        core: Exact::of(sent("core")).unwrap(),
        content_key: content_key(),
        reference: Some(Text::new("case 1183").unwrap()),
        extends: None,
        addressed: List::new([
            (DeviceId::from_bytes([3; 16]), 0, Release::Now, 0),
            (DeviceId::from_bytes([2; 16]), 65_535, Release::Own, 0),
        ])
        .unwrap(),
        overdue_told: true,
        closed: None,
    };
    vectors.record("outbox", &alert);
    let addendum = OutboxRecord {
        reference: None,
        extends: Some(ALERT),
        addressed: List::empty(),
        overdue_told: false,
        closed: Some(NOW),
        ..alert
    };
    vectors.record("outbox-closed-addendum", &addendum);
    let submission = sent("submission");
    vectors.record("submission", &SubmissionRecord { submission });
    let (alert, content) = (ALERT, STATEMENT);
    vectors.record("reference", &ReferenceRecord { alert, content });
    let target = TargetRecord {
        relay: lyon(),
        accepted_by: Some(INCARNATION),
        attempts: 0,
        due: None,
    };
    vectors.record("target-accepted", &target);
    let target = TargetRecord {
        accepted_by: None,
        attempts: 2,
        due: Some(NOW),
        ..target
    };
    vectors.record("target-due", &target);
    let (recipient, since) = (cyber(), NOW);
    let lacking = LackingRecord {
        recipient,
        since,
        due: NOW,
        again: true,
    };
    vectors.record("lacking", &lacking);
    let copy = StandInRecord {
        began: NOW,
        since: NOW,
        alone: true,
        overdue_told: true,
        closed: Some(NOW),
        addressed: List::new([(DEVICE, 0, Release::Now, 0)]).ok(),
    };
    vectors.record("stand-in", &copy);
    let unknown = StandInRecord {
        closed: None,
        addressed: None,
        ..copy
    };
    vectors.record("stand-in-by-addendum", &unknown);
}

/// An alert to this contact, and a copy of what it sent itself.
fn inbox(vectors: &mut Vectors) {
    let alert = InboxRecord {
        envelope: ALERT,
        core: Exact::of(sent("core")).unwrap(),
        kind: Kind::Alert,
        recipient: Some(cyber()),
        release: Release::Now,
        received: NOW,
        content_key: content_key(),
        stage: Stage::Acknowledged,
        shown: true,
        late_roster: false,
        blobs_missing: 2,
    };
    vectors.record("inbox", &alert);
    let copy = InboxRecord {
        recipient: None,
        release: Release::Own,
        stage: Stage::Delivered,
        shown: false,
        late_roster: true,
        blobs_missing: 0,
        ..alert
    };
    vectors.record("inbox-own-copy", &copy);
    let delivery = sent("delivery");
    vectors.record("delivery", &DeliveryRecord { delivery });
    let held = HeldRecord {
        delivery: sent("delivery"),
        relay: lyon(),
        number: 258,
        since: NOW,
    };
    vectors.record("held", &held);
    let receipt = STATEMENT;
    vectors.record("known", &KnownRecord { receipt });
    vectors.record("act", &ActRecord { receipt });
}

fn receipts(vectors: &mut Vectors) {
    let row = RowRecord {
        epoch: EPOCH,
        number: 4,
        previous: STATEMENT,
    };
    vectors.record("row", &row);
    let (number, hash) = (4, STATEMENT);
    vectors.record("row-incoming", &IncomingRowRecord { number, hash });
    let hole = HoleRecord {
        of: HoleIn::Receipts {
            before: STATEMENT,
            after: Hash::from_bytes([0xc2; 32]),
        },
        device: DEVICE,
        epoch: EPOCH,
        from: 2,
        to: 3,
        alert: ALERT,
        looks: 9,
        since: NOW,
        asked: None,
        rests: None,
    };
    vectors.record("hole-0-receipts", &hole);
    let resting = HoleRecord {
        of: HoleIn::Alerts,
        asked: Some(NOW + Span::from_minutes(3)),
        rests: Some(NOW + Span::from_minutes(70)),
        ..hole
    };
    vectors.record("hole-1-alerts", &resting);
    vectors.record("post", &PostRecord { turn: 258 });
    let (epoch, receipts) = (EPOCH, 258);
    vectors.record("posted", &PostedRecord { epoch, receipts });
    let homes = HomesRecord {
        organisation: "interpol".parse().unwrap(),
        relays: List::new(vec!["lyon".parse().unwrap()]).unwrap(),
    };
    vectors.record("homes", &homes);
    let (until, looks) = (NOW, 2);
    vectors.record("erasure", &ErasureRecord { until, looks });
    let shown = RosterShownRecord {
        shown: Hash::from_bytes([0xc1; 32]),
        took: true,
        fault: Some(RosterFault::Frozen),
        since: NOW,
    };
    vectors.record("roster-shown", &shown);
    let roster = Hash::from_bytes([0xc1; 32]);
    let excluded = ExcludedRecord {
        roster,
        designation: Designation::Suspended,
        document: Hash::from_bytes([0xc2; 32]),
    };
    vectors.record("excluded", &excluded);
    let since = NOW;
    vectors.record("not-admitted", &NotAdmittedRecord { roster, since });
    let stage = EndStage::Week;
    vectors.record("ending-told", &EndingToldRecord { stage });
    let keys_told = KeysToldRecord {
        trouble: KeysTrouble::Others,
        since,
        at: since + Span::from_days(14),
    };
    vectors.record("keys-told", &keys_told);
    let archiving = ArchivingRecord {
        key: SealingSecretKey::from_seed([0xa5; 32]).public_key(),
        folder: Text::new("/media/archive").unwrap(),
        chain: ChainId::from_bytes([0xc4; 16]),
        number: 258,
        last: Hash::from_bytes([7; 32]),
        event: 1_026,
        failing: Some(NOW),
        left_out: 1,
    };
    vectors.record("archiving", &archiving);
    let Request::Receipt(posted) = sent("request-2-receipt") else {
        panic!("this vector is the posting of a receipt");
    };
    vectors.record("receipt", &ReceiptRecord { posted: *posted });
}

fn evidence(vectors: &mut Vectors) {
    let receipt = EvidenceRecord::Receipt {
        receipt: sent("receipt"),
        note: Some(sent("sealed-note")),
        received: NOW,
    };
    vectors.record("evidence-0-receipt", &receipt);
    let early = EarlyRecord {
        receipt: sent("receipt"),
        note: Some(sent("sealed-note")),
        received: NOW,
        looks: 3,
    };
    vectors.record("early", &early);
    let unseen = UnseenRecord {
        status: Status::Exercise,
        from: cyber(),
        recipient: cyber(),
        accepted: NOW,
        dropped: NOW + Span::from_days(8),
        received: NOW + Span::from_days(9),
        relay: lyon(),
    };
    vectors.record("unseen", &unseen);
    let expiry = sent("expiry");
    vectors.record("evidence-1-expiry", &EvidenceRecord::Expiry { expiry });
    let (id, time) = (ADDENDUM, NOW);
    vectors.record("evidence-2-cancel", &EvidenceRecord::Cancel { id, time });
    let notice = EvidenceRecord::Notice {
        notice: sent("notice"),
        received: NOW,
    };
    vectors.record("evidence-3-notice", &notice);
    let accepted = sent("accepted");
    vectors.record("accepted", &AcceptedRecord { accepted });
}

fn streams(vectors: &mut Vectors) {
    let link = Link {
        core: Hash::from_bytes([1; 32]),
        body: Hash::from_bytes([2; 32]),
    };
    let other = DeviceId::from_bytes([0xd2; 16]);
    let first = OutgoingStream::start(&DEVICE, EPOCH, &other).extended(&link);
    vectors.record("stream-outgoing", &OutgoingRecord { stream: first });
    let third = first.extended(&link).extended(&link);
    let mut stream = IncomingStream::start(&DEVICE, EPOCH, &other);
    for newest in [first.newest(), third.newest()] {
        stream.receive(&newest, link);
    }
    assert_eq!(stream.hole(), Some((2, 2)));
    let record = IncomingRecord::of(&stream);
    vectors.record("stream-incoming", &record);
    assert_eq!(record.stream(), stream);
    let number = stream.newest();
    vectors.record("stream-heard", &HeardRecord { number });
}

/// Numbers that another device missed and asked for, and one under which it told two stories.
fn gaps(vectors: &mut Vectors) {
    let (alert, again) = (ALERT, Some(NOW));
    let chain = STATEMENT;
    let given = GivenRecord {
        alert,
        chain,
        again,
    };
    vectors.record("given", &given);
    let asked = AskedRecord {
        to: 258,
        since: NOW,
        told: true,
        unknown: false,
    };
    vectors.record("asked", &asked);
    let hash = STATEMENT;
    vectors.record("taken", &TakenRecord { hash });
    let fork = ToldFork {
        device: DEVICE,
        of: Numbered::Alerts,
        epoch: EPOCH,
        number: 258,
        first: STATEMENT,
        second: Hash::from_bytes([0xc2; 32]),
    };
    let (since, told, by) = (NOW, true, DEVICE);
    vectors.record("fork-seen", &ForkRecord { fork, since, told });
    vectors.record("fork-told", &ToldForkRecord { by, fork });
}

/// A heartbeat that a relay has not answered, and a device that was not heard of for nine looks.
fn heartbeats(vectors: &mut Vectors) {
    vectors.record("written", &WrittenRecord { at: NOW });
    let heartbeat = HeartbeatRecord {
        relay: lyon(),
        to: cyber(),
        due: NOW + Span::from_hours(1),
        pending: Some(ALERT),
        named: NOW - Span::from_minutes(5),
    };
    vectors.record("heartbeat", &heartbeat);
    let peer = PeerRecord {
        created: NOW,
        received: NOW + Span::from_seconds(1),
        written: NOW - Span::from_hours(2),
        due: Some(NOW + Span::from_hours(1)),
        looks: 9,
    };
    vectors.record("peer", &peer);
    vectors.record("unread", &UnreadRecord { alerts: 258 });
}

fn relays(vectors: &mut Vectors) {
    let relay = RelayRecord {
        incarnation: INCARNATION,
        mailbox: 258,
        accepted: 4,
        time: NOW,
        bundle: 6,
    };
    vectors.record("relay", &relay);
    let bundle = sent("bundle");
    vectors.record("bundle", &BundleRecord { bundle });
}

/// Events store a state as its place in this order.
#[test]
fn the_codes_of_states_are_pinned() {
    use crate::core::ledger::CodedState;
    let states = [
        ObligationState::Open,
        ObligationState::Expired,
        ObligationState::Cancelled,
        ObligationState::Refused,
        ObligationState::Acknowledged,
    ];
    for (code, state) in (0_u8..).zip(states) {
        let coded = CodedState::from(state);
        assert_eq!(encode(&coded), [code]);
        assert_eq!(coded.state(), state);
    }
}

/// The wall was set back by an hour while the machine was off.
fn count() -> Count {
    let boot = |id: u8, since| maille_common::time::BootTime {
        id: [id; 16],
        since,
    };
    let before = maille_common::time::Reading {
        wall: NOW,
        boot: boot(1, Span::from_hours(9)),
    };
    let after = maille_common::time::Reading {
        wall: NOW - Span::from_hours(1),
        boot: boot(2, Span::from_seconds(20)),
    };
    Count::begin(before).read(after)
}
