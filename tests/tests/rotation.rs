//! Two years of rotation in virtual time: every key changes, desks are away for eight weeks, alerts
//! flow all the time, and nobody at a desk does anything about it.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use maille_client::core::{Act, Order};
use maille_common::address::DeviceId;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::envelope::{Delivery, SealedEnvelope};
use maille_common::identifier::AlertId;
use maille_common::roster::{Designation, EndStage, Ending, Ends, Roster, RosterDocuments};
use maille_common::sealing::{BundleOwner, SealingRing};
use maille_common::time::{Span, Timestamp};
use maille_common::wire::{Answer, Push, Refusal, RefusalCode};
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::{FOUNDED, Network};
use maille_tests::randomness::Seeded;

const RELAYS: [&str; 4] = ["lyon", "dakar", "tunis", "jakarta"];
const CONTACTS: [&str; 5] = [
    "interpol/lyon",
    "afripol/dakar",
    "afripol/nairobi",
    "cmai/tunis",
    "aseanapol/jakarta",
];
const WEEKS: u64 = 104;
/// How long a desk may be away.
const AWAY_WEEKS: u64 = 8;
/// Alerts live as long as anybody may be away, and a week more.
const EXPIRES: Span = Span::from_days(63);
/// Old keys of devices and relays stand beside the new ones for longer than anybody is away.
const OVERLAP_WEEKS: u64 = 9;
const OVERLAP: Span = Span::from_days(63);

/// What somebody was to be able to read.
struct Sent {
    alert: AlertId,
    subject: String,
    devices: Vec<DeviceId>,
}

/// Who keeps everything that goes over the wire to a device.
struct Captured {
    at: Timestamp,
    device: DeviceId,
    delivery: Delivery,
    /// By which it was judged then.
    roster: Arc<Roster>,
}

/// A copy of all the keys of a desk, and when it was made.
struct Stolen {
    at: Timestamp,
    device: DeviceId,
    ring: SealingRing,
    /// The signing keys of the pair in use, and of the next one where it was made.
    signing: Vec<[u8; 32]>,
}

