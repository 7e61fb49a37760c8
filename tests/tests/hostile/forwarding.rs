//! Parts of a true alert in another envelope: handed on, wrapped anew, signed by somebody else.

use maille_client::core::{Collected, IncidentKind};
use maille_common::address::DeviceId;
use maille_common::codec::{Exact, List, encode};
use maille_common::crypto::chunked::ContentKey;
use maille_common::crypto::ed25519::Signature;
use maille_common::envelope::{
    Delivery, Entry, OutgoingStream, StreamPosition, Submission, body_hash,
};
use maille_common::terms::Release;
use maille_common::wire::Push;
use maille_tests::hostile::{Cast, ForgedWrap, Forgery, all_shares, share, signed_by};

/// The order of the group of Ed25519, least byte first: S and S + L verify alike where nobody asks
/// for the lesser one.
const GROUP_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// What its recipient read: the key of the body.
fn content_key(cast: &mut Cast, sent: &Submission, of: DeviceId) -> ContentKey {
    let opened = cast.judged(&of, &encode(&share(sent, &of))).unwrap();
    opened.content_key().duplicate()
}

/// A wrap of such a key in a stream of its own.
fn wrap(cast: &mut Cast, to: DeviceId, sent: &Submission, content: &ContentKey) -> ForgedWrap {
    let lyon = cast.lyon;
    let epoch = cast.world.desk(&lyon).epoch();
    let position = OutgoingStream::start(&lyon, epoch, &to).newest();
    let to = (to, &cast.sealing(&to));
    ForgedWrap::sealed(to, &sent.env.core, (content, &position), 9)
}

#[test]
fn an_alert_that_its_recipient_hands_on_is_addressed_to_nobody_else() {
    let mut cast = Cast::gathered();
    let (sent, tunis, dakar) = (cast.sent("For Tunis alone"), cast.tunis, cast.dakar);
    let content = content_key(&mut cast, &sent, tunis);
    let whole = share(&sent, &tunis);
    assert_eq!(cast.refused(&dakar, &encode(&whole)), "E11 device");
    // Wrapped anew for the other one, in the place of the entry that was signed.
    let anew = wrap(&mut cast, dakar, &sent, &content);
    let mut delivery = whole.clone();
    delivery.entry.device = dakar;
    delivery.entry.key = anew.key;
    delivery.wrap = anew.wrap.clone().try_into().unwrap();
    delivery.entry.wrap = Entry::wrap_hash(&delivery.wrap);
    assert_eq!(cast.refused(&dakar, &encode(&delivery)), "E11 entry");
    // And in an env whose root leads to the new entry, under the old signature.
    let forgery = Forgery {
        core: sent.env.core.value().clone(),
        body: sent.body.to_vec(),
        wraps: vec![anew],
        original: None,
    };
    let mut forged = forgery.signed(&[]);
    forged.signatures = sent.signatures.clone();
    let refused = cast.refused(&dakar, &encode(&share(&forged, &dakar)));
    assert_eq!(refused, "E5 signature");
}

#[test]
fn the_words_of_another_under_ones_own_signature_open_nowhere() {
    let mut cast = Cast::gathered();
    let (sent, tunis, hague) = (cast.sent("By Lyon"), cast.tunis, cast.hague);
    let content = content_key(&mut cast, &sent, hague);
    let core = cast.core(&hague, &[Cast::TUNIS]);
    let epoch = cast.world.desk(&hague).epoch();
    let to = (tunis, &cast.sealing(&tunis));
    let outside = StreamPosition::outside(epoch);
    let forgery = Forgery {
        body: sent.body.to_vec(),
        wraps: vec![ForgedWrap::sealed(to, &core, (&content, &outside), 4)],
        core,
        original: None,
    };
    let forged = forgery.signed(&[cast.signer(&hague)]);
    assert_eq!(forged.env.body_hash, body_hash(&sent.body));
    let refused = cast.refused(&tunis, &encode(&share(&forged, &tunis)));
    assert_eq!(refused, "E14 body-broken");
}

