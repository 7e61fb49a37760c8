//! A device is revoked while a thousand are connected to one relay: it is gone at once, nothing of
//! it is done any more, and nobody else notices.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::time::{Duration, Instant};

use maille_client::home::format_anchor;
use maille_common::address::DeviceId;
use maille_common::codec::{List, decode, encode};
use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use maille_common::hash::Hash;
use maille_common::identifier::Epoch;
use maille_common::wire::{ANSWER_BYTES_MAX, Answer, Hello, RefusalCode, Request};
use maille_link::{
    AnswerBound, CloseReason, ConnectError, Dialer, Identity, Limits, Link, Priority, RequestError,
};
use maille_relay::{Config, NewRelay, OsRandomness, Relay, RelayFolder, RunningRelay, Setup, init};
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::net::soon;
use maille_tests::network::Network;
use tempfile::TempDir;
use tokio::task::JoinSet;

const CONTACTS: usize = 40;
const DEVICES: usize = 25;
/// Handshakes at a time.
const AT_ONCE: usize = 32;
/// Requests of the revoked device that are under way at any time.
const UNDER_WAY: usize = 8;

/// A connection that has greeted. The dialer has to live as long as it.
struct Connected {
    device: DeviceId,
    link: Link,
    _dialer: Dialer,
}

struct World {
    _folder: TempDir,
    network: Network,
    relay: RunningRelay,
    key: VerifyingKey,
}

impl World {
    /// A relay, and a thousand devices that may connect, all from this machine.
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut network = Network::found(81, &[("interpol", &["lyon"])]);
        let anchor = folder.path().join("anchor.toml");
        std::fs::write(&anchor, format_anchor(&network.anchor())).unwrap();
        let new = NewRelay {
            name: "lyon".parse().unwrap(),
            organisation: "interpol".parse().unwrap(),
            network: "test".to_owned(),
            addresses: vec!["127.0.0.1:9".to_owned()],
            listen: Some(([127, 0, 0, 1], 0).into()),
            anchor,
        };
        let home = RelayFolder::new(folder.path().join("relay"));
        let request = init(&home, &new, &mut OsRandomness::new()).unwrap();
        let key: VerifyingKey = request.transport.parse().unwrap();
        network.key_relay("lyon", key, request.signing.parse().unwrap());
        for contact in 0..CONTACTS {
            for _ in 0..DEVICES {
                network.admit(&format!("interpol/desk-{contact}"));
            }
        }
        let documents = network.publish();
        std::fs::write(home.roster().join("network.part"), encode(&documents)).unwrap();
        let mut config = Config::read(&home.config()).unwrap();
        config.metrics = None;
        let mut setup = Setup::new(home, config);
        // The gate takes them for one site, which they are.
        setup.config.limits.prefix.burst = 4_096;
        setup.config.limits.unproven.burst = 4_096;
        let relay = Relay::start(setup).await.unwrap();
        Self {
            _folder: folder,
            network,
            relay,
            key,
        }
    }

    fn dialer(&self, device: &DeviceId) -> Dialer {
        let transport = SigningKey::from_seed(self.network.device(device).transport);
        Dialer::bind(
            Identity::new("desk", &transport).unwrap(),
            Limits::default(),
        )
        .unwrap()
    }

    /// All devices connect and greet.
    async fn connect_all(&self) -> Vec<Connected> {
        let mut connected = Vec::new();
        let mut under_way = JoinSet::new();
        for device in self.network.devices.iter().map(|held| held.id) {
            if under_way.len() >= AT_ONCE {
                connected.extend(under_way.join_next().await.map(Result::unwrap));
            }
            let (dialer, key) = (self.dialer(&device), self.key);
            let address = self.relay.address().to_string();
            under_way.spawn(async move {
                let link = dialer.connect(&address, &[key]).await.unwrap();
                let greeted = ask(&link, &hello(device)).await.unwrap();
                assert!(matches!(greeted, Answer::Hello(_)));
                Connected {
                    device,
                    link,
                    _dialer: dialer,
                }
            });
        }
        while let Some(joined) = under_way.join_next().await {
            connected.push(joined.unwrap());
        }
        connected
    }
}

fn hello(device: DeviceId) -> Request {
    Request::Hello(Hello {
        versions: List::new([1]).unwrap(),
        device,
        roster: Hash::ZERO,
        epoch: Epoch(1),
        challenge: [7; 16],
        seen: None,
    })
}

