//! Addenda: further wraps of an alert already sent, and the ways to misuse them.

use maille_common::blob::{BlobId, BlobRef};
use maille_common::codec::Bytes;
use maille_common::crypto::chunked::ContentKey;
use maille_common::envelope::{
    Core, Original, SealFault, SealedEnvelope, Submission, body_hash, seal_addendum,
};
use maille_common::terms::{Kind, Release, Urgency};
use maille_common::time::Span;

use crate::world::*;

/// The key of a sealed alert of a fixed seed: the first secret that sealing draws.
fn content_key(seed: u64) -> ContentKey {
    use maille_common::randomness::Randomness;
    ContentKey::from_bytes(*Fixed(seed).secret())
}

fn original(of: &Submission) -> Original {
    Original {
        env: of.env.clone(),
        signatures: of.signatures.clone(),
    }
}

/// Device `from` extends an alert to these devices of its recipients.
pub(crate) fn addendum(of: &Submission, from: u8, to: &[u8]) -> Submission {
    let letter = extension(of, from, to);
    seal_extension(of, &letter).unwrap()
}

fn extension(of: &Submission, from: u8, to: &[u8]) -> Letter {
    Letter {
        core: Core {
            kind: Kind::Addendum,
            device: device(from),
            sender: contact_of(from),
            reference: of.id(),
            ..of.env.core.value().clone()
        },
        content: Vec::new(),
        to: to.iter().map(|to| (*to, Release::Now, 0, 0)).collect(),
        signers: vec![from],
        blobs: Vec::new(),
        seed: 500,
    }
}

fn seal_extension(of: &Submission, letter: &Letter) -> Result<Submission, SealFault> {
    // The letters of these tests are sealed from seed 1 or 900.
    let keys = letter.keys();
    let first = Letter::alert().seal();
    let seed = if of.body == first.body { 1 } else { 900 };
    let (draft, body) = (letter.draft(&keys), of.body.to_vec());
    let key = content_key(seed);
    let sealed = seal_addendum(draft, original(of), key, body, &mut Fixed(letter.seed))?;
    Ok(sealed.submission)
}

fn sealed_with_seed_900(letter: Letter) -> Submission {
    Letter {
        seed: 900,
        ..letter
    }
    .seal()
}

#[test]
fn an_addendum_brings_the_alert_under_its_first_id() {
    let alert = Letter::alert().seal();
    let addendum = addendum(&alert, 2, &[4]);
    let verified = addendum.clone().verify(&roster(), &device(2), NOW);
    assert!(verified.is_ok(), "device 2 may extend what device 1 sent");
    let opened = receive(&share(&addendum, 4), 4).unwrap();
    assert_eq!(opened.id(), alert.id());
    assert_ne!(opened.envelope().id(), alert.id());
    assert_eq!(opened.core().kind, Kind::Alert);
    assert_eq!(opened.position().number, 0);
}

#[test]
fn an_alert_without_entries_reaches_its_devices_by_addendum() {
    let alert = sealed_with_seed_900(Letter {
        to: vec![],
        ..Letter::alert()
    });
    assert_eq!(alert.entries.len(), 0);
    let addendum = addendum(&alert, 1, &[3]);
    assert_eq!(receive(&share(&addendum, 3), 3).unwrap().id(), alert.id());
}

#[test]
fn an_addendum_carries_the_alert_it_names_and_no_other() {
    let alert = Letter::alert().seal();
    let other = sealed_with_seed_900(Letter::alert());
    let addendum = addendum(&alert, 1, &[4]);
    let mut swapped = share(&addendum, 4);
    swapped.original = Some(original(&other));
    swapped.body = other.body.clone();
    refused(&swapped, 4, "E3");
    let mut without = share(&addendum, 4);
    without.original = None;
    refused(&without, 4, "E3");
    let mut beside = share(&alert, 3);
    beside.original = Some(original(&other));
    refused(&beside, 3, "E3");
}

#[test]
fn an_addendum_of_an_addendum_or_of_a_heartbeat_is_refused() {
    let alert = Letter::alert().seal();
    let first = addendum(&alert, 1, &[4]);
    let nested = extension(&first, 1, &[3]);
    let nested = seal_extension(&first, &nested).unwrap();
    refused(&share(&nested, 3), 3, "E3");
    let heartbeat = Letter::heartbeat(NOW).seal();
    let extended = seal_extension(&heartbeat, &extension(&heartbeat, 1, &[3])).unwrap();
    refused(&share(&extended, 3), 3, "E3");
}

#[test]
fn an_addendum_with_an_altered_body_is_refused() {
    let alert = Letter::alert().seal();
    let mut delivery = share(&addendum(&alert, 1, &[4]), 4);
    let mut body = delivery.body.to_vec();
    body[100] ^= 1;
    delivery.body = Bytes::new(body).unwrap();
    refused(&delivery, 4, "E11");
}

