//! A device of the roster that does not keep to the rules: somebody has its keys.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use maille_client::Message;
use maille_common::wire::{Answer, Refusal, RefusalCode};
use maille_link::Limits;
use maille_tests::net::soon;
use maille_tests::raw::{Intruder, RawPeer, Secrets, stream_frame};
use quinn::{Connection, ConnectionError, TransportConfig};
use tokio::task::JoinSet;
use tokio::time::interval;

use super::{ALGIERS, LYON, MIB, Siege, ask, count};

/// `FetchHeads`, which may have 256 KiB.
const SMALL_HEAD: [u8; 4] = [8, 0, 0, 0];
/// `Submit`, which may have 16 MiB.
const LARGE_HEAD: [u8; 4] = [1, 0, 0, 0];
/// Why a relay closes: the peer broke the protocol.
const PROTOCOL: u32 = 3;

impl Siege {
    /// Connects with the keys of Algiers.
    async fn intrude(&self) -> (RawPeer, Connection) {
        let peer = RawPeer::at(Ipv4Addr::LOCALHOST, self.seed);
        let connection = peer.connect(self.relay).await.unwrap();
        (peer, connection)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_over_the_limit_of_its_kind_is_cut_where_it_passes_it() {
    let siege = Siege::lay(Limits::default()).await;
    let (_peer, connection) = siege.intrude().await;
    siege.greet(&connection).await;
    let frame = [&SMALL_HEAD[..], &vec![0; 64 * MIB]].concat();
    let before = siege.grown_bytes();
    let answer = ask(&connection, &frame).await;
    let refused = Answer::Refused(Refusal::permanent(RefusalCode::TooLarge));
    assert_eq!(answer, refused);
    assert_eq!(count(&siege.figures().cut, "too-large"), 1);
    assert!(siege.grown_bytes() < before.max(130 * MIB) + 8 * MIB);
    siege.delivers().await;
    siege.net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_drip_are_cut_at_their_end_and_delay_nobody() {
    let limits = Limits {
        stream_total: Duration::from_millis(500),
        ..Limits::default()
    };
    let siege = Siege::lay(limits).await;
    let (_peer, connection) = siege.intrude().await;
    let mut dripping = JoinSet::new();
    for _ in 0..16 {
        let connection = connection.clone();
        dripping.spawn(async move {
            let (mut send, _receive) = connection.open_bi().await.unwrap();
            send.write_all(&LARGE_HEAD).await.unwrap();
            let mut drops = interval(Duration::from_millis(20));
            loop {
                drops.tick().await;
                if send.write_all(&[0]).await.is_err() {
                    return;
                }
            }
        });
    }
    siege.delivers().await;
    soon("all of them are cut", dripping.join_all()).await;
    assert_eq!(count(&siege.figures().cut, "slow"), 16);
    siege.net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_requests_of_one_device_have_its_share_of_memory_over_all_its_connections() {
    let limits = Limits {
        stream_total: Duration::from_secs(2),
        large_bytes: 16 << 20,
        ..Limits::default()
    };
    let siege = Siege::lay(limits).await;
    let mut intruders = Vec::new();
    for _ in 0..4 {
        intruders.push(siege.intrude().await);
    }
    let mut pouring = JoinSet::new();
    for (_, connection) in &intruders {
        for _ in 0..8 {
            let connection = connection.clone();
            pouring.spawn(async move {
                let (mut send, _receive) = connection.open_bi().await.unwrap();
                let poured = [&LARGE_HEAD[..], &vec![0; 3 * MIB]].concat();
                // Never finished; the relay cuts it.
                let _ = send.write_all(&poured).await;
                let _ = send.stopped().await;
            });
        }
    }
    siege
        .until("the share is taken", |figures| figures.memory.0 == 16 << 20)
        .await;
    siege.delivers().await;
    assert_eq!(siege.figures().memory.0, 16 << 20);
    soon("all of them are cut", pouring.join_all()).await;
    siege
        .until("it is given back", |figures| figures.memory.0 == 0)
        .await;
    assert!(count(&siege.figures().cut, "slow") >= 31);
    siege.net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_streams_that_come_to_nothing_close_their_connection() {
    let siege = Siege::lay(Limits::default()).await;
    let (_peer, connection) = siege.intrude().await;
    let storm = async {
        for _ in 0..10_000 {
            let Ok((mut send, _receive)) = connection.open_bi().await else {
                break;
            };
            if send.write_all(&[1]).await.is_err() {
                break;
            }
            let _ = send.reset(0_u32.into());
        }
        connection.closed().await
    };
    let end = soon("the relay closes the connection", storm).await;
    let ConnectionError::ApplicationClosed(close) = end else {
        panic!("{end}")
    };
    assert_eq!(close.error_code, PROTOCOL.into());
    assert_eq!(siege.figures().faulty, 1);
    siege.delivers().await;
    assert!(siege.grown_bytes() < 64 * MIB, "{}", siege.grown_bytes());
    siege.net.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fragments_of_streams_with_gaps_between_them_are_kept_in_bounds() {
    let siege = Siege::lay(Limits::default()).await;
    let secrets = Arc::<Secrets>::default();
    let log = Some(Arc::clone(&secrets) as Arc<_>);
    let mut intruder = Intruder::before(siege.relay, secrets).await;
    let transport = TransportConfig::default();
    let peer = RawPeer::with(Ipv4Addr::LOCALHOST, siege.seed, transport, log);
    let connection = peer.connect(intruder.address()).await.unwrap();
    siege.greet(&connection).await;
    assert!(intruder.is_in());
    // Every second byte of each stream's window, a byte a frame. The first stream was the greeting.
    for stream in (4..64).step_by(4) {
        let offsets: Vec<usize> = (1..65_536).map(|place| 2 * place).collect();
        for part in offsets.chunks(80) {
            let frames = part
                .iter()
                .flat_map(|offset| stream_frame(stream, *offset, &[1]));
            intruder.put(frames.collect()).await;
        }
    }
    siege.delivers().await;
    siege
        .until("the connection is closed", |figures| figures.links == 2)
        .await;
    assert!(siege.grown_bytes() < 64 * MIB, "{}", siege.grown_bytes());
    siege.net.stop().await;
}

/// A device that takes nothing of what is pushed, and one that takes it drop by drop.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_of_pushes_is_dropped_and_not_waited_for() {
    for drips in [false, true] {
        let limits = Limits {
            stream_idle: Duration::from_secs(1),
            stream_total: Duration::from_secs(3),
            ..Limits::default()
        };
        let siege = Siege::lay(limits).await;
        for number in 0..4 {
            let body = format!("{number}").repeat(3 * MIB);
            let message = Message::text("Much", body).to_all([ALGIERS]);
            siege.net.desk(LYON).client().send(message).await.unwrap();
        }
        let waits = async {
            let relay = siege.net.relay(super::RELAY);
            while relay.standing().await.unwrap().waiting < 4 {
                tokio::task::yield_now().await;
            }
        };
        soon("everything waits at the relay", waits).await;
        let mut transport = TransportConfig::default();
        transport
            .stream_receive_window(16_384_u32.into())
            .keep_alive_interval(Some(Duration::from_millis(200)));
        let peer = RawPeer::with(Ipv4Addr::LOCALHOST, siege.seed, transport, None);
        let connection = peer.connect(siege.relay).await.unwrap();
        siege.greet(&connection).await;
        let mut taking = JoinSet::new();
        if drips {
            let connection = connection.clone();
            taking.spawn(async move {
                let mut drops = interval(Duration::from_millis(50));
                while let Ok(mut push) = connection.accept_uni().await {
                    while push
                        .read_chunk(8_192, true)
                        .await
                        .is_ok_and(|part| part.is_some())
                    {
                        drops.tick().await;
                    }
                }
            });
        }
        siege.delivers().await;
        soon("the relay drops it", connection.closed()).await;
        assert!(count(&siege.figures().cut, "stalled") > 0);
        siege
            .until("its memory is given back", |figures| figures.memory.1 == 0)
            .await;
        siege.delivers().await;
        siege.net.stop().await;
    }
}
