//! Whoever knows a relay's address and nothing else.

use std::net::Ipv4Addr;
use std::time::Duration;

use maille_link::Limits;
use maille_tests::raw::{Ids, Initials, RawPeer, Stranger, crypto_frame};
use tokio::task::JoinSet;

use super::{MIB, Siege, count};

const LONG: Duration = Duration::from_secs(600);

/// An address of loopback in a network of its own.
fn network(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 20, number, 1)
}

/// The connection ids of the attempt of this number.
fn ids(attempt: u64) -> Ids {
    Ids {
        to: (attempt | 1 << 63).to_be_bytes(),
        from: attempt.to_be_bytes(),
    }
}

fn random(attempt: u64) -> [u8; 32] {
    let mut random = [9; 32];
    random[..8].copy_from_slice(&attempt.to_be_bytes());
    random
}

/// Lets strangers do something on a thread of their own; the desks go on meanwhile.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_first_packets_make_a_desk_prove_its_address_and_lock_it_out_never() {
    let mut siege = Siege::lay(Limits::default()).await;
    let relay = siege.relay;
    let flood = tokio::spawn(apart(move || {
        let initials = Initials::new();
        let mut forgers: Vec<Stranger> = (0..100)
            .map(|number| Stranger::at(network(number), relay))
            .collect();
        for attempt in 0..4_000_u64 {
            let place = usize::try_from(attempt % 100).unwrap();
            forgers[place].hear();
            forgers[place].send(&initials.first(&ids(attempt), &random(attempt)));
        }
        forgers
    }));
    siege.serves().await;
    let mut forgers = flood.await.unwrap();
    siege
        .until("somebody had to prove", |figures| figures.retries > 0)
        .await;
    siege.serves().await;
    let most = Limits::default().handshakes_calm;
    assert!(siege.figures().handshakes <= most);
    for forger in &mut forgers {
        forger.hear();
        assert!(forger.heard <= 3 * forger.sent, "{forger:?}");
    }
    assert!(siege.grown_bytes() < 64 * MIB, "{}", siege.grown_bytes());
    siege.net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_half_open_handshakes_fill_no_place_of_a_network_that_desks_come_from() {
    let limits = Limits {
        // What hangs stays.
        handshake: LONG,
        ..Limits::default()
    };
    let mut siege = Siege::lay(limits.clone()).await;
    let relay = siege.relay;
    apart(move || {
        let initials = Initials::new();
        let mut strangers: Vec<Stranger> = (0..200)
            .map(|number| Stranger::at(network(number), relay))
            .collect();
        for attempt in 0..10_000_u64 {
            let place = usize::try_from(attempt % 200).unwrap();
            strangers[place].half_open(&initials, ids(attempt), &random(attempt));
        }
    })
    .await;
    let refused = |name| count(&siege.figures().refused, name);
    siege
        .until("places of strangers are full", |figures| {
            count(&figures.refused, "handshakes") > 9_000
        })
        .await;
    assert!(refused("handshakes") > 9_000);
    let strangers = limits.handshakes - limits.handshakes_known;
    assert_eq!(siege.figures().handshakes, strangers);
    siege.serves().await;
    assert!(siege.grown_bytes() < 96 * MIB, "{}", siege.grown_bytes());
    siege.net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_network_with_hanging_handshakes_takes_no_place_of_another() {
    let limits = Limits {
        handshake: LONG,
        handshakes_calm: 0,
        handshakes_of_prefix: 8,
        ..Limits::default()
    };
    let mut siege = Siege::lay(limits).await;
    let relay = siege.relay;
    apart(move || {
        let initials = Initials::new();
        for attempt in 0..16 {
            let host = Ipv4Addr::new(127, 20, 0, 1 + u8::try_from(attempt).unwrap());
            let mut stranger = Stranger::at(host, relay);
            assert!(stranger.half_open(&initials, ids(attempt), &random(attempt)));
        }
    })
    .await;
    siege
        .until("half of them are refused", |figures| {
            count(&figures.refused, "handshakes-of-network") == 8
        })
        .await;
    assert_eq!(siege.figures().handshakes, 8);
    siege.serves().await;
    siege.net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_hangs_is_given_up_at_its_deadline() {
    let limits = Limits {
        handshake: Duration::from_millis(300),
        ..Limits::default()
    };
    let siege = Siege::lay(limits).await;
    let relay = siege.relay;
    apart(move || {
        let mut stranger = Stranger::at(network(1), relay);
        stranger.half_open(&Initials::new(), ids(1), &random(1));
    })
    .await;
    siege
        .until("it is given up", |figures| {
            count(&figures.handshakes_failed, "too-slow") == 1 && figures.handshakes == 0
        })
        .await;
    siege.net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fragments_of_a_handshake_with_gaps_between_them_are_kept_in_bounds() {
    let limits = Limits {
        handshake: LONG,
        ..Limits::default()
    };
    let mut siege = Siege::lay(limits).await;
    let relay = siege.relay;
    apart(move || {
        let initials = Initials::new();
        let mut stranger = Stranger::at(network(1), relay);
        for attempt in 0..24 {
            // Every second byte of 16 KiB, a byte a frame, which never become a hello.
            let offsets: Vec<usize> = (1..8_192).map(|place| 2 * place).collect();
            for (number, part) in offsets.chunks(100).enumerate() {
                let frames: Vec<u8> = part
                    .iter()
                    .flat_map(|offset| crypto_frame(*offset, &[1]))
                    .collect();
                let number = u32::try_from(number).unwrap();
                stranger.send(&initials.packet(&ids(attempt), &[], number, &frames));
                stranger.hear();
            }
        }
    })
    .await;
    siege
        .until("the relay has read them", |figures| {
            figures.handshakes > 0 || count(&figures.handshakes_failed, "failed") > 0
        })
        .await;
    siege.serves().await;
    assert!(siege.grown_bytes() < 32 * MIB, "{}", siege.grown_bytes());
    siege.net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_connections_that_come_and_go_keep_no_desk_waiting() {
    let mut siege = Siege::lay(Limits::default()).await;
    let (relay, seed) = (siege.relay, siege.seed);
    // Half of them have the keys of a device, the others no key that is admitted.
    let peers = (0..50).map(|number| {
        let seed = if number % 2 == 0 { seed } else { [number; 32] };
        RawPeer::at(network(number), seed)
    });
    let peers: Vec<RawPeer> = peers.collect();
    siege.count_memory_anew();
    let mut churning = JoinSet::new();
    for peer in peers {
        churning.spawn(async move {
            let mut connected = 0_u64;
            for _ in 0..20 {
                if let Ok(connection) = peer.connect(relay).await {
                    connected += 1;
                    connection.close(0_u32.into(), b"");
                }
            }
            connected
        });
    }
    siege.serves().await;
    let connected: u64 = churning.join_all().await.into_iter().sum();
    assert!(connected > 0);
    siege.serves().await;
    siege
        .until("the others are gone", |figures| {
            figures.links == 2 && figures.handshakes == 0
        })
        .await;
    let figures = siege.figures();
    assert!(count(&figures.handshakes_failed, "not-admitted") > 0);
    assert!(figures.retries > 0);
    assert!(siege.grown_bytes() < 64 * MIB, "{}", siege.grown_bytes());
    siege.net.stop().await;
}
