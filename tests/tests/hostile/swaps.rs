//! Parts of ten alerts exchanged for each other, at five devices: every exchange is refused, for
//! the reason that these few lines foretell.

use maille_common::address::DeviceId;
use maille_common::codec::encode;
use maille_common::envelope::Delivery;
use maille_common::terms::{Kind, Release};
use maille_tests::hostile::{Cast, share};

const ALERTS: usize = 10;

/// The parts of a delivery that a relay can exchange by themselves.
const PARTS: [&str; 7] = [
    "env",
    "signatures",
    "proof",
    "entry",
    "wrap",
    "entries",
    "body",
];

/// Ten alerts of two devices, each as it is handed to five devices: two of one recipient, one of
/// another, a deputy, and one of the sender's own.
struct Matrix {
    cast: Cast,
    devices: [DeviceId; 5],
    /// By alert, then by device.
    deliveries: Vec<Vec<Delivery>>,
}

/// Of which alert, for which device.
type Place = (usize, usize);

impl Matrix {
    fn new() -> Self {
        let mut cast = Cast::gathered();
        let devices = [
            cast.tunis,
            cast.second,
            cast.hague,
            cast.rabat,
            cast.copyist,
        ];
        let mut deliveries = Vec::new();
        let senders = [cast.lyon, cast.colleague];
        for number in 0..ALERTS {
            let from = senders[number % 2];
            let to: &[&str] = &[Cast::TUNIS, Cast::HAGUE];
            // Words of equal length: nothing differs by its size alone.
            let sent = match number {
                8 | 9 => {
                    let alert = cast.sent_by(&from, to, "Alert 0").id();
                    let kind = [Kind::Update, Kind::Cancel][number % 2];
                    let amended = cast.world.amend(&from, kind, alert, "Alert 0");
                    cast.outbox(&from, &amended)
                }
                _ => cast.sent_by(&from, to, &format!("Alert {number}")),
            };
            deliveries.push(devices.iter().map(|device| share(&sent, device)).collect());
        }
        Self {
            cast,
            devices,
            deliveries,
        }
    }

    fn at(&self, (alert, device): Place) -> &Delivery {
        &self.deliveries[alert][device]
    }

    /// What a delivery becomes when these parts of it are those of another.
    fn exchanged(&self, into: Place, from: Place, parts: u32) -> Delivery {
        let (mut delivery, from) = (self.at(into).clone(), self.at(from).clone());
        let takes = |part: &str| {
            let place = PARTS.iter().position(|known| *known == part).unwrap();
            (parts >> place) & 1 == 1
        };
        if takes("env") {
            delivery.env = from.env;
        }
        if takes("signatures") {
            delivery.signatures = from.signatures;
        }
        if takes("proof") {
            delivery.proof = from.proof;
        }
        if takes("entry") {
            delivery.entry = from.entry;
        }
        if takes("wrap") {
            delivery.wrap = from.wrap;
        }
        if takes("entries") {
            delivery.entries = from.entries;
        }
        if takes("body") {
            delivery.body = from.body;
        }
        delivery
    }

    /// Which check refuses it at the device `me`; none where it is the very delivery of an alert.
    fn foretold(&self, delivery: &Delivery, me: usize) -> Option<&'static str> {
        let env = |of: &&Vec<Delivery>| of[me].env == delivery.env;
        let whole = &self.deliveries.iter().find(env).unwrap()[me];
        if delivery.signatures != whole.signatures {
            return Some("E5 signature");
        }
        if delivery.entry.device != self.devices[me] {
            return Some("E11 device");
        }
        if delivery.entry != whole.entry || delivery.proof != whole.proof {
            return Some("E11 entry");
        }
        if delivery.wrap != whole.wrap {
            return Some("E11 wrap");
        }
        if delivery.entries != whole.entries {
            return Some("E11 list of entries");
        }
        (delivery.body != whole.body).then_some("E11 body")
    }

    /// Exchanges, and compares what happens with what is foretold.
    fn exchange(&mut self, into: Place, from: Place, parts: u32) -> Option<&'static str> {
        let delivery = self.exchanged(into, from, parts);
        let foretold = self.foretold(&delivery, into.1);
        let me = self.devices[into.1];
        let judged = self.cast.judged(&me, &encode(&delivery)).err();
        assert_eq!(
            judged.as_deref(),
            foretold,
            "parts {parts:07b} of {from:?} in {into:?}"
        );
        foretold
    }

    fn places(&self) -> Vec<Place> {
        let devices = 0..self.devices.len();
        (0..ALERTS)
            .flat_map(|alert| devices.clone().map(move |device| (alert, device)))
            .collect()
    }
}

