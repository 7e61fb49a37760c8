//! The command line of `maille-relay`. What it prints for programs goes to standard output, what it
//! says to people to standard error.

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use maille_common::address::Name;
use maille_common::codec::to_hex;
use maille_common::safe_text::{safe_json, safe_lines, safe_text};

use crate::admin::{AdminAnswer, AdminRequest, ask};
use crate::books::Day;
use crate::check::{Verdict, check};
use crate::config::Config;
use crate::entropy::OsRandomness;
use crate::folder::RelayFolder;
use crate::init::{InitError, NewRelay, init};
use crate::reanchor::{NewAnchor, ReanchorError, reanchor};
use crate::renewal::{RenewError, renew_keys};

mod account;
mod exit;
mod keep;
mod run;

pub use exit::Exit;
pub use run::run;

/// The relay of Maille: accepts, keeps and hands over sealed alerts, and signs what it did.
#[derive(Debug, Parser)]
#[command(name = "maille-relay", version, after_help = exit::HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a new relay's folder with its keys, and prints the request for the authority.
    Init(Init),
    /// Says what would keep the relay from serving; each line: what, found, do this.
    Check(Folder),
    /// Serves until SIGTERM or SIGINT; SIGHUP looks into the roster's folder.
    Run(Folder),
    /// Says where the running relay stands.
    Status(Status),
    /// Balances the books of a day: every accepted recipient is answered, open or buried.
    Account(Account),
    /// Copies the relay into a new folder, while it serves.
    Backup(Backup),
    /// Makes a relay's folder of a backup; its first start begins a new incarnation.
    Restore(Restore),
    /// Changes the roster of the running relay.
    #[command(subcommand)]
    Roster(Roster),
    /// Makes the next pair of keys, and prints the relay's entry for the authority; the relay uses
    /// the pair by itself, nine weeks after it saw that the roster names it.
    RenewKeys(Folder),
    /// Trusts another anchor, after a letter; the relay has to be stopped.
    Reanchor(Reanchor),
}

#[derive(Debug, Args)]
struct Folder {
    /// The relay's folder.
    dir: PathBuf,
}

#[derive(Debug, Args)]
struct Init {
    /// The folder to make.
    dir: PathBuf,
    /// The relay's name in the roster.
    #[arg(long)]
    name: Name,
    /// The organisation that operates it.
    #[arg(long)]
    organisation: Name,
    /// The network it is to serve.
    #[arg(long)]
    network: String,
    /// Where devices reach it, as HOST:PORT; repeatable, the preferred one first.
    #[arg(long = "address", required = true)]
    addresses: Vec<String>,
    /// The network's anchor, as the authority handed it over.
    #[arg(long)]
    anchor: PathBuf,
    /// Where it listens (UDP) [default: 0.0.0.0:443]
    #[arg(long)]
    listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
struct Status {
    /// The relay's folder.
    dir: PathBuf,
    /// One JSON object instead of lines for people.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Account {
    /// The relay's folder; it may run or not.
    dir: PathBuf,
    /// The day (UTC), as 2026-11-23.
    #[arg(long)]
    day: Day,
    /// One JSON object instead of lines for people.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Backup {
    /// The relay's folder; it may run or not.
    dir: PathBuf,
    /// The backup to make; a name that is free.
    target: PathBuf,
    /// Copies the private keys as well: who holds the backup can then be the relay.
    #[arg(long)]
    with_keys: bool,
}

#[derive(Debug, Args)]
struct Restore {
    /// The backup.
    backup: PathBuf,
    /// The relay's folder to make; new or empty.
    dir: PathBuf,
}

#[derive(Debug, Args)]
struct Reanchor {
    /// The relay's folder.
    dir: PathBuf,
    /// The new anchor, as it came with the letter.
    #[arg(long)]
    anchor: PathBuf,
    /// The folder with the signed documents of its roster.
    #[arg(long)]
    roster: PathBuf,
    /// The code of the new anchor, typed from the letter.
    #[arg(long)]
    code: String,
}

#[derive(Debug, Subcommand)]
enum Roster {
    /// Hands signed documents to the running relay, which takes all of them or none.
    Add {
        /// The relay's folder.
        dir: PathBuf,
        /// Files with signed roster documents.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Makes the running relay look into its roster's folder now.
    Reload(Folder),
}

/// Reads the arguments of this process and does what they say.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help, and the version.
        Err(said) if !said.use_stderr() => said.exit(),
        Err(error) => return refuse(&error),
    };
    match cli.execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => {
            // A line that a quotation began is indented, so that it is not taken for one of ours.
            let sentence = exit.to_string().replace('\n', "\n  ");
            say(&format!("maille-relay: {sentence}"));
            exit.code().into()
        }
    }
}

