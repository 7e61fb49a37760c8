//! One run of a store of which one call fails, and what must be so then.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use maille_durable::{Batch, DurableStore, Options, Store, StoreError};

use super::faulty::Faulty;
use super::history::{TABLES, batch, check_all};
use super::life::Sizes;
use crate::crash::chance::Chance;
use crate::crash::violation::{Broken, Violation};

/// What is written to a store: the batches, and how the store is opened.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) batches: Vec<Batch>,
    pub(crate) sizes: Sizes,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The call that was to fail never came.
    Unreached,
    /// The store failed, or did not open.
    Failed,
    /// A call failed on which nothing rests, and the store went on.
    WentOn,
}

impl Load {
    /// So many batches of a seed.
    pub(crate) fn new(seed: u64, count: usize, sizes: Sizes) -> Self {
        let mut chance = Chance::about(seed, &[0]);
        let batches = (0..count).map(|_| batch(&mut chance)).collect();
        Self { batches, sizes }
    }

    fn options(&self) -> Options {
        self.sizes.options("boot", 1)
    }

    /// Runs it on a disk in a folder that does not exist, closing and opening the store in the
    /// middle; then opens the store on a sound disk, and checks.
    pub(crate) fn run(&self, folder: &Path, disk: &Faulty) -> Result<Ended, Violation> {
        let promises = Arc::new(Promises::default());
        let first = self.live(folder, disk, &promises);
        let ended = first.and_then(|half| match half {
            Ended::Unreached => self.live(folder, disk, &promises),
            ended => Ok(ended),
        })?;
        let (appended, told) = (promises.appended(), promises.told());
        if appended != told {
            let what = format!("{appended} waited, and {told} were told");
            return Err(Violation::new(Broken::NotTold, what));
        }
        let sound = Faulty::new(u64::MAX, 0, |_| true);
        for more in 0..2 {
            let opened = DurableStore::open_on(sound.disk(), folder, &self.options());
            let (store, opening) =
                opened.map_err(|error| Violation::new(Broken::DoesNotOpen, error.to_string()))?;
            if let Some(aside) = opening.set_aside {
                return Err(Violation::new(
                    Broken::DoesNotOpen,
                    aside.damage.to_string(),
                ));
            }
            check_all(&store, &self.batches, promises.kept())?;
            if more == 0 {
                let next = self
                    .batches
                    .get(usize::try_from(store.newest().0).unwrap_or(0));
                let committed = next.map(|batch| store.commit(batch.clone()));
                if let Some(Err(error)) = committed {
                    return Err(Violation::new(Broken::Stopped, error.to_string()));
                }
                promises.keep(store.newest().0);
            }
        }
        Ok(ended)
    }

    /// Opens, writes the next half of the batches, closes.
    fn live(
        &self,
        folder: &Path,
        disk: &Faulty,
        promises: &Arc<Promises>,
    ) -> Result<Ended, Violation> {
        let opened = DurableStore::open_on(disk.disk(), folder, &self.options());
        let store = match opened {
            Ok((store, _)) => store,
            Err(_) if disk.has_failed() => return Ok(Ended::Failed),
            Err(error) => return Err(Violation::new(Broken::DoesNotOpen, error.to_string())),
        };
        let begun = usize::try_from(store.newest().0).unwrap_or(usize::MAX);
        let half = self.batches.len() / 2;
        let count = if begun == 0 {
            half
        } else {
            self.batches.len() - half
        };
        for (at, batch) in self.batches.iter().enumerate().skip(begun).take(count) {
            let (here, had_failed) = (thread::current().id(), disk.log_failed());
            let Ok(number) = store.append(batch.clone()) else {
                break;
            };
            promises.append();
            let (promises, disk) = (Arc::clone(promises), disk.clone());
            let noted = move |told: Result<(), StoreError>| {
                // What is durable when it is asked about is told at once, by whoever asks; the log
                // may have failed between the two, in what it did next.
                let at_once = thread::current().id() == here;
                let failed = if at_once {
                    had_failed
                } else {
                    disk.log_failed()
                };
                promises.tell(number.0, told.is_ok(), failed);
            };
            store.when_durable(number, Box::new(noted));
            // A group of a few: only the last is waited for.
            if at % 3 == 2 && store.wait(number).is_err() {
                break;
            }
            if at % 50 == 49 && matches!(store.checkpoint(), Err(StoreError::StoreFailed(_))) {
                break;
            }
        }
        let failed = matches!(store.checkpoint(), Err(StoreError::StoreFailed(_)));
        if failed {
            check_silent(&store, &self.batches[0])?;
        }
        let closed = store.close();
        if promises.in_vain() {
            let what = "it acknowledged after a write or sync of the log had failed";
            return Err(Violation::new(Broken::WentOn, what));
        }
        match (disk.has_failed(), failed || closed.is_err()) {
            (false, false) => Ok(Ended::Unreached),
            (false, true) => Err(Violation::new(
                Broken::Stopped,
                "it failed without a reason",
            )),
            (true, true) => Ok(Ended::Failed),
            (true, false) => Ok(Ended::WentOn),
        }
    }
}

/// Checks that a store that has failed answers that it has, whatever it is asked.
fn check_silent(store: &DurableStore, batch: &Batch) -> Result<(), Violation> {
    let answers = [
        store.commit(batch.clone()).err(),
        store.get(TABLES[0], &[1]).err(),
        store.checkpoint().err(),
        store.wait(store.newest()).err(),
    ];
    match answers
        .iter()
        .position(|answer| !matches!(answer, Some(StoreError::StoreFailed(_))))
    {
        None => Ok(()),
        Some(call) => {
            let what = format!(
                "it had failed, and call {call} answered {:?}",
                answers[call]
            );
            Err(Violation::new(Broken::WentOn, what))
        }
    }
}

/// What was appended, and who was told what.
#[derive(Debug, Default)]
struct Promises {
    appended: AtomicU64,
    told: AtomicU64,
    kept: AtomicU64,
    in_vain: AtomicU64,
}

impl Promises {
    fn append(&self) {
        self.appended.fetch_add(1, Ordering::SeqCst);
    }

    fn tell(&self, number: u64, durable: bool, log_failed: bool) {
        self.told.fetch_add(1, Ordering::SeqCst);
        if durable {
            self.keep(number);
            self.in_vain
                .fetch_add(u64::from(log_failed), Ordering::SeqCst);
        }
    }

    fn keep(&self, number: u64) {
        self.kept.fetch_max(number, Ordering::SeqCst);
    }

    fn appended(&self) -> u64 {
        self.appended.load(Ordering::SeqCst)
    }

    fn told(&self) -> u64 {
        self.told.load(Ordering::SeqCst)
    }

    fn kept(&self) -> u64 {
        self.kept.load(Ordering::SeqCst)
    }

    fn in_vain(&self) -> bool {
        self.in_vain.load(Ordering::SeqCst) > 0
    }
}