#[test]
fn each_delivery_of_the_matrix_is_taken_as_it_is() {
    let mut matrix = Matrix::new();
    let releases = matrix.deliveries[0].iter().map(|one| one.entry.release);
    let releases: Vec<Release> = releases.collect();
    let expected = [
        Release::Now,
        Release::Now,
        Release::Now,
        Release::After,
        Release::Own,
    ];
    assert_eq!(releases, expected);
    for place in matrix.places() {
        assert_eq!(matrix.exchange(place, place, 0), None);
    }
}

/// 50 deliveries, into each of which each part of each other is put.
#[test]
fn one_part_of_any_other_delivery_is_refused_for_the_reason_foretold() {
    let mut matrix = Matrix::new();
    let mut refused = 0;
    for into in matrix.places() {
        for from in matrix.places() {
            for part in 0..PARTS.len() {
                refused += u32::from(matrix.exchange(into, from, 1 << part).is_some());
            }
        }
    }
    // What one alert has in common for all its devices changes nothing; nor does an empty list.
    assert!(refused > 13_000, "{refused}");
}

/// Every set of parts, of another alert to this device, of this alert to another device, and of
/// another alert to another device.
#[test]
fn any_parts_of_another_delivery_together_are_refused_unless_they_are_the_whole_of_it() {
    let mut matrix = Matrix::new();
    let every = (1 << PARTS.len()) - 1;
    for (alert, device) in matrix.places() {
        let (other, elsewhere) = ((alert + 1) % ALERTS, (device + 1) % matrix.devices.len());
        for parts in 1..every {
            for from in [(other, device), (alert, elsewhere), (other, elsewhere)] {
                matrix.exchange((alert, device), from, parts);
            }
        }
        assert_eq!(
            matrix.exchange((alert, device), (other, device), every),
            None
        );
        let whole = matrix.exchange((alert, device), (alert, elsewhere), every);
        assert_eq!(whole, Some("E11 device"));
    }
}

/// An addendum travels with the alert it extends, and with no other.
#[test]
fn an_addendum_beside_another_alert_is_refused_as_such_and_an_alert_beside_any() {
    let mut matrix = Matrix::new();
    let dakar = matrix.cast.dakar;
    let mut addenda = Vec::new();
    for subject in ["One alert", "Another"] {
        let alert = matrix.cast.sent(subject).id();
        let sent = matrix.cast.extended(&alert, Cast::DAKAR);
        addenda.push(share(&sent, &dakar));
    }
    let mut judge = |change: fn(&mut Delivery, &[Delivery])| {
        let mut delivery = addenda[0].clone();
        change(&mut delivery, &addenda);
        matrix.cast.judged(&dakar, &encode(&delivery)).err()
    };
    assert_eq!(judge(|_, _| ()), None);
    let other = judge(|delivery, addenda| delivery.original = addenda[1].original.clone());
    assert_eq!(other.as_deref(), Some("E3 other original"));
    let none = judge(|delivery, _| delivery.original = None);
    assert_eq!(none.as_deref(), Some("E3 original"));
    let body = judge(|delivery, addenda| delivery.body = addenda[1].body.clone());
    assert_eq!(body.as_deref(), Some("E11 body"));
    let unsigned = judge(|delivery, addenda| {
        let other = addenda[1].original.as_ref().unwrap();
        delivery.original.as_mut().unwrap().signatures = other.signatures.clone();
    });
    assert_eq!(unsigned.as_deref(), Some("E5 signature"));
    let mut alert = matrix.at((0, 0)).clone();
    alert.original = addenda[0].original.clone();
    let tunis = matrix.cast.tunis;
    let refused = matrix.cast.refused(&tunis, &encode(&alert));
    assert_eq!(refused, "E3 original");
}
