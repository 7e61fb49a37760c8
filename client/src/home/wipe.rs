//! A home is wiped: its keys first, which is what counts, then everything else of it.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::HomeError;
use super::lock::Lock;
use super::owner::{self, Owner};
use super::{anchor_file, files, identity, machine_key, sealing_keys, slots};

/// What opens a home, and what it opens: without these files everything else is noise. The key of
/// the machine and the slots come first, since each alone opens all the rest.
const KEYS: [&str; 4] = [
    machine_key::FILE,
    slots::FILE,
    identity::FILE,
    sealing_keys::FILE,
];

/// What else this program puts into a home, files and folders. The rest is somebody else's.
const OTHERS: [&str; 11] = [
    "store",
    "blobs",
    "blobs-in",
    "bundle",
    "roster",
    "reanchor.next",
    "officer.toml",
    "settings.toml",
    "agent.sock",
    anchor_file::FILE,
    "lock",
];

/// How the names begin of what is set aside beside those.
const SET_ASIDE: [&str; 3] = ["store.damaged-", "store.version-1-", "before-"];

/// What was wiped of a home, and what was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wiped {
    /// The contact that the device acted for.
    pub contact: String,
    /// The device.
    pub device: String,
    /// What people called it.
    pub label: String,
    /// The files with keys, overwritten and removed.
    pub keys: Vec<PathBuf>,
    /// How many other files were removed.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What lies in the folder and is not of the home; it was not touched.
    pub left: Vec<PathBuf>,
}

/// Whose home is in a folder: contact, device, and what people call it. Opens nothing.
pub fn whose(folder: &Path) -> Result<(String, String, String), HomeError> {
    let owner = Owner::load(folder)?;
    let label = owner.label.to_string();
    Ok((owner.contact.to_string(), owner.device.to_string(), label))
}

/// Removes the home in `folder` for good, its keys first; nobody may hold it meanwhile.
///
/// `home.toml`, which makes the folder a home, goes last: what was cut off is gone on with by
/// wiping it again. No passphrase is asked for, since whoever may write here can remove the files
/// anyhow. Files with keys are overwritten in place before they go; whether the blocks of the old
/// ones are gone, a solid-state disk, a copying file system and backups decide.
///
/// # Errors
/// [`HomeError`]: no home, held by another process, or a file that cannot be written or removed;
/// what had gone by then is gone.
pub fn wipe(folder: &Path) -> Result<Wiped, HomeError> {
    let (contact, device, label) = whose(folder)?;
    let _lock = Lock::take(folder)?;
    let mut wiped = Wiped {
        contact,
        device,
        label,
        keys: Vec::new(),
        files: 0,
        bytes: 0,
        left: Vec::new(),
    };
    for name in KEYS {
        for path in [folder.join(name), folder.join(format!("{name}.new"))] {
            if erase(&path)? {
                wiped.keys.push(path);
            }
        }
    }
    // From here on nobody opens it, whatever stays of it.
    files::sync_folder(folder)?;
    for path in entries(folder)? {
        match is_of_a_home(&path) {
            true => wiped.remove(&path)?,
            false => wiped.left.push(path),
        }
    }
    wiped.left.retain(|path| !path.ends_with(owner::FILE));
    wiped.left.sort();
    files::sync_folder(folder)?;
    wiped.remove(&folder.join(owner::FILE))?;
    files::sync_folder(folder)?;
    if wiped.left.is_empty() {
        fs::remove_dir(folder).map_err(files::io(folder, "removed"))?;
        files::sync_folder_of(folder)?;
    }
    Ok(wiped)
}

impl Wiped {
    /// Removes a file, or a folder with everything in it. What a link leads to is not touched.
    fn remove(&mut self, path: &Path) -> Result<(), HomeError> {
        let metadata = fs::symlink_metadata(path).map_err(files::io(path, "examined"))?;
        if metadata.is_dir() {
            for path in entries(path)? {
                self.remove(&path)?;
            }
            return fs::remove_dir(path).map_err(files::io(path, "removed"));
        }
        self.files += 1;
        self.bytes += metadata.len();
        fs::remove_file(path).map_err(files::io(path, "removed"))
    }
}

/// Overwrites a file and removes it; `false` where there is none. A link is removed, and what it
/// leads to is not touched.
fn erase(path: &Path) -> Result<bool, HomeError> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        other => other.map_err(files::io(path, "examined"))?,
    };
    if metadata.is_file() {
        let open = OpenOptions::new().write(true).open(path);
        open.and_then(files::overwrite)
            .map_err(files::io(path, "overwritten"))?;
    }
    fs::remove_file(path).map_err(files::io(path, "removed"))?;
    Ok(true)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, HomeError> {
    let read = || {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            paths.push(entry?.path());
        }
        Ok(paths)
    };
    read().map_err(files::io(folder, "read"))
}

