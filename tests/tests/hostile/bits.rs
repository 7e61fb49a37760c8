//! Every single bit of several deliveries flipped: each is refused, for the reason that the place
//! of the bit foretells.

use std::str;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::{List, encode};
use maille_common::envelope::{Core, Delivery, Original};
use maille_common::limits;
use maille_common::terms::Kind;
use maille_common::time::Timestamp;
use maille_tests::hostile::{Cast, share, signed_by};
use maille_tests::network::FOUNDED;

/// What refuses a field that has become these bytes.
type Foretold = Box<dyn Fn(&[u8]) -> &'static str>;

/// The fields of a delivery in their order (PROTOCOL section 5): the length of each in bytes, and
/// what refuses another value of it.
#[derive(Default)]
struct Layout(Vec<(usize, Foretold)>);

/// What refuses a change of a signed part, where its own rules do not.
#[derive(Clone, Copy)]
struct Signed {
    otherwise: &'static str,
    /// Of whoever is no sender; of an original nobody asks before it is another one.
    sender: &'static str,
    /// Whether the kind has to fit an original that travels with it.
    beside_original: Option<bool>,
}

const ENVELOPE: Signed = Signed {
    otherwise: "E5 signature",
    sender: "E4 sender",
    beside_original: Some(false),
};
const ADDENDUM: Signed = Signed {
    beside_original: Some(true),
    ..ENVELOPE
};
const ORIGINAL: Signed = Signed {
    otherwise: "E3 other original",
    sender: "E3 other original",
    beside_original: None,
};

impl Layout {
    fn of(delivery: &Delivery) -> Self {
        let mut layout = Self::default();
        let core: &Core = &delivery.env.core;
        let signed = match delivery.original {
            Some(_) => ADDENDUM,
            None => ENVELOPE,
        };
        layout.env(delivery.env.bytes(), core, signed);
        layout.length(4);
        layout.any(16 + 64, "E5 signature");
        for _ in delivery.signatures.iter().skip(1) {
            layout.any(16, "E4 device");
            layout.any(64, "E5 signature");
        }
        layout.any(4, "E11 entry");
        layout.length(4);
        layout.any(32 * delivery.proof.path.len(), "E11 entry");
        layout.any(16, "E11 device");
        layout.code(3, "E11 entry");
        layout.any(2 + 1 + 32 + 32, "E11 entry");
        layout.any(limits::WRAP_BYTES, "E11 wrap");
        layout.length(4);
        for _ in delivery.entries.iter() {
            layout.any(16, "E11 list of entries");
            layout.code(3, "E11 list of entries");
            layout.any(2 + 1 + 32 + 32, "E11 list of entries");
        }
        layout.length(1);
        if let Some(Original { env, signatures }) = &delivery.original {
            layout.env(env.bytes(), &env.core, ORIGINAL);
            layout.length(4);
            layout.any((16 + 64) * signatures.len(), "E5 signature");
        }
        layout.length(4);
        layout.any(delivery.body.len(), "E11 body");
        layout
    }

    /// The signed part. Its length and the core's stand before it.
    fn env(&mut self, env: &[u8], core: &Core, signed: Signed) {
        let before = self.bytes();
        let otherwise = signed.otherwise;
        let refers = core.refers_to().is_some();
        self.length(4);
        self.length(4);
        self.any(2, "E3 core");
        self.put(1, move |bytes| kind(bytes[0], refers, signed));
        self.code(3, otherwise);
        self.length(4);
        let sender = signed.sender;
        self.put(core.sender.as_str().len(), move |bytes| {
            if is_address(bytes) { sender } else { "E1" }
        });
        self.any(16 + 32, otherwise);
        self.put(8, move |bytes| match number(bytes) {
            created if created > Timestamp::MAX.unix_ms() => "E1",
            // Nobody was designated then.
            created if created < FOUNDED.unix_ms() => sender,
            _ => otherwise,
        });
        let (ack, expiry) = (core.ack_within.ms(), core.expires_after.ms());
        self.put(8, move |bytes| span(number(bytes), expiry, otherwise));
        self.put(8, move |bytes| span(ack, number(bytes), otherwise));
        self.code(2, otherwise);
        self.code(5, otherwise);
        self.length(4);
        for place in 0..core.recipients.len() {
            let recipients = core.recipients.to_vec();
            self.length(4);
            self.put(recipients[place].as_str().len(), move |bytes| {
                recipient(bytes, place, &recipients, otherwise)
            });
        }
        let addendum = signed.beside_original == Some(true);
        self.any(
            32,
            match (addendum, refers) {
                (true, _) => "E3 other original",
                (false, true) => otherwise,
                (false, false) => "E3 core",
            },
        );
        self.any(
            32 + 8,
            match addendum {
                true => "E3 body of an addendum",
                false => otherwise,
            },
        );
        self.length(4);
        self.any(4 + 32, otherwise);
        assert_eq!(self.bytes() - before, 4 + env.len(), "the env has these");
    }

    fn put(&mut self, length: usize, foretold: impl Fn(&[u8]) -> &'static str + 'static) {
        self.0.push((length, Box::new(foretold)));
    }

