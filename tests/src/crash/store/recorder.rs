//! A disk that does what it is told, in memory as far as the machine allows, and writes it down.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use maille_durable::{Disk, LocalDisk, Output};

use super::recording::{Call, Event, Leaf, Recording, STORE, Tree};
use super::volume::Volume;

/// Records every call. One call is made at a time, so that their order is the one recorded.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    base: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    recording: Recording,
    files: HashMap<String, usize>,
    count: usize,
    /// The sync of a file of the log that will fail, counted down.
    failing: Option<u64>,
    /// The process that made the calls is dead; what it still does reaches nothing.
    dead: bool,
    /// Calls until it dies.
    dying: Option<u64>,
    /// What it left.
    left: Option<Tree>,
    /// Calls between two copies of the index, and until the next.
    copies: Option<(u64, u64)>,
}

impl Recorder {
    /// Records what happens below `base`, where `before` is, all of it durable.
    pub(crate) fn new(base: &Path, before: Tree) -> Self {
        let recording = Recording {
            before,
            ..Recording::default()
        };
        Self::go_on(base, recording)
    }

    /// Goes on with a recording below `base`, where what it has left is, durable or not.
    pub(crate) fn go_on(base: &Path, recording: Recording) -> Self {
        let volume = Volume::after(&recording.before, &recording.events);
        let state = State {
            files: volume.paths(),
            count: volume.count(),
            recording,
            ..State::default()
        };
        let base = base.to_path_buf();
        let state = Mutex::new(state);
        Self {
            shared: Arc::new(Shared { base, state }),
        }
    }

    /// Lets the sync of the log that comes after `count` others fail.
    pub(crate) fn fail_log_sync(&self, count: u64) {
        self.state().failing = Some(count);
    }

    /// Copies the index behind every so many calls.
    pub(crate) fn copy_index_every(&self, calls: u64) {
        self.state().copies = Some((calls, calls));
    }

    /// Lets so many calls through, and then none.
    pub(crate) fn die_after(&self, calls: u64) {
        self.state().dying = Some(calls);
    }

    /// What the last call before death has left; it is now if it was not before.
    pub(crate) fn die(&self) -> Tree {
        let mut state = self.state();
        state.dying = None;
        state
            .left
            .take()
            .unwrap_or_else(|| self.die_now(&mut state))
    }

    fn die_now(&self, state: &mut State) -> Tree {
        let mut left = Tree::new();
        read_tree(&self.shared.base, "", &mut left);
        state.dead = true;
        left
    }

    /// Whether the process that makes the calls is dead.
    pub(crate) fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// Lets calls through again, of the next process.
    pub(crate) fn revive(&self) {
        let mut state = self.state();
        (state.dead, state.dying, state.left) = (false, None, None);
    }

    /// Notes what is not a call.
    pub(crate) fn note(&self, event: Event) {
        let mut state = self.state();
        if !state.dead {
            state.recording.events.push(event);
        }
    }

    /// Notes that a store answered: everything up to a commit survives.
    pub(crate) fn acknowledge(&self, number: u64) {
        self.note(Event::Acknowledged(number));
    }

    /// The disk as a store takes it.
    pub(crate) fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }

    /// How many events were recorded.
    pub(crate) fn len(&self) -> usize {
        self.state().recording.events.len()
    }

    /// Ends the recording.
    pub(crate) fn finish(self) -> Recording {
        std::mem::take(&mut self.state().recording)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, for a call that a living process makes.
    fn living(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        match &mut state.dying {
            Some(0) => {
                state.dying = None;
                let left = self.die_now(&mut state);
                state.left = Some(left);
            }
            Some(calls) => *calls -= 1,
            None => {}
        }
        if state.dead {
            return Err(io::Error::other("the process is dead"));
        }
        Ok(state)
    }

    fn relative(&self, path: &Path) -> String {
        let within = path.strip_prefix(&self.shared.base);
        let within = within.expect("a store writes below its folder");
        within.to_string_lossy().into_owned()
    }

    fn push(&self, state: &mut State, call: Call) {
        let by = thread::current().id();
        state.recording.events.push(Event::Call { by, call });
        let Some((every, left)) = &mut state.copies else {
            return;
        };
        *left -= 1;
        if *left == 0 {
            *left = *every;
            let mut copy = Tree::new();
            read_tree(&self.shared.base, &format!("{STORE}/index"), &mut copy);
            let at = state.recording.events.len();
            state.recording.indexes.push((at, copy));
        }
    }

    fn output(&self, file: usize, path: String, output: Box<dyn Output>) -> Box<dyn Output> {
        let recorder = self.clone();
        Box::new(Recorded {
            recorder,
            file,
            path,
            output,
        })
    }
}

