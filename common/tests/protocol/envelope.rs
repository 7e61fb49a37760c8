//! Each check of an envelope, violated once (PROTOCOL section 5).

use maille_common::codec::{Bytes, encode};
use maille_common::envelope::{
    Content, Core, CoreFault, Draft, SealFault, SealedEnvelope, Submission, SubmissionFault, seal,
};
use maille_common::identifier::AlertId;
use maille_common::terms::{AcceptReason, Kind, Release, Urgency};
use maille_common::time::Span;

use crate::world::*;

/// What is changed in a core, and the fault it is.
type Breach = (fn(&mut Core), CoreFault);

fn at_relay(submission: Submission, connected: u8) -> Result<Vec<AcceptReason>, SubmissionFault> {
    let verified = submission.verify(&roster(), &device(connected), NOW)?;
    Ok(verified.verdicts().to_vec())
}

#[test]
fn an_alert_opens_at_each_device_it_addresses_and_nowhere_else() {
    let sent = Letter::alert().seal();
    let verified = sent.clone().verify(&roster(), &device(2), NOW).unwrap();
    assert_eq!(verified.verdicts(), [AcceptReason::None]);
    for (place, proof) in verified.proofs().into_iter().enumerate() {
        let number = encode(&sent.entries[place].entry.device)[0];
        let delivery = share(&sent, number);
        assert_eq!(delivery.proof, proof);
        let opened = receive(&delivery, number).unwrap();
        assert_eq!(opened.id(), sent.id());
        assert_eq!(*opened.content(), Content::Alert(Box::new(alert())));
        let in_stream = delivery.entry.release == Release::Now;
        assert_eq!(opened.position().number, u64::from(in_stream));
        for other in (1..=6).filter(|other| *other != number) {
            refused(&delivery, other, "E11");
        }
    }
}

#[test]
fn e1_bytes_that_are_cut_or_continued_are_refused() {
    let bytes = encode(&share(&Letter::alert().seal(), 3));
    for length in (0..bytes.len()).step_by(7) {
        assert!(SealedEnvelope::parse(&bytes[..length]).is_err());
    }
    assert!(SealedEnvelope::parse(&[&bytes[..], &[0]].concat()).is_err());
}

#[test]
fn e2_the_id_is_that_of_the_bytes_and_one_envelope_has_one() {
    let (first, same) = (Letter::alert().seal(), Letter::alert().seal());
    assert_eq!(first, same);
    let other = Letter {
        seed: 2,
        ..Letter::alert()
    };
    assert_ne!(first.id(), other.seal().id());
    let sealed = SealedEnvelope::new(share(&first, 3)).unwrap();
    assert_eq!(sealed.id(), first.id());
}

#[test]
fn e3_a_core_that_breaks_a_rule_is_neither_sealed_nor_taken() {
    let breaks: [Breach; 7] = [
        (|core| core.version = 2, CoreFault::Version(2)),
        (
            |core| core.reference = AlertId::from_bytes([1; 32]),
            CoreFault::Reference(Kind::Alert),
        ),
        (
            |core| core.kind = Kind::Reply,
            CoreFault::Reference(Kind::Reply),
        ),
        (
            |core| core.ack_within = Span::from_ms(999),
            CoreFault::Deadline,
        ),
        (
            |core| core.expires_after = Span::from_ms(90 * 86_400_000 + 1),
            CoreFault::Deadline,
        ),
        (
            |core| core.ack_within = core.expires_after + Span::from_ms(1),
            CoreFault::Deadline,
        ),
        (|core| core.recipients = sorted([]), CoreFault::NoRecipient),
    ];
    for (change, fault) in breaks {
        let mut letter = Letter::alert();
        change(&mut letter.core);
        assert_eq!(letter.try_seal().unwrap_err(), SealFault::Core(fault));
        let forged = forge_core(&Letter::alert().seal(), &[1], change);
        refused(&share(&forged, 3), 3, "E3");
        let at_relay = at_relay(forged, 1).unwrap_err();
        assert!(matches!(at_relay, SubmissionFault::Form(_)), "{at_relay}");
    }
}

#[test]
fn e4_a_sender_who_is_not_designated_is_not_believed() {
    let delivery = share(&Letter::alert().seal(), 3);
    let later = NOW + Span::from_ms(1);
    let of_alpha = |change: fn(&mut maille_common::roster::Contact)| {
        let roster = roster_with(|contact| {
            if contact.address == address("alpha/desk") {
                change(contact);
            }
        });
        receive_at(&roster, &delivery, 3, later).err()
    };
    assert_eq!(of_alpha(|_| ()), None);
    let begins_later = of_alpha(|contact| contact.valid_from = NOW + Span::from_ms(1));
    assert_eq!(begins_later, Some("E4"));
    assert_eq!(of_alpha(|contact| contact.valid_to = Some(NOW)), Some("E4"));
    assert_eq!(of_alpha(|contact| contact.devices = sorted([])), Some("E4"));
}

