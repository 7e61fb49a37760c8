use proptest::prelude::*;

use super::*;
use crate::address::{ContactAddress, DeviceId};
use crate::codec::{Bytes, DecodeError, Exact, List, SortedList, Text, decode, encode};
use crate::crypto::ed25519::SigningKey;
use crate::crypto::hpke::SealingPublicKey;
use crate::extension::Extension;
use crate::hash::Hash;
use crate::limits;
use crate::randomness::Randomness;
use crate::roster::{DeviceRequest, SignedRenewal, SignedRequest, Version};
use crate::time::{Span, Timestamp};

const WEEK_MS: u64 = limits::SEALING_KEY_MS;

/// Counts, so that every key differs and every run is the same.
struct Counting(u8);

impl Randomness for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0 = self.0.wrapping_add(1);
        bytes.fill(self.0);
    }
}

struct Device {
    contact: ContactAddress,
    key: SigningKey,
    random: Counting,
    ring: SealingRing,
}

impl Device {
    fn new() -> Self {
        Self {
            contact: "interpol/fr/cyber".parse().unwrap(),
            key: SigningKey::from_seed([1; 32]),
            random: Counting(0),
            ring: SealingRing::new(),
        }
    }

    fn publish(&mut self, now: Timestamp) -> SignedBundle {
        let device = DeviceId::from_bytes([7; 16]);
        let owner = BundleOwner {
            contact: &self.contact,
            device,
            key: &self.key,
            renewal: None,
        };
        self.ring.next_bundle(owner, now, &mut self.random).unwrap()
    }
}

/// Two days into a week of the year 2026.
fn wednesday() -> Timestamp {
    Timestamp::from_unix_ms(2950 * WEEK_MS) + Span::from_days(2)
}

fn week(from_now: u64) -> Timestamp {
    Timestamp::from_unix_ms((2950 + from_now) * WEEK_MS)
}

#[test]
fn the_first_bundle_shows_this_week_and_eight_ahead() {
    let mut device = Device::new();
    assert!(device.ring.is_due(wednesday()));
    let signed = device.publish(wednesday());
    let bundle = signed.bundle.value();
    let seconds = wednesday().unix_ms() / 1_000;
    assert_eq!((bundle.number, bundle.previous), (seconds, Hash::ZERO));
    assert_eq!((bundle.issued, bundle.keys.len()), (wednesday(), 9));
    for (key, number) in bundle.keys.iter().zip(0..) {
        assert_eq!(
            (key.valid_from, key.valid_to),
            (week(number), week(number + 1))
        );
        assert!(device.ring.secret(&key.id()).is_some());
    }
    assert!(!device.ring.is_due(wednesday()));
    assert_eq!(bundle.highest_read(&[1, 2]), Some(1));
    assert_eq!(bundle.highest_read(&[2]), None);
}

#[test]
fn each_week_makes_one_new_key_and_follows_on_the_bundle_before() {
    let mut device = Device::new();
    let first = device.publish(wednesday());
    let later = wednesday() + Span::from_days(7);
    assert!(device.ring.is_due(later));
    let second = device.publish(later);
    assert_eq!(second.succession(&first), Succession::Newer);
    assert_eq!(second.bundle.previous, first.hash());
    assert_eq!(second.bundle.keys[..8], first.bundle.keys[1..]);
    assert_eq!(device.ring.number(), first.bundle.number + 1);
}

/// Nobody is left who knows which numbers were given: the keys were lost with everything else.
#[test]
fn the_keys_of_a_ring_that_was_lost_are_void_beside_those_of_a_new_one() {
    let mut device = Device::new();
    device.publish(wednesday());
    let last = device.publish(wednesday() + Span::from_days(7));
    device.ring = SealingRing::new();
    let anew = device.publish(wednesday() + Span::from_days(7) + Span::from_minutes(1));
    assert_eq!(anew.succession(&last), Succession::Newer);
    assert_eq!(last.succession(&anew), Succession::Older);
}

/// The clock was ahead when the lost ring began.
#[test]
fn a_ring_begins_after_the_newest_bundle_that_somebody_knows() {
    let mut device = Device::new();
    let ahead = device.publish(wednesday() + Span::from_days(3650));
    device.ring = SealingRing::new();
    let behind = device.publish(wednesday());
    assert_eq!(behind.succession(&ahead), Succession::Older);
    device.ring.begin_after(ahead.bundle.number);
    let after = device.publish(wednesday());
    assert_eq!(after.succession(&ahead), Succession::Newer);
    let number = device.ring.number();
    device.ring.begin_after(ahead.bundle.number);
    assert_eq!(device.ring.number(), number, "it is behind it already");
}

