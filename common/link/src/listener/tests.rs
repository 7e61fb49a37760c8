//! Who gets in, who is put out, and what each hears.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use maille_common::crypto::ed25519::VerifyingKey;

use super::*;
use crate::limits::Allowance;
use crate::pair::{AMPLE, DEVICE, RELAY, Relay, identity};
use crate::{CloseReason, Dialer, Priority, RequestError};

const OTHER: u8 = 3;
const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_stranger_is_refused_at_the_handshake() {
    let house = Relay::new(Limits::default());
    let dialer = dialer(OTHER, &house.limits);
    let refused = match dialer.connect(&house.address(), &relay_keys()).await {
        // TLS 1.3: the client was ready before the relay had looked at its key.
        Ok(link) => match link.request(Priority::Normal, b"hello", AMPLE).await {
            Err(RequestError::Closed(reason)) => reason == CloseReason::NotAdmitted,
            _ => false,
        },
        Err(error) => error.code() == "connect-not-admitted",
    };
    assert!(refused);

    // The next one to be handed out is not the stranger.
    let (_device, relay) = house.connect(DEVICE).await;
    assert_eq!(relay.peer_key(), identity(DEVICE).key());
    assert_eq!(house.listener.links(), 1);
}

#[tokio::test]
async fn an_impostor_is_refused_by_the_device() {
    let house = Relay::new(Limits::default());
    let dialer = dialer(DEVICE, &house.limits);
    let expected = [identity(OTHER).key()];
    let error = dialer.connect(&house.address(), &expected).await;
    assert_eq!(error.expect_err("wrong key").code(), "connect-wrong-key");
}

#[tokio::test]
async fn a_removed_key_is_disconnected_at_once_and_nobody_else() {
    let house = Relay::new(Limits::default());
    house.admitted.add(OTHER);
    let (device, relay) = house.connect(DEVICE).await;
    let (other, _other_relay) = house.connect(OTHER).await;

    house.admitted.remove(DEVICE);
    assert_eq!(house.listener.disconnect_removed(), 1);
    assert_eq!(device.closed().await, CloseReason::Removed);
    assert_eq!(relay.closed().await, CloseReason::Removed);
    assert_eq!(other.close_reason(), None);
}

/// Whoever has another key is told to show that.
#[tokio::test]
async fn a_key_that_has_ended_is_disconnected_and_refused_as_such() {
    let house = Relay::new(Limits::default());
    let (device, relay) = house.connect(DEVICE).await;
    house.admitted.end(DEVICE);
    assert_eq!(house.listener.disconnect_removed(), 1);
    assert_eq!(device.closed().await, CloseReason::Ended);
    assert_eq!(relay.closed().await, CloseReason::Ended);
    let dialer = dialer(DEVICE, &house.limits);
    let code = match dialer.connect(&house.address(), &relay_keys()).await {
        Ok(link) => match link.request(Priority::Normal, b"hello", AMPLE).await {
            Err(RequestError::Closed(reason)) => reason.code(),
            other => panic!("{other:?}"),
        },
        Err(error) => error.code(),
    };
    assert!(matches!(code, "link-ended" | "connect-key-ended"), "{code}");
}

#[tokio::test]
async fn every_close_code_is_heard_on_both_sides() {
    let house = Relay::new(Limits::default());
    for (code, reason) in [
        (CloseCode::Done, CloseReason::Done),
        (CloseCode::Shutdown, CloseReason::Shutdown),
        (CloseCode::Removed, CloseReason::Removed),
        (CloseCode::Protocol, CloseReason::Protocol),
        (CloseCode::Replaced, CloseReason::Replaced),
        (CloseCode::Aged, CloseReason::Aged),
        (CloseCode::Ended, CloseReason::Ended),
    ] {
        let (device, relay) = house.connect(DEVICE).await;
        relay.close(code);
        relay.close(CloseCode::Done);
        assert_eq!(device.closed().await, reason);
        assert_eq!(relay.close_reason(), Some(reason));

        let (device, relay) = house.connect(DEVICE).await;
        device.close(code);
        assert_eq!(relay.closed().await, reason);
        assert_eq!(device.closed().await, reason);
    }
}

