//! One connection of a device: requests beside each other, and pushes of what waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use maille_common::address::DeviceId;
use maille_common::check::Check;
use maille_common::codec::{decode, encode};
use maille_common::hash::Hash;
use maille_common::limits;
use maille_common::wire::{
    Answer, PUSH_BYTES_MAX, Push, Refusal, RefusalCode, Request, RequestHead,
};
use maille_link::{CloseCode, IncomingRequest, Link, Priority, ReadError, SendError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::core::{StepError, Waiting};
use crate::service::Service;
use crate::window::{URGENT, Window};

mod requests;

/// A connection whose peer proved to be a device of the roster.
pub(crate) struct Session {
    service: Arc<Service>,
    link: Link,
    device: DeviceId,
    /// Hello was answered, or its answer is on its way: other requests may follow (W1). They may be
    /// here before this side hears that the answer arrived.
    hello: AtomicBool,
    /// The roster that the answer to Hello named, once that is sent; nothing is pushed before.
    greeted: watch::Sender<Option<Hash>>,
}

/// Serves a link until it is over.
pub(crate) async fn serve(service: Arc<Service>, link: Link) {
    let Some(device) = service.live.device_of(&link.peer_key()) else {
        return link.close(service.live.farewell(&link.peer_key()));
    };
    service.counters.connected();
    let session = Arc::new(Session {
        service,
        link,
        device,
        hello: AtomicBool::new(false),
        greeted: watch::Sender::new(None),
    });
    tokio::join!(session.answer_requests(), session.push_mail());
}

impl Session {
    /// Answers requests, each in a task of its own; QUIC bounds how many there are.
    async fn answer_requests(self: &Arc<Self>) {
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                request = self.link.accept_request() => match request {
                    Ok(request) => drop(tasks.spawn(Arc::clone(self).answer(request))),
                    Err(_) => break,
                },
                Some(_) = tasks.join_next() => {}
            }
        }
        // What has begun is done to its end; only its answer is lost.
        while tasks.join_next().await.is_some() {}
    }

    async fn answer(self: Arc<Self>, request: IncomingRequest) {
        let Ok((head, mut stream)) = request.head().await else {
            return;
        };
        // Until a large answer is sent, or given up.
        let mut held = None;
        let answer = match RequestHead::parse(head) {
            Err(code) => refused(code),
            Ok(head) => match stream.read(head.bytes_max()).await {
                Ok(bytes) => {
                    let bytes_max = head.answer_bytes_max();
                    if bytes_max > limits::FRAME_SMALL_BYTES_MAX {
                        match self.link.room(Priority::Bulk, bytes_max).await {
                            Ok(room) => held = Some(room),
                            Err(_) => return,
                        }
                    }
                    self.decide(&bytes).await
                }
                Err(ReadError::TooLarge { .. }) => refused(RefusalCode::TooLarge),
                Err(_) => return,
            },
        };
        if let Answer::Refused(Refusal { code, .. }) = &answer {
            self.service.counters.refused(*code);
            let device = self.device.short();
            tracing::info!(%device, code = code.name(), "a request was refused");
        }
        let named = match &answer {
            Answer::Hello(hello) => {
                self.hello.store(true, Ordering::Release);
                Some(hello.roster.hash())
            }
            _ => None,
        };
        let (urgency, bytes) = (priority(&answer), encode(&answer));
        drop(answer);
        if let Some(room) = &mut held {
            room.shrink(bytes.len());
        }
        let sent = stream.answer(urgency, &bytes).await;
        if named.is_some() && sent.is_ok() {
            self.greeted.send_replace(named);
        }
    }

    async fn decide(self: &Arc<Self>, bytes: &[u8]) -> Answer {
        let request: Request = match decode(bytes) {
            Ok(request) => request,
            Err(error) => {
                tracing::warn!(device = %self.device.short(), %error, "a request is malformed");
                return refused(RefusalCode::Malformed);
            }
        };
        // Hello itself may be said again.
        let greeted = self.hello.load(Ordering::Acquire) || matches!(request, Request::Hello(_));
        if Check::W1.refuses(!greeted) {
            return refused(RefusalCode::HelloFirst);
        }
        match self.dispatch(request).await {
            Ok(answer) => answer,
            Err(error) => Answer::Refused(error.refusal()),
        }
    }

    /// Pushes what waits, urgent first, and news of the roster, until the link is over.
    async fn push_mail(self: &Arc<Self>) {
        let Some(mut known) = self.greeting().await else {
            return;
        };
        let presence = self.service.sessions.enter(self.device);
        let mut roster = self.service.live.subscribe();
        let mut window = Window::default();
        let mut pushes: JoinSet<(Waiting, Pushed)> = JoinSet::new();
        let mut look = true;
        loop {
            let in_use = roster.borrow_and_update().hash();
            if std::mem::replace(&mut known, in_use) != in_use {
                self.tell_roster(in_use).await;
            }
            if look && self.look(&mut window).await.is_err() {
                self.link.close(CloseCode::Shutdown);
            }
            while let Some(mail) = window.next() {
                pushes.spawn(Arc::clone(self).push(mail));
            }
            look = window.is_hungry();
            if look {
                continue;
            }
            tokio::select! {
                _ = self.link.closed() => break,
                () = presence.woken() => look = true,
                Some(Ok((mail, pushed))) = pushes.join_next() => {
                    window.ended(&mail, !matches!(pushed, Pushed::Gone));
                    if matches!(pushed, Pushed::Stalled) {
                        // Everything unconfirmed is offered again over the next connection.
                        self.link.close(CloseCode::Done);
                    }
                }
                Ok(()) = roster.changed() => {}
            }
        }
        drop(presence);
        while pushes.join_next().await.is_some() {}
    }

    /// Waits for Hello; the roster it was answered with. None if the link ends before.
    async fn greeting(&self) -> Option<Hash> {
        let mut greeted = self.greeted.subscribe();
        tokio::select! {
            _ = self.link.closed() => None,
            named = greeted.wait_for(Option::is_some) => named.ok().and_then(|named| *named),
        }
    }

    /// Looks what waits. What it shows is durable: a number that a power cut could take back would
    /// be given to other mail later.
    async fn look(self: &Arc<Self>, window: &mut Window) -> Result<(), StepError> {
        let (device, unconfirmed, limit) = (self.device, window.unconfirmed(), window.look());
        let floors = window.floors();
        let service = Arc::clone(&self.service);
        let seen = self.service.look(move |core| {
            let mut confirmed = Vec::new();
            for mail in unconfirmed {
                if !core.still_waits(&device, &mail)? {
                    confirmed.push(mail);
                }
            }
            let waiting = core.waiting_above(&device, &floors, limit)?;
            Ok((confirmed, waiting, service.newest()))
        });
        let (confirmed, waiting, newest) = seen.await?;
        let durable = self.service.durable(newest).await;
        self.service.noted(durable)?;
        window.seen(&confirmed, waiting);
        Ok(())
    }

    async fn push(self: Arc<Self>, mail: Waiting) -> (Waiting, Pushed) {
        let (device, number) = (self.device, mail.number);
        let urgency = if mail.class <= URGENT {
            Priority::Urgent
        } else {
            Priority::Normal
        };
        let Ok(mut room) = self.link.room(urgency, PUSH_BYTES_MAX).await else {
            return (mail, Pushed::Kept);
        };
        let push = self
            .service
            .look(move |core| core.push(&device, number))
            .await;
        let push = match push {
            Ok(Some(push)) => push,
            Ok(None) => return (mail, Pushed::Gone),
            // The step is noted. The mail stays, and is offered over the next connection.
            Err(_) => return (mail, Pushed::Kept),
        };
        let bytes = encode(&push);
        drop(push);
        room.shrink(bytes.len());
        let pushed = match self.link.push(urgency, &bytes).await {
            Ok(()) => {
                self.service.counters.pushed();
                Pushed::Kept
            }
            Err(SendError::Stalled) => Pushed::Stalled,
            Err(SendError::Stopped | SendError::Closed(_)) => Pushed::Kept,
        };
        (mail, pushed)
    }

    /// Tells of another roster. A key that moved to another device begins a new connection.
    async fn tell_roster(&self, roster: Hash) {
        let (live, key) = (&self.service.live, self.link.peer_key());
        if live.device_of(&key) != Some(self.device) {
            return self.link.close(live.farewell(&key));
        }
        let news = encode(&Push::RosterNews { roster });
        // Lost news shows at the next Hello, which compares rosters anyway.
        let _ = self.link.push(Priority::Normal, &news).await;
    }
}

/// What became of a push.
enum Pushed {
    /// It is on its way or was not wanted; either way it stays until it is confirmed.
    Kept,
    /// It was confirmed before it could be pushed.
    Gone,
    /// The device takes no bytes.
    Stalled,
}

fn refused(code: RefusalCode) -> Answer {
    Answer::Refused(Refusal::permanent(code))
}

/// Large answers that can wait give way to everything else.
fn priority(answer: &Answer) -> Priority {
    match answer {
        Answer::Accepted(_) => Priority::Urgent,
        Answer::Piece(_) | Answer::Manifest(_) | Answer::Roster(_) => Priority::Bulk,
        _ => Priority::Normal,
    }
}