/// Says what is wrong with the arguments. What is quoted of them is what stands there once they are
/// harmless.
fn refuse(error: &clap::Error) -> ExitCode {
    let harmless = |word: OsString| safe_text(&word.to_string_lossy());
    let said = match Cli::try_parse_from(std::env::args_os().map(harmless)) {
        Err(same) if same.use_stderr() => same.to_string(),
        _ => safe_text(&error.to_string()),
    };
    say(said.trim_end());
    ExitCode::from(2)
}

impl Cli {
    /// Does what the command says.
    pub fn execute(self) -> Result<(), Exit> {
        match self.command {
            Command::Init(new) => make(new),
            Command::Check(Folder { dir }) => examine(&RelayFolder::new(dir)),
            Command::Run(Folder { dir }) => serve(&RelayFolder::new(dir)),
            Command::Status(Status { dir, json }) => tell(&RelayFolder::new(dir), json),
            Command::Account(Account { dir, day, json }) => {
                account::balance(&RelayFolder::new(dir), day, json)
            }
            Command::Backup(Backup {
                dir,
                target,
                with_keys,
            }) => keep::make(&RelayFolder::new(dir), &target, with_keys),
            Command::Restore(Restore { backup, dir }) => {
                keep::take_back(&backup, &RelayFolder::new(dir))
            }
            Command::Roster(Roster::Add { dir, files }) => add(&RelayFolder::new(dir), &files),
            Command::Roster(Roster::Reload(Folder { dir })) => {
                change(&RelayFolder::new(dir), &AdminRequest::RosterReload)
            }
            Command::RenewKeys(Folder { dir }) => renew(&RelayFolder::new(dir)),
            Command::Reanchor(new) => trust(&new),
        }
    }
}

fn make(new: Init) -> Result<(), Exit> {
    let folder = RelayFolder::new(new.dir);
    let new = NewRelay {
        name: new.name,
        organisation: new.organisation,
        network: new.network,
        addresses: new.addresses,
        listen: new.listen,
        anchor: new.anchor,
    };
    let request = init(&folder, &new, &mut OsRandomness::new()).map_err(|error| {
        let sentence = error.to_string();
        match error {
            InitError::Key(_) => Exit::Keys(sentence),
            InitError::Anchor(_) | InitError::Network { .. } => Exit::Roster(sentence),
            InitError::Write { .. } => Exit::Config(sentence),
        }
    })?;
    print(request.to_toml().trim_end())?;
    say(&format!(
        "The relay's folder is {}. Hand relay-request.toml to the authority, read the keys out by \
         telephone, and put the documents it publishes into {}.",
        folder.root().display(),
        folder.roster().display()
    ));
    Ok(())
}

fn renew(folder: &RelayFolder) -> Result<(), Exit> {
    let renewed = renew_keys(folder, &mut OsRandomness::new()).map_err(|error| {
        let sentence = error.to_string();
        match error {
            RenewError::Key(_) | RenewError::Busy { .. } | RenewError::BeingTaken => {
                Exit::Keys(sentence)
            }
            RenewError::Config(_) => Exit::Config(sentence),
            RenewError::Anchor(_) | RenewError::Roster(_) | RenewError::NotInRoster { .. } => {
                Exit::Roster(sentence)
            }
        }
    })?;
    print(renewed.entry.trim_end())?;
    let what = match renewed.made {
        true => "The next keys are made",
        false => "The next keys were made before",
    };
    say(&format!(
        "{what}, and lie in {}. Hand this entry to the authority, which puts it in the place of \
         this relay's in its plan, and read the keys out by telephone. The relay uses them by \
         itself, nine weeks after it saw that the roster names them.",
        folder.next_keys().display()
    ));
    Ok(())
}

fn examine(folder: &RelayFolder) -> Result<(), Exit> {
    let findings = check(folder);
    for finding in &findings {
        print(&finding.to_string())?;
    }
    match findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Bad)
        .count()
    {
        0 => Ok(()),
        bad => Err(Exit::Check(format!(
            "The relay cannot serve: {bad} of the lines say BAD."
        ))),
    }
}

fn serve(folder: &RelayFolder) -> Result<(), Exit> {
    let config = Config::read(&folder.config()).map_err(|error| Exit::Config(error.to_string()))?;
    run::log(config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Exit::Other(format!("The threads of the relay did not start: {error}."))
        })?;
    runtime.block_on(run(folder.clone(), config))
}

