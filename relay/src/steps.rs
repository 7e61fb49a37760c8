//! The steps that wait for the core: taken one after the other, by one thread at a time.
//!
//! What gathers while a group of them is at work is the next group. Its submissions share one
//! signature, and all of it one wait for the disk; a step that comes alone waits for nobody.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use maille_common::address::DeviceId;
use maille_common::envelope::VerifiedSubmission;
use maille_durable::{Gathering, Store};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::core::{RelayCore, Step, StepError};
use crate::service::Service;

/// Steps in a group: more would keep those who only read waiting for the core.
const GROUP_MAX: usize = 64;

/// What a step that waits asks for.
pub(crate) enum Asked {
    /// To take an envelope in.
    Submit(DeviceId, Box<VerifiedSubmission>),
    /// Anything else that may write.
    Other(Other),
}

/// A step that may write.
pub(crate) type Other = Box<dyn FnOnce(&mut RelayCore, &Service) -> Result<Step, StepError> + Send>;

/// Where the outcome of a step goes, once everything that it rests on is durable; or the panic
/// that ended it.
pub(crate) type Told = oneshot::Sender<std::thread::Result<Result<Step, StepError>>>;

/// A step that waits, and the permit of whoever asked.
struct Waiting {
    asked: Asked,
    told: Told,
    permit: OwnedSemaphorePermit,
}

/// The steps that wait.
#[derive(Default)]
pub(crate) struct Steps(Gathering<Waiting>);

/// Held until nobody holds the service any more who took steps or looks.
pub(crate) type Permits = Vec<OwnedSemaphorePermit>;

impl Steps {
    /// Adds a step; `true` where the caller has to see to it that [`Steps::take_all`] is called.
    pub(crate) fn add(&self, asked: Asked, told: Told, permit: OwnedSemaphorePermit) -> bool {
        let waiting = Waiting {
            asked,
            told,
            permit,
        };
        self.0.add(waiting)
    }

    /// Takes steps until none waits. Blocks.
    pub(crate) fn take_all(&self, service: &Service) -> Permits {
        let mut held = Permits::new();
        while let Some(waiting) = self.0.take(GROUP_MAX) {
            let mut group = Group::default();
            let mut permits = Vec::with_capacity(waiting.len());
            for Waiting {
                asked,
                told,
                permit,
            } in waiting
            {
                match asked {
                    Asked::Submit(device, submission) => {
                        group.submitted.push((device, submission));
                        group.submitters.push(told);
                    }
                    Asked::Other(step) => group.others.push((step, told)),
                }
                permits.push(permit);
            }
            take(group, service);
            held = permits;
        }
        held
    }
}

/// Steps that are taken under one lock. All were asked for before any was answered, so their order
/// is nobody's to rely on.
#[derive(Default)]
struct Group {
    submitted: Vec<(DeviceId, Box<VerifiedSubmission>)>,
    submitters: Vec<Told>,
    others: Vec<(Other, Told)>,
}

fn take(group: Group, service: &Service) {
    let mut taken: Vec<(Told, Result<Step, StepError>)> = Vec::new();
    {
        let mut core = service.core_mut();
        if !group.submitted.is_empty() {
            let reading = service.clock.reading();
            core.look_at_clocks(reading);
            let submitted = || core.submit_all(&group.submitted, &service.blobs, reading.wall);
            match catch_unwind(AssertUnwindSafe(submitted)) {
                Ok(steps) => taken.extend(group.submitters.into_iter().zip(steps)),
                Err(panic) => tell_panic(group.submitters, panic),
            }
        }
        for (step, told) in group.others {
            match catch_unwind(AssertUnwindSafe(|| step(&mut core, service))) {
                Ok(step) => taken.push((told, step)),
                Err(panic) => tell_panic([told], panic),
            }
        }
    }
    let mut settled = Vec::with_capacity(taken.len());
    for (told, step) in taken {
        match step {
            Ok(step) => settled.push((told, step)),
            Err(error) => tell(told, Err(error)),
        }
    }
    let Some(newest) = settled.iter().map(|(_, step)| step.settled).max() else {
        return;
    };
    service.store.when_durable(
        newest,
        Box::new(move |durable| {
            for (told, step) in settled {
                tell(
                    told,
                    durable.clone().map(|()| step).map_err(StepError::from),
                );
            }
        }),
    );
}

fn tell(told: Told, taken: Result<Step, StepError>) {
    // Whoever asked may be gone: its connection broke.
    let _ = told.send(Ok(taken));
}

/// Those who were taken together hear that they were; one of them hears why.
fn tell_panic(asked: impl IntoIterator<Item = Told>, panic: Box<dyn Any + Send>) {
    let mut panic = Some(panic);
    for told in asked {
        let payload = panic.take();
        let payload = payload.unwrap_or_else(|| Box::new("a step taken together with this one"));
        let _ = told.send(Err(payload));
    }
}