#[tokio::test]
async fn a_device_that_vanishes_without_a_word_is_idle() {
    let limits = Limits {
        connection_idle: Duration::from_millis(300),
        ..Limits::default()
    };
    let house = Relay::new(limits);
    let (address, limits) = (house.address(), house.limits.clone());
    let its_machine = tokio::runtime::Runtime::new().expect("a runtime");
    let connected = its_machine.spawn(async move {
        let link = dialer(DEVICE, &limits)
            .connect(&address, &relay_keys())
            .await;
        // Dropped, it would say goodbye.
        std::mem::forget(link.expect("a link"));
    });
    let relay = house.listener.accept().await.expect("a link");
    connected.await.expect("a task");
    its_machine.shutdown_background();
    assert_eq!(relay.closed().await, CloseReason::Idle);
}

/// It used to hear of it after `connection_idle` only: half a minute in which nothing arrives.
#[tokio::test]
async fn a_device_hears_at_once_that_its_relay_was_killed_and_started_again() {
    let limits = Limits {
        keep_alive: SHORT,
        connection_idle: Duration::from_secs(3600),
        ..Limits::default()
    };
    let [before, after] = [0; 2].map(|_| Relay::new(limits.clone()));
    let lives = [&before, &after].map(|relay| relay.listener.local_address());
    let (way, restart) = way_to(lives).await;
    let device = dialer(DEVICE, &limits)
        .connect(&way.to_string(), &relay_keys())
        .await
        .expect("a link");
    before.listener.accept().await.expect("a link");

    restart.send(()).expect("the way is open");
    assert_eq!(device.closed().await, CloseReason::Lost);
}

/// Leads one device to the first of two lives of a relay, and to the second from a word on, as if
/// the first had been killed: it is not heard any more.
async fn way_to(lives: [SocketAddr; 2]) -> (SocketAddr, tokio::sync::oneshot::Sender<()>) {
    let open = || tokio::net::UdpSocket::bind("127.0.0.1:0");
    let (front, back) = (open().await.expect("a socket"), open().await.expect("one"));
    let way = front.local_addr().expect("an address");
    let (restart, mut restarted) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut to_relay, mut to_device) = ([0; 2048], [0; 2048]);
        let (mut device, mut life) = (way, lives[0]);
        loop {
            tokio::select! {
                Ok((bytes, from)) = front.recv_from(&mut to_relay) => {
                    device = from;
                    back.send_to(&to_relay[..bytes], life).await.expect("sent");
                }
                Ok((bytes, from)) = back.recv_from(&mut to_device) => if from == life {
                    front.send_to(&to_device[..bytes], device).await.expect("sent");
                },
                _ = &mut restarted, if life == lives[0] => life = lives[1],
            }
        }
    });
    (way, restart)
}

/// A relay that was started again where it had been found its own address taken.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_given_back_is_free_at_once() {
    for _ in 0..20 {
        let relay = Relay::new(Limits::default());
        let links = relay.connect(DEVICE).await;
        let Relay { listener, .. } = relay;
        let address = listener.local_address();
        listener.close(CloseCode::Shutdown);
        listener.wait_idle().await;
        drop(links);
        listener.release().await;
        UdpSocket::bind(address).expect("nobody has it");
    }
}

#[tokio::test]
async fn a_newer_link_of_the_same_key_replaces_the_oldest() {
    let limits = Limits {
        links_per_key: 2,
        ..Limits::default()
    };
    let house = Relay::new(limits);
    let (first, _first_relay) = house.connect(DEVICE).await;
    let (second, _second_relay) = house.connect(DEVICE).await;
    let (third, _third_relay) = house.connect(DEVICE).await;
    assert_eq!(first.closed().await, CloseReason::Replaced);
    assert_eq!((second.close_reason(), third.close_reason()), (None, None));
}

#[tokio::test]
async fn a_link_is_closed_at_its_greatest_age() {
    let limits = Limits {
        link_age: SHORT,
        ..Limits::default()
    };
    let house = Relay::new(limits);
    let (device, relay) = house.connect(DEVICE).await;
    assert_eq!(device.closed().await, CloseReason::Aged);
    assert_eq!(relay.closed().await, CloseReason::Aged);
}

#[tokio::test]
async fn a_flood_of_connections_from_one_network_is_refused() {
    let limits = Limits {
        // Nobody is trusted unproven: every attempt goes through a Retry.
        handshakes_calm: 0,
        prefix: Allowance {
            burst: 3,
            refill: Duration::from_secs(3600),
        },
        ..Limits::default()
    };
    let house = Relay::new(limits);
    let mut links = Vec::new();
    for _ in 0..3 {
        links.push(house.connect(DEVICE).await);
    }
    let error = dialer(DEVICE, &house.limits)
        .connect(&house.address(), &relay_keys())
        .await
        .expect_err("one too many");
    assert_eq!(error.code(), "connect-busy");
}