#[test]
fn on_the_first_day_of_a_week_the_key_before_is_still_shown() {
    let mut device = Device::new();
    let bundle = device.publish(week(0) + Span::from_minutes(1));
    assert_eq!(bundle.bundle.keys.len(), 10);
    let behind = week(0) - Span::from_minutes(1);
    assert!(!bundle.bundle.key_at(behind).unwrap().is_old);
}

#[test]
fn a_sender_uses_the_key_of_now_and_the_newest_where_there_is_none() {
    let signed = Device::new().publish(wednesday());
    let bundle = signed.bundle.value();
    let first = bundle.key_at(week(1) - Span::from_ms(1)).unwrap();
    assert_eq!((first.key, first.is_old), (&bundle.keys[0], false));
    let second = bundle.key_at(week(1)).unwrap();
    assert_eq!((second.key, second.is_old), (&bundle.keys[1], false));
    assert_eq!(second.id, bundle.keys[1].id());
    for outside in [week(9), Timestamp::MAX, Timestamp::EPOCH] {
        let newest = bundle.key_at(outside).unwrap();
        assert_eq!((newest.key, newest.is_old), (&bundle.keys[8], true));
    }
    let empty = Bundle {
        keys: List::empty(),
        ..bundle.clone()
    };
    assert_eq!(empty.key_at(wednesday()), None);
}

#[test]
fn what_is_sealed_to_the_chosen_key_opens_with_the_ring() {
    let mut device = Device::new();
    let signed = device.publish(wednesday());
    let chosen = signed.bundle.key_at(wednesday()).unwrap();
    let sealed = chosen.key.public.seal(b"info", b"words", &[3; 64]);
    let secret = device.ring.secret(&chosen.id).unwrap();
    assert_eq!(secret.open(b"info", &sealed).unwrap().as_slice(), b"words");
}

#[test]
fn a_bundle_verifies_under_its_devices_key_alone() {
    let mut device = Device::new();
    let signed = device.publish(wednesday());
    let key = device.key.verifying_key();
    assert_eq!(signed.verify(&key), Ok(()));
    let received: SignedBundle = decode(&encode(&signed)).unwrap();
    assert_eq!(received, signed);
    assert_eq!(received.verify(&key), Ok(()));

    let other = SigningKey::from_seed([2; 32]).verifying_key();
    assert_eq!(signed.verify(&other), Err(BundleFault::Signature));
    let changed = Bundle {
        number: 2,
        ..signed.bundle.value().clone()
    };
    let forged = SignedBundle {
        bundle: Exact::of(changed).unwrap(),
        ..signed
    };
    assert_eq!(forged.verify(&key), Err(BundleFault::Signature));
}

#[test]
fn an_unknown_version_or_critical_extension_is_refused_by_name() {
    let mut device = Device::new();
    let bundle = device.publish(wednesday()).bundle.into_value();
    let key = device.key.verifying_key();
    let later = Bundle {
        version: 2,
        ..bundle.clone()
    };
    let later = SignedBundle::sign(later, &device.key);
    assert_eq!(later.verify(&key), Err(BundleFault::Version(2)));
    let extension = Extension {
        number: 9,
        critical: true,
        value: Bytes::default(),
    };
    let extended = Bundle {
        extensions: SortedList::new([extension]).unwrap(),
        ..bundle
    };
    let extended = SignedBundle::sign(extended, &device.key);
    assert_eq!(
        extended.verify(&key),
        Err(BundleFault::CriticalExtension(9))
    );
}

