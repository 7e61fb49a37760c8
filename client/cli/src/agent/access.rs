//! The way to a desk: an agent that holds it, or one opened for the command.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[cfg(unix)]
use maille_client::home::refuse_shared_folder;

#[cfg(unix)]
use super::call::Call;
use super::turn::Turn;
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
    if let Some(call) = block_on(async { Ok(agent_of(home).await) })? {
        refuse_shared_folder(home).hint(hint::CheckWriters)?;
        let question = question()?;
        return block_on(call.ask(question));
    }
    #[cfg(not(unix))]
    let _ = (home, question);
    here()
}

/// The agent of a home. One that another process holds may be a command, which is waited for, or an
/// agent that begins.
#[cfg(unix)]
async fn agent_of(home: &Path) -> Option<Call> {
    let mut turn = Turn::default();
    loop {
        let call = Call::find(home).await;
        if call.is_some() || !turn.comes_at(home).await {
            return call;
        }
    }
}

/// Whether another process holds the home.
fn is_held(fault: &Fault) -> bool {
    fault.code == "home-locked"
}

/// Opens the desk of a home for an agent. A command that has it is waited for, and another agent
/// is not.
#[cfg(unix)]
pub(crate) async fn open_for_agent(home: &Path, args: &DeskArgs) -> Result<Desk, Fault> {
    let (mut turn, key) = (Turn::within(args.patience.into()), args.unlock.key(home)?);
    loop {
        match Desk::open(home, key.as_ref(), args, true).await {
            Err(fault)
                if is_held(&fault) && Call::find(home).await.is_none() && turn.comes().await => {}
            opened => return opened,
        }
    }
}

impl Access {
    /// Where neither an agent answers nor the home is free, another command has it, or an agent
    /// that begins: it is waited for.
    async fn open(context: &Context, args: &DeskArgs) -> Result<Self, Fault> {
        let home = context.home()?;
        let (mut turn, mut key) = (Turn::within(args.patience.into()), None);
        loop {
            #[cfg(unix)]
            if let Some(call) = Call::find(home).await {
                call.refuse_other_officer(home, args.unlock.named())?;
                return Ok(Self::Agent(call));
            }
            if key.is_none() {
                key = Some(args.unlock.key(home)?);
            }
            match Desk::open(home, key.as_ref().and_then(Option::as_ref), args, false).await {
                Err(fault) if is_held(&fault) && turn.comes().await => {}
                opened => return Ok(Self::Own(Own::of(opened?))),
            }
        }
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
    fn of(desk: Desk) -> Self {
        Self {
            desk,
            collected: AtomicBool::new(false),
            brings: AtomicBool::new(false),
            fetches: AtomicBool::new(false),
        }
    }

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
