//! What a thief finds, and what somebody who changes files achieves.

use std::path::Path;

use maille_common::sealing::BundleOwner;

use super::*;

#[test]
fn every_changed_byte_of_the_identity_is_refused() {
    let world = World::new();
    drop(world.create());
    let path = world.file("identity.sealed");
    let sealed = fs::read(&path).unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert_eq!(
            code(world.open_as(world.amina())),
            "home-file-corrupt",
            "byte {at}"
        );
    }
    fs::write(&path, &sealed[..sealed.len() - 1]).unwrap();
    assert_eq!(code(world.open_as(world.amina())), "home-file-corrupt");
    fs::write(&path, &sealed).unwrap();
    assert_eq!(code(world.open_as(world.amina())), "ok");
}

#[test]
fn an_identity_of_another_home_is_refused() {
    let (world, other) = (World::new(), World::new());
    drop((world.create(), other.create()));
    fs::copy(other.file("identity.sealed"), world.file("identity.sealed")).unwrap();
    assert_eq!(code(world.open_as(world.amina())), "home-file-corrupt");
}

#[test]
fn an_exchanged_anchor_or_contact_is_noticed() {
    let world = World::new();
    drop(world.create());
    let exchange = |file: &str, from: &str, to: &str| {
        let text = fs::read_to_string(world.file(file)).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(world.file(file), text.replace(from, to)).unwrap();
        let refused = world.open_as(world.amina()).unwrap_err();
        assert_eq!(refused.code(), "home-file-altered");
        assert!(refused.to_string().contains(file));
        fs::write(world.file(file), text).unwrap();
    };
    exchange(
        "anchor",
        &anchor_key(1).to_string(),
        &anchor_key(9).to_string(),
    );
    exchange("anchor", "threshold = 2", "threshold = 1");
    exchange("home.toml", "interpol/fr/cyber", "interpol/fr/other");
    exchange("home.toml", "dialogue", "monologue");
    // A comment is no change.
    let text = fs::read_to_string(world.file("home.toml")).unwrap();
    fs::write(world.file("home.toml"), format!("# Left desk.\n{text}")).unwrap();
    assert_eq!(code(world.open_as(world.amina())), "ok");
}

#[test]
fn what_is_not_a_home_or_not_ours_is_said_so() {
    let world = World::new();
    assert_eq!(code(world.open_by_machine()), "not-a-home");
    drop(world.create());
    let text = fs::read_to_string(world.file("home.toml")).unwrap();
    let open_with = |text: String| {
        fs::write(world.file("home.toml"), text).unwrap();
        code(world.open_as(world.amina()))
    };
    // Another format is refused as such, whatever else it holds.
    assert_eq!(
        open_with("format = 2\nmoon = 1\n".to_owned()),
        "home-other-version"
    );
    assert_eq!(
        open_with(format!("{text}colour = \"red\"\n")),
        "home-file-corrupt"
    );
    assert_eq!(
        open_with(text.replace("interpol/", "INTERPOL/")),
        "home-file-corrupt"
    );
    assert_eq!(open_with(String::new()), "home-file-corrupt");
    assert_eq!(open_with(text), "ok");
    for file in ["anchor", "identity.sealed"] {
        let bytes = fs::read(world.file(file)).unwrap();
        fs::remove_file(world.file(file)).unwrap();
        let refused = world.open_as(world.amina()).unwrap_err();
        assert_eq!(refused.code(), "home-file-missing");
        assert!(refused.to_string().contains(file));
        files::create(&world.file(file), &bytes).unwrap();
    }
    assert_eq!(code(world.open_as(world.amina())), "ok");
}

#[test]
fn a_changed_slot_is_refused_and_takes_no_more_memory_than_allowed() {
    let world = World::new();
    drop(world.create());
    let text = fs::read_to_string(world.file("slots.toml")).unwrap();
    let open_with = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        fs::write(world.file("slots.toml"), text.replace(from, to)).unwrap();
        code(world.open_as(world.amina()))
    };
    assert_eq!(
        open_with("memory_kib = 8\n", "memory_kib = 4294967295\n"),
        "home-file-corrupt"
    );
    assert_eq!(
        open_with("passes = 1\n", "passes = 100000\n"),
        "home-file-corrupt"
    );
    assert_eq!(
        open_with("passes = 1\n", "passes = 2\n"),
        "wrong-passphrase"
    );
    assert_eq!(
        open_with("name = \"amina\"", "name = \"imina\""),
        "no-such-officer"
    );
    assert_eq!(
        open_with("[officer.argon2id]", "colour = 1\n[officer.argon2id]"),
        "home-file-corrupt"
    );
    assert_eq!(open_with("format = 1", "format = 7"), "home-other-version");
    // The slot of one officer does not open under the name of another.
    fs::write(world.file("slots.toml"), text.replace("amina", "boris")).unwrap();
    let boris = NewOfficer {
        name: "boris",
        ..world.amina()
    };
    assert_eq!(code(world.open_as(boris)), "wrong-passphrase");
}