async fn ask(link: &Link, request: &Request) -> Result<Answer, RequestError> {
    let bound = AnswerBound {
        bytes_max: ANSWER_BYTES_MAX,
        deadline: Duration::from_secs(30),
    };
    let bytes = link
        .request(Priority::Normal, &encode(request), bound)
        .await?;
    Ok(decode(&bytes).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_revoked_among_a_thousand_is_gone_within_a_second_and_answered_nothing_more() {
    let mut world = World::start().await;
    let mut connected = world.connect_all().await;
    assert_eq!(connected.len(), CONTACTS * DEVICES);
    let revoked = connected.swap_remove(connected.len() / 2);

    // It asks all the time, as fast as it is answered.
    let mut asking = JoinSet::new();
    for _ in 0..UNDER_WAY {
        let link = revoked.link.clone();
        asking.spawn(async move {
            let request = Request::FetchHeads { roster: Hash::ZERO };
            let mut answered = 0_u64;
            loop {
                match ask(&link, &request).await {
                    Ok(_) => answered += 1,
                    Err(error) => return (answered, error, Instant::now()),
                }
            }
        });
    }
    ask(&revoked.link, &hello(revoked.device)).await.unwrap();

    world.network.remove(&revoked.device);
    let documents = world.network.publish();
    let applied = world.relay.offer_roster(documents).await.unwrap();
    let in_use = Instant::now();
    assert!(applied.is_change());
    let reason = soon("it is disconnected", revoked.link.closed()).await;
    let gone = in_use.elapsed();
    assert_eq!(reason, CloseReason::Removed);
    assert!(gone < Duration::from_secs(1), "after {gone:?}");

    // What was under way ended with the connection, without an answer.
    while let Some(ended) = asking.join_next().await {
        let (answered, error, at) = ended.unwrap();
        assert!(answered > 0, "it was served before");
        assert_eq!(error, RequestError::Closed(CloseReason::Removed));
        assert!(at.saturating_duration_since(in_use) < Duration::from_secs(1));
    }
    let after = ask(&revoked.link, &hello(revoked.device)).await;
    assert_eq!(after, Err(RequestError::Closed(CloseReason::Removed)));

    // It does not come back, and nobody else has gone.
    let address = world.relay.address().to_string();
    let dialer = world.dialer(&revoked.device);
    match dialer.connect(&address, &[world.key]).await {
        Err(error) => assert!(matches!(error, ConnectError::NotAdmitted { .. })),
        Ok(link) => {
            let refused = ask(&link, &hello(revoked.device)).await;
            let reason = CloseReason::NotAdmitted;
            assert_eq!(refused, Err(RequestError::Closed(reason)));
        }
    }
    let standing = world.relay.standing().await.unwrap();
    assert_eq!(standing.desks_connected, (CONTACTS * DEVICES - 1) as u64);
    for other in &connected {
        let served = ask(&other.link, &hello(other.device)).await;
        assert!(matches!(served, Ok(Answer::Hello(_))));
    }
    soon("the relay stops", world.relay.shutdown())
        .await
        .unwrap();
}

/// What a relay proved by the roster before, and was about to do when another one came, it does
/// not do.
#[test]
fn what_was_under_way_when_its_device_was_removed_is_not_done() {
    let mut network = Network::found(82, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let mut world = MemoryWorld::new(network);
    world.settle();
    let first = world.send(&lyon, &["cmai/tunis"], "Before");
    world.settle();
    let late = world.order(&lyon, &order(&["cmai/tunis"], "Under way")).id;
    let submission = world.desk(&lyon).submission(&late).unwrap().unwrap();
    let now = world.now;
    let roster = world.roster_of("lyon").clone();
    let proven = submission.verify(&roster, &lyon, now).unwrap();

    world.network.remove(&lyon);
    let documents = world.network.publish();
    world.spread_to_relay("lyon", &documents);
    let step = world.submit_proven(&lyon, "lyon", &proven);
    let Answer::Refused(refusal) = step.answer else {
        panic!("it was taken: {:?}", step.answer);
    };
    assert_eq!(refusal.code, RefusalCode::NotDesignated);
    world.settle();
    assert!(world.desk(&tunis).received(&late).unwrap().is_none());
    assert!(world.desk(&tunis).received(&first).unwrap().is_some());
}
