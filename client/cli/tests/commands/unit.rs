//! The unit of systemd, as systemd itself reads it.

use std::fs;
use std::process::Command;

use crate::console::{Console, repository};

/// Skipped where there is no systemd: the words are held against the command line elsewhere.
#[test]
fn systemd_finds_nothing_wrong_with_the_unit_and_its_drop_in() {
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        return;
    }
    let console = Console::new();
    let folder = repository().join("client/cli/systemd");
    let here = |name: &str| {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        text.replace("/usr/local/bin/maille", env!("CARGO_BIN_EXE_maille"))
    };
    console.write("maille-agent.service", &here("maille-agent.service"));
    fs::create_dir(console.path("maille-agent.service.d")).unwrap();
    console.write(
        "maille-agent.service.d/passphrase.conf",
        &here("passphrase.conf"),
    );
    let verified = Command::new("systemd-analyze")
        .args(["--user", "--man=no", "verify"])
        .arg(console.path("maille-agent.service"))
        .env("XDG_RUNTIME_DIR", console.path(""))
        .output()
        .unwrap();
    let said = String::from_utf8(verified.stderr).unwrap();
    let about: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("maille"))
        .collect();
    assert!(verified.status.success() && about.is_empty(), "{said}");
}
