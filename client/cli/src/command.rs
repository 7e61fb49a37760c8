//! The commands: one file each.
//!
//! A new command is a file with a struct that derives [`clap::Args`] and implements [`Run`], and
//! one line in the `commands!` of its group.

use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::fault::Fault;
use crate::output::Output;
use crate::sentence::{fault, hint};

pub(crate) mod ack;
pub(crate) mod addendum;
mod agent;
mod amended;
mod answered;
pub(crate) mod archive;
mod authority;
mod cancel;
pub(crate) mod contacts;
mod demo;
pub(crate) mod device;
pub(crate) mod doctor;
pub(crate) mod drill;
mod ending;
mod example;
pub(crate) mod excluded;
pub(crate) mod export;
pub(crate) mod handover;
pub(crate) mod inbox;
pub(crate) mod ledger;
pub(crate) mod listen;
pub(crate) mod officer;
mod person;
pub(crate) mod read;
pub(crate) mod reconcile;
pub(crate) mod refusal;
pub(crate) mod refuse;
mod reply;
pub(crate) mod send;
pub(crate) mod status;
mod testnet;
pub(crate) mod track;
mod update;
mod verify;

/// What a command does.
pub(crate) trait Run {
    /// Does it. Everything it has to tell goes through the context's output.
    fn run(self, context: &Context) -> Result<(), Fault>;
}

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    /// The home of this device, if one was named.
    pub(crate) home: Option<PathBuf>,
    /// Where words go.
    pub(crate) output: Output,
}

impl Context {
    /// The home, where a command needs one.
    pub(crate) fn home(&self) -> Result<&Path, Fault> {
        self.home.as_deref().ok_or_else(|| {
            Fault::new(Exit::Usage, "no-home", fault::NoHome).with_hint(hint::NameHome)
        })
    }
}

/// Declares a group of commands: the enum that clap reads, and which struct runs.
macro_rules! commands {
    (
        $(#[$meta:meta])*
        $vis:vis enum $group:ident {
            $($(#[$command_meta:meta])* $command:ident($args:ty),)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, clap::Subcommand)]
        $vis enum $group {
            $($(#[$command_meta])* $command($args),)+
        }

        impl $crate::command::Run for $group {
            fn run(self, context: &$crate::command::Context) -> Result<(), $crate::fault::Fault> {
                match self {
                    $(Self::$command(command) => command.run(context),)+
                }
            }
        }
    };
}

/// Declares a command that is a group of further ones.
macro_rules! group {
    ($(#[$meta:meta])* $vis:vis struct $name:ident($commands:ty);) => {
        $(#[$meta])*
        #[derive(Debug, clap::Args)]
        $vis struct $name {
            #[command(subcommand)]
            command: $commands,
        }

        impl $crate::command::Run for $name {
            fn run(self, context: &$crate::command::Context) -> Result<(), $crate::fault::Fault> {
                self.command.run(context)
            }
        }
    };
}

pub(crate) use {commands, group};

commands! {
    /// All commands.
    pub(crate) enum Command {
        /// Who can be reached, what time it is there, and who is on duty.
        Contacts(contacts::ContactsArgs),
        /// Send an alert. It is kept, and sent again, until every recipient has answered.
        Send(send::SendArgs),
        /// What was received and waits for an answer.
        Inbox(inbox::InboxArgs),
        /// Read an alert; whoever is on duty has read it then.
        Read(read::ReadArgs),
        /// Write back about an alert.
        Reply(reply::ReplyArgs),
        /// Say more, or better, about an alert of this contact, to everybody who holds it.
        Update(update::UpdateArgs),
        /// Take an alert of this contact back, from everybody who holds it.
        Cancel(cancel::CancelArgs),
        /// Add recipients to an open alert, or ask deputies now.
        Add(addendum::AddArgs),
        /// Acknowledge an alert: this contact takes it on.
        Ack(ack::AckArgs),
        /// Refuse an alert, with a reason.
        Refuse(refuse::RefuseArgs),
        /// The whole story of an alert that was sent, with every proof.
        Track(track::TrackArgs),
        /// Tell everything that happens at this desk, from where the reader stopped.
        Listen(listen::ListenArgs),
        /// How this desk stands: relays, roster, who lacks an alert.
        Status(status::StatusArgs),
        /// Look for what keeps alerts from going and coming, and say what to do.
        Doctor(doctor::DoctorArgs),
        /// Hold the home, send and collect, and answer the other commands.
        Agent(agent::AgentArgs),
        /// Found and change a network: keys, proposals, signatures, publication.
        Authority(authority::Authority),
        /// Make this device part of a network, or suspend one.
        Device(device::Device),
        /// Who may open this home, and who is on duty.
        Officer(officer::Officer),
        /// Show the main job on a network of its own, every step verified.
        Demo(demo::Demo),
        /// Run a relay and contacts for tests, until standard input closes.
        Testnet(testnet::Testnet),
        /// Make the example network of the Dialogue with fresh keys.
        Example(example::Example),
        /// What is open, in both directions, what happens next and when.
        Ledger(ledger::LedgerArgs),
        /// What one officer leaves to the next, to be printed: open, promised, due.
        Handover(handover::HandoverArgs),
        /// Find out who can be reached, with an alert that nobody can take for a real one.
        Drill(drill::DrillArgs),
        /// Compare what a contact and this desk hold of the alerts between them, and mend it.
        Reconcile(reconcile::ReconcileArgs),
        /// Write everything held about an alert into one file that proves itself.
        Export(export::ExportArgs),
        /// Prove what an export says, from the anchor alone: needs no home and no network.
        Verify(verify::VerifyArgs),
        /// Keep what this desk cannot read again, for a key that lies offline.
        Archive(archive::Archive),
        /// The relay of the demonstration, as a process of its own.
        #[command(hide = true, name = crate::demo::relay_process::COMMAND)]
        DemoRelay(crate::demo::relay_process::DemoRelay),
    }
}