struct Years {
    world: MemoryWorld,
    devices: BTreeMap<&'static str, Vec<DeviceId>>,
    /// The one whose time ends after half a year.
    ended: DeviceId,
    away: Vec<DeviceId>,
    sent: Vec<Sent>,
    /// By the place of what was sent: who has not acknowledged it.
    owed: VecDeque<(usize, &'static str)>,
    captured: Vec<Captured>,
    stolen: Vec<Stolen>,
    /// When the roster named the next keys of a relay, and when it used them.
    relay_keys_named: Vec<(&'static str, Timestamp)>,
    relay_keys_taken: Vec<(&'static str, Timestamp)>,
    random: Seeded,
}

impl Years {
    fn begin() -> Self {
        let organisations: [(&str, &[&str]); 4] = [
            ("interpol", &["lyon"]),
            ("afripol", &["dakar", "tunis"]),
            ("cmai", &["tunis"]),
            ("aseanapol", &["jakarta"]),
        ];
        let mut network = Network::found(71, &organisations);
        let admit = |contact: &&'static str| (*contact, vec![network.admit(contact)]);
        let mut devices: BTreeMap<_, _> = CONTACTS.iter().map(admit).collect();
        let ended = network.admit("interpol/lyon");
        devices.get_mut("interpol/lyon").unwrap().push(ended);
        let mut world = MemoryWorld::new(network);
        world.settle();
        Self {
            world,
            devices,
            ended,
            away: Vec::new(),
            sent: Vec::new(),
            owed: VecDeque::new(),
            captured: Vec::new(),
            stolen: Vec::new(),
            relay_keys_named: Vec::new(),
            relay_keys_taken: Vec::new(),
            random: Seeded::new(72),
        }
    }

    fn first(&self, contact: usize) -> DeviceId {
        self.devices[CONTACTS[contact]][0]
    }

    fn is_there(&self, device: &DeviceId) -> bool {
        !self.away.contains(device)
    }

    /// Documents reach the relays; desks hear of them when they connect.
    fn publish(&mut self, documents: &RosterDocuments) {
        for relay in RELAYS {
            self.world.spread_to_relay(relay, documents);
        }
    }

    /// The ceremonies of a week, none of them at a desk.
    fn rotate(&mut self, week: u64) {
        let now = self.world.now;
        if week.is_multiple_of(13) {
            self.world.network.date(now);
            let holder = usize::try_from(week / 13 % 3).unwrap();
            let documents = self.world.network.rotate_authority(holder);
            self.publish(&documents);
        }
        if week % 26 == 5 {
            for organisation in ["afripol", "cmai"] {
                let documents = self.world.network.rotate_annex_key(organisation);
                self.publish(&documents);
            }
        }
        // What desks offer by themselves is taken up by their organisations, but for the one whose
        // time is to end. Nobody does anything at a desk.
        let mut renewals = self.world.renewals();
        renewals.retain(|renewal| renewal.request.request.device != self.ended);
        if !renewals.is_empty() {
            let roster = self.roster();
            let network = &mut self.world.network;
            let documents = network.take_up(&roster, &renewals, OVERLAP, now);
            self.publish(&documents);
        }
        // Each relay twice a year.
        for (place, relay) in (0..).zip(RELAYS) {
            if week % 26 == 2 + 3 * place && week + OVERLAP_WEEKS < WEEKS {
                let documents = self.world.network.announce_relay_keys(relay);
                self.publish(&documents);
                self.relay_keys_named.push((relay, now));
            }
        }
        if week == 20 {
            let documents = self.world.network.end_device(&self.ended, now + OVERLAP);
            self.publish(&documents);
        }
    }

    /// Desks go away for eight weeks, one or two at a time, and come back by themselves.
    fn come_and_go(&mut self, week: u64) {
        for contact in 0..CONTACTS.len() {
            let device = self.first(contact);
            let turn = week % 40 + 40 - 3 - 7 * u64::try_from(contact).unwrap();
            match turn % 40 {
                0 if week + AWAY_WEEKS < WEEKS => {
                    self.world.switch_off(&device);
                    self.away.push(device);
                }
                AWAY_WEEKS if self.away.contains(&device) => {
                    self.away.retain(|gone| *gone != device);
                    self.world.switch_on(&device);
                }
                _ => {}
            }
        }
    }

    /// Somebody copies a desk's keys.
    fn steal(&mut self, contact: usize) {
        let device = self.first(contact);
        if self.is_there(&device) {
            let held = self.world.network.device(&device);
            let next = held.next.map(|((_, signing), _)| signing);
            let signing = std::iter::once(held.signing).chain(next).collect();
            self.stolen.push(Stolen {
                at: self.world.now,
                device,
                ring: self.world.ring_of(&device),
                signing,
            });
        }
    }

    /// Somebody who is there writes to two others, whoever of them is there.
    fn write(&mut self, day: u64) {
        let count = u64::try_from(CONTACTS.len()).unwrap();
        let place = |n: u64| usize::try_from(n % count).unwrap();
        let mut contacts = (0..count).map(|shift| place(day + shift));
        let from = contacts
            .find(|contact| self.is_there(&self.first(*contact)))
            .unwrap();
        let to = [1, 2 + day % 2].map(|shift| CONTACTS[place(shift + from as u64)]);
        let subject = format!("Day {day}");
        let sender = self.first(from);
        let alert = Order {
            expires_after: EXPIRES,
            ..order(&to, &subject)
        };
        let sent = self.world.order(&sender, &alert);
        let now = self.world.now;
        let roster = self.roster();
        let recipients = to.iter().flat_map(|contact| &self.devices[contact]);
        let counts =
            |device: &&DeviceId| roster.designated_device(device, now) == Designation::Valid;
        let devices = recipients.filter(counts).copied().collect();
        self.owed
            .extend(to.map(|contact| (self.sent.len(), contact)));
        self.sent.push(Sent {
            alert: sent.id,
            subject,
            devices,
        });
    }

    /// A day passes: clocks, keys, and every desk that is there meets every relay.
    fn pass_a_day(&mut self) {
        self.world.pass(Span::from_days(1));
        self.world.tick();
        self.world.keep_keys();
        for relay in RELAYS {
            if self.world.keep_keys_of_relay(relay).is_due() {
                self.relay_keys_taken.push((relay, self.world.now));
            }
        }
        let devices: Vec<DeviceId> = self.devices.values().flatten().copied().collect();
        for device in &devices {
            if !self.is_there(device) {
                continue;
            }
            for relay in RELAYS {
                self.capture(relay, device);
                self.world.meet(device, relay);
            }
        }
        self.answer();
    }

    /// Whoever owns the relay keeps what waits there for a device.
    fn capture(&mut self, relay: &str, device: &DeviceId) {
        let (at, roster) = (self.world.now, self.roster());
        let core = self.world.relay(relay);
        for waiting in core.waiting(device, 100).unwrap() {
            if let Some(Push::Delivery { delivery, .. }) =
                core.push(device, waiting.number).unwrap()
            {
                self.captured.push(Captured {
                    at,
                    device: *device,
                    delivery: *delivery,
                    roster: Arc::clone(&roster),
                });
            }
        }
    }

    /// Officers acknowledge what has come.
    fn answer(&mut self) {
        for _ in 0..self.owed.len() {
            let (sent, contact) = self.owed.pop_front().unwrap();
            let (alert, device) = (self.sent[sent].alert, self.devices[contact][0]);
            let now = self.world.now;
            let has = self.is_there(&device)
                && self.world.desk(&device).received(&alert).unwrap().is_some();
            match has {
                true => {
                    let act = Act::Acknowledge;
                    let desk = self.world.desk(&device);
                    let acted = desk.act(&alert, &act, Some("Amina"), "", now, &mut self.random);
                    let _ = acted.unwrap();
                }
                false => self.owed.push_back((sent, contact)),
            }
        }
    }

    /// Whether somebody with these keys could have read it when it came.
    fn opens(captured: &Captured, ring: &SealingRing) -> bool {
        let device = captured.device;
        let sealed = SealedEnvelope::new(captured.delivery.clone()).unwrap();
        let key = ring.secret(&sealed.delivery().entry.key);
        let verified = sealed
            .verify(&captured.roster, &device, captured.at)
            .unwrap();
        verified.open(key).is_ok()
    }
}

#[test]
fn two_years_of_rotation_leave_nothing_unreadable_and_nothing_readable_that_should_not_be() {
    let mut years = Years::begin();
    for day in 0..WEEKS * 7 {
        if day.is_multiple_of(7) {
            years.come_and_go(day / 7);
            years.rotate(day / 7);
        }
        if day % 100 == 50 {
            years.steal(usize::try_from(day / 100).unwrap() % CONTACTS.len());
        }
        years.write(day);
        years.pass_a_day();
    }
    years.nothing_is_unreadable();
    years.a_stolen_copy_opens_nothing_that_was_sealed_later();
    years.erased_keys_open_nothing();
    years.whoevers_time_is_over_was_not_written_to();
    years.nobody_was_accused();
    years.every_device_took_new_keys_twice_by_itself();
    years.whoever_has_keys_that_were_renewed_away_publishes_nothing();
    years.every_relay_took_each_of_its_next_keys_nine_weeks_after_it_saw_them_named();
}

impl Years {
    fn roster(&self) -> Arc<Roster> {
        Arc::clone(self.world.roster_of("lyon"))
    }

    fn nothing_is_unreadable(&mut self) {
        let mut unreadable = Vec::new();
        for sent in &self.sent {
            for device in &sent.devices {
                let received = self.world.desk(device).received(&sent.alert).unwrap();
                let subject =
                    received.map(|received| received.content.subjects[0].text.to_string());
                if subject.as_deref() != Some(sent.subject.as_str()) {
                    unreadable.push((sent.subject.clone(), *device));
                }
            }
        }
        assert_eq!(unreadable, [], "of {} alerts", self.sent.len());
        assert!(
            self.owed.is_empty(),
            "{} were not acknowledged",
            self.owed.len()
        );
    }

    /// A copy has the keys of eight weeks ahead, and of the day on which the last one still counts.
    fn a_stolen_copy_opens_nothing_that_was_sealed_later(&self) {
        let (mut opened, mut shut) = (0, 0);
        for stolen in &self.stolen {
            let of_device = self.captured.iter();
            for captured in of_device.filter(|captured| captured.device == stolen.device) {
                let created = captured.delivery.env.core.created;
                let later = created > stolen.at + Span::from_days(7 * 9);
                let opens = Self::opens(captured, &stolen.ring);
                assert!(!(later && opens), "sealed {created}, stolen {}", stolen.at);
                opened += u32::from(opens);
                shut += u32::from(later);
            }
        }
        // Both happened, or this shows nothing.
        assert!(opened > 10 && shut > 100, "{opened} {shut}");
    }

    /// Whoever kept everything that went over the wire, and takes a desk today, reads four weeks of
    /// it and what the desk itself kept.
    fn erased_keys_open_nothing(&self) {
        let (mut opened, mut shut) = (0, 0);
        for captured in &self.captured {
            let ring = self.world.ring_of(&captured.device);
            let created = captured.delivery.env.core.created;
            let age = self.world.now.since(created);
            let opens = Self::opens(captured, &ring);
            let (recent, old) = (age < Span::from_days(21), age > Span::from_days(42));
            assert!(opens || !recent, "{age:?}: not readable");
            assert!(!opens || !old, "{age:?}: still readable");
            opened += u32::from(opens);
            shut += u32::from(!opens);
        }
        assert!(opened > 10 && shut > 500, "{opened} {shut}");
    }

    fn whoevers_time_is_over_was_not_written_to(&mut self) {
        let roster = self.roster();
        let ended = self.ended;
        let end = roster.device(&ended).unwrap().device.keys[0]
            .valid_to
            .unwrap();
        let (mut before, mut after) = (0, 0);
        for captured in &self.captured {
            let created = captured.delivery.env.core.created;
            match captured.device == ended {
                true if created < end => before += 1,
                true => after += 1,
                false => {}
            }
        }
        assert!(before > 20, "{before}");
        assert_eq!(after, 0);
        let order = order(&["cmai/tunis"], "Not any more");
        let (now, random) = (self.world.now, &mut self.random);
        let refused = self
            .world
            .desk(&ended)
            .send(&order, now, random)
            .unwrap_err();
        assert_eq!(refused.code(), "not-designated");
    }

    fn every_device_took_new_keys_twice_by_itself(&mut self) {
        let roster = self.roster();
        let devices: Vec<DeviceId> = self.devices.values().flatten().copied().collect();
        for device in devices.into_iter().filter(|device| *device != self.ended) {
            let in_use = self.world.desk(&device).pair_in_use().unwrap().clone();
            assert_eq!(in_use, roster.device(&device).unwrap().device.keys[0]);
            // A pair is offered after 330 days, and taken up within the week.
            let second = FOUNDED + Span::from_days(2 * 330);
            assert!(in_use.valid_from >= second, "{}", in_use.valid_from);
        }
    }

    /// A thief with the whole ring offers sealing keys in the desk's name: while its pair counts it
    /// is as good as the desk, and past the overlap no relay takes them (K2).
    fn whoever_has_keys_that_were_renewed_away_publishes_nothing(&mut self) {
        let (now, roster) = (self.world.now, self.roster());
        let (mut taken, mut refused) = (0, 0);
        for stolen in &self.stolen {
            let device = stolen.device;
            let contact = self.world.network.device(&device).contact.clone();
            let pairs = &roster.device(&device).unwrap().device.keys;
            for signing in &stolen.signing {
                let key = SigningKey::from_seed(*signing);
                let public = key.verifying_key();
                let mut valid = pairs.iter().filter(|pair| pair.is_valid_at(now));
                let counts = valid.any(|pair| pair.signing == public);
                let owner = BundleOwner {
                    contact: &contact,
                    device,
                    key: &key,
                    renewal: None,
                };
                let mut ring = SealingRing::from_bytes(&stolen.ring.to_bytes()).unwrap();
                ring.begin_after(self.world.bundle(&device).number + 2 * taken);
                let bundle = ring.next_bundle(owner, now, &mut self.random).unwrap();
                let core = self.world.relay("lyon");
                let answer = core.publish(&device, &bundle, now).unwrap().answer;
                let refusal = Answer::Refused(Refusal::permanent(RefusalCode::Signature));
                let right = if counts { Answer::Done } else { refusal };
                assert_eq!(answer, right, "stolen {}", stolen.at);
                taken += u64::from(counts);
                refused += u64::from(!counts);
            }
        }
        assert!(taken > 0 && refused > 0, "{taken} {refused}");
    }

    fn every_relay_took_each_of_its_next_keys_nine_weeks_after_it_saw_them_named(&self) {
        for relay in RELAYS {
            let of_relay = |times: &[(&str, Timestamp)]| {
                let times = times.iter().filter(|(named, _)| *named == relay);
                times.map(|(_, at)| *at).collect::<Vec<_>>()
            };
            let named = of_relay(&self.relay_keys_named);
            // It looks once a day here, and first at the end of the day on which they were named.
            let day_after = |named: &Timestamp| *named + OVERLAP + Span::from_days(1);
            let taken: Vec<Timestamp> = named.iter().map(day_after).collect();
            assert_eq!(of_relay(&self.relay_keys_taken), taken, "{relay}");
            assert_eq!(named.len(), 4, "{relay}");
        }
    }

    fn nobody_was_accused(&mut self) {
        // Whoever's time is over still hears who answered what its colleague sent without it.
        let devices = self.devices.values().flatten().copied();
        let devices: Vec<DeviceId> = devices.filter(|device| *device != self.ended).collect();
        for device in devices {
            let incidents = self.world.desk(&device).incidents_after(0, 100).unwrap();
            assert_eq!(incidents, []);
        }
    }
}

/// The relay's clock says at the first greeting that the old weeks are long over. What was sealed
/// in them is collected first, and needs no sender to be there.
#[test]
fn a_desk_that_was_away_collects_before_its_old_keys_go() {
    let mut network = Network::found(73, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let mut world = MemoryWorld::new(network);
    world.settle();
    world.switch_off(&tunis);
    let alert = Order {
        expires_after: EXPIRES,
        ..order(&["cmai/tunis"], "Before everything")
    };
    let alert = world.order(&lyon, &alert).id;
    world.settle();
    world.pass(Span::from_days(7 * AWAY_WEEKS));
    world.switch_on(&tunis);
    // Whoever sent it is gone by now.
    world.switch_off(&lyon);
    let relay_time = |world: &mut MemoryWorld| world.desk(&tunis).relay_time().unwrap().unwrap();
    world.keep_keys();
    world.greet_alone("lyon", &tunis);
    let (now, told) = (world.now, relay_time(&mut world));
    assert_eq!(now, told);
    assert!(!world.ring_of(&tunis).expired(now, told).is_empty());
    world.keep_keys();
    world.meet(&tunis, "lyon");
    let received = world.desk(&tunis).received(&alert).unwrap().unwrap();
    assert_eq!(
        received.content.subjects[0].text.as_str(),
        "Before everything"
    );
    // They go when everything had ten minutes to come.
    for minute in 0..20 {
        let held = world.ring_of(&tunis).expired(now, told).len();
        assert_eq!(held == 0, minute >= 10, "after {minute} minutes");
        world.pass(Span::from_minutes(1));
        world.tick();
        world.keep_keys();
    }
}

/// Its own keys renew themselves; those of a desk that is off run out, and others are told before.
#[test]
fn sealing_keys_that_run_out_are_told_to_whoever_writes_to_their_desk() {
    let mut network = Network::found(74, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let mut world = MemoryWorld::new(network);
    world.settle();
    world.switch_off(&tunis);
    let mut stages = Vec::new();
    for _ in 0..70 {
        let now = world.now;
        let endings = world.desk(&lyon).endings(now).unwrap();
        let of_keys = endings.iter().filter_map(|ending| match &ending.what {
            Ends::SealingKeys(_, device) => Some((*device, ending.stage)),
            _ => None,
        });
        for (device, stage) in of_keys {
            assert_eq!(device, tunis);
            if stages.last() != Some(&stage) {
                stages.push(stage);
            }
        }
        world.pass(Span::from_days(1));
        world.tick();
        world.keep_keys();
        world.meet(&lyon, "lyon");
    }
    assert_eq!(stages, EndStage::ALL);
    world.switch_on(&tunis);
    world.keep_keys();
    world.settle();
    let now = world.now;
    let endings = world.desk(&lyon).endings(now).unwrap();
    let is_of_keys = |ending: &Ending| matches!(ending.what, Ends::SealingKeys(..));
    assert!(!endings.iter().any(is_of_keys), "{endings:?}");
}

/// No rule lets the desks of an organisation write to each other; what they offer concerns it.
#[test]
fn a_colleague_without_a_rule_finds_the_next_keys_of_its_organisation_and_nobody_else_does() {
    let mut network = Network::found(75, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    network.rules(&[("cmai/amman", "interpol/**")]);
    let lyon = network.admit("interpol/lyon");
    let paris = network.admit("interpol/paris");
    let tunis = network.admit("cmai/tunis");
    let mut world = MemoryWorld::new(network);
    world.settle();
    world.pass(Span::from_days(331));
    world.keep_keys();
    world.settle();
    let asked = [world.network.device(&lyon).contact.clone()];
    let core = world.relay("lyon");
    let answer = |device| core.bundles(device, &asked).unwrap().answer;
    let Answer::Bundles(bundles) = answer(&paris) else {
        panic!("a colleague is given them");
    };
    let offered: Vec<DeviceId> = bundles
        .iter()
        .filter_map(|bundle| bundle.bundle.renewal())
        .map(|renewal| renewal.request.request.device)
        .collect();
    assert_eq!(offered, [lyon]);
    assert!(matches!(answer(&tunis), Answer::Refused(_)));
}
