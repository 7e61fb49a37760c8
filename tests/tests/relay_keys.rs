//! When a relay uses the next keys that the roster names: by what passed on the clock that nobody
//! sets since the relay itself saw them named, and by the wall. There is no way back, so that a
//! wall which is set months ahead for a moment must not decide.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_common::address::Name;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::roster::Roster;
use maille_common::time::{Span, Timestamp};
use maille_relay::core::{NextKeys, OVERLAP, PublicKeys, Waited};
use maille_tests::memory::MemoryWorld;
use maille_tests::network::{FOUNDED, Network, Seeds};

const RELAY: &str = "lyon";
const DAY: Span = Span::from_days(1);
const HALF_A_YEAR: Span = Span::from_days(180);

/// A world whose relay is about to be given other keys.
fn world() -> MemoryWorld {
    MemoryWorld::new(Network::found(91, &[("interpol", &[RELAY])]))
}

/// The roster names the next keys of the relay from now on.
fn announce(world: &mut MemoryWorld) {
    let now = world.now;
    world.network.date(now);
    let documents = world.network.announce_relay_keys(RELAY);
    world.spread_to_relay(RELAY, &documents);
    assert_eq!(look(world), "announced");
}

fn look(world: &mut MemoryWorld) -> &'static str {
    world.keep_keys_of_relay(RELAY).name()
}

/// So many days, on each of which the relay looks, as it does every minute.
fn pass_days(world: &mut MemoryWorld, days: u64, stands: &str) {
    for _ in 0..days {
        world.pass(DAY);
        world.tick_relay(RELAY);
        assert_eq!(look(world), stands, "{}", world.now);
    }
}

fn pair((transport, signing): Seeds) -> PublicKeys {
    let public = |seed| SigningKey::from_seed(seed).verifying_key();
    PublicKeys {
        transport: public(transport),
        signing: public(signing),
    }
}

/// Every case there is: whether there is a pair, whether the roster has it and the present one, and
/// how late it is by each clock.
#[test]
fn the_next_keys_are_due_when_both_clocks_say_so_or_when_nothing_else_is_left() {
    let mut network = Network::found(92, &[("interpol", &[RELAY])]);
    let documents = network.publish();
    let before = Roster::found(network.anchor(), &documents).unwrap();
    let issued = FOUNDED + DAY;
    network.date(issued);
    let documents = network.announce_relay_keys(RELAY);
    let mut named = before.clone();
    named.apply(&documents).unwrap();
    let held = network.relay(RELAY);
    let (present, next) = (pair((held.transport, held.signing)), held.next.map(pair));
    let name: Name = RELAY.parse().unwrap();
    let gone = pair(([1; 32], [2; 32]));
    let (all, most) = (OVERLAP, OVERLAP - Span::from_ms(1));
    let early = issued + OVERLAP - Span::from_ms(1);
    let (late, years_late) = (issued + OVERLAP, issued + Span::from_days(3_650));
    for (roster, present, next, now, known, stands) in [
        (&named, present, None, years_late, all, "none"),
        (&before, present, next, years_late, all, "made"),
        (&named, present, next, early, most, "announced"),
        (&named, present, next, early, all, "announced"),
        (&named, present, next, late, most, "announced"),
        (&named, present, next, years_late, Span::ZERO, "announced"),
        (&named, present, next, years_late, most, "announced"),
        (&named, present, next, late, all, "due"),
        (&named, present, next, years_late, all, "due"),
        (&named, gone, next, issued, Span::ZERO, "due"),
        (&named, gone, Some(gone), years_late, all, "made"),
    ] {
        let waited = Waited { now, known };
        let judged = NextKeys::judge(&present, next, roster, &name, waited);
        assert_eq!(judged.name(), stands, "{now}, known for {known}");
    }
}