fn tell(folder: &RelayFolder, json: bool) -> Result<(), Exit> {
    let answer = ask(folder, &AdminRequest::Status).map_err(|error| unreachable(folder, &error))?;
    let standing = match answer {
        AdminAnswer::Status { standing } => standing,
        AdminAnswer::Opening {
            done_bytes,
            total_bytes,
        } => return tell_opening(done_bytes, total_bytes, json),
        other => return Err(unexpected(other)),
    };
    if json {
        let text = serde_json::to_string(&standing)
            .map_err(|error| Exit::Other(format!("The answer is no JSON: {error}.")))?;
        return print(&safe_json(&text));
    }
    let lines = standing.lines();
    lines.iter().try_for_each(|line| print(&safe_text(line)))
}

fn tell_opening(done_bytes: u64, total_bytes: u64, json: bool) -> Result<(), Exit> {
    if json {
        let opening = serde_json::json!({ "done_bytes": done_bytes, "total_bytes": total_bytes });
        return print(&serde_json::json!({ "opening": opening }).to_string());
    }
    let percent = done_bytes.saturating_mul(100) / total_bytes.max(1);
    print(&format!(
        "opening  {percent} % of {} MiB of the store are verified; the relay serves when all are",
        total_bytes >> 20
    ))
}

fn add(folder: &RelayFolder, files: &[PathBuf]) -> Result<(), Exit> {
    let mut documents = Vec::new();
    for path in files {
        let bytes = std::fs::read(path)
            .map_err(|error| Exit::Roster(format!("{}: {error}.", path.display())))?;
        documents.push(to_hex(&bytes));
    }
    change(folder, &AdminRequest::RosterAdd { documents })
}

fn change(folder: &RelayFolder, request: &AdminRequest) -> Result<(), Exit> {
    let answer = ask(folder, request).map_err(|error| unreachable(folder, &error))?;
    let AdminAnswer::Roster {
        changed,
        number,
        hash,
    } = answer
    else {
        return Err(unexpected(answer));
    };
    let what = if changed {
        "is in use now"
    } else {
        "was in use already"
    };
    print(&format!(
        "roster {hash} with authority part {number} {what}"
    ))
}

fn trust(new: &Reanchor) -> Result<(), Exit> {
    let folder = RelayFolder::new(&new.dir);
    let anchor = NewAnchor {
        anchor: &new.anchor,
        roster: &new.roster,
        code: &new.code,
    };
    let done = reanchor(&folder, &anchor).map_err(|error| {
        let sentence = error.to_string();
        match error {
            ReanchorError::Key(_) => Exit::Keys(sentence),
            ReanchorError::Config(_)
            | ReanchorError::Running { .. }
            | ReanchorError::File { .. } => Exit::Config(sentence),
            _ => Exit::Roster(sentence),
        }
    })?;
    print(&format!("anchor {} with roster {}", done.code, done.roster))?;
    say(&format!(
        "The relay trusts it from its next start on. What it trusted before is kept in {}.",
        done.before.display()
    ));
    Ok(())
}

fn unreachable(folder: &RelayFolder, error: &io::Error) -> Exit {
    Exit::NotRunning(format!(
        "No relay answers at {}: {error}. Start it, or run this as its user or root.",
        folder.admin_socket().display()
    ))
}

fn unexpected(answer: AdminAnswer) -> Exit {
    match answer {
        AdminAnswer::Failed { sentence } => Exit::Roster(sentence),
        AdminAnswer::Opening { .. } => Exit::NotRunning(
            "The relay is opening its store and does not serve yet; `status` tells how far it is."
                .to_owned(),
        ),
        AdminAnswer::Status { .. }
        | AdminAnswer::Roster { .. }
        | AdminAnswer::Account { .. }
        | AdminAnswer::BackedUp { .. } => {
            Exit::Other("The relay answered another question; it has another version.".to_owned())
        }
    }
}

/// Prints what is for programs. It may quote a roster, a name of a file or a setting, which are
/// shown to a terminal and not obeyed.
fn print(lines: &str) -> Result<(), Exit> {
    writeln!(io::stdout(), "{}", safe_lines(lines))
        .map_err(|error| Exit::Other(format!("Standard output is closed: {error}.")))
}

/// Says something to people; where nobody listens, nothing is lost.
fn say(sentence: &str) {
    let _ = writeln!(io::stderr(), "{}", safe_lines(sentence));
}
