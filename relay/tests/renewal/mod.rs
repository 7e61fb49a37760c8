//! A relay's keys are renewed: made by a command, announced by the roster, used by themselves.

use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex};

use maille_common::codec::{List, encode, from_hex};
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::roster::{RelayKeys, Roster, RosterDocuments};
use maille_common::terms::Reach;
use maille_common::time::{Reading, Span, Timestamp};
use maille_common::wire::Answer;
use maille_link::{ConnectError, Dialer, Identity, Limits};
use maille_relay::{
    Clock, OVERLAP, OsRandomness, Relay, RelayFolder, RelayKeyPair, RunningRelay, Setup,
    SystemClock, Verdict, backup, check, read_anchor, renew_keys, restore,
};

use crate::world::{Desk, World, ask, hello};

/// The machine's clock, so much later, and its wall set so far before that.
#[derive(Clone, Default)]
struct Later(Arc<Mutex<(Span, Span)>>);

impl Later {
    fn pass(&self, span: Span) {
        let mut set = self.0.lock().unwrap();
        set.0 = set.0 + span;
    }

    /// Somebody sets the wall so far before the true time.
    fn set_ahead(&self, span: Span) {
        self.0.lock().unwrap().1 = span;
    }
}

impl Clock for Later {
    fn now(&self) -> Timestamp {
        self.reading().wall
    }

    fn reading(&self) -> Reading {
        let Reading { wall, boot } = SystemClock.reading();
        let (later, ahead) = *self.0.lock().unwrap();
        let mut boot = boot;
        boot.since = boot.since + later;
        Reading {
            wall: wall + later + ahead,
            boot,
        }
    }
}

/// A relay whose next keys are made.
struct Renewal {
    world: World,
    clock: Later,
    present: RelayKeys,
    next: RelayKeys,
}

fn keys_in(folder: &RelayFolder) -> RelayKeys {
    let pair = RelayKeyPair::load(folder).unwrap();
    RelayKeys {
        transport: pair.transport.verifying_key(),
        signing: pair.signing.verifying_key(),
    }
}

impl Renewal {
    fn begin() -> Self {
        let world = World::new(Reach::Anywhere);
        let config = "name = \"north\"\nnetwork = \"testing\"\nlisten = \"127.0.0.1:0\"\n";
        fs::write(world.folder.config(), config).unwrap();
        let present = keys_in(&world.folder);
        assert!(
            renew_keys(&world.folder, &mut OsRandomness::new())
                .unwrap()
                .made
        );
        let next = keys_in(&RelayFolder::new(world.folder.next_keys()));
        Self {
            world,
            clock: Later::default(),
            present,
            next,
        }
    }

    async fn start(&self) -> RunningRelay {
        let setup = Setup {
            clock: Arc::new(self.clock.clone()),
            ..Setup::new(self.world.folder.clone(), self.world.config())
        };
        Relay::start(setup).await.unwrap()
    }

    /// The next part of the roster, with these keys of the relay.
    fn announce(&mut self, keys: &[&RelayKeys]) -> RosterDocuments {
        let keys = keys.iter().map(|keys| (*keys).clone());
        self.world.part = self.world.next_part(keys.collect(), self.clock.now());
        RosterDocuments {
            authority: List::new([self.world.part.clone()]).unwrap(),
            ..RosterDocuments::default()
        }
    }

    /// The same, dropped into the folder.
    fn drop_in(&mut self, keys: &[&RelayKeys]) {
        let documents = self.announce(keys);
        let part = encode(&documents.authority[0]);
        self.world.drop_in("next.part", &part);
    }
}

/// Whether a desk that expects this key gets in; what the relay states is signed by its pair then.
async fn is_shown(relay: &RunningRelay, roster: &Roster, key: &RelayKeys) -> bool {
    let identity = Identity::new("desk", &Desk(1).transport()).unwrap();
    let dialer = Dialer::bind(identity, Limits::default()).unwrap();
    let address = relay.address().to_string();
    match dialer.connect(&address, &[key.transport]).await {
        Ok(link) => {
            let Answer::Hello(answer) = ask(&link, &hello(Desk(1))).await else {
                panic!("no hello")
            };
            answer.time.verify(roster).expect("signed by the relay");
            true
        }
        Err(ConnectError::WrongKey { .. }) => false,
        Err(other) => panic!("{other}"),
    }
}

/// How the next keys stand, once that is so.
async fn stands(relay: &RunningRelay, state: &str) {
    let so = async {
        while relay.standing().await.unwrap().next_keys != state {
            tokio::task::yield_now().await;
        }
    };
    let soon = std::time::Duration::from_secs(60);
    tokio::time::timeout(soon, so).await.expect(state);
}

fn verdict_of_next(folder: &RelayFolder) -> Option<Verdict> {
    let findings = check(folder);
    let next = findings.iter().find(|finding| finding.what == "next");
    next.map(|finding| finding.verdict)
}

