//! The file system under a store, as far as a power cut shows it: what is durable, and what waits.
//!
//! The model. Content is durable when its own file was synced, names when their folder was; nothing
//! else makes either durable, in particular no rename makes content so. What is durable stays.
//! Blocks of removed files are not given to others before the removal is durable.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::recorder::is_index;
use super::recording::{Call, Event, Leaf, STORE, Tree};

/// What a name leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    /// A folder, by its number; 0 is the one that holds the store.
    Folder(usize),
    /// A file, by its number.
    File(usize),
}

/// A name in a folder.
pub(crate) type Place = (usize, String);

/// One name that changed.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// Which.
    pub(crate) place: Place,
    /// What it leads to since; `None` for nothing.
    pub(crate) node: Option<Node>,
    /// Whether the folder was synced since.
    pub(crate) durable: bool,
    /// The call that changed it; a rename changes two.
    pub(crate) call: usize,
}

/// What is in a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    /// All that was written.
    pub(crate) bytes: Vec<u8>,
    /// How much of it was synced.
    pub(crate) durable: usize,
    /// Where the writes behind that end.
    pub(crate) ends: Vec<usize>,
    /// From where to where a failed sync has left the disk as it was, or not.
    pub(crate) spoilt: Option<(usize, usize)>,
}

/// The file system.
#[derive(Debug, Clone, Default)]
pub(crate) struct Volume {
    files: BTreeMap<usize, Content>,
    folders: usize,
    now: BTreeMap<Place, Node>,
    /// What the names were in the beginning.
    pub(crate) first: BTreeMap<Place, Node>,
    /// How they changed.
    pub(crate) changes: Vec<Change>,
    /// Files of the index that were synced, and those whose names were, too.
    synced_index: Tree,
    durable_index: Tree,
    /// Files that no name leads to any more: what new blocks may hold before they are written.
    pub(crate) stale: Vec<usize>,
}

impl Volume {
    /// The file system behind some events, all of `before` being durable.
    pub(crate) fn after(before: &Tree, events: &[Event]) -> Self {
        let mut volume = Self::default();
        volume.hold(before);
        for (at, event) in events.iter().enumerate() {
            if let Some(call) = event.call() {
                volume.apply(at, call);
            }
        }
        volume
    }

    /// Files are numbered as the recorder numbers them: in the order of their paths.
    fn hold(&mut self, before: &Tree) {
        let mut count = 0;
        for (path, leaf) in before.iter().filter(|(path, _)| !is_index(path)) {
            let node = match leaf {
                Leaf::Folder => self.next_folder(),
                Leaf::File(bytes) => {
                    let content = Content {
                        bytes: bytes.to_vec(),
                        durable: bytes.len(),
                        ..Content::default()
                    };
                    self.files.insert(count, content);
                    count += 1;
                    Node::File(count - 1)
                }
            };
            let place = self
                .place(path)
                .expect("folders stand before what is in them");
            self.now.insert(place, node);
        }
        self.first = self.now.clone();
        let index = before.iter().filter(|(path, _)| is_index(path));
        self.durable_index = index
            .map(|(path, leaf)| (path.clone(), leaf.clone()))
            .collect();
    }

    fn next_folder(&mut self) -> Node {
        self.folders += 1;
        Node::Folder(self.folders)
    }

    /// Where a path stands now; `None` if its folder does not.
    fn place(&self, path: &str) -> Option<Place> {
        let (mut folder, mut rest) = (0, path);
        while let Some((name, deeper)) = rest.split_once('/') {
            match self.now.get(&(folder, name.to_owned())) {
                Some(Node::Folder(number)) => folder = *number,
                _ => return None,
            }
            rest = deeper;
        }
        Some((folder, rest.to_owned()))
    }

    fn apply(&mut self, at: usize, call: &Call) {
        match call {
            Call::CreateFolder { path } => {
                let folder = self.next_folder();
                self.change(at, path, Some(folder));
            }
            Call::Create { path, file } => {
                self.files.insert(*file, Content::default());
                self.change(at, path, Some(Node::File(*file)));
            }
            Call::Write { file, bytes } => {
                let content = self.files.entry(*file).or_default();
                content.bytes.extend_from_slice(bytes);
                content.ends.push(content.bytes.len());
            }
            Call::Sync { file, .. } => self.content_mut(*file).sync(),
            Call::FailedSync { file } => self.content_mut(*file).fail_sync(),
            Call::Rename { from, to } => {
                if from == STORE {
                    // The index goes with the store that is set aside; the next makes its own.
                    self.synced_index.clear();
                    self.durable_index.clear();
                }
                let node = self
                    .place(from)
                    .and_then(|place| self.now.get(&place).copied());
                self.change(at, to, node);
                self.change(at, from, None);
            }
            Call::Remove { path } => self.change(at, path, None),
            Call::SyncFolder { path } => self.sync_folder(path),
            Call::SyncIndexFolder { path, paths } => self.sync_index_folder(path, paths),
            Call::SyncIndexFile { path, bytes } => {
                let leaf = Leaf::File(Arc::clone(bytes));
                match self.durable_index.get_mut(path) {
                    Some(durable) => *durable = leaf,
                    None => drop(self.synced_index.insert(path.clone(), leaf)),
                }
            }
        }
    }