    /// Every other value of it is refused by one check.
    fn any(&mut self, length: usize, check: &'static str) {
        self.put(length, move |_| check);
    }

    /// A length or a count: with another one the bytes are those of nothing.
    fn length(&mut self, bytes: usize) {
        self.any(bytes, "E1");
    }

    /// A code, of which so many are known.
    fn code(&mut self, known: u8, check: &'static str) {
        self.put(1, move |bytes| match (1..=known).contains(&bytes[0]) {
            true => check,
            false => "E1",
        });
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|(length, _)| length).sum()
    }
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().unwrap())
}

fn is_address(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| text.parse::<ContactAddress>().is_ok())
}

fn kind(code: u8, refers: bool, signed: Signed) -> &'static str {
    let stands_alone = [1, 6, 7].contains(&code);
    if !(1..=7).contains(&code) {
        "E1"
    } else if stands_alone == refers {
        "E3 core"
    } else if signed
        .beside_original
        .is_some_and(|beside| beside != (code == 5))
    {
        "E3 original"
    } else {
        signed.otherwise
    }
}

fn span(ack: u64, expiry: u64, otherwise: &'static str) -> &'static str {
    let within = |ms| (1_000..=90 * 86_400_000).contains(&ms);
    match within(ack) && within(expiry) && ack <= expiry {
        true => otherwise,
        false => "E3 core",
    }
}

fn recipient(
    bytes: &[u8],
    place: usize,
    recipients: &[ContactAddress],
    otherwise: &'static str,
) -> &'static str {
    if !is_address(bytes) {
        return "E1";
    }
    let mut all: Vec<&[u8]> = recipients
        .iter()
        .map(|one| one.as_str().as_bytes())
        .collect();
    all[place] = bytes;
    match all.is_sorted_by(|left, right| left < right) {
        true => otherwise,
        false => "E1",
    }
}

/// Flips each bit of a delivery at a device; how many bits those are.
fn flip_each(cast: &mut Cast, me: DeviceId, delivery: &Delivery) -> usize {
    let bytes = encode(delivery);
    assert_eq!(cast.judged(&me, &bytes).err(), None);
    let layout = Layout::of(delivery);
    assert_eq!(layout.bytes(), bytes.len(), "the delivery has these fields");
    let (bits, mut flipped, mut start) = (8 * bytes.len(), bytes, 0);
    let mut unforeseen = Vec::new();
    for (length, foretold) in layout.0 {
        let field = start..start + length;
        for bit in 8 * field.start..8 * field.end {
            flipped[bit / 8] ^= 1 << (bit % 8);
            let (refused, foretold) = (
                cast.refused(&me, &flipped),
                foretold(&flipped[field.clone()]),
            );
            if refused != foretold {
                unforeseen.push(format!("bit {bit} in {field:?}: {refused}, not {foretold}"));
            }
            flipped[bit / 8] ^= 1 << (bit % 8);
        }
        start = field.end;
    }
    assert!(unforeseen.is_empty(), "{unforeseen:#?}");
    bits
}

#[test]
fn every_bit_of_an_alert_is_guarded() {
    let mut cast = Cast::gathered();
    let (sent, tunis) = (cast.sent("For you at once"), cast.tunis);
    assert!(flip_each(&mut cast, tunis, &share(&sent, &tunis)) > 20_000);
}

#[test]
fn every_bit_of_a_copy_for_the_senders_own_device_is_guarded() {
    let mut cast = Cast::gathered();
    let (sent, copyist) = (cast.sent("Who was given it"), cast.copyist);
    let copy = share(&sent, &copyist);
    assert!(!copy.entries.is_empty());
    flip_each(&mut cast, copyist, &copy);
}

#[test]
fn every_bit_of_what_is_held_back_for_a_deputy_is_guarded() {
    let mut cast = Cast::gathered();
    let (sent, rabat) = (cast.sent("In another's place"), cast.rabat);
    flip_each(&mut cast, rabat, &share(&sent, &rabat));
}

#[test]
fn every_bit_of_an_addendum_and_of_what_it_extends_is_guarded() {
    let mut cast = Cast::gathered();
    let alert = cast.sent("Known to others").id();
    let (added, dakar) = (cast.extended(&alert, Cast::DAKAR), cast.dakar);
    flip_each(&mut cast, dakar, &share(&added, &dakar));
}

#[test]
fn every_bit_of_a_cancel_is_guarded() {
    let mut cast = Cast::gathered();
    let (lyon, hague) = (cast.lyon, cast.hague);
    let alert = cast.sent("Taken back").id();
    let cancel = cast
        .world
        .amend(&lyon, Kind::Cancel, alert, "It was nothing");
    let sent = cast.outbox(&lyon, &cancel);
    flip_each(&mut cast, hague, &share(&sent, &hague));
}

#[test]
fn every_bit_of_what_two_persons_signed_is_guarded() {
    let mut cast = Cast::gathered();
    let (mut sent, tunis) = (cast.sent("Signed by two"), cast.tunis);
    let signers = [cast.signer(&cast.lyon), cast.signer(&cast.colleague)];
    sent.signatures = List::new(signed_by(sent.env.bytes(), &signers)).unwrap();
    flip_each(&mut cast, tunis, &share(&sent, &tunis));
}
