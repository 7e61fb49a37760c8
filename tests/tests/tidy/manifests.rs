//! The arrows between the rooms, and who may depend on what, read from the manifests.

use crate::faults::Faults;
use crate::repository::{TextFile, text_files};

/// Each package, and the packages of the house that it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("maille-common", &[]),
    ("maille-durable", &[]),
    ("maille-link", &["maille-common"]),
    (
        "maille-relay",
        &["maille-common", "maille-durable", "maille-link"],
    ),
    (
        "maille-client",
        &["maille-common", "maille-durable", "maille-link"],
    ),
    // The relay is for the demonstration alone; `rooms.rs` confines it there.
    (
        "maille",
        &[
            "maille-client",
            "maille-common",
            "maille-durable",
            "maille-link",
            "maille-relay",
        ],
    ),
    (
        "maille-tests",
        &[
            "maille",
            "maille-client",
            "maille-common",
            "maille-durable",
            "maille-link",
            "maille-relay",
        ],
    ),
];

/// Crates, and the only packages that may depend on them directly, for tests or otherwise.
const CRATES: &[(&[&str], &[&str])] = &[
    (
        &["bincode", "curve25519-dalek", "hpke", "hpke-rs"],
        &["maille-common"],
    ),
    (&["sled"], &["maille-durable"]),
    (
        &[
            "quinn",
            "quinn-proto",
            "rcgen",
            "rustls",
            "rustls-pki-types",
            "tokio-rustls",
        ],
        &["maille-link", "maille-tests"],
    ),
    (
        &["tokio"],
        &[
            "maille",
            "maille-client",
            "maille-link",
            "maille-relay",
            "maille-tests",
        ],
    ),
];

/// What one package declares.
struct Manifest<'a> {
    path: &'a str,
    package: String,
    dependencies: Vec<(usize, String)>,
    takes_lints: bool,
}

#[test]
fn the_arrows_between_the_rooms_are_those_drawn() {
    let mut faults = Faults::default();
    for manifest in manifests() {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == manifest.package) else {
            faults.of(
                manifest.path,
                "a room that docs/architecture.md does not draw",
            );
            continue;
        };
        for (line, dependency) in &manifest.dependencies {
            let ours = dependency == "maille" || dependency.starts_with("maille-");
            let itself = *dependency == manifest.package;
            if ours && !itself && !allowed.contains(&dependency.as_str()) {
                faults.at(manifest.path, *line, dependency);
            }
        }
    }
    faults.none("relay and client lean on common, and never on each other");
}

#[test]
fn each_package_depends_on_the_crates_of_its_room_alone() {
    let mut faults = Faults::default();
    for manifest in manifests() {
        for (line, dependency) in &manifest.dependencies {
            let packages = CRATES
                .iter()
                .find(|(crates, _)| crates.contains(&dependency.as_str()))
                .map(|(_, packages)| *packages);
            if packages.is_some_and(|packages| !packages.contains(&manifest.package.as_str())) {
                faults.at(manifest.path, *line, dependency);
            }
        }
    }
    faults.none("a crate that reaches the world belongs to one room");
}

#[test]
fn each_package_takes_the_lints_of_the_workspace() {
    let mut faults = Faults::default();
    for manifest in manifests().iter().filter(|manifest| !manifest.takes_lints) {
        faults.of(manifest.path, "no `[lints] workspace = true`");
    }
    faults.none("the lints stand once, in the manifest of the workspace");
}

/// The manifests of the packages; fuzzing has a workspace of its own, outside these rules.
fn manifests() -> Vec<Manifest<'static>> {
    text_files()
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml") && !file.path.contains("/fuzz/"))
        .map(read)
        .collect()
}

/// Reads the few things wanted. `cargo` has judged the file before: it is sound TOML.
fn read(file: &TextFile) -> Manifest<'_> {
    let mut manifest = Manifest {
        path: &file.path,
        package: String::new(),
        dependencies: Vec::new(),
        takes_lints: false,
    };
    let mut section = "";
    for (line, text) in file.text.lines().enumerate() {
        if let Some(name) = text.strip_prefix('[') {
            section = name.trim_end_matches(']');
            // A dependency with a section of its own: `[dependencies.name]`.
            if let Some((_, name)) = section.split_once("dependencies.") {
                manifest.dependencies.push((line + 1, name.to_owned()));
            }
            continue;
        }
        let Some((key, value)) = text.split_once('=') else {
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        if section.ends_with("dependencies") && key.starts_with(char::is_alphabetic) {
            let name = renamed(value).unwrap_or_else(|| key.split('.').next().unwrap_or(key));
            manifest.dependencies.push((line + 1, name.to_owned()));
        }
        manifest.takes_lints |= (section, key, value) == ("lints", "workspace", "true");
        if (section, key) == ("package", "name") {
            manifest.package = value.trim_matches('"').to_owned();
        }
    }
    manifest
}

/// The true name of a dependency that the manifest renames: `other = { package = "name" }`.
fn renamed(value: &str) -> Option<&str> {
    let (_, after) = value.split_once("package = \"")?;
    after.split('"').next()
}