/// Whoever cannot read an alert would pass for its writer.
#[test]
fn the_wrap_of_another_in_ones_own_envelope_opens_nowhere() {
    let mut cast = Cast::gathered();
    let (sent, tunis, dakar) = (cast.sent("By Lyon"), cast.tunis, cast.dakar);
    let true_share = share(&sent, &tunis);
    let stolen = ForgedWrap {
        device: tunis,
        release: Release::Now,
        recipient: 0,
        step: 0,
        key: true_share.entry.key,
        wrap: true_share.wrap.to_vec(),
    };
    let forgery = Forgery {
        core: cast.core(&dakar, &[Cast::TUNIS]),
        body: sent.body.to_vec(),
        wraps: vec![stolen],
        original: None,
    };
    let forged = forgery.signed(&[cast.signer(&dakar)]);
    let refused = cast.refused(&tunis, &encode(&share(&forged, &tunis)));
    assert_eq!(refused, "E13 wrap-broken");
}

#[test]
fn an_alert_that_a_relay_sends_back_is_not_for_its_sender() {
    let mut cast = Cast::gathered();
    let (sent, lyon) = (cast.sent("Reflected"), cast.lyon);
    let relay = "lyon".parse().unwrap();
    for delivery in all_shares(&sent) {
        assert_eq!(cast.refused(&lyon, &encode(&delivery)), "E11 device");
        let push = Push::Delivery {
            number: 1,
            delivery: Box::new(delivery),
        };
        let collected = cast.world.take_push(&lyon, &relay, push).unwrap();
        assert!(matches!(collected, Collected::Disbelieved { .. }));
    }
    assert!(cast.world.desk(&lyon).inbox().unwrap().is_empty());
    let incidents = cast.world.desk(&lyon).incidents_after(0, 10).unwrap();
    for (_, incident) in incidents {
        let IncidentKind::Delivery { check, .. } = incident.kind else {
            panic!("{incident:?}");
        };
        assert_eq!(check.as_str(), "E11");
    }
}

fn with_signatures(sent: &Submission, to: &DeviceId, change: impl FnOnce(&mut [u8])) -> Delivery {
    let mut delivery = share(sent, to);
    let mut signature = delivery.signatures[0].clone();
    let mut bytes = *signature.signature.as_bytes();
    change(&mut bytes);
    signature.signature = Signature::from_bytes(bytes);
    delivery.signatures = List::new(vec![signature]).unwrap();
    delivery
}

#[test]
fn a_signature_that_is_written_in_its_second_way_does_not_hold() {
    let mut cast = Cast::gathered();
    let (sent, tunis) = (cast.sent("Signed once"), cast.tunis);
    let malleable = with_signatures(&sent, &tunis, |bytes| {
        let mut carry = 0;
        for (byte, order) in bytes[32..].iter_mut().zip(GROUP_ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        assert_eq!(carry, 0);
    });
    assert_eq!(cast.refused(&tunis, &encode(&malleable)), "E5 signature");
    let unchanged = with_signatures(&sent, &tunis, |_| ());
    assert!(cast.judged(&tunis, &encode(&unchanged)).is_ok());
}

/// `R` the neutral element and `S` zero: under a key of small order that holds for every message.
#[test]
fn the_signature_that_fits_every_message_fits_none() {
    let mut cast = Cast::gathered();
    let (sent, tunis) = (cast.sent("Signed by nobody"), cast.tunis);
    let universal = with_signatures(&sent, &tunis, |bytes| {
        bytes.fill(0);
        bytes[0] = 1;
    });
    assert_eq!(cast.refused(&tunis, &encode(&universal)), "E5 signature");
}

/// Different words under one plain part: there are two alerts, and who holds one can prove which.
#[test]
fn two_stories_have_two_ids_and_each_its_senders_signature() {
    let mut cast = Cast::gathered();
    let (one, tunis, lyon) = (cast.sent("One story"), cast.tunis, cast.lyon);
    let other = cast.sent("Two stories");
    assert_eq!(one.env.core.bytes(), other.env.core.bytes());
    assert_ne!(one.id(), other.id());
    for sent in [&one, &other] {
        let opened = cast.judged(&tunis, &encode(&share(sent, &tunis)));
        assert_eq!(opened.unwrap().id(), sent.id());
    }
    // The body of the other under the id of the one.
    let mut swapped = share(&one, &tunis);
    let mut env = swapped.env.value().clone();
    env.body_hash = body_hash(&other.body);
    env.body_length = u64::try_from(other.body.len()).unwrap();
    swapped.env = Exact::of(env).unwrap();
    swapped.body = other.body.clone();
    assert_eq!(cast.refused(&tunis, &encode(&swapped)), "E5 signature");
    let signed = signed_by(swapped.env.bytes(), &[cast.signer(&lyon)]);
    swapped.signatures = List::new(signed).unwrap();
    let refused = cast.refused(&tunis, &encode(&swapped));
    assert_eq!(refused, "E14 body-broken");
}