    fn content_mut(&mut self, file: usize) -> &mut Content {
        self.files.entry(file).or_default()
    }

    fn change(&mut self, call: usize, path: &str, node: Option<Node>) {
        let Some(place) = self.place(path) else {
            return;
        };
        let replaced = match node {
            Some(node) => self.now.insert(place.clone(), node),
            None => self.now.remove(&place),
        };
        if let Some(Node::File(file)) = replaced
            && !self.now.values().any(|node| *node == Node::File(file))
        {
            self.stale.push(file);
        }
        self.changes.push(Change {
            place,
            node,
            durable: false,
            call,
        });
    }

    fn sync_folder(&mut self, path: &str) {
        let folder = match path {
            "" => Some(0),
            path => self
                .place(path)
                .and_then(|place| match self.now.get(&place) {
                    Some(Node::Folder(number)) => Some(*number),
                    _ => None,
                }),
        };
        for change in &mut self.changes {
            change.durable |= Some(change.place.0) == folder;
        }
    }

    fn sync_index_folder(&mut self, path: &str, paths: &BTreeSet<String>) {
        let within = format!("{path}/");
        self.durable_index
            .retain(|path, _| !path.starts_with(&within) || paths.contains(path));
        let synced = std::mem::take(&mut self.synced_index);
        let (named, unnamed) = synced
            .into_iter()
            .partition(|(path, _)| paths.contains(path));
        self.synced_index = unnamed;
        self.durable_index.extend::<Tree>(named);
        self.durable_index.insert(path.to_owned(), Leaf::Folder);
    }

    /// What is in a file.
    pub(crate) fn content(&self, file: usize) -> Option<&Content> {
        self.files.get(&file)
    }

    /// The number that no file has yet.
    pub(crate) fn count(&self) -> usize {
        self.files.last_key_value().map_or(0, |(file, _)| file + 1)
    }

    /// The index as far as it was synced.
    pub(crate) fn index(&self) -> &Tree {
        &self.durable_index
    }

    /// The names of this moment.
    pub(crate) fn names(&self) -> &BTreeMap<Place, Node> {
        &self.now
    }

    /// Where the files are now, by their paths.
    pub(crate) fn paths(&self) -> HashMap<String, usize> {
        let mut paths = HashMap::new();
        let mut folders = vec![(0, String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            let within = self
                .now
                .range((folder, String::new())..(folder + 1, String::new()));
            for ((_, name), node) in within {
                let path = format!("{prefix}{name}");
                match node {
                    Node::Folder(number) => folders.push((*number, format!("{path}/"))),
                    Node::File(file) => drop(paths.insert(path, *file)),
                }
            }
        }
        paths
    }

    /// Everything below the names given, with what `content` says of each file.
    pub(crate) fn tree(
        names: &BTreeMap<Place, Node>,
        content: &mut dyn FnMut(usize) -> Arc<[u8]>,
    ) -> Tree {
        let (mut tree, mut known) = (Tree::new(), BTreeMap::new());
        let mut folders = vec![(0, String::new())];
        let mut seen = BTreeSet::new();
        while let Some((folder, prefix)) = folders.pop() {
            let within = names.range((folder, String::new())..(folder + 1, String::new()));
            for ((_, name), node) in within {
                let path = format!("{prefix}{name}");
                let leaf = match node {
                    Node::Folder(number) if seen.insert(*number) => {
                        folders.push((*number, format!("{path}/")));
                        Leaf::Folder
                    }
                    // A folder has one name; of two that a cut has left, a check keeps one.
                    Node::Folder(_) => continue,
                    Node::File(file) => {
                        let bytes = known.entry(*file).or_insert_with(|| content(*file));
                        Leaf::File(Arc::clone(bytes))
                    }
                };
                tree.insert(path, leaf);
            }
        }
        tree
    }
}

impl Content {
    fn sync(&mut self) {
        self.durable = self.bytes.len();
        self.ends.clear();
    }

    fn fail_sync(&mut self) {
        let from = self.spoilt.map_or(self.durable, |(from, _)| from);
        self.spoilt = Some((from, self.bytes.len()));
        self.sync();
    }
}