fn is_of_a_home(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let whole = name.strip_suffix(".new").unwrap_or(&name);
    OTHERS.contains(&whole) || SET_ASIDE.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a home looks, but for what is in it.
    fn home() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        fs::create_dir_all(home.join("store/log")).unwrap();
        fs::create_dir_all(home.join("store.damaged-20261128")).unwrap();
        fs::create_dir_all(home.join("before-0417")).unwrap();
        let toml = include_str!("../../vectors/home/home.toml");
        fs::write(home.join(owner::FILE), toml).unwrap();
        for name in KEYS
            .iter()
            .chain(&["bundle", "settings.toml", "slots.toml.new"])
        {
            fs::write(home.join(name), name).unwrap();
        }
        for name in [
            "store/log/1.log",
            "store.damaged-20261128/2.log",
            "before-0417/anchor",
        ] {
            fs::write(home.join(name), name).unwrap();
        }
        (folder, home)
    }

    #[test]
    fn everything_of_a_home_goes_and_its_folder_with_it() {
        let (_folder, home) = home();
        let wiped = wipe(&home).unwrap();
        assert!(!home.exists());
        assert_eq!(wiped.contact, "interpol/fr/cyber");
        let keys: Vec<_> = wiped
            .keys
            .iter()
            .map(|path| path.file_name().unwrap())
            .collect();
        let expected = [
            "machine.key",
            "slots.toml",
            "slots.toml.new",
            "identity.sealed",
        ];
        assert_eq!(keys[..4], expected);
        assert_eq!(keys[4], "sealing.keys");
        // bundle, settings.toml, three in folders, lock and home.toml.
        assert_eq!((wiped.files, wiped.left.len()), (7, 0));
        assert!(matches!(wipe(&home), Err(HomeError::NotAHome { .. })));
    }

    #[test]
    fn what_is_not_of_a_home_is_named_and_stays() {
        let (_folder, home) = home();
        let ours = home.join("webhook.secret");
        fs::write(&ours, "the agency's").unwrap();
        let wiped = wipe(&home).unwrap();
        assert_eq!(wiped.left, std::slice::from_ref(&ours));
        assert_eq!(fs::read(&ours).unwrap(), b"the agency's");
        assert_eq!(fs::read_dir(&home).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_no_home_or_is_held_is_not_touched() {
        let (folder, home) = home();
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("machine.key"), "of something else").unwrap();
        assert!(matches!(wipe(&other), Err(HomeError::NotAHome { .. })));
        assert!(other.join("machine.key").exists());
        let held = Lock::take(&home).unwrap();
        assert!(matches!(wipe(&home), Err(HomeError::Locked { .. })));
        assert_eq!(fs::read(home.join("slots.toml")).unwrap(), b"slots.toml");
        drop(held);
        wipe(&home).unwrap();
    }

    /// The keys are gone when anything fails behind them, and the wipe goes on where it stopped.
    #[cfg(unix)]
    #[test]
    fn a_wipe_that_is_cut_off_has_begun_with_the_keys_and_goes_on() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, home) = home();
        let sealed = home.join("store/log");
        let mode = |mode| fs::set_permissions(&sealed, fs::Permissions::from_mode(mode));
        // A folder that cannot be read; whoever may do everything wipes it all the same.
        mode(0o000).unwrap();
        let first = wipe(&home);
        if first.is_err() {
            assert!(KEYS.iter().all(|name| !home.join(name).exists()));
            assert!(home.join(owner::FILE).exists());
            mode(0o700).unwrap();
            assert_eq!(wipe(&home).unwrap().keys, Vec::<PathBuf>::new());
        }
        assert!(!home.exists());
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_leads_to_is_not_touched() {
        let (folder, home) = home();
        let elsewhere = folder.path().join("elsewhere");
        fs::write(&elsewhere, "of somebody else").unwrap();
        for name in ["sealing.keys", "officer.toml"] {
            let _ = fs::remove_file(home.join(name));
            std::os::unix::fs::symlink(&elsewhere, home.join(name)).unwrap();
        }
        wipe(&home).unwrap();
        assert_eq!(fs::read(&elsewhere).unwrap(), b"of somebody else");
    }

    /// A file that holds the same key in another place of the disk is seen to be overwritten.
    #[cfg(unix)]
    #[test]
    fn keys_are_overwritten_before_they_go() {
        let (folder, home) = home();
        let same = folder.path().join("same");
        fs::hard_link(home.join("machine.key"), &same).unwrap();
        wipe(&home).unwrap();
        assert_eq!(fs::read(&same).unwrap(), vec![0; "machine.key".len()]);
    }
}
