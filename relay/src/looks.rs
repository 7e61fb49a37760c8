//! Looks into the core that wait: what gathers while somebody looks is taken under one lock.
//!
//! One thread looks at a time, beside the one that takes steps: more would wait for the same disk.

use maille_durable::Gathering;
use tokio::sync::OwnedSemaphorePermit;

use crate::core::RelayCore;
use crate::service::Service;
use crate::steps::Permits;

/// Looks under one lock: a step waits no longer than they take.
const GROUP_MAX: usize = 16;

/// Looks, and tells whoever asked.
pub(crate) type Look = Box<dyn FnOnce(&RelayCore) + Send>;

/// The looks that wait, each with the permit of whoever asked.
#[derive(Default)]
pub(crate) struct Looks(Gathering<(Look, OwnedSemaphorePermit)>);

impl Looks {
    /// Adds a look; `true` where the caller has to see to it that [`Looks::take_all`] is called.
    pub(crate) fn add(&self, look: Look, permit: OwnedSemaphorePermit) -> bool {
        self.0.add((look, permit))
    }

    /// Takes looks until none waits. Blocks.
    pub(crate) fn take_all(&self, service: &Service) -> Permits {
        let mut held = Permits::new();
        while let Some(waiting) = self.0.take(GROUP_MAX) {
            let (looks, permits): (Vec<Look>, Permits) = waiting.into_iter().unzip();
            let core = service.core();
            looks.into_iter().for_each(|look| look(&core));
            held = permits;
        }
        held
    }
}
