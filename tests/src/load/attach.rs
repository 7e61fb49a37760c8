//! `attach`: one large attachment through the relay, from one desk's process to another's.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use maille_client::attachments::FileToAttach;
use maille_client::{Client, EventKind, Message};
use maille_common::randomness::Randomness;
use maille_common::terms::Stage;
use serde_json::{Value, json};
use tokio::io::AsyncBufReadExt;

use super::hearing::READER;
use super::latencies::round;
use super::report::Report;
use super::usage::{cpu_seconds, forget_peak, peak_kib, resident_kib};
use super::world::{People, Place, desk_address, open};
use crate::crash::rig::print;
use crate::randomness::Seeded;

const MIB: usize = 1 << 20;

/// Arguments of `attach`.
#[derive(Debug, Args)]
pub(super) struct Attach {
    #[command(flatten)]
    place: Place,
    /// MiB of the attachment.
    #[arg(long, default_value_t = 1_024)]
    mib: usize,
}

/// What a desk's process is told.
#[derive(Debug, Args)]
pub(super) struct DeskPart {
    /// Its home.
    #[arg(long)]
    home: PathBuf,
    /// Where the relay is.
    #[arg(long)]
    relay: String,
}

impl Attach {
    pub(super) async fn run(&self, report: &mut Report) {
        let line = tokio::task::block_in_place(|| self.measure());
        report.line("attach", line);
    }

    fn measure(&self) -> Value {
        let serving = self.place.serve(People {
            desks: 2,
            ..People::default()
        });
        let file = serving.world.folder().join("attached");
        write(&file, self.mib);
        let relay = serving.relay.address.to_string();
        let mut recipient = DeskProcess::start(&serving.world.home(1), &relay);
        recipient.until("open");
        let mut sender = DeskProcess::start(&serving.world.home(0), &relay);
        sender.until("open");
        let processes = [serving.relay.number(), sender.number(), recipient.number()];
        let idle = processes.map(resident_kib);
        processes.iter().copied().for_each(forget_peak);
        let cpu = processes.map(cpu_seconds);

        let begun = Instant::now();
        sender.order(&json!(["attach", desk_address(1), file]));
        sender.until("sent");
        let sealed = begun.elapsed();
        let bytes = recipient.until("whole");
        let whole = begun.elapsed();
        sender.until("complete");
        let complete = begun.elapsed();

        let used = cpu_of(processes, cpu);
        let peak = processes.map(peak_kib);
        let over: Vec<u64> = peak
            .iter()
            .zip(idle)
            .map(|(peak, idle)| peak.saturating_sub(idle))
            .collect();
        let per_second = |took: Duration| round(self.mib as f64 / took.as_secs_f64(), 1);
        json!({
            "mib": self.mib,
            "mib_per_s": per_second(whole),
            "mib_per_s_after_sealing": per_second(whole.saturating_sub(sealed)),
            "sealed_s": sealed.as_secs_f64(),
            "whole_s": whole.as_secs_f64(),
            "complete_s": complete.as_secs_f64(),
            "lost": u64::from(bytes != json!(self.mib * MIB)),
            "cpu_s": {"server": used[0], "sender": used[1], "recipient": used[2]},
            "idle_kib": {"server": idle[0], "sender": idle[1], "recipient": idle[2]},
            "peak_over_idle_kib": {"server": over[0], "sender": over[1], "recipient": over[2]},
        })
    }
}

fn cpu_of(processes: [u32; 3], before: [f64; 3]) -> [f64; 3] {
    let mut used = processes.map(cpu_seconds);
    for (after, before) in used.iter_mut().zip(before) {
        *after = round(*after - before, 2);
    }
    used
}

/// A file that no compression and no zeroed page could stand in for.
fn write(path: &Path, mib: usize) {
    let mut file = BufWriter::new(File::create(path).expect("the file can be made"));
    let mut piece = vec![0; MIB];
    Seeded::new(17).fill(&mut piece);
    for number in 0..mib {
        piece[..8].copy_from_slice(&number.to_be_bytes());
        file.write_all(&piece).expect("the disk has room");
    }
    file.into_inner().unwrap().sync_all().unwrap();
}

/// A desk in a process of its own. Dropping it kills it.
struct DeskProcess {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl DeskProcess {
    fn start(home: &Path, relay: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["desk", "--relay", relay, "--home"])
            .arg(home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Self { child, said }
    }

    fn number(&self) -> u32 {
        self.child.id()
    }

    fn order(&mut self, order: &Value) {
        writeln!(self.child.stdin.as_ref().unwrap(), "{order}").unwrap();
    }

    /// Waits for a word, and gives what is said with it.
    fn until(&mut self, word: &str) -> Value {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).expect("the desk goes on");
        assert_eq!(said[0], word);
        said[1].clone()
    }
}

impl Drop for DeskProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl DeskPart {
    /// Serves its home until standard input ends.
    pub(super) fn play(self) -> ExitCode {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let client = open(self.home, self.relay).await;
            let events = client.events(READER).all().from_now().await;
            let mut events = events.expect("the desk is open");
            let mut orders = tokio::io::BufReader::new(tokio::io::stdin()).lines();
            print(&json!(["open"]));
            loop {
                tokio::select! {
                    event = events.next() => {
                        tell(&client, event.expect("the desk is open").event.kind).await;
                    }
                    order = orders.next_line() => match order.unwrap() {
                        Some(order) => attach(&client, &order).await,
                        None => break,
                    }
                }
            }
            client.shutdown().await;
        });
        ExitCode::SUCCESS
    }
}

async fn attach(client: &Client, order: &str) {
    let (_, to, file): (String, String, PathBuf) = serde_json::from_str(order).unwrap();
    let message = Message::text("With a file", "See the file").to(to);
    let sent = client.send(message.attach(FileToAttach::at(&file))).await;
    sent.expect("the desk takes it");
    print(&json!(["sent"]));
}

async fn tell(client: &Client, kind: EventKind) {
    match kind {
        EventKind::Arrived { alert, .. } => {
            let attachment = client.attachment(alert, 0).await.expect("it has one");
            attachment.whole().await.expect("all of it comes");
            print(&json!(["whole", attachment.length()]));
        }
        EventKind::Receipt {
            stage: Stage::Complete,
            ..
        } => print(&json!(["complete"])),
        _ => {}
    }
}
