//! A relay in this process, spoken to over QUIC on loopback as a device does; and its binary, as an
//! operator does.
#![expect(
    clippy::unwrap_used,
    reason = "a world that cannot be set up fails its test"
)]

#[cfg(unix)]
mod backups;
#[cfg(unix)]
mod books;
#[cfg(unix)]
mod damaged_store;
#[cfg(unix)]
mod reanchoring;
#[cfg(unix)]
mod renewal;
#[cfg(unix)]
mod strangers;
mod world;

use maille_common::codec::{decode, encode};
use maille_common::hash::Hash;
use maille_common::roster::{RosterDocuments, RosterHeads};
use maille_common::terms::Reach;
use maille_common::wire::{Answer, PUSH_BYTES_MAX, Push, Refusal, RefusalCode, Request};
use maille_link::CloseReason;
use world::{Desk, World, annexes, ask, hello};

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_says_hello_gets_the_signed_time_of_the_relay() {
    let world = World::new(Reach::Anywhere);
    let relay = world.start().await;
    let (_dialer, link) = world.connect(Desk(1), &relay).await;
    let Answer::Hello(answer) = ask(&link, &hello(Desk(1))).await else {
        panic!("no hello")
    };
    let time = answer
        .time
        .verify(&world.roster())
        .expect("signed by the relay");
    assert_eq!(time.statement().challenge, [7; 16]);
    assert_eq!(time.statement().incarnation, relay.incarnation());
    assert_eq!(answer.roster, *world.roster().heads());
    relay.shutdown().await.expect("a clean stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_before_hello() {
    let world = World::new(Reach::Anywhere);
    let relay = world.start().await;
    let (_dialer, link) = world.connect(Desk(1), &relay).await;
    let request = Request::FetchHeads { roster: Hash::ZERO };
    assert_eq!(ask(&link, &request).await, refused(RefusalCode::HelloFirst));
    assert!(matches!(
        ask(&link, &hello(Desk(1))).await,
        Answer::Hello(_)
    ));
    assert_eq!(
        ask(&link, &request).await,
        refused(RefusalCode::UnknownRoster)
    );
    let known = Request::FetchHeads {
        roster: world.roster().hash(),
    };
    assert_eq!(
        ask(&link, &known).await,
        Answer::Heads(world.roster().heads().clone())
    );
    // A key speaks for its own device alone.
    assert_eq!(
        ask(&link, &hello(Desk(2))).await,
        refused(RefusalCode::NotDesignated)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_left_the_roster_is_disconnected_and_the_others_hear_of_it() {
    let world = World::new(Reach::Anywhere);
    let relay = world.start().await;
    let (_left, leaving) = world.connect(Desk(1), &relay).await;
    let (_right, staying) = world.connect(Desk(2), &relay).await;
    ask(&leaving, &hello(Desk(1))).await;
    ask(&staying, &hello(Desk(2))).await;
    let before = relay.roster().hash();

    let annex = world.next_annex(&[Desk(2)]);
    let applied = relay
        .offer_roster(annexes([annex]))
        .await
        .expect("it verifies");
    assert!(applied.is_change());
    assert_eq!(leaving.closed().await, CloseReason::Removed);
    let mut push = staying.accept_push().await.expect("news");
    let news: Push = decode(&push.read(PUSH_BYTES_MAX).await.unwrap()).unwrap();
    assert_eq!(
        news,
        Push::RosterNews {
            roster: applied.after
        }
    );
    let earlier = ask(&staying, &Request::FetchHeads { roster: before }).await;
    assert!(matches!(earlier, Answer::Heads(_)));

    // The device fetches what it lacks, and what was offered is there after a restart.
    let have = Request::FetchRoster {
        have: world.roster().heads().clone(),
    };
    let Answer::Roster(documents) = ask(&staying, &have).await else {
        panic!("no roster")
    };
    assert_eq!(documents.annexes.len(), 1);
    relay.shutdown().await.expect("a clean stop");
    let relay = world.start().await;
    assert_eq!(relay.roster().hash(), applied.after);
    assert_eq!(
        relay.standing().await.expect("a standing").desks_designated,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_hands_over_a_newer_roster() {
    let world = World::new(Reach::Anywhere);
    let relay = world.start().await;
    let (_dialer, link) = world.connect(Desk(2), &relay).await;
    ask(&link, &hello(Desk(2))).await;
    let documents = annexes([world.next_annex(&[Desk(2)])]);
    let offer = Request::OfferRoster(Box::new(documents));
    assert_eq!(ask(&link, &offer).await, Answer::Done);
    assert_ne!(relay.roster().hash(), world.roster().hash());
    // What contradicts it is refused, and kept as evidence.
    let fork = annexes([world.next_annex(&[Desk(1)])]);
    let answer = ask(&link, &Request::OfferRoster(Box::new(fork))).await;
    assert_eq!(answer, refused(RefusalCode::RosterFork));
    assert!(
        world
            .roster_files()
            .iter()
            .any(|name| name.ends_with(".refused"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_document_is_set_aside_and_holds_up_no_other() {
    let world = World::new(Reach::Anywhere);
    let relay = world.start().await;
    world.drop_in("nonsense.part", b"nonsense");
    world.drop_in("third.part", &encode(&world.next_annex(&[Desk(1)])));
    // The relay looks by itself every second: one of the two takes it into use.
    relay.reload_roster().await.expect("the folder is read");
    assert_eq!(
        relay.standing().await.expect("a standing").desks_designated,
        1
    );
    let files = world.roster_files();
    assert!(
        files.iter().any(|name| name.starts_with("nonsense.part.")),
        "{files:?}"
    );
    assert!(!files.contains(&"nonsense.part".to_owned()), "{files:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_example_network_is_served_on_loopback_only() {
    let world = World::new(Reach::Loopback);
    let mut config = world.config();
    config.listen = "0.0.0.0:0".parse().unwrap();
    let error = world.try_start(config).await.expect_err("refused");
    assert_eq!(error.code(), "start-roster");
    assert!(error.to_string().contains("loopback"), "{error}");
    world.start().await.shutdown().await.expect("a clean stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_the_roster_does_not_name_does_not_start() {
    let world = World::new(Reach::Anywhere);
    let mut config = world.config();
    config.name = "south".parse().unwrap();
    let error = world.try_start(config).await.expect_err("refused");
    assert_eq!(error.code(), "start-not-in-roster");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_no_requests_are_refused_and_the_link_lives_on() {
    let world = World::new(Reach::Anywhere);
    let relay = world.start().await;
    let (_dialer, link) = world.connect(Desk(1), &relay).await;
    let hello_bytes = encode(&hello(Desk(1)));
    let trailing = [&hello_bytes[..], &[0]].concat();
    for (bytes, code) in [
        (&99_u32.to_le_bytes()[..], RefusalCode::UnknownRequest),
        (
            &hello_bytes[..hello_bytes.len() - 1],
            RefusalCode::Malformed,
        ),
        (&trailing, RefusalCode::Malformed),
    ] {
        let bound = maille_link::AnswerBound {
            bytes_max: 1024,
            deadline: std::time::Duration::from_secs(30),
        };
        let answer = link
            .request(maille_link::Priority::Normal, bytes, bound)
            .await
            .unwrap();
        assert_eq!(decode::<Answer>(&answer).unwrap(), refused(code));
    }
    assert!(matches!(
        ask(&link, &hello(Desk(1))).await,
        Answer::Hello(_)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_can_fetch_the_whole_roster() {
    let world = World::new(Reach::Anywhere);
    let relay = world.start().await;
    let (_dialer, link) = world.connect(Desk(1), &relay).await;
    ask(&link, &hello(Desk(1))).await;
    let have = Request::FetchRoster {
        have: RosterHeads::none(),
    };
    let Answer::Roster(documents) = ask(&link, &have).await else {
        panic!("no roster")
    };
    let RosterDocuments {
        authority, annexes, ..
    } = *documents;
    assert_eq!((authority.len(), annexes.len()), (1, 1));
}

#[cfg(unix)]
#[tokio::test]
async fn a_relay_that_has_started_can_be_asked_at_once() {
    let world = World::new(Reach::Anywhere);
    let relay = world.start().await;
    // Nothing else ran since: on this runtime nothing could.
    std::os::unix::net::UnixStream::connect(world.folder.admin_socket()).unwrap();
    relay.shutdown().await.unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn metrics_and_readiness_are_told_on_loopback() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::new(Reach::Anywhere);
    let mut config = world.config();
    config.metrics = Some("127.0.0.1:0".parse().unwrap());
    let relay = world.try_start(config).await.expect("it starts");
    let address = relay.metrics_address().expect("an address");
    for (path, status, content) in [
        ("/ready", "200", "ready"),
        ("/metrics", "200", "maille_relay_desks_designated 2"),
        ("/else", "404", "/metrics or /ready"),
    ] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).await.unwrap();
        assert!(page.starts_with(&format!("HTTP/1.1 {status} ")), "{page}");
        assert!(page.contains(content), "{page}");
    }
}

/// The binary in a process of its own: what an operator types, and how it stops.
#[cfg(unix)]
#[test]
fn an_operator_asks_the_running_binary_changes_its_roster_and_stops_it() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let world = World::new(Reach::Loopback);
    let folder = world.folder.root();
    let config = "name = \"north\"\nnetwork = \"testing\"\nlisten = \"127.0.0.1:0\"\n";
    std::fs::write(world.folder.config(), config).unwrap();
    let binary = env!("CARGO_BIN_EXE_maille-relay");
    let tell = |arguments: &[&std::ffi::OsStr]| {
        let output = Command::new(binary).args(arguments).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let mut relay = Command::new(binary)
        .arg("run")
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(relay.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(
        line.starts_with("relay north listens on 127.0.0.1:"),
        "{line}"
    );

    let (code, text) = tell(&["status".as_ref(), folder.as_ref(), "--json".as_ref()]);
    assert_eq!(code, Some(0));
    assert!(text.contains("\"desks_designated\":2"), "{text}");
    let annex = folder.join("annex-2");
    std::fs::write(&annex, encode(&world.next_annex(&[Desk(2)]))).unwrap();
    let add = [
        "roster".as_ref(),
        "add".as_ref(),
        folder.as_ref(),
        annex.as_ref(),
    ];
    assert!(tell(&add).1.contains("is in use now"));
    std::fs::write(&annex, encode(&world.next_annex(&[Desk(1)]))).unwrap();
    assert_eq!(tell(&add).0, Some(5), "a fork is refused");

    let killed = Command::new("kill")
        .arg(relay.id().to_string())
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(relay.wait().unwrap().code(), Some(0));
    assert_eq!(tell(&["status".as_ref(), folder.as_ref()]).0, Some(8));
    assert!(!world.folder.admin_socket().exists());
}

fn refused(code: RefusalCode) -> Answer {
    Answer::Refused(Refusal::permanent(code))
}