#[test]
fn e4_a_key_counts_within_its_term_alone() {
    let ended = |end: u64| {
        roster_with(|contact| {
            let mut devices = contact.devices.as_slice().to_vec();
            for device in devices.iter_mut().filter(|held| held.id == device(1)) {
                let mut keys = device_keys(1);
                keys.valid_to = Some(maille_common::time::Timestamp::from_unix_ms(end));
                device.keys = list([keys]);
            }
            contact.devices = sorted(devices);
        })
    };
    let sent = Letter::alert().seal();
    let now = NOW.unix_ms();
    let taken = receive_at(&ended(now + 1), &share(&sent, 3), 3, NOW);
    assert!(taken.is_ok(), "the key still counts");
    let refused = receive_at(&ended(now), &share(&sent, 3), 3, NOW);
    assert_eq!(refused.unwrap_err(), "E4", "it has ended");
    let at_relay = sent.verify(&ended(now), &device(2), NOW);
    assert!(matches!(at_relay, Err(SubmissionFault::Verify(_))));
}

#[test]
fn e4_a_contact_that_was_removed_cannot_write_in_the_past() {
    let mut letter = Letter::alert();
    letter.core.created = NOW - Span::from_days(30);
    let delivery = share(&letter.seal(), 3);
    let removed = roster_after("alpha", |contact| {
        contact.address = address("alpha/other");
        contact.devices = sorted([]);
    });
    assert_eq!(
        receive_at(&removed, &delivery, 3, NOW).unwrap_err(),
        "E4",
        "whatever the envelope says about its time"
    );
}

#[test]
fn e5_every_signature_there_is_has_to_hold() {
    let sent = Letter::alert().seal();
    let with = |signers: &[u8]| {
        let mut delivery = share(&sent, 3);
        delivery.signatures = list(signatures(delivery.env.bytes(), signers));
        receive(&delivery, 3).err()
    };
    assert_eq!(with(&[1]), None);
    assert_eq!(with(&[1, 2]), None);
    assert_eq!(with(&[]), Some("E5"));
    assert_eq!(with(&[2]), Some("E5"), "the core names device 1");
    assert_eq!(with(&[2, 1]), Some("E5"));
    assert_eq!(with(&[1, 1]), Some("E5"), "one device is one person");
    assert_eq!(with(&[1, 3]), Some("E4"), "a device of another contact");
    let mut delivery = share(&sent, 3);
    let mut forged = signatures(delivery.env.bytes(), &[2]);
    forged[0].device = device(1);
    delivery.signatures = list(forged);
    refused(&delivery, 3, "E5");
}

#[test]
fn e5_two_persons_are_asked_for_where_the_rule_says_so() {
    let asked = Letter::to_gamma(Urgency::Immediate);
    let one = asked.seal();
    refused(&share(&one, 5), 5, "E5");
    assert_eq!(
        at_relay(one, 1).unwrap(),
        [AcceptReason::TwoPersonsRequired]
    );
    let two = Letter {
        signers: vec![1, 2],
        ..asked
    };
    let two = two.seal();
    assert!(receive(&share(&two, 5), 5).is_ok());
    assert_eq!(at_relay(two, 1).unwrap(), [AcceptReason::None]);
    let calm = Letter::to_gamma(Urgency::Expected).seal();
    assert!(receive(&share(&calm, 5), 5).is_ok());
}

#[test]
fn e6_without_a_rule_nothing_arrives_and_others_still_get_theirs() {
    let letter = Letter {
        core: core(Kind::Alert, 1, &["beta/desk", "delta/desk"]),
        to: vec![(3, Release::Now, 0, 0), (6, Release::Now, 1, 0)],
        ..Letter::alert()
    };
    let sent = letter.seal();
    refused(&share(&sent, 6), 6, "E6");
    assert!(receive(&share(&sent, 3), 3).is_ok());
    let verdicts = at_relay(sent, 1).unwrap();
    assert_eq!(verdicts, [AcceptReason::None, AcceptReason::NoRule]);
}

#[test]
fn e6_a_reply_goes_back_along_the_rule_and_an_alert_does_not() {
    let alert = Letter::alert().seal();
    let reply = Letter::reply(alert.id());
    assert!(receive(&share(&reply.seal(), 1), 1).is_ok());
    let update = Letter {
        core: Core {
            kind: Kind::Update,
            ..reply.core.clone()
        },
        ..reply
    };
    refused(&share(&update.seal(), 1), 1, "E6");
}

