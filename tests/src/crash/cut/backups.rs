//! Backups of the relay, made and restored while the power goes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use maille_client::entropy::OsRandomness;
use maille_relay::{Clock, Day, RelayFolder, SystemClock, account_of_stopped, backup, restore};

use crate::crash::chance::Chance;
use crate::crash::crew::Crew;
use crate::crash::report::Role;
use crate::crash::violation::{Broken, Violation};

/// What lies in the folder of backups.
const BACKUP: &str = "backup-";
const RESTORED: &str = "restored-";

/// The backups on a volume. One at a time is made or restored.
#[derive(Debug)]
pub(super) struct Backups {
    folder: PathBuf,
    begun: u64,
    work: Option<(String, JoinHandle<Result<(), String>>)>,
    /// What was said to be whole before the power went.
    promised: BTreeSet<String>,
    /// The newest backup that was found whole.
    newest: Option<String>,
    pub(super) made: u64,
    pub(super) restored: u64,
}

impl Backups {
    pub(super) fn new(volume: &Path) -> Self {
        let folder = volume.join("backups");
        fs::create_dir_all(&folder).expect("the folder of backups can be made");
        Self {
            folder,
            begun: 0,
            work: None,
            promised: BTreeSet::new(),
            newest: None,
            made: 0,
            restored: 0,
        }
    }

    /// Begins to back the relay up while it serves, or to restore what was found whole.
    pub(super) fn begin(&mut self, crew: &Crew, chance: &mut Chance) {
        self.begun += 1;
        let relay = RelayFolder::new(crew.world.folder_of(Role::Relay));
        let restores = self.newest.clone().filter(|_| chance.percent(50));
        let prefix = restores.as_ref().map_or(BACKUP, |_| RESTORED);
        let name = format!("{prefix}{}", self.begun);
        let target = self.folder.join(&name);
        let source = restores.map(|backup| self.folder.join(backup));
        let work = thread::spawn(move || match source {
            None => backup(&relay, &target, true)
                .map(drop)
                .map_err(|error| error.to_string()),
            Some(source) => {
                let target = RelayFolder::new(target);
                restore(&source, &target, &mut OsRandomness::new())
                    .map(drop)
                    .map_err(|error| error.to_string())
            }
        });
        self.work = Some((name, work));
    }

    /// Keeps this moment: what is done by now is promised.
    pub(super) fn keep_moment(&mut self, crew: &mut Crew) {
        match self.work.take_if(|(_, work)| work.is_finished()).map(join) {
            Some(Ok(name)) => drop(self.promised.insert(name)),
            Some(Err(why)) => violate(crew, Broken::Stopped, why),
            None => {}
        }
    }

    /// Waits until nobody has files open: what still went on when the power went, failed or not.
    pub(super) fn end(&mut self) {
        drop(self.work.take().map(join));
    }

    /// What was promised is there, and what is there is whole. Now and then the relay goes on with
    /// what was restored: a new incarnation.
    pub(super) fn check(&mut self, scratch: &Path, crew: &mut Crew, chance: &mut Chance) {
        let mut found: Vec<(u64, String)> = Vec::new();
        for entry in fs::read_dir(&self.folder)
            .expect("the folder of backups")
            .flatten()
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            let number = name
                .split('-')
                .next_back()
                .and_then(|number| number.parse().ok());
            if let Some(number) = number {
                found.push((number, name));
            }
        }
        found.sort();
        for name in std::mem::take(&mut self.promised) {
            if !found.iter().any(|(_, other)| *other == name) {
                violate(crew, Broken::Lost, format!("{name} is gone"));
            }
        }
        for (_, name) in found {
            if name.starts_with(BACKUP) {
                self.check_backup(&name, scratch, crew);
            } else {
                self.check_restored(&name, crew, chance);
            }
        }
    }

    fn check_backup(&mut self, name: &str, scratch: &Path, crew: &mut Crew) {
        if self.newest.as_deref() == Some(name) {
            return;
        }
        let target = scratch.join("tried");
        let tried = RelayFolder::new(&target);
        let restored = restore(&self.folder.join(name), &tried, &mut OsRandomness::new());
        match restored {
            Ok(_) => fs::remove_dir_all(&target).expect("what was restored can be removed"),
            Err(error) => return violate(crew, Broken::DoesNotOpen, format!("{name}: {error}")),
        }
        self.made += 1;
        if let Some(older) = self.newest.replace(name.to_owned()) {
            remove(&self.folder.join(older));
        }
    }

    fn check_restored(&mut self, name: &str, crew: &mut Crew, chance: &mut Chance) {
        self.restored += 1;
        let (restored, relay) = (self.folder.join(name), crew.world.folder_of(Role::Relay));
        let today = Day::of(SystemClock.now());
        match account_of_stopped(&RelayFolder::new(&restored), today) {
            Ok(account) if account.all.balances() && account.faults.is_empty() => {}
            Ok(account) => violate(crew, Broken::Books, format!("{name}: {account:?}")),
            Err(error) => return violate(crew, Broken::DoesNotOpen, format!("{name}: {error}")),
        }
        if chance.percent(40) {
            remove(&relay);
            fs::rename(&restored, &relay).expect("a folder can be moved");
            // An operator who moves folders waits until they are moved.
            for folder in [&self.folder, crew.world.folder()] {
                let synced = File::open(folder).and_then(|folder| folder.sync_all());
                synced.expect("a folder can be synced");
            }
            crew.checker.expect_new_life(Role::Relay);
        } else {
            remove(&restored);
        }
    }
}

/// What was done, or why it was not.
fn join((name, work): (String, JoinHandle<Result<(), String>>)) -> Result<String, String> {
    match work.join().expect("backing up does not panic") {
        Ok(()) => Ok(name),
        Err(why) => Err(format!("{name}: {why}")),
    }
}

fn remove(folder: &Path) {
    fs::remove_dir_all(folder).expect("a folder of the rig's can be removed");
}

fn violate(crew: &mut Crew, code: Broken, what: String) {
    crew.checker.violate(Violation::at(code, Role::Relay, what));
}
