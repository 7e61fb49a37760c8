//! A visit to the office's room: a step that waits for it, and who hears what came of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use maille_durable::{CommitNumber, StoreError};
use tokio::sync::oneshot;

use crate::error::DeskError;
use crate::office::Room;

/// What came of a step, or the panic that ended it.
type Outcome<T, E> = std::thread::Result<Result<T, E>>;

/// Takes a step where there is a room, and tells what came of it, or leaves that to be told.
type Step = dyn FnOnce(Option<&mut Room>) -> Option<Ended> + Send;

/// A step that waits.
pub(crate) struct Visit(Box<Step>);

/// A step that was taken, and is told once its commit is durable.
pub(crate) struct Ended {
    pub(crate) commit: CommitNumber,
    pub(crate) tell: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
}

impl Visit {
    /// A step; what it gives arrives when the commit that it names, if any, is durable.
    pub(crate) fn of<T, E>(
        step: impl FnOnce(&mut Room) -> Result<(T, Option<CommitNumber>), E> + Send + 'static,
    ) -> (Self, oneshot::Receiver<Outcome<T, E>>)
    where
        T: Send + 'static,
        E: From<DeskError> + Send + 'static,
    {
        let (told, outcome) = oneshot::channel();
        let visit = move |room: Option<&mut Room>| {
            let taken = catch_unwind(AssertUnwindSafe(|| match room {
                Some(room) => step(room),
                None => Err(DeskError::Closed.into()),
            }));
            // Nobody may be left to hear it: the task that asked was ended.
            let tell = |outcome: Outcome<T, E>| drop(told.send(outcome));
            match taken {
                Ok(Ok((outcome, Some(commit)))) => {
                    let tell = move |durable: Result<(), StoreError>| {
                        let failed = |error: StoreError| E::from(DeskError::Step(error.into()));
                        tell(Ok(durable.map(|()| outcome).map_err(failed)));
                    };
                    return Some(Ended {
                        commit,
                        tell: Box::new(tell),
                    });
                }
                Ok(Ok((outcome, None))) => tell(Ok(Ok(outcome))),
                Ok(Err(error)) => tell(Ok(Err(error))),
                Err(panic) => tell(Err(panic)),
            }
            None
        };
        (Self(Box::new(visit)), outcome)
    }

    /// Takes it; none where there is nothing to wait for, and all is told.
    pub(crate) fn take(self, room: Option<&mut Room>) -> Option<Ended> {
        (self.0)(room)
    }
}