#[test]
fn e7_the_relay_takes_what_was_signed_and_nothing_else() {
    let sent = Letter::alert().seal();
    let other = Letter {
        seed: 50,
        ..Letter::alert()
    };
    let other = other.seal();
    let entries = || sent.entries.as_slice().to_vec();
    let with_entries = |entries: Vec<_>| Submission {
        entries: list(entries),
        ..sent.clone()
    };
    let mut fewer = entries();
    fewer.pop();
    let mut swapped = entries();
    swapped.swap(0, 1);
    let mut exchanged = entries();
    exchanged[0] = other.entries[0].clone();
    let mut rewrapped = entries();
    rewrapped[0].wrap = rewrapped[1].wrap;
    let body = Submission {
        body: other.body.clone(),
        ..sent.clone()
    };
    let cut = Submission {
        body: Bytes::new(&sent.body[1..]).unwrap(),
        ..sent.clone()
    };
    let altered = [fewer, swapped, exchanged, rewrapped].map(with_entries);
    for submission in altered.into_iter().chain([body, cut]) {
        let fault = at_relay(submission, 1).unwrap_err();
        assert!(matches!(fault, SubmissionFault::NotSigned(_)), "{fault}");
    }
    let count = forge(&sent, &[1], |env| env.entries += 1);
    assert!(at_relay(count, 1).is_err());
}

#[test]
fn e8_entries_name_devices_of_the_contact_they_serve() {
    let with = |to: &[(u8, Release, u16, u8)]| {
        let letter = Letter {
            to: to.to_vec(),
            ..Letter::alert()
        };
        at_relay(letter.seal(), 1)
    };
    let stranger = with(&[(3, Release::Now, 0, 0), (6, Release::Now, 0, 0)]);
    assert_eq!(stranger.unwrap(), [AcceptReason::DeviceNotOfContact]);
    // Who is a deputy may change before anybody is asked: it refuses nobody the alert.
    for held in [(6, Release::After, 0, 1), (5, Release::After, 0, 2)] {
        let taken = with(&[(3, Release::Now, 0, 0), held]);
        assert_eq!(taken.unwrap(), [AcceptReason::None]);
    }
    let nobody = with(&[(2, Release::Own, u16::MAX, 0)]);
    assert_eq!(nobody.unwrap(), [AcceptReason::NoDevice]);
    let own = with(&[(3, Release::Now, 0, 0), (3, Release::Own, u16::MAX, 0)]);
    assert_eq!(own.unwrap_err(), SubmissionFault::Entry(device(3)));
}

#[test]
fn an_entry_whose_form_does_not_fit_its_release_is_not_sealed() {
    for entry in [
        (3, Release::Now, 1, 0),
        (3, Release::Now, 0, 1),
        (2, Release::Own, 0, 0),
        (5, Release::After, 0, 0),
    ] {
        let letter = Letter {
            to: vec![entry],
            ..Letter::alert()
        };
        assert!(matches!(letter.try_seal(), Err(SealFault::Entry(_))));
    }
    let twice = Letter {
        to: vec![(3, Release::Now, 0, 0); 2],
        ..Letter::alert()
    };
    assert_eq!(twice.try_seal().unwrap_err(), SealFault::Entry(device(3)));
}

#[test]
fn e9_a_submission_over_another_contacts_connection_is_not_taken() {
    let fault = at_relay(Letter::alert().seal(), 3).unwrap_err();
    assert_eq!(fault, SubmissionFault::NotYours(address("alpha/desk")));
}

#[test]
fn e11_wrap_body_and_path_are_the_signed_ones() {
    let delivery = share(&Letter::alert().seal(), 3);
    let mut changed = vec![delivery.clone(); 5];
    changed[0].wrap[1215] ^= 1;
    let mut body = delivery.body.to_vec();
    body[40] ^= 1;
    changed[1].body = Bytes::new(body).unwrap();
    changed[2].proof.index ^= 1;
    changed[3].proof.path = list([]);
    changed[4].entry.step = 1;
    for delivery in changed {
        refused(&delivery, 3, "E11");
    }
}

#[test]
fn e12_the_role_of_the_entry_has_to_be_mine() {
    for (entry, me) in [
        ((6, Release::Now, 0, 0), 6),
        ((6, Release::Own, u16::MAX, 0), 6),
        ((6, Release::After, 0, 1), 6),
        ((2, Release::Now, 0, 0), 2),
    ] {
        let letter = Letter {
            to: vec![entry],
            ..Letter::alert()
        };
        refused(&share(&letter.seal(), me), me, "E12");
    }
}

#[test]
fn signers_are_the_sending_device_and_perhaps_another() {
    for signers in [vec![], vec![2], vec![2, 1], vec![1, 1]] {
        let letter = Letter {
            signers,
            ..Letter::alert()
        };
        assert_eq!(letter.try_seal().unwrap_err(), SealFault::Signer);
    }
    let letter = Letter::alert();
    let keys = letter.keys();
    let addendum = Draft {
        core: Core {
            kind: Kind::Addendum,
            ..letter.core.clone()
        },
        ..letter.draft(&keys)
    };
    let fault = seal(addendum, &mut Fixed(1)).unwrap_err();
    assert_eq!(fault, SealFault::Addendum);
}
