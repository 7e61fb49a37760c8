//! Who is addressed is signed: nobody adds, removes or exchanges a recipient, a device or a wrap.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::{List, SortedList, encode};
use maille_common::crypto::chunked::ContentKey;
use maille_common::envelope::{
    Core, Entry, OWN_RECIPIENT, StreamPosition, Submission, SubmissionFault,
};
use maille_common::identifier::Epoch;
use maille_common::terms::Release;
use maille_tests::hostile::{Cast, ForgedWrap, Forgery, altered, refusal_of, share};

type Change = fn(&mut Vec<ContactAddress>);

fn recipients(core: &mut Core, change: Change) {
    let mut all = core.recipients.to_vec();
    change(&mut all);
    core.recipients = SortedList::new(all).unwrap();
}

/// What a relay makes of a submission over a connection of its sender.
fn at_relay(cast: &mut Cast, by: &DeviceId, sent: Submission) -> Result<(), String> {
    let now = cast.world.now;
    let roster = cast.world.relay("amman").roster().clone();
    match sent.verify(&roster, by, now) {
        Ok(_) => Ok(()),
        Err(SubmissionFault::Form(fault)) => Err(format!("form: {fault}")),
        Err(SubmissionFault::Verify(fault)) => Err(refusal_of(&fault)),
        Err(SubmissionFault::NotSigned(what)) => Err(format!("E7 {what}")),
        Err(SubmissionFault::Entry(_)) => Err("E8".to_owned()),
        Err(SubmissionFault::NotYours(_)) => Err("E9".to_owned()),
    }
}

#[test]
fn a_recipient_that_is_added_removed_or_exchanged_breaks_the_signature_everywhere() {
    let mut cast = Cast::gathered();
    let (sent, tunis, lyon) = (cast.sent("To two"), cast.tunis, cast.lyon);
    let changes: [Change; 3] = [
        |all| all.push(Cast::DAKAR.parse().unwrap()),
        |all| all.retain(|one| one.as_str() != Cast::HAGUE),
        |all| {
            all.retain(|one| one.as_str() != Cast::HAGUE);
            all.push(Cast::DAKAR.parse().unwrap());
        },
    ];
    assert_eq!(at_relay(&mut cast, &lyon, sent.clone()), Ok(()));
    for change in changes {
        let changed = altered(&sent, |core| recipients(core, change));
        let refused = cast.refused(&tunis, &encode(&share(&changed, &tunis)));
        assert_eq!(refused, "E5 signature");
        let refused = at_relay(&mut cast, &lyon, changed).unwrap_err();
        assert_eq!(refused, "E5 signature");
    }
}

#[test]
fn an_entry_that_is_added_removed_or_exchanged_is_refused_by_an_honest_relay() {
    let mut cast = Cast::gathered();
    let (sent, other, lyon) = (cast.sent("To two"), cast.sent("To the same"), cast.lyon);
    let with = |change: &dyn Fn(&mut Vec<_>)| {
        let mut entries = sent.entries.to_vec();
        change(&mut entries);
        Submission {
            entries: List::new(entries).unwrap(),
            ..sent.clone()
        }
    };
    let added = with(&|entries| {
        let mut entry = entries[0].clone();
        entry.entry.device = DeviceId::from_bytes([0; 16]);
        entries.insert(0, entry);
    });
    let removed = with(&|entries| {
        entries.remove(1);
    });
    let exchanged = with(&|entries| entries[0] = other.entries[0].clone());
    let rewrapped = with(&|entries| entries[0].wrap = entries[1].wrap);
    let reordered = with(&|entries| entries.swap(0, 1));
    let body = Submission {
        body: other.body.clone(),
        ..sent.clone()
    };
    for (submission, check) in [
        (added, "E7 number of entries"),
        (removed, "E7 number of entries"),
        (exchanged, "E7 list of entries"),
        (rewrapped, "E7 wrap"),
        (reordered, "E7 order of the entries"),
        (body, "E7 body"),
    ] {
        assert_eq!(at_relay(&mut cast, &lyon, submission).unwrap_err(), check);
    }
    // Whoever tried keeps nobody from the true one, which has the same id.
    assert_eq!(at_relay(&mut cast, &lyon, sent), Ok(()));
}