#[test]
fn renew_keys_prints_the_entry_of_the_plan_and_makes_one_pair_however_often() {
    let renewal = Renewal::begin();
    let renew = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_maille-relay"));
        let output = command
            .arg("renew-keys")
            .arg(renewal.world.folder.root())
            .output()
            .unwrap();
        assert!(output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("were made before"), "{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    let entry = renew();
    assert_eq!(entry, renew());
    let read: toml::Table = toml::from_str(&entry).unwrap();
    let place = &read["relay"][0];
    assert_eq!(place["name"].as_str(), Some("north"));
    assert_eq!(place["organisation"].as_str(), Some("interpol"));
    assert_eq!(place["addresses"][0].as_str(), Some("localhost:4433"));
    let key = |at: usize, kind: &str| {
        let text = place["keys"][at][kind].as_str().unwrap();
        VerifyingKey::strict(from_hex(text).unwrap()).unwrap()
    };
    for (at, pair) in [&renewal.next, &renewal.present].into_iter().enumerate() {
        assert_eq!(key(at, "transport"), pair.transport);
        assert_eq!(key(at, "signing"), pair.signing);
    }
    assert_eq!(
        verdict_of_next(&renewal.world.folder),
        Some(Verdict::Warning)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_relay_uses_its_next_keys_nine_weeks_after_the_roster_named_them() {
    let mut renewal = Renewal::begin();
    let relay = renewal.start().await;
    let incarnation = relay.incarnation();
    stands(&relay, "made").await;
    let (present, next) = (renewal.present.clone(), renewal.next.clone());
    let documents = renewal.announce(&[&next, &present]);
    relay.offer_roster(documents).await.unwrap();
    stands(&relay, "announced").await;
    let lines = relay.standing().await.unwrap().lines().join("\n");
    assert!(lines.contains("used by themselves from"), "{lines}");
    let roster = relay.roster();
    // A desk that is connected stays so, whatever is shown to others.
    let (_dialer, link) = renewal.world.connect_to(Desk(2), &relay, &present).await;
    ask(&link, &hello(Desk(2))).await;
    renewal.clock.pass(OVERLAP - Span::from_days(1));
    relay.look_at_the_clock();
    assert!(is_shown(&relay, &roster, &present).await);
    assert!(!is_shown(&relay, &roster, &next).await);
    renewal.clock.pass(Span::from_days(1));
    relay.look_at_the_clock();
    stands(&relay, "none").await;
    assert!(is_shown(&relay, &roster, &next).await);
    assert!(!is_shown(&relay, &roster, &present).await);
    let standing = relay.standing().await.unwrap();
    assert_eq!(standing.keys_transport, next.transport.to_string());
    assert!(standing.in_roster && relay.links().links > 0);
    let Answer::Hello(answer) = ask(&link, &hello(Desk(2))).await else {
        panic!("the link that stood goes on")
    };
    let time = answer
        .time
        .verify(&roster)
        .expect("signed by the next pair");
    assert_eq!(time.statement().incarnation, incarnation);
    assert_eq!(keys_in(&renewal.world.folder), next);
    let former = renewal.world.folder.former_keys();
    assert!(former.exists());
    // The roster drops the old pair: so does the relay.
    let documents = renewal.announce(&[&next]);
    relay.offer_roster(documents).await.unwrap();
    while former.exists() {
        tokio::task::yield_now().await;
    }
    relay.shutdown().await.unwrap();
    let relay = renewal.start().await;
    assert_eq!(relay.incarnation(), incarnation, "the store stays");
    assert!(is_shown(&relay, &relay.roster(), &next).await);
    relay.shutdown().await.unwrap();
}

/// There is no way back, and desks that have not heard of the part would be shut out.
#[tokio::test(flavor = "multi_thread")]
async fn a_wall_that_goes_months_ahead_for_a_moment_brings_no_next_keys_into_use() {
    let mut renewal = Renewal::begin();
    let relay = renewal.start().await;
    let (present, next) = (renewal.present.clone(), renewal.next.clone());
    let documents = renewal.announce(&[&next, &present]);
    relay.offer_roster(documents).await.unwrap();
    stands(&relay, "announced").await;
    let used_in = relay.standing().await.unwrap().next_keys_used_in_seconds;
    let nine_weeks = OVERLAP.ms() / 1_000;
    assert!(used_in.is_some_and(|seconds| (nine_weeks - 600..=nine_weeks).contains(&seconds)));
    renewal.clock.set_ahead(Span::from_days(180));
    relay.look_at_the_clock();
    // A look at the keys that began after the wall was set: another part brings one.
    let documents = renewal.announce(&[&next, &present]);
    relay.offer_roster(documents).await.unwrap();
    let looked = async {
        loop {
            let standing = relay.standing().await.unwrap();
            let used_from = standing.next_keys_used_from.expect(&standing.next_keys);
            // By the wall as it is set now it lies nine weeks ahead, and not in the past.
            if used_from > (SystemClock.now() + Span::from_days(200)).to_string() {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let soon = std::time::Duration::from_secs(60);
    tokio::time::timeout(soon, looked).await.unwrap();
    assert!(is_shown(&relay, &relay.roster(), &present).await);
    // Nor does a relay that is started while the wall is wrong.
    relay.shutdown().await.unwrap();
    let relay = renewal.start().await;
    stands(&relay, "announced").await;
    assert!(is_shown(&relay, &relay.roster(), &present).await);
    relay.shutdown().await.unwrap();
    assert_eq!(keys_in(&renewal.world.folder), present);
    renewal.clock.set_ahead(Span::ZERO);
    renewal.clock.pass(OVERLAP);
    let relay = renewal.start().await;
    assert!(is_shown(&relay, &relay.roster(), &next).await);
    relay.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_was_off_when_its_next_keys_were_due_starts_with_them() {
    let mut renewal = Renewal::begin();
    let (present, next) = (renewal.present.clone(), renewal.next.clone());
    renewal.drop_in(&[&next, &present]);
    let relay = renewal.start().await;
    assert!(is_shown(&relay, &relay.roster(), &present).await);
    relay.shutdown().await.unwrap();
    renewal.clock.pass(OVERLAP);
    let relay = renewal.start().await;
    assert!(is_shown(&relay, &relay.roster(), &next).await);
    relay.shutdown().await.unwrap();
    assert_eq!(keys_in(&renewal.world.folder), next);
    assert_eq!(verdict_of_next(&renewal.world.folder), None);
}

/// Killed in between: the start finishes, and serves with one whole pair.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_killed_while_it_took_its_next_keys_starts_with_them() {
    let mut renewal = Renewal::begin();
    let (present, next) = (renewal.present.clone(), renewal.next.clone());
    renewal.drop_in(&[&next, &present]);
    let folder = renewal.world.folder.clone();
    fs::rename(folder.next_keys(), folder.keys_being_taken()).unwrap();
    fs::create_dir(folder.former_keys()).unwrap();
    fs::rename(
        folder.transport_key(),
        folder.former_keys().join("transport.key"),
    )
    .unwrap();
    assert_eq!(verdict_of_next(&folder), Some(Verdict::Warning));
    let relay = renewal.start().await;
    assert!(is_shown(&relay, &relay.roster(), &next).await);
    relay.shutdown().await.unwrap();
    assert!(!folder.keys_being_taken().exists());
    assert_eq!(keys_in(&folder), next);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_where_the_next_keys_stand() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let renewal = Renewal::begin();
    let mut config = renewal.world.config();
    config.metrics = Some("127.0.0.1:0".parse().unwrap());
    let relay = renewal.world.try_start(config).await.unwrap();
    let address = relay.metrics_address().unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    for line in [
        "maille_relay_next_keys{state=\"made\"} 1",
        "maille_relay_next_keys{state=\"announced\"} 0",
        "maille_relay_next_keys_used_in_seconds 0",
    ] {
        assert!(page.contains(line), "{page}");
    }
    relay.shutdown().await.unwrap();
}

/// Where the roster names the present pair no more, waiting would serve nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_whose_present_keys_left_the_roster_uses_the_next_ones_at_once() {
    let mut renewal = Renewal::begin();
    let relay = renewal.start().await;
    let next = renewal.next.clone();
    let documents = renewal.announce(&[&next]);
    relay.offer_roster(documents).await.unwrap();
    stands(&relay, "none").await;
    assert!(is_shown(&relay, &relay.roster(), &next).await);
    relay.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_with_keys_holds_the_next_pair() {
    let renewal = Renewal::begin();
    let relay = renewal.start().await;
    let folder = &renewal.world.folder;
    let target = folder.root().with_file_name("backup");
    let from = folder.clone();
    let to = target.clone();
    let made = tokio::task::spawn_blocking(move || backup(&from, &to, true).unwrap());
    made.await.unwrap();
    relay.shutdown().await.unwrap();
    let again = RelayFolder::new(folder.root().with_file_name("again"));
    restore(&target, &again, &mut OsRandomness::new()).unwrap();
    assert_eq!(keys_in(&again), renewal.present);
    assert_eq!(keys_in(&RelayFolder::new(again.next_keys())), renewal.next);
    assert!(read_anchor(&again.anchor()).is_ok());
}

#[test]
fn no_pair_is_made_for_a_relay_that_the_roster_does_not_name_or_that_takes_one() {
    let renewal = Renewal::begin();
    let folder = &renewal.world.folder;
    let refused = || {
        let error = renew_keys(folder, &mut OsRandomness::new()).unwrap_err();
        assert!(!error.to_string().is_empty());
        error.code()
    };
    fs::rename(folder.next_keys(), folder.keys_being_taken()).unwrap();
    assert_eq!(refused(), "renew-being-taken");
    fs::rename(folder.keys_being_taken(), folder.root().join("elsewhere")).unwrap();
    let config = "name = \"south\"\nnetwork = \"testing\"\nlisten = \"127.0.0.1:0\"\n";
    fs::write(folder.config(), config).unwrap();
    assert_eq!(refused(), "renew-not-in-roster");
    fs::remove_dir_all(folder.roster()).unwrap();
    assert_eq!(refused(), "renew-roster");
    for made in [folder.next_keys(), folder.keys_being_taken()] {
        assert!(!made.exists());
    }
}
