use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

fn gate(now: Instant) -> Gate {
    Gate::new(
        &Limits {
            links: 100,
            handshakes: 8,
            handshakes_calm: 4,
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
        handshakes: 0,
        links: 0,
    }
}

const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

#[test]
fn a_flood_from_unproven_addresses_makes_strangers_prove_themselves() {
    let now = Instant::now();
    let mut gate = gate(now);
    let stranger = Attempt {
        proven: false,
        ..proven(HOST)
    };
    for _ in 0..3 {
        assert_eq!(gate.judge(&stranger, now), Verdict::Admit);
    }
    for _ in 0..1000 {
        assert_eq!(gate.judge(&stranger, now), Verdict::Prove);
    }
}

#[test]
fn forged_senders_lock_nobody_out() {
    let now = Instant::now();
    let mut gate = gate(now);
    let forged = Attempt {
        proven: false,
        ..proven(HOST)
    };
    for _ in 0..1000 {
        gate.judge(&forged, now);
    }
    assert!(gate.prefixes.is_empty());
    assert_eq!(gate.judge(&proven(HOST), now), Verdict::Admit);
}

#[test]
fn under_load_an_address_must_prove_itself_first() {
    let now = Instant::now();
    let stranger = Attempt {
        proven: false,
        handshakes: 4,
        ..proven(HOST)
    };
    assert_eq!(gate(now).judge(&stranger, now), Verdict::Prove);
}

#[test]
fn a_full_house_refuses_even_proven_addresses() {
    let now = Instant::now();
    let busy = Attempt {
        handshakes: 8,
        ..proven(HOST)
    };
    let crowded = Attempt {
        links: 100,
        ..proven(HOST)
    };
    assert_eq!(gate(now).judge(&busy, now), Verdict::Refuse);
    assert_eq!(gate(now).judge(&crowded, now), Verdict::Refuse);
}

#[test]
fn one_network_cannot_use_the_allowance_of_another() {
    let now = Instant::now();
    let mut gate = gate(now);
    for host in [1, 2] {
        let attempt = proven(Ipv4Addr::new(192, 0, 2, host));
        assert_eq!(gate.judge(&attempt, now), Verdict::Admit);
    }
    let third = proven(Ipv4Addr::new(192, 0, 2, 3));
    assert_eq!(gate.judge(&third, now), Verdict::Refuse);
    let neighbour = proven(Ipv4Addr::new(192, 0, 3, 3));
    assert_eq!(gate.judge(&neighbour, now), Verdict::Admit);
}

#[test]
fn an_allowance_comes_back_with_time_and_never_beyond_its_burst() {
    let start = Instant::now();
    let mut gate = gate(start);
    let mut admitted_at = |seconds: u64, tenths: u64| {
        let now = start + Duration::from_millis(seconds * 1000 + tenths * 100);
        gate.judge(&proven(HOST), now) == Verdict::Admit
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
fn the_table_of_prefixes_does_not_grow_beyond_its_limit() {
    let now = Instant::now();
    let mut gate = gate(now);
    for number in 0..PREFIXES_MAX + 10 {
        let [_, _, a, b] = u32::try_from(number).expect("small").to_be_bytes();
        let attempt = proven(Ipv4Addr::new(10, a, b, 1));
        assert_eq!(gate.judge(&attempt, now), Verdict::Admit);
    }
    assert_eq!(gate.prefixes.len(), PREFIXES_MAX);

    let later = now + Duration::from_secs(60);
    gate.judge(&proven(HOST), later);
    assert_eq!(gate.prefixes.len(), 1, "rested prefixes make room");
}