/// What it offers is another's to judge; a bundle that offers nonsense is a good bundle.
#[test]
fn a_bundle_offers_the_next_keys_of_its_device_and_is_good_without() {
    let mut device = Device::new();
    assert_eq!(device.publish(wednesday()).bundle.renewal(), None);
    let keys = [3, 4].map(|seed| SigningKey::from_seed([seed; 32]));
    let request = DeviceRequest {
        version: Version::ONE,
        network: Text::new("n".repeat(64)).unwrap(),
        contact: format!("{0}/{0}/{0}/{1}", "x".repeat(32), "x".repeat(29))
            .parse()
            .unwrap(),
        device: DeviceId::from_bytes([7; 16]),
        label: Text::new("l".repeat(64)).unwrap(),
        transport: keys[0].verifying_key(),
        signing: keys[1].verifying_key(),
        created: wednesday(),
    };
    let request = SignedRequest::sign(request, &keys[1], &keys[0]).unwrap();
    let renewal = SignedRenewal::sign(request, &device.key);
    let owner = BundleOwner {
        contact: &device.contact,
        device: DeviceId::from_bytes([7; 16]),
        key: &device.key,
        renewal: Some(&renewal),
    };
    let offering = device
        .ring
        .next_bundle(owner, wednesday(), &mut device.random)
        .unwrap();
    let read: SignedBundle = decode(&encode(&offering)).unwrap();
    assert_eq!(read.verify(&device.key.verifying_key()), Ok(()));
    assert_eq!(read.bundle.renewal(), Some(renewal));
    let nonsense = Extension {
        number: 1,
        critical: false,
        value: Bytes::new(*b"no renewal").unwrap(),
    };
    let bundle = Bundle {
        extensions: SortedList::new([nonsense]).unwrap(),
        ..offering.bundle.into_value()
    };
    let spoiled = SignedBundle::sign(bundle, &device.key);
    assert_eq!(spoiled.verify(&device.key.verifying_key()), Ok(()));
    assert_eq!(spoiled.bundle.renewal(), None);
}

#[test]
fn the_fullest_bundle_stays_within_its_limit() {
    let mut device = Device::new();
    let bundle = device.publish(wednesday()).bundle.into_value();
    let keys = vec![bundle.keys[0].clone(); limits::SEALING_KEYS_MAX];
    let extension = |number| Extension {
        number,
        critical: false,
        value: Bytes::new([0; limits::EXTENSION_BYTES_MAX]).unwrap(),
    };
    let extensions: Vec<_> = (0..32).map(extension).collect();
    let full = Bundle {
        contact: format!("{0}/{0}/{0}/{1}", "x".repeat(32), "x".repeat(29))
            .parse()
            .unwrap(),
        keys: List::new(keys).unwrap(),
        reads: List::new([1; 8]).unwrap(),
        extensions: SortedList::new(extensions).unwrap(),
        ..bundle
    };
    let signed = SignedBundle::sign(full, &device.key);
    assert_eq!(signed.verify(&device.key.verifying_key()), Ok(()));
}

#[test]
fn a_row_of_bundles_shows_the_old_the_same_and_the_fork() {
    let mut device = Device::new();
    let first = device.publish(wednesday());
    let second = device.publish(wednesday());
    let third = device.publish(wednesday());
    assert_eq!(first.succession(&first), Succession::Same);
    assert_eq!(first.succession(&second), Succession::Older);
    assert_eq!(third.succession(&first), Succession::Newer);

    let other = Bundle {
        issued: week(3),
        ..second.bundle.value().clone()
    };
    let other = SignedBundle::sign(other, &device.key);
    assert_eq!(other.succession(&second), Succession::Fork);
    assert_eq!(third.succession(&other), Succession::NewerAfterFork);
    assert!(Succession::NewerAfterFork.is_incident() && Succession::NewerAfterFork.replaces());
    assert!(Succession::Fork.is_incident() && !Succession::Fork.replaces());
}

#[test]
fn a_malformed_key_does_not_decode() {
    let signed = Device::new().publish(wednesday());
    let key = encode(&signed.bundle.keys[0]);
    assert!(decode::<SealingKey>(&key).is_ok());
    let mut broken = key;
    broken[16..19].fill(0xff);
    assert!(matches!(
        decode::<SealingKey>(&broken),
        Err(DecodeError::Invalid(_))
    ));
}

#[test]
fn private_halves_go_when_both_clocks_agree_that_they_are_past() {
    let mut device = Device::new();
    let ids: Vec<_> = device
        .publish(wednesday())
        .bundle
        .keys
        .iter()
        .map(SealingKey::id)
        .collect();
    let end = week(1) + Span::from_ms(limits::SEALING_KEY_GRACE_MS);
    let ring = &mut device.ring;
    assert_eq!(ring.expired(Timestamp::MAX, end - Span::from_ms(1)), []);
    assert_eq!(ring.expired(end - Span::from_ms(1), Timestamp::MAX), []);
    assert_eq!(ring.expired(end, end), [ids[0]]);
    assert_eq!(ring.erase_expired(end, Timestamp::MAX), [ids[0]]);
    assert!(ring.secret(&ids[0]).is_none());
    assert!(ring.secret(&ids[1]).is_some());
    assert_eq!(ring.erase_expired(Timestamp::MAX, Timestamp::MAX), ids[1..]);
}

