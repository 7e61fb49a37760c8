//! The way to a desk: an agent that holds it, or one opened for the command.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[cfg(unix)]
use maille_client::home::refuse_shared_folder;

#[cfg(unix)]
use super::call::Call;
use super::{Ask, Desk, block_on};
use crate::args::DeskArgs;
use crate::command::Context;
use crate::fault::Fault;
#[cfg(unix)]
use crate::fault::Hint;
use crate::sentence::alert;
#[cfg(unix)]
use crate::sentence::hint;

/// How long a greeting that has begun may go on: cut short, it leaves the relay half a connection.
const GREETING: Duration = Duration::from_millis(500);

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
    /// Attachments are to come before it closes.
    fetches: AtomicBool,
}

/// Does something with the desk of the home, and closes it where it was opened for this.
///
/// What people are shown belongs into `work`: attachments may be waited for behind it.
pub(crate) fn with_desk<T>(
    context: &Context,
    args: &DeskArgs,
    work: impl AsyncFnOnce(&Access) -> Result<T, Fault>,
) -> Result<T, Fault> {
    block_on(async {
        let access = Access::open(context, args).await?;
        let done = async {
            let done = work(&access).await?;
            access.fetch(context).await?;
            Ok(done)
        };
        let done = done.await;
        access.close().await;
        done
    })
}

/// Has the agent of a home do something where one runs, and does it here where none does.
///
/// The home is not opened for it: that is left to `here`, which may be told a passphrase. A
/// question may hold one too, so it is put only where nobody else could have put the socket.
pub(crate) fn through_agent<A: Ask>(
    home: &Path,
    question: impl FnOnce() -> Result<A, Fault>,
    here: impl FnOnce() -> Result<A::Answer, Fault>,
) -> Result<A::Answer, Fault> {
    #[cfg(unix)]
    if let Some(call) = block_on(async { Ok(Call::find(home).await) })? {
        refuse_shared_folder(home).hint(hint::CheckWriters)?;
        let question = question()?;
        return block_on(call.ask(question));
    }
    #[cfg(not(unix))]
    let _ = (home, question);
    here()
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
            fetches: AtomicBool::new(false),
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

    /// Waits for attachments with a desk of our own, where the question wants them.
    async fn fetch(&self, context: &Context) -> Result<(), Fault> {
        match self {
            #[cfg(unix)]
            Self::Agent(_) => Ok(()),
            Self::Own(own) => own.fetch(context).await,
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
        if A::FETCHES {
            self.fetches.store(true, Ordering::Relaxed);
        }
        question.answer(desk).await
    }

    async fn fetch(&self, context: &Context) -> Result<(), Fault> {
        let client = self.desk.client();
        if !self.fetches.load(Ordering::Relaxed) || client.attachments_missing().await? == 0 {
            return Ok(());
        }
        let missing = client.attachments_settled(self.desk.patience()).await?;
        if missing > 0 {
            let count = &missing;
            context.output.say(alert::AttachmentsLeft { count });
        }
        // The sender is to hear that they are here.
        self.brings.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn close(self) {
        let Self { desk, brings, .. } = self;
        let patience = desk.patience();
        let wait = match brings.into_inner() {
            true => patience,
            false => patience.min(GREETING),
        };
        desk.client().settled(wait).await;
        desk.close().await;
    }
}
