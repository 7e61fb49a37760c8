//! The way to a desk: an agent that holds it, or one opened for the command.

use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(unix)]
use super::call::Call;
use super::{Ask, Desk, block_on};
use crate::args::DeskArgs;
use crate::command::Context;
use crate::fault::Fault;

/// The way to a desk.
#[derive(Debug)]
pub(crate) enum Access {
    /// An agent holds it.
    #[cfg(unix)]
    Agent(Call),
    /// It was opened for this command.
    Own(Own),
}

/// A desk of our own, which goes away with the command.
#[derive(Debug)]
pub(crate) struct Own {
    desk: Desk,
    /// Relays were waited for.
    collected: AtomicBool,
    /// Relays are to hear of something before it closes.
    brings: AtomicBool,
}

/// Does something with the desk of the home, and closes it where it was opened for this.
pub(crate) fn with_desk<T>(
    context: &Context,
    args: &DeskArgs,
    work: impl AsyncFnOnce(&Access) -> Result<T, Fault>,
) -> Result<T, Fault> {
    block_on(async {
        let access = Access::open(context, args).await?;
        let done = work(&access).await;
        access.close().await;
        done
    })
}

impl Access {
    async fn open(context: &Context, args: &DeskArgs) -> Result<Self, Fault> {
        let home = context.home()?;
        #[cfg(unix)]
        if let Some(call) = Call::find(home).await {
            call.refuse_other_officer(home, args.unlock.named())?;
            return Ok(Self::Agent(call));
        }
        Ok(Self::Own(Own {
            desk: Desk::open(home, args, false).await?,
            collected: AtomicBool::new(false),
            brings: AtomicBool::new(false),
        }))
    }

    /// Asks the desk something.
    pub(crate) async fn ask<A: Ask>(&self, question: A) -> Result<A::Answer, Fault> {
        match self {
            #[cfg(unix)]
            Self::Agent(call) => call.ask(question).await,
            Self::Own(own) => own.ask(question).await,
        }
    }

    /// Closes a desk of our own.
    async fn close(self) {
        match self {
            #[cfg(unix)]
            Self::Agent(_) => {}
            Self::Own(own) => own.close().await,
        }
    }
}

impl Own {
    async fn ask<A: Ask>(&self, question: A) -> Result<A::Answer, Fault> {
        let desk = &self.desk;
        if A::COLLECTS && !self.collected.swap(true, Ordering::Relaxed) {
            // A relay that is not reached is no fault: what is known here is answered.
            desk.client().settled(desk.patience()).await;
        }
        if A::BRINGS {
            self.brings.store(true, Ordering::Relaxed);
        }
        question.answer(desk).await
    }

    async fn close(self) {
        let Self { desk, brings, .. } = self;
        if brings.into_inner() {
            desk.client().settled(desk.patience()).await;
        }
        desk.close().await;
    }
}