#[test]
fn a_clock_that_jumped_ahead_leaves_no_trace_in_later_bundles() {
    let mut device = Device::new();
    device.publish(wednesday() + Span::from_days(5000));
    let bundle = device.publish(wednesday()).bundle.into_value();
    assert_eq!(bundle.keys.len(), 9);
    assert_eq!(bundle.keys[8].valid_from, week(8));
    device.publish(Timestamp::MAX);
}

#[test]
fn a_ring_survives_its_file_and_does_not_print() {
    let mut device = Device::new();
    let signed = device.publish(wednesday());
    let bytes = device.ring.to_bytes();
    let mut read = SealingRing::from_bytes(&bytes).unwrap();
    assert_eq!(read.to_bytes(), bytes);
    assert!(
        signed
            .bundle
            .keys
            .iter()
            .all(|key| read.secret(&key.id()).is_some())
    );
    let number = signed.bundle.number;
    let printed = format!("SealingRing(9 keys, bundle {number}, ..)");
    assert_eq!(format!("{read:?}"), printed);
    std::mem::swap(&mut device.ring, &mut read);
    assert_eq!(
        device.publish(wednesday()).succession(&signed),
        Succession::Newer
    );
    assert_eq!(bytes[..2], [1, 0]);
    assert_eq!(bytes[2..10], number.to_le_bytes());
    assert_eq!(bytes.len(), 2 + 8 + 32 + 4 + 9 * 48);
}

#[test]
fn a_broken_ring_file_is_refused() {
    let mut device = Device::new();
    device.publish(wednesday());
    let bytes = device.ring.to_bytes();
    assert!(SealingRing::from_bytes(&bytes[1..]).is_err());
    let mut other = bytes.to_vec();
    other[0] = 2;
    assert!(matches!(
        SealingRing::from_bytes(&other),
        Err(DecodeError::Invalid(_))
    ));
    // The second key begins when the first does, and ends as it did.
    let mut twice = bytes.to_vec();
    twice.copy_within(46..54, 94);
    assert!(matches!(
        SealingRing::from_bytes(&twice),
        Err(DecodeError::Invalid(_))
    ));
}

#[test]
fn a_ring_that_broken_clocks_filled_says_so() {
    let mut device = Device::new();
    let owner = BundleOwner {
        contact: &device.contact,
        device: DeviceId::from_bytes([7; 16]),
        key: &device.key,
        renewal: None,
    };
    let before = wednesday().unix_ms() / 1_000 - 1;
    let jumps = (0..100).map(|jump| wednesday() + Span::from_days(100 * jump));
    let bundles = jumps
        .map_while(|now| device.ring.next_bundle(owner, now, &mut device.random).ok())
        .count();
    assert!((50..60).contains(&bundles), "{bundles}");
    assert_eq!(
        device.ring.number(),
        before + u64::try_from(bundles).unwrap()
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_bundle_and_no_ring(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        if let Ok(bundle) = decode::<SignedBundle>(&bytes) {
            prop_assert_eq!(encode(&bundle), bytes.clone());
        }
        if let Ok(ring) = SealingRing::from_bytes(&bytes) {
            prop_assert_eq!(ring.to_bytes().to_vec(), bytes);
        }
    }

    #[test]
    fn whatever_the_time_the_bundle_has_a_current_key(ms in 0..=Timestamp::MAX.unix_ms()) {
        let now = Timestamp::from_unix_ms(ms);
        let signed = Device::new().publish(now);
        let chosen = signed.bundle.key_at(now).unwrap();
        prop_assert!(!chosen.is_old || now + Span::from_days(7) >= Timestamp::MAX);
    }
}

#[test]
fn a_public_key_names_its_sealing_key() {
    let signed = Device::new().publish(wednesday());
    let public: &SealingPublicKey = &signed.bundle.keys[0].public;
    assert_eq!(SealingKeyId::of(public).as_bytes(), public.id().as_bytes());
}