#[test]
fn what_a_relay_says_of_the_time_is_the_later_of_its_two_clocks() {
    let mut network = Network::found(93, &[("interpol", &[RELAY])]);
    let documents = network.announce_relay_keys(RELAY);
    let roster = Roster::found(network.anchor(), &documents).unwrap();
    let held = network.relay(RELAY);
    let (present, next) = (pair((held.transport, held.signing)), held.next.map(pair));
    let name: Name = RELAY.parse().unwrap();
    for (now, known, at) in [
        // It heard of the part three days late.
        (
            FOUNDED + DAY.times(3),
            Span::ZERO,
            FOUNDED + OVERLAP + DAY.times(3),
        ),
        // Its wall was behind when it heard, or is behind now.
        (FOUNDED + DAY.times(3), DAY.times(9), FOUNDED + OVERLAP),
    ] {
        let waited = Waited { now, known };
        match NextKeys::judge(&present, next, &roster, &name, waited) {
            NextKeys::Announced { used_from, .. } => assert_eq!(used_from, at),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_wall_that_goes_months_ahead_for_a_moment_switches_nothing() {
    let mut world = world();
    announce(&mut world);
    for day in 0..62 {
        let right = world.now;
        world.set_wall(right + HALF_A_YEAR);
        world.tick_relay(RELAY);
        assert_eq!(look(&mut world), "announced", "day {day}");
        // Killed at that moment, and started again.
        world.kill_relay(RELAY);
        assert_eq!(look(&mut world), "announced", "day {day}");
        world.set_wall(right);
        pass_days(&mut world, 1, "announced");
    }
    pass_days(&mut world, 1, "due");
    assert_eq!(look(&mut world), "none");
}

/// What the wall says passed while the machine was off may be a battery that is empty.
#[test]
fn a_wall_that_goes_months_ahead_while_the_machine_is_off_switches_nothing() {
    let mut world = world();
    announce(&mut world);
    pass_days(&mut world, 10, "announced");
    let right = world.now;
    world.reboot(right + HALF_A_YEAR);
    assert_eq!(look(&mut world), "announced");
    pass_days(&mut world, 3, "announced");
    world.set_wall(right + DAY.times(3));
    pass_days(&mut world, 49, "announced");
    // And once more, within this start.
    let right = world.now;
    world.set_wall(right + HALF_A_YEAR);
    assert_eq!(look(&mut world), "announced");
    world.set_wall(right);
    pass_days(&mut world, 1, "due");
}

#[test]
fn a_relay_that_is_started_again_every_day_switches_after_nine_weeks() {
    let mut world = world();
    announce(&mut world);
    for _ in 0..62 {
        world.kill_relay(RELAY);
        pass_days(&mut world, 1, "announced");
    }
    world.kill_relay(RELAY);
    pass_days(&mut world, 1, "due");
}

/// Each time it is off for an hour, which does not count.
#[test]
fn a_machine_that_is_started_again_every_day_switches_some_days_later() {
    let mut world = world();
    announce(&mut world);
    let mut days = 0;
    while look(&mut world) == "announced" {
        world.pass(DAY - Span::from_hours(1));
        world.tick_relay(RELAY);
        let at = world.now + Span::from_hours(1);
        world.reboot(at);
        days += 1;
        assert!(days < 70, "it does not switch");
    }
    assert!(days >= 63, "{days}");
}

/// It has to run for what was missing, and nobody does anything.
#[test]
fn a_machine_that_was_off_for_ten_weeks_switches_when_it_has_run_for_nine() {
    let mut world = world();
    announce(&mut world);
    pass_days(&mut world, 20, "announced");
    let at = world.now + DAY.times(70);
    world.reboot(at);
    pass_days(&mut world, 42, "announced");
    pass_days(&mut world, 1, "due");
}

/// The process was away, and the machine was on.
#[test]
fn a_relay_that_was_stopped_while_its_machine_ran_for_nine_weeks_starts_with_the_next_keys() {
    let mut world = world();
    announce(&mut world);
    world.pass(OVERLAP);
    world.kill_relay(RELAY);
    assert_eq!(look(&mut world), "due");
}

/// It counts for the pair that the roster names, and for no other.
#[test]
fn another_pair_that_is_named_instead_waits_for_nine_weeks_of_its_own() {
    let mut world = world();
    announce(&mut world);
    pass_days(&mut world, 60, "announced");
    announce(&mut world);
    pass_days(&mut world, 62, "announced");
    pass_days(&mut world, 1, "due");
}

/// A store that was lost, or rolled back, remembers less, and the relay waits for longer.
#[test]
fn a_relay_that_lost_its_store_waits_for_nine_weeks_more() {
    let mut world = world();
    announce(&mut world);
    pass_days(&mut world, 60, "announced");
    let named = world.now;
    world.lose_relay(RELAY);
    pass_days(&mut world, 63, "announced");
    pass_days(&mut world, 1, "due");
    let switched: Timestamp = world.now;
    assert_eq!(switched.since(named), OVERLAP + DAY);
}
