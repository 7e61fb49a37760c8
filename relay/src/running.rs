//! A relay at work, in the hands of whoever started it.

use std::net::SocketAddr;
use std::sync::Arc;

use maille_common::identifier::Incarnation;
use maille_common::roster::{Applied, Roster, RosterDocuments};
use maille_durable::{DurableStore, StoreError};
use maille_link::{CloseCode, Figures};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::books::{BooksError, Day, account_of_running};
use crate::core::{Account, StepError};
use crate::roster_desk::RosterRefused;
use crate::service::{Service, WORK_MAX};
use crate::session::serve;
use crate::standing::Standing;
use crate::{admin, metrics, rounds};

/// A relay that serves. Dropping it stops it at once; [`RunningRelay::shutdown`] stops it cleanly.
pub struct RunningRelay {
    service: Arc<Service>,
    tasks: JoinSet<()>,
    metrics: Option<SocketAddr>,
}

/// Why a relay stopped by itself: its store can promise nothing any more, so nothing may be
/// accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("The relay stopped: {0} Start it again; what it accepted is in the store.")]
pub struct RelayFailure(Arc<str>);

impl RunningRelay {
    pub(crate) fn begin(service: Arc<Service>, metrics: Option<TcpListener>) -> Self {
        let mut tasks = JoinSet::new();
        let address = metrics
            .as_ref()
            .and_then(|listener| listener.local_addr().ok());
        tasks.spawn(accept_links(Arc::clone(&service)));
        tasks.spawn(rounds::keep_deadlines(Arc::clone(&service)));
        tasks.spawn(rounds::watch_roster(Arc::clone(&service)));
        tasks.spawn(rounds::watch_keys(Arc::clone(&service)));
        tasks.spawn(rounds::drop_unnamed(Arc::clone(&service)));
        tasks.spawn(rounds::warn_of_endings(Arc::clone(&service)));
        tasks.spawn(rounds::disconnect_ended(Arc::clone(&service)));
        tasks.spawn(admin::serve(Arc::clone(&service)));
        if let Some(listener) = metrics {
            tasks.spawn(metrics::serve(Arc::clone(&service), listener));
        }
        Self {
            service,
            tasks,
            metrics: address,
        }
    }

    /// Where it listens, with the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.service.listener.local_address()
    }

    /// Where metrics are told, if anywhere.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// The life of its store.
    pub fn incarnation(&self) -> Incarnation {
        self.service.core().incarnation()
    }

    /// What was counted of connections since the start, and who is here now.
    pub fn links(&self) -> Figures {
        self.service.listener.figures()
    }

    /// The roster in use.
    pub fn roster(&self) -> Arc<Roster> {
        self.service.roster()
    }

    /// Where it stands.
    pub async fn standing(&self) -> Result<Standing, StepError> {
        rounds::standing(&self.service).await
    }

    /// Balances the books of a day over a snapshot of the store, while it serves.
    pub async fn account(&self, day: Day) -> Result<Account, BooksError> {
        account_of_running(&self.service, day).await
    }

    /// Looks into the folder of the roster; whether the roster changed. It looks by itself every
    /// second.
    pub async fn reload_roster(&self) -> Result<bool, RosterRefused> {
        self.service.reload_roster().await
    }

    /// Takes roster documents into use and into the folder: all of them, or none.
    ///
    /// Connections of devices that are no longer in the roster are closed when it returns.
    pub async fn offer_roster(&self, documents: RosterDocuments) -> Result<Applied, RosterRefused> {
        self.service.offer_roster(documents).await
    }

    /// Looks at the clock now, for those who brought their own; by itself the relay looks when
    /// something is due.
    pub fn look_at_the_clock(&self) {
        self.service.due.notify_one();
        self.service.keys_due.notify_one();
    }

    /// Waits until the relay has stopped by itself. It never does while its store works.
    pub async fn failed(&self) -> RelayFailure {
        let mut failure = self.service.failure.subscribe();
        let sentence = failure
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|found| found.clone());
        match sentence {
            Some(sentence) => RelayFailure(sentence),
            // The sender lives in the service, which lives as long as this.
            None => std::future::pending().await,
        }
    }

    /// Stops: accepts nobody any more, closes the links, lets what has begun end, closes the store,
    /// and gives its address back.
    ///
    /// # Errors
    /// The store could not be closed cleanly. What was durable still is.
    pub async fn shutdown(mut self) -> Result<(), StoreError> {
        self.service.stopping.send_replace(true);
        self.service.listener.close(CloseCode::Shutdown);
        while self.tasks.join_next().await.is_some() {}
        self.service.listener.wait_idle().await;
        // With all permits in hand, no blocking call holds the service.
        let all = self.service.work.acquire_many(WORK_MAX).await.map(drop);
        debug_assert!(all.is_ok(), "nobody closes the semaphore");
        let Some(service) = Arc::into_inner(self.service) else {
            return Ok(());
        };
        let Service {
            core,
            store,
            listener,
            ..
        } = service;
        listener.release().await;
        let closed = tokio::task::spawn_blocking(move || {
            drop(core);
            Arc::into_inner(store).map_or(Ok(()), DurableStore::close)
        });
        closed.await.unwrap_or(Ok(()))
    }
}

impl std::fmt::Debug for RunningRelay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunningRelay")
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

/// Hands every link to a session of its own, and ends when all of them have.
async fn accept_links(service: Arc<Service>) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            link = service.listener.accept() => match link {
                Some(link) => drop(sessions.spawn(serve(Arc::clone(&service), link))),
                None => break,
            },
            Some(_) = sessions.join_next() => {}
        }
    }
    while sessions.join_next().await.is_some() {}
}