#[test]
fn an_addendum_has_neither_body_nor_attachments_of_its_own() {
    let alert = Letter::alert().seal();
    let addendum = addendum(&alert, 1, &[4]);
    let blob = BlobRef {
        id: BlobId::from_bytes([1; 32]),
        length: 9,
    };
    let with_blob = forge(&addendum, &[1], |env| env.blobs = list([blob]));
    refused(&share(&with_blob, 4), 4, "E3");
    assert!(with_blob.verify(&roster(), &device(1), NOW).is_err());
    let with_body = forge(&addendum, &[1], |env| {
        env.body_length = 1;
        env.body_hash = body_hash(&[0]);
    });
    refused(&share(&with_body, 4), 4, "E3");
    let mut letter = extension(&alert, 1, &[4]);
    letter.blobs = vec![blob];
    let fault = seal_extension(&alert, &letter).unwrap_err();
    assert_eq!(fault, SealFault::Addendum);
}

#[test]
fn e17_an_addendum_of_another_contact_is_refused() {
    let alert = Letter::alert().seal();
    // The deputy holds the content key, and may not hand the alert on as the sender's.
    let mut letter = extension(&alert, 5, &[1]);
    letter.core.recipients = sorted([address("alpha/desk")]);
    let foreign = seal_extension(&alert, &letter).unwrap();
    refused(&share(&foreign, 1), 1, "E17");
    assert!(foreign.verify(&roster(), &device(5), NOW).is_err());
}

#[test]
fn e17_an_alert_that_nobody_signed_cannot_be_extended() {
    let alert = Letter::alert().seal();
    let mut delivery = share(&addendum(&alert, 1, &[4]), 4);
    let mut unsigned = delivery.original.clone().unwrap();
    unsigned.signatures = list([]);
    delivery.original = Some(unsigned.clone());
    refused(&delivery, 4, "E5");
    unsigned.signatures = list(signatures(alert.env.bytes(), &[2]));
    delivery.original = Some(unsigned);
    refused(&delivery, 4, "E5");
}

#[test]
fn an_alert_of_a_device_that_is_gone_can_still_be_extended() {
    let alert = Letter::alert().seal();
    let addendum = addendum(&alert, 2, &[4]);
    let roster = roster_after("alpha", |contact| {
        let devices = contact.devices.iter().filter(|held| held.id == device(2));
        contact.devices = sorted(devices.cloned().collect::<Vec<_>>());
    });
    assert!(receive_at(&roster, &share(&addendum, 4), 4, NOW).is_ok());
    let direct = receive_at(&roster, &share(&alert, 3), 3, NOW);
    assert_eq!(direct.unwrap_err(), "E4", "itself it cannot send any more");
}

#[test]
fn an_addendum_of_lower_urgency_does_not_evade_the_second_person() {
    let asked = sealed_with_seed_900(Letter::to_gamma(Urgency::Immediate));
    let mut letter = extension(&asked, 1, &[5]);
    letter.core.urgency = Urgency::Past;
    let evasion = seal_extension(&asked, &letter).unwrap();
    refused(&share(&evasion, 5), 5, "E5");
    letter.signers = vec![1, 2];
    let both = seal_extension(&asked, &letter).unwrap();
    assert!(receive(&share(&both, 5), 5).is_ok());
}

#[test]
fn what_two_persons_signed_for_a_recipient_is_extended_by_one() {
    let signed = sealed_with_seed_900(Letter {
        signers: vec![1, 2],
        ..Letter::to_gamma(Urgency::Immediate)
    });
    let addendum = addendum(&signed, 1, &[5]);
    assert!(receive(&share(&addendum, 5), 5).is_ok());
    let elsewhere = sealed_with_seed_900(Letter {
        signers: vec![1, 2],
        core: Core {
            urgency: Urgency::Immediate,
            ..core(Kind::Alert, 1, &["beta/desk"])
        },
        ..Letter::alert()
    });
    let mut letter = extension(&elsewhere, 1, &[5]);
    letter.core.recipients = sorted([address("gamma/desk")]);
    let widened = seal_extension(&elsewhere, &letter).unwrap();
    refused(&share(&widened, 5), 5, "E5");
}

#[test]
fn a_reply_is_extended_along_the_way_it_came() {
    let alert = Letter::alert().seal();
    let reply = sealed_with_seed_900(Letter::reply(alert.id()));
    let addendum = addendum(&reply, 4, &[2]);
    let opened = receive(&share(&addendum, 2), 2).unwrap();
    assert_eq!(opened.id(), reply.id());
}

#[test]
fn an_addendum_is_not_taken_for_an_alert_that_was_written_later() {
    let alert = Letter::alert().seal();
    let mut letter = extension(&alert, 1, &[4]);
    letter.core.created = NOW + Span::from_hours(1);
    let late = seal_extension(&alert, &letter).unwrap();
    let sealed = SealedEnvelope::new(share(&late, 4)).unwrap();
    assert_eq!(sealed.core().created, NOW + Span::from_hours(1));
    let opened = receive(&share(&late, 4), 4).unwrap();
    assert_eq!(opened.core().created, NOW, "the alert keeps its time");
}