#[test]
fn no_secret_stands_in_a_file_of_an_officers_home() {
    let world = World::new();
    let home = world.create();
    let (transport, _, store, _) = identity(&home);
    let secrets = [
        transport,
        store,
        *home.signing_key().expose(),
        *home.master.expose(),
    ];
    for entry in fs::read_dir(world.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            refuse_traces(&path, &secrets, b"five small grey harbour cats");
        }
    }
    assert!(!format!("{home:?}").contains(&maille_common::codec::to_hex(&transport)));
}

/// Fails if a file holds a secret, raw or in hexadecimal, or a word.
fn refuse_traces(path: &Path, secrets: &[[u8; 32]], word: &[u8]) {
    let bytes = fs::read(path).unwrap();
    let holds = |trace: &[u8]| bytes.windows(trace.len()).any(|window| window == trace);
    assert!(!holds(word), "{}", path.display());
    for secret in secrets {
        assert!(!holds(&secret[..8]), "{}", path.display());
        let digits = maille_common::codec::to_hex(&secret[..8]);
        assert!(!holds(digits.as_bytes()), "{}", path.display());
    }
}

#[test]
#[cfg(unix)]
fn files_that_others_can_reach_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    let world = World::new();
    let mut home = world.create_with(Protection::Machine).unwrap();
    home.add_officer(world.amina(), NOW, &mut OsRandomness::new())
        .unwrap();
    drop(home);
    assert_eq!(mode(&world.path()), 0o700);
    for file in ["machine.key", "identity.sealed", "slots.toml"] {
        let path = world.file(file);
        assert_eq!(mode(&path), 0o600, "{file}");
        for open_mode in [0o640, 0o604, 0o602] {
            set(&path, open_mode).unwrap();
            let refused = world.open_by_machine().unwrap_err();
            assert_eq!(refused.code(), "home-too-open");
            assert!(refused.to_string().contains(file) && refused.to_string().contains("600"));
        }
        set(&path, 0o600).unwrap();
    }
    set(&world.path(), 0o770).unwrap();
    assert_eq!(code(world.open_by_machine()), "home-too-open");
    set(&world.path(), 0o700).unwrap();
    assert_eq!(code(world.open_by_machine()), "ok");
}

#[test]
fn a_ring_of_sealing_keys_is_replaced_whole_and_leaves_no_trace() {
    let world = World::new();
    let home = world.create();
    let randomness = &mut OsRandomness::new();
    assert!(home.load_ring().unwrap().is_none());
    let mut ring = SealingRing::new();
    home.save_ring(&ring, randomness).unwrap();
    // A second name shows what becomes of the bytes of the first file.
    let old = world.folder.path().join("old");
    fs::hard_link(world.file("sealing.keys"), &old).unwrap();
    let (contact, device, key) = (home.contact(), home.device(), home.signing_key());
    let owner = BundleOwner {
        contact,
        device,
        key,
        renewal: None,
    };
    ring.next_bundle(owner, NOW, randomness).unwrap();
    home.save_ring(&ring, randomness).unwrap();
    assert_eq!(
        home.load_ring().unwrap().unwrap().to_bytes(),
        ring.to_bytes()
    );
    assert!(fs::read(&old).unwrap().iter().all(|&byte| byte == 0));
    // The ring and the identity do not open in each other's place.
    fs::copy(world.file("identity.sealed"), world.file("sealing.keys")).unwrap();
    assert_eq!(code(home.load_ring()), "home-file-corrupt");
    let mut changed = fs::read(world.file("sealing.keys")).unwrap();
    changed[3] ^= 1;
    fs::write(world.file("sealing.keys"), changed).unwrap();
    assert_eq!(code(home.load_ring()), "home-file-corrupt");
}

#[test]
fn a_leftover_of_a_power_cut_does_not_stop_the_next_change() {
    let world = World::new();
    let mut home = world.create();
    fs::write(world.file("slots.toml.new"), "half a fi").unwrap();
    home.add_officer(world.boris(), NOW, &mut OsRandomness::new())
        .unwrap();
    assert!(!world.file("slots.toml.new").exists());
    drop(home);
    assert_eq!(code(world.open_as(world.boris())), "ok");
}
