use super::*;
use crate::entropy::OsRandomness;

/// A folder with a present pair and a next one; their public halves.
fn two_pairs() -> (tempfile::TempDir, RelayFolder, [PublicKeys; 2]) {
    let at = tempfile::tempdir().unwrap();
    let folder = RelayFolder::new(at.path());
    let mut random = OsRandomness::new();
    let present = RelayKeyPair::create(&folder, &mut random).unwrap();
    let next = make(&folder, &KeysTurn::wait(&folder).unwrap(), &mut random).unwrap();
    let keys = [present, next].map(|pair| PublicKeys::of(&pair));
    (at, folder, keys)
}

fn in_use(folder: &RelayFolder) -> PublicKeys {
    PublicKeys::of(&RelayKeyPair::load(folder).unwrap())
}

#[test]
fn the_next_pair_lies_beside_the_present_one_for_its_owner_alone() {
    let (_at, folder, [present, next]) = two_pairs();
    assert_eq!(in_use(&folder), present);
    let found = RelayKeyPair::load_next(&folder).unwrap().unwrap();
    assert_eq!(PublicKeys::of(&found), next);
    assert_ne!(present, next);
    #[cfg(unix)]
    for name in KEY_FILES {
        use std::os::unix::fs::PermissionsExt;
        let metadata = fs::metadata(folder.next_keys().join(name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_pair_that_was_half_made_is_made_anew() {
    let at = tempfile::tempdir().unwrap();
    let folder = RelayFolder::new(at.path());
    let half_made = at.path().join("next.unfinished");
    fs::create_dir(&half_made).unwrap();
    fs::write(half_made.join("transport.key"), "half").unwrap();
    assert!(RelayKeyPair::load_next(&folder).unwrap().is_none());
    make(
        &folder,
        &KeysTurn::wait(&folder).unwrap(),
        &mut OsRandomness::new(),
    )
    .unwrap();
    assert!(RelayKeyPair::load_next(&folder).unwrap().is_some());
    assert!(!half_made.exists());
}

#[test]
fn taking_the_next_pair_leaves_the_former_one_aside() {
    let (_at, folder, [present, next]) = two_pairs();
    take(&folder).unwrap();
    assert_eq!(in_use(&folder), next);
    assert!(RelayKeyPair::load_next(&folder).unwrap().is_none());
    let former = RelayKeyPair::each_in(&folder.former_keys()).unwrap();
    let former: Vec<_> = former.iter().map(|key| key.verifying_key()).collect();
    assert_eq!(former, [present.transport, present.signing]);
    assert!(!finish_taking(&folder).unwrap(), "nothing is left to do");
}

/// Killed behind each step there is: what is loaded is one whole pair, the next one, at once, and
/// the next start finishes.
#[test]
fn a_relay_killed_between_two_files_begins_with_one_whole_pair() {
    let [transport, signing] = KEY_FILES;
    for cut in 0_usize..6 {
        let (_at, folder, [_, next]) = two_pairs();
        let (root, former) = (folder.root().to_owned(), folder.former_keys());
        let taking = folder.keys_being_taken();
        fs::rename(folder.next_keys(), &taking).unwrap();
        let moves = [
            (root.join(transport), former.join(transport)),
            (taking.join(transport), root.join(transport)),
            (root.join(signing), former.join(signing)),
            (taking.join(signing), root.join(signing)),
        ];
        if cut > 0 {
            fs::create_dir(&former).unwrap();
        }
        for (from, to) in moves.iter().take(cut.saturating_sub(1)) {
            fs::rename(from, to).unwrap();
        }
        assert_eq!(in_use(&folder), next, "cut {cut}");
        assert!(finish_taking(&folder).unwrap(), "cut {cut}");
        assert_eq!(in_use(&folder), next, "cut {cut}");
        assert!(!taking.exists());
        assert_eq!(RelayKeyPair::each_in(&former).unwrap().len(), 2);
    }
}

/// It would find no next pair while the relay takes it, and make another.
#[test]
fn no_pair_is_made_while_the_keys_are_being_changed() {
    let (_at, folder, [_, next]) = two_pairs();
    fs::write(folder.config(), "name = \"north\"\nnetwork = \"testing\"\n").unwrap();
    let turn = KeysTurn::wait(&folder).unwrap();
    // As the relay leaves it between its first step and the last.
    fs::rename(folder.next_keys(), folder.keys_being_taken()).unwrap();
    let refused = renew_keys(&folder, &mut OsRandomness::new()).unwrap_err();
    assert_eq!(refused.code(), "renew-busy");
    assert!(refused.to_string().contains("Give the command again"));
    finish(&folder, &turn).unwrap();
    assert_eq!(in_use(&folder), next);
    assert!(!folder.next_keys().exists());
    drop(turn);
    let refused = renew_keys(&folder, &mut OsRandomness::new()).unwrap_err();
    assert_ne!(refused.code(), "renew-busy", "it goes on to the anchor");
}