/// Whether a path belongs to the index.
pub(crate) fn is_index(path: &str) -> bool {
    path.contains("/index/") || path.ends_with("/index")
}

/// Reads everything at and below a path, as far as it is there.
pub(crate) fn read_tree(base: &Path, path: &str, tree: &mut Tree) {
    let full = base.join(path);
    if full.is_dir() {
        let mut prefix = String::new();
        if !path.is_empty() {
            tree.insert(path.to_owned(), Leaf::Folder);
            prefix = format!("{path}/");
        }
        for entry in fs::read_dir(&full).into_iter().flatten().flatten() {
            let name = entry.file_name();
            read_tree(base, &format!("{prefix}{}", name.to_string_lossy()), tree);
        }
    } else if let Ok(bytes) = fs::read(&full) {
        tree.insert(path.to_owned(), Leaf::File(bytes.into()));
    }
}

impl Disk for Recorder {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.living()?;
        LocalDisk.create_folder(path)?;
        let path = self.relative(path);
        self.push(&mut state, Call::CreateFolder { path });
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        let mut state = self.living()?;
        let output = LocalDisk.create(path)?;
        let path = self.relative(path);
        let file = state.count;
        state.count += 1;
        state.files.insert(path.clone(), file);
        let created = path.clone();
        self.push(&mut state, Call::Create { path, file });
        Ok(self.output(file, created, output))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        let state = self.living()?;
        let output = LocalDisk.append(path)?;
        let path = self.relative(path);
        let file = state.files.get(&path).copied().unwrap_or(usize::MAX);
        Ok(self.output(file, path, output))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.living()?;
        LocalDisk.rename(from, to)?;
        let [from, to] = [from, to].map(|path| self.relative(path));
        let within = format!("{from}/");
        let moved: Vec<String> = state.files.keys().cloned().collect();
        for path in moved {
            let target = match path.strip_prefix(&within) {
                Some(rest) => format!("{to}/{rest}"),
                None if path == from => to.clone(),
                None => continue,
            };
            if let Some(file) = state.files.remove(&path) {
                state.files.insert(target, file);
            }
        }
        self.push(&mut state, Call::Rename { from, to });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.living()?;
        LocalDisk.remove(path)?;
        let path = self.relative(path);
        state.files.remove(&path);
        self.push(&mut state, Call::Remove { path });
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.living()?;
        let path = self.relative(path);
        let call = if is_index(&path) {
            let mut tree = Tree::new();
            read_tree(&self.shared.base, &path, &mut tree);
            let paths = tree.into_keys().collect();
            Call::SyncIndexFolder { path, paths }
        } else {
            Call::SyncFolder { path }
        };
        self.push(&mut state, call);
        Ok(())
    }

    fn available_bytes(&self, _path: &Path) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

/// A file being written.
struct Recorded {
    recorder: Recorder,
    file: usize,
    path: String,
    output: Box<dyn Output>,
}

impl Output for Recorded {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.recorder.living()?;
        self.output.write_all(bytes)?;
        let (file, bytes) = (self.file, bytes.into());
        self.recorder.push(&mut state, Call::Write { file, bytes });
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        // While a disk is busy, others come to append to the next group.
        thread::yield_now();
        let mut state = self.recorder.living()?;
        let (file, path) = (self.file, self.path.clone());
        if is_index(&path) {
            let bytes = fs::read(self.recorder.shared.base.join(&path))?.into();
            self.recorder
                .push(&mut state, Call::SyncIndexFile { path, bytes });
            return Ok(());
        }
        if path.ends_with(".log") {
            match &mut state.failing {
                Some(0) => {
                    state.failing = None;
                    self.recorder.push(&mut state, Call::FailedSync { file });
                    return Err(io::Error::from_raw_os_error(EIO));
                }
                Some(count) => *count -= 1,
                None => {}
            }
        }
        self.recorder.push(&mut state, Call::Sync { file, path });
        Ok(())
    }
}

/// The number of the error that a failed write or sync has.
pub(crate) const EIO: i32 = 5;
