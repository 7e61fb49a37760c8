//! The test programs, as Cargo built them.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;

/// A test program, and the folder that it is run in.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) folder: PathBuf,
}

/// All of them, by package and target.
pub(super) type Programs = BTreeMap<(String, String), Program>;

/// A line of what Cargo says it built.
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    manifest_path: Option<PathBuf>,
    executable: Option<PathBuf>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Has Cargo build what is not built yet, and takes down where everything lies.
pub(super) fn programs() -> io::Result<Programs> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let said = Command::new(cargo)
        .args(["test", "--workspace", "--locked", "--no-run"])
        .args(["--quiet", "--message-format=json"])
        .stderr(Stdio::inherit())
        .output()?;
    if !said.status.success() {
        return Err(io::Error::other("the tests do not build"));
    }
    let text = String::from_utf8_lossy(&said.stdout);
    let messages = text.lines().map(serde_json::from_str::<Message>);
    Ok(messages.flatten().filter_map(Message::program).collect())
}

impl Message {
    /// A program of tests; none where something else was built.
    fn program(self) -> Option<((String, String), Program)> {
        let (path, target) = (self.executable?, self.target?);
        let folder = self.manifest_path?.parent()?.to_path_buf();
        if !self.profile?.test {
            return None;
        }
        let is_library = target.kind.iter().any(|kind| kind == "lib");
        let name = if is_library {
            "lib".to_owned()
        } else {
            target.name
        };
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        let package = manifest.lines().find_map(|line| {
            let value = line.strip_prefix("name = \"")?;
            value.strip_suffix('"')
        })?;
        Some(((package.to_owned(), name), Program { path, folder }))
    }
}
