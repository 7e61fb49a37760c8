//! A desk in a process of its own, over the library that agencies embed: to be killed by tests.
//!
//! `maille-test-desk HOME RELAY=ADDRESS...` opens the home and serves it until its standard input
//! ends. A line each:
//!
//! | it reads | it says |
//! |---|---|
//! | | `open`, once commands are taken |
//! | | `arrived ALERT`, when the reader `process` is told so, the alert marked as being shown |
//! | `handled` | `handled`, when everything told is remembered as handled |
//! | `send CONTACT WORDS` | `sent ALERT`, when the outbox holds it; or `refused CODE` |

#![allow(
    clippy::unwrap_used,
    reason = "what fails here fails the test that started it"
)]

use std::io::Write;

use maille_client::core::EventKind;
use maille_client::{Client, ClientConfig, EventReader, Message};
use maille_tests::desk_process::READER;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut config = ClientConfig::new(arguments.next().unwrap());
    for argument in arguments {
        let (relay, address) = argument.split_once('=').unwrap();
        config = config.relay_address(relay.parse().unwrap(), address);
    }
    let client = Client::open(config).await.unwrap();
    let mut events = client.events(READER).all();
    let mut orders = BufReader::new(stdin()).lines();
    say("open");
    loop {
        tokio::select! {
            event = events.next() => {
                if let EventKind::Arrived { alert, .. } = event.unwrap().event.kind {
                    client.showing(alert).await.unwrap();
                    say(&format!("arrived {alert}"));
                }
            }
            order = orders.next_line() => match order.unwrap() {
                Some(order) => obey(&client, &mut events, &order).await,
                None => return,
            }
        }
    }
}

async fn obey(client: &Client, events: &mut EventReader, order: &str) {
    let mut words = order.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some("handled"), None, None) => {
            events.commit().await.unwrap();
            say("handled");
        }
        (Some("send"), Some(contact), Some(subject)) => {
            let message = Message::text(subject, subject).to(contact);
            match client.send(message).await {
                Ok(sent) => say(&format!("sent {}", sent.id)),
                Err(error) => say(&format!("refused {}", error.code())),
            }
        }
        _ => panic!("{order:?} is no order"),
    }
}

/// Says a line at once: whoever waits for it may kill this process then.
fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").unwrap();
    stdout.flush().unwrap();
}
