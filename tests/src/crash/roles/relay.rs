//! The relay's library on a folder, as `maille-relay run` serves it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use maille_relay::{Config, Relay, RelayFolder, Setup};

use super::{Mouth, Stopped, orders};
use crate::crash::audit::books_of;
use crate::crash::report::{Order, Report};

/// What a relay is told.
#[derive(Debug, Args)]
pub(crate) struct RelayPart {
    /// Its folder.
    #[arg(long)]
    dir: PathBuf,
    /// Where it listens.
    #[arg(long)]
    listen: SocketAddr,
}

pub(super) async fn play(part: RelayPart, mouth: Mouth) -> Result<(), Stopped> {
    let folder = RelayFolder::new(&part.dir);
    let config = Config::read(&folder.config());
    let mut config = config.map_err(|error| Stopped::new(error.code(), &error))?;
    config.listen = part.listen;
    config.metrics = None;
    let started = Relay::start(Setup::new(folder, config)).await;
    let relay = started.map_err(|error| Stopped::new(error.code(), &error))?;
    mouth.say(&Report::Up {
        life: relay.incarnation().to_string(),
    });
    let mut orders = orders();
    loop {
        tokio::select! {
            failure = relay.failed() => return Err(Stopped::new("store", &failure)),
            order = orders.recv() => match order {
                Some(Order::Waiting) => {
                    let standing = relay.standing().await;
                    let standing = standing.map_err(|error| Stopped::new("store", &error))?;
                    mouth.say(&Report::Waiting { waiting: standing.waiting });
                }
                Some(Order::Books) => {
                    let wrong = books_of(&relay).await;
                    let wrong = wrong.map_err(|error| Stopped::new("books", &error))?;
                    mouth.say(&Report::Books { wrong });
                }
                Some(Order::Stop) | None => break,
                Some(_) => {}
            },
        }
    }
    let closed = relay.shutdown().await;
    closed.map_err(|error| Stopped::new("store", &error))
}