#[test]
fn an_envelope_over_the_connection_of_another_contact_is_not_taken() {
    let mut cast = Cast::gathered();
    let (sent, dakar) = (cast.sent("By Lyon"), cast.dakar);
    assert_eq!(at_relay(&mut cast, &dakar, sent).unwrap_err(), "E9");
}

/// The relay hands a device of its own what the signature does not name.
#[test]
fn a_device_that_a_relay_adds_stands_under_no_signed_root() {
    let mut cast = Cast::gathered();
    let (sent, tunis, dakar) = (cast.sent("To two"), cast.tunis, cast.dakar);
    let mut delivery = share(&sent, &tunis);
    delivery.entry.device = dakar;
    for index in 0..sent.env.entries + 1 {
        delivery.proof.index = index;
        assert_eq!(cast.refused(&dakar, &encode(&delivery)), "E11 entry");
    }
}

#[test]
fn a_copy_that_hides_who_was_given_the_alert_is_refused_by_the_senders_own_device() {
    let mut cast = Cast::gathered();
    let (sent, copyist) = (cast.sent("To two"), cast.copyist);
    let copy = share(&sent, &copyist);
    for hidden in 0..copy.entries.len() {
        let mut entries = copy.entries.to_vec();
        entries.remove(hidden);
        let mut hiding = copy.clone();
        hiding.entries = List::new(entries).unwrap();
        let refused = cast.refused(&copyist, &encode(&hiding));
        assert_eq!(refused, "E11 list of entries");
    }
}

/// A sender that gives a device another's role: as deputy of whom it is none, in the place of a
/// recipient, as one of its own.
#[test]
fn a_role_that_the_roster_does_not_give_is_refused() {
    let mut cast = Cast::gathered();
    let (lyon, dakar) = (cast.lyon, cast.dakar);
    let core = cast.core(&lyon, &[Cast::TUNIS]);
    let public = cast.sealing(&dakar);
    let content = ContentKey::from_bytes([7; 32]);
    let outside = StreamPosition::outside(Epoch(1));
    for (release, recipient, step) in [
        (Release::After, 0, 1),
        (Release::Now, 0, 0),
        (Release::Now, 0, 1),
        (Release::Own, OWN_RECIPIENT, 0),
    ] {
        let sealed = ForgedWrap::sealed((dakar, &public), &core, (&content, &outside), 1);
        let forgery = Forgery {
            core: core.clone(),
            body: vec![0; 1_200],
            wraps: vec![ForgedWrap {
                release,
                recipient,
                step,
                ..sealed
            }],
            original: None,
        };
        let forged = forgery.signed(&[cast.signer(&lyon)]);
        let refused = cast.refused(&dakar, &encode(&share(&forged, &dakar)));
        assert_eq!(refused, "E12 role", "{release} {step}");
    }
}

#[test]
fn wraps_that_a_sender_exchanges_between_two_devices_open_at_neither() {
    let mut cast = Cast::gathered();
    let (sent, lyon) = (cast.sent("To two"), cast.lyon);
    let devices = [cast.tunis, cast.second];
    let shares = devices.map(|device| share(&sent, &device));
    let exchanged = |mine: usize| ForgedWrap {
        device: devices[mine],
        release: Release::Now,
        recipient: shares[mine].entry.recipient,
        step: 0,
        key: shares[mine].entry.key,
        wrap: shares[1 - mine].wrap.to_vec(),
    };
    let forgery = Forgery {
        core: sent.env.core.value().clone(),
        body: sent.body.to_vec(),
        wraps: vec![exchanged(0), exchanged(1)],
        original: None,
    };
    let forged = forgery.signed(&[cast.signer(&lyon)]);
    for device in devices {
        let delivery = share(&forged, &device);
        assert_eq!(Entry::wrap_hash(&delivery.wrap), delivery.entry.wrap);
        let refused = cast.refused(&device, &encode(&delivery));
        assert_eq!(refused, "E13 wrap-broken");
    }
}
