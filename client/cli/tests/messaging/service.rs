//! The agent as a service of systemd.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;

use crate::world::World;

/// What systemd hears next.
fn heard(systemd: &UnixDatagram) -> String {
    let mut message = [0; 64];
    let length = systemd.recv(&mut message).unwrap();
    String::from_utf8(message[..length].to_vec()).unwrap()
}

#[test]
fn systemd_hears_when_the_agent_answers_that_it_lives_and_when_it_stops() {
    let world = World::new();
    let lyon = world.lyon();
    let path = world.path("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    let environment = [
        ("NOTIFY_SOCKET", path.to_str().unwrap()),
        ("WATCHDOG_USEC", "200000"),
    ];
    let mut agent = lyon.start_with(&["--json", "agent"], &environment);
    agent.line();
    assert_eq!(heard(&systemd), "READY=1");
    for _ in 0..3 {
        assert_eq!(heard(&systemd), "WATCHDOG=1");
    }
    assert_eq!(agent.terminate(), 0);
    let mut last = heard(&systemd);
    while last == "WATCHDOG=1" {
        last = heard(&systemd);
    }
    assert_eq!(last, "STOPPING=1");
}

#[test]
fn a_program_does_not_speak_for_the_agent_and_finds_no_credential() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let words = world.path("words");
    let text = format!(
        "#!/bin/sh\nenv > '{0}.new' && mv '{0}.new' '{0}'\n",
        words.display()
    );
    let program = world.write("page", text);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let path = world.path("notify");
    let _systemd = UnixDatagram::bind(&path).unwrap();
    let environment = [
        ("NOTIFY_SOCKET", path.to_str().unwrap()),
        ("CREDENTIALS_DIRECTORY", "/run/credentials"),
        ("LANG", "fr_FR.UTF-8"),
    ];
    let agent = ["--json", "agent", "--on-alert", program.to_str().unwrap()];
    let mut agent = tunis.start_with(&agent, &environment);
    agent.line();
    lyon.send(&["--body", "Look."]);
    while !words.exists() {
        tunis.done(&["status"]);
    }
    let found = fs::read_to_string(words).unwrap();
    assert!(found.contains("LANG=fr_FR.UTF-8"), "{found}");
    for name in ["NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY"] {
        assert!(!found.contains(name), "{found}");
    }
}
