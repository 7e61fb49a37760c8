use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

fn gate(now: Instant) -> Gate {
    Gate::new(
        &Limits {
            links: 100,
            handshakes: 8,
            handshakes_known: 2,
            handshakes_calm: 4,
            handshakes_of_prefix: 3,
            unproven: Allowance {
                burst: 3,
                refill: Duration::from_secs(1),
            },
            prefix: Allowance {
                burst: 2,
                refill: Duration::from_secs(1),
            },
            ..Limits::default()
        },
        now,
    )
}

fn proven(address: impl Into<IpAddr>) -> Attempt {
    Attempt {
        address: address.into(),
        proven: true,
        links: 0,
    }
}

fn unproven() -> Attempt {
    Attempt {
        proven: false,
        ..proven(HOST)
    }
}

/// A network of its own for each number.
fn site(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(198, 51, number, 1)
}

fn admit(gate: &mut Gate, attempt: &Attempt, now: Instant) -> Option<Begun> {
    match gate.judge(attempt, now) {
        Verdict::Admit(begun) => Some(begun),
        Verdict::Prove | Verdict::Refuse(_) => None,
    }
}

const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

#[test]
fn a_flood_from_unproven_addresses_makes_strangers_prove_themselves() {
    let now = Instant::now();
    let mut gate = gate(now);
    for _ in 0..3 {
        assert!(admit(&mut gate, &unproven(), now).is_some());
    }
    for _ in 0..1000 {
        assert_eq!(gate.judge(&unproven(), now), Verdict::Prove);
    }
}

#[test]
fn forged_senders_lock_nobody_out() {
    let now = Instant::now();
    let mut gate = gate(now);
    for _ in 0..1000 {
        gate.judge(&unproven(), now);
    }
    assert!(gate.prefixes.is_empty());
    assert!(admit(&mut gate, &proven(HOST), now).is_some());
}

#[test]
fn under_load_an_address_must_prove_itself_first() {
    let now = Instant::now();
    let mut gate = gate(now);
    for number in 0..4 {
        admit(&mut gate, &proven(site(number)), now).expect("there is room");
    }
    assert_eq!(gate.judge(&unproven(), now), Verdict::Prove);
}

#[test]
fn a_full_house_refuses_even_proven_addresses() {
    let now = Instant::now();
    let mut gate = gate(now);
    let crowded = Attempt {
        links: 100,
        ..proven(HOST)
    };
    let full = Verdict::Refuse(Refused::Links);
    assert_eq!(gate.judge(&crowded, now), full);
    let begun: Vec<Begun> = (0..6)
        .map(|number| admit(&mut gate, &proven(site(number)), now).expect("there is room"))
        .collect();
    let busy = Verdict::Refuse(Refused::Handshakes);
    assert_eq!(gate.judge(&proven(HOST), now), busy);
    gate.ended(begun[0]);
    assert!(admit(&mut gate, &proven(HOST), now).is_some());
}

#[test]
fn strangers_with_many_real_addresses_leave_places_for_those_who_have_been_here() {
    let now = Instant::now();
    let mut gate = gate(now);
    gate.admitted(HOST.into(), now);
    for number in 0..6 {
        admit(&mut gate, &proven(site(number)), now).expect("there is room");
    }
    let busy = Verdict::Refuse(Refused::Handshakes);
    assert_eq!(gate.judge(&proven(site(9)), now), busy);
    assert!(admit(&mut gate, &proven(HOST), now).is_some());
    // An address that is not proven yet may prove itself, however full it is.
    assert_eq!(gate.judge(&unproven(), now), Verdict::Prove);
}

#[test]
fn one_network_cannot_use_the_allowance_of_another() {
    let now = Instant::now();
    let mut gate = gate(now);
    for host in [1, 2] {
        let attempt = proven(Ipv4Addr::new(192, 0, 2, host));
        assert!(admit(&mut gate, &attempt, now).is_some());
    }
    let third = proven(Ipv4Addr::new(192, 0, 2, 3));
    let refused = Verdict::Refuse(Refused::Allowance);
    assert_eq!(gate.judge(&third, now), refused);
    let neighbour = proven(Ipv4Addr::new(192, 0, 3, 3));
    assert!(admit(&mut gate, &neighbour, now).is_some());
}

#[test]
fn handshakes_that_hang_fill_the_places_of_their_own_network_alone() {
    let start = Instant::now();
    let mut gate = gate(start);
    let begun: Vec<Begun> = (0..3)
        .map(|second| {
            let now = start + Duration::from_secs(second);
            admit(&mut gate, &proven(HOST), now).expect("there is room")
        })
        .collect();
    let later = start + Duration::from_secs(60);
    let refused = Verdict::Refuse(Refused::OfPrefix);
    assert_eq!(gate.judge(&proven(HOST), later), refused);
    assert!(admit(&mut gate, &proven(site(1)), later).is_some());
    gate.ended(begun[0]);
    assert!(admit(&mut gate, &proven(HOST), later).is_some());
}

#[test]
fn an_allowance_comes_back_with_time_and_never_beyond_its_burst() {
    let start = Instant::now();
    let mut gate = gate(start);
    let mut admitted_at = |seconds: u64, tenths: u64| {
        let now = start + Duration::from_millis(seconds * 1000 + tenths * 100);
        let begun = admit(&mut gate, &proven(HOST), now);
        begun.map(|begun| gate.ended(begun)).is_some()
    };
    assert!(admitted_at(0, 0) && admitted_at(0, 0) && !admitted_at(0, 9));
    assert!(admitted_at(1, 9), "one token after one second");
    assert!(admitted_at(2, 0), "the nine tenths were kept");
    assert!(!admitted_at(2, 0));
    assert!(admitted_at(1000, 0) && admitted_at(1000, 0) && !admitted_at(1000, 0));
}

#[test]
fn a_prefix_is_a_24_or_a_56_and_mapped_addresses_are_ipv4() {
    let site = |last: u16| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 1, last, 0, 0, 0, 1));
    assert_eq!(prefix(site(0x0100)), prefix(site(0x01ff)));
    assert_ne!(prefix(site(0x0100)), prefix(site(0x0200)));
    assert_eq!(prefix(HOST.to_ipv6_mapped().into()), prefix(HOST.into()));
}

#[test]
fn the_tables_of_prefixes_do_not_grow_beyond_their_limits() {
    let now = Instant::now();
    let mut gate = gate(now);
    let host = |number: usize| {
        let [_, _, a, b] = u32::try_from(number).expect("small").to_be_bytes();
        Ipv4Addr::new(10, a, b, 1)
    };
    for number in 0..PREFIXES_MAX + 10 {
        let begun = admit(&mut gate, &proven(host(number)), now).expect("strangers pass");
        gate.ended(begun);
    }
    assert_eq!(gate.prefixes.len(), PREFIXES_MAX);

    let later = now + Duration::from_secs(60);
    gate.judge(&proven(HOST), later);
    assert_eq!(gate.prefixes.len(), 1, "rested prefixes make room");

    for number in 0..KNOWN_PREFIXES_MAX + 1 {
        let seen = now + Duration::from_millis(u64::try_from(number).expect("small"));
        gate.admitted(host(number).into(), seen);
    }
    assert_eq!(gate.known.len(), KNOWN_PREFIXES_MAX);
    assert!(
        !gate.known.contains_key(&prefix(host(0).into())),
        "the oldest goes"
    );
}
