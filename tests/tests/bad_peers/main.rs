//! Strangers and devices that take of a relay what they can: each is refused or cut, which the
//! relay counts; desks that keep to the rules are served meanwhile; memory stays bounded.
//!
//! Memory is counted for the whole process, so these tests run one after the other.

#![allow(
    clippy::unwrap_used,
    reason = "a world that cannot be set up fails its test"
)]

mod devices;
mod strangers;

use std::net::SocketAddr;

use maille_client::Milestone;
use maille_client::home::{Home, Unlock};
use maille_common::address::DeviceId;
use maille_common::codec::{List, decode, encode};
use maille_common::hash::Hash;
use maille_common::identifier::Epoch;
use maille_common::wire::{ANSWER_BYTES_MAX, Answer, Hello, Request};
use maille_link::{Figures, Limits};
use maille_tests::net::{NetPlan, TestNet, soon};
use peak_alloc::PeakAlloc;
use quinn::Connection;
use tokio::sync::{Mutex, MutexGuard};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

const MIB: usize = 1 << 20;
const RELAY: &str = "lyon";
const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";
/// Whose keys somebody bad has.
const ALGIERS: &str = "afripol/algiers";

/// A relay, two desks that keep to the rules, and the keys of one that does not.
struct Siege {
    net: TestNet,
    relay: SocketAddr,
    device: DeviceId,
    seed: [u8; 32],
    /// What was allocated when all was quiet.
    calm_bytes: usize,
    _alone: MutexGuard<'static, ()>,
}

impl Siege {
    async fn lay(limits: Limits) -> Self {
        let alone = ONE_AT_A_TIME.lock().await;
        let home: &[&str] = &[RELAY];
        let organisations = [("interpol", home), ("cmai", home), ("afripol", home)];
        let plan = NetPlan::new(&organisations, &[LYON, TUNIS, ALGIERS]);
        let mut net = plan.limits(RELAY, limits).start().await;
        for recipient in [TUNIS, ALGIERS] {
            net.acquaint(LYON, recipient).await;
        }
        net.close_desk(ALGIERS).await;
        net.until_connected(RELAY, 2).await;
        let home = Home::open(&net.desk(ALGIERS).home, Unlock::Machine).unwrap();
        let (device, seed) = (home.device(), *home.transport_seed());
        let mut siege = Self {
            relay: net.relay(RELAY).address(),
            net,
            device,
            seed,
            calm_bytes: 0,
            _alone: alone,
        };
        siege.count_memory_anew();
        siege
    }

    /// What is there now is no growth: bad peers have memory of their own.
    fn count_memory_anew(&mut self) {
        ALLOCATED.reset_peak_usage();
        self.calm_bytes = ALLOCATED.current_usage();
    }

    /// Desks that keep to the rules exchange an alert; one of them connects anew before.
    async fn serves(&mut self) {
        self.net.close_desk(TUNIS).await;
        self.net.open_desk(TUNIS).await;
        self.delivers().await;
    }

    /// They exchange an alert over the connections they have.
    async fn delivers(&self) {
        let alert = self.net.desk(LYON).send_to(&[TUNIS], "Served").await;
        self.net.desk(LYON).wait(alert, Milestone::Delivered).await;
    }

    fn figures(&self) -> Figures {
        self.net.relay(RELAY).links()
    }

    /// Waits until the relay's figures are so.
    async fn until(&self, what: &str, so: impl Fn(&Figures) -> bool) {
        let wanted = async {
            while !so(&self.figures()) {
                tokio::task::yield_now().await;
            }
        };
        soon(what, wanted).await;
    }

    /// The most that was allocated beyond what was when all was quiet: of relay, desks and bad
    /// peers together.
    fn grown_bytes(&self) -> usize {
        ALLOCATED.peak_usage().saturating_sub(self.calm_bytes)
    }

    /// Opens a connection's session as the device whose keys these are.
    async fn greet(&self, connection: &Connection) {
        let hello = Request::Hello(Hello {
            versions: List::new([1]).unwrap(),
            device: self.device,
            roster: Hash::ZERO,
            epoch: Epoch(1),
            challenge: [7; 16],
            seen: None,
        });
        let answer = ask(connection, &encode(&hello)).await;
        assert!(matches!(answer, Answer::Hello(_)), "{answer:?}");
    }
}

/// One request on a stream of its own, and its answer.
async fn ask(connection: &Connection, request: &[u8]) -> Answer {
    let (mut send, mut receive) = connection.open_bi().await.unwrap();
    // A relay may answer before it has everything.
    let _ = send.write_all(request).await;
    let _ = send.finish();
    let answer = receive.read_to_end(ANSWER_BYTES_MAX).await.unwrap();
    decode(&answer).unwrap()
}

/// How often something was counted, by its name.
fn count(counted: &[(&'static str, u64)], name: &str) -> u64 {
    counted
        .iter()
        .find(|(reason, _)| *reason == name)
        .unwrap()
        .1
}