#[tokio::test]
async fn a_full_relay_refuses_until_somebody_leaves() {
    let limits = Limits {
        links: 1,
        ..Limits::default()
    };
    let house = Relay::new(limits);
    let (device, relay) = house.connect(DEVICE).await;
    let dialer = dialer(DEVICE, &house.limits);
    let error = dialer.connect(&house.address(), &relay_keys()).await;
    assert_eq!(error.expect_err("full").code(), "connect-busy");

    device.close(CloseCode::Done);
    relay.closed().await;
    while house.listener.links() > 0 {
        tokio::task::yield_now().await;
    }
    house.connect(DEVICE).await;
}

#[tokio::test]
async fn an_address_where_nobody_answers_is_given_up() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let limits = Limits {
        handshake: SHORT,
        ..Limits::default()
    };
    let address = silent.local_addr().expect("an address").to_string();
    let error = dialer(DEVICE, &limits)
        .connect(&address, &relay_keys())
        .await;
    assert_eq!(error.expect_err("nobody").code(), "connect-timeout");
}

#[tokio::test]
async fn all_addresses_of_a_name_are_tried() {
    let house = Relay::new(Limits::default());
    let port = house.listener.local_address().port();
    // The name may stand for ::1 as well, where nobody listens.
    let link = dialer(DEVICE, &house.limits)
        .connect(&format!("localhost:{port}"), &relay_keys())
        .await
        .expect("a link");
    assert_eq!(link.peer_key(), identity(RELAY).key());
}

#[tokio::test]
async fn a_name_that_does_not_resolve_says_so() {
    let dialer = dialer(DEVICE, &Limits::default());
    for nonsense in ["relay.invalid:443", "no port", ""] {
        let error = dialer.connect(nonsense, &relay_keys()).await;
        assert_eq!(error.expect_err("no name").code(), "connect-resolve");
    }
}

#[tokio::test]
async fn a_closed_listener_tells_everyone_and_hands_out_nothing_more() {
    let house = Relay::new(Limits::default());
    let (device, relay) = house.connect(DEVICE).await;
    house.listener.close(CloseCode::Shutdown);
    assert_eq!(device.closed().await, CloseReason::Shutdown);
    assert_eq!(relay.closed().await, CloseReason::Shutdown);
    assert!(house.listener.accept().await.is_none());
    drop((device, relay));
    house.listener.wait_idle().await;
}

/// It would be waited for until three of its timeouts have passed, of a second each.
#[tokio::test]
async fn whoever_is_in_the_middle_of_a_handshake_holds_up_no_end() {
    let house = Relay::new(Limits::default());
    let deaf = tokio::net::UdpSocket::bind("127.0.0.1:0");
    let deaf = deaf.await.expect("a socket");
    let way = deaf.local_addr().expect("an address").to_string();
    let limits = house.limits.clone();
    let device = tokio::spawn(async move {
        let link = dialer(DEVICE, &limits).connect(&way, &relay_keys()).await;
        link.map(drop)
    });
    let mut datagram = [0; 2048];
    let (bytes, _) = deaf.recv_from(&mut datagram).await.expect("its first word");
    let relay = house.listener.local_address();
    deaf.send_to(&datagram[..bytes], relay).await.expect("sent");
    while deaf.recv_from(&mut datagram).await.expect("an answer").1 != relay {}
    house.listener.close(CloseCode::Shutdown);
    let begun = Instant::now();
    house.listener.wait_idle().await;
    assert!(begun.elapsed() < Duration::from_secs(3));
    device.abort();
}

#[tokio::test]
async fn a_closed_dialer_tells_its_relays() {
    let house = Relay::new(Limits::default());
    let dialer = dialer(DEVICE, &house.limits);
    let device = dialer
        .connect(&house.address(), &relay_keys())
        .await
        .expect("a link");
    let relay = house.listener.accept().await.expect("a link");
    dialer.close(CloseCode::Done);
    dialer.wait_idle().await;
    assert_eq!(relay.closed().await, CloseReason::Done);
    assert!(device.close_reason().is_some());
}

fn dialer(seed: u8, limits: &Limits) -> Dialer {
    Dialer::bind(identity(seed), limits.clone()).expect("sockets")
}

fn relay_keys() -> [VerifyingKey; 1] {
    [identity(RELAY).key()]
}
