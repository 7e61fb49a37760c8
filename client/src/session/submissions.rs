//! Envelopes on their way to one relay: attachments first, then the envelope, then its answers.

use std::collections::BTreeSet;

use maille_common::envelope::Submission;
use maille_common::identifier::AlertId;
use maille_common::terms::Urgency;
use maille_common::time::Span;
use maille_common::wire::{Refusal, RefusalCode};
use maille_durable::CommitNumber;
use maille_link::{Priority, RequestError};
use tokio::task::JoinSet;

use super::blobs::UploadError;
use super::{Session, SessionError, Talk, TalkError};

/// Envelopes under way at a time: an urgent one does not wait behind another's attachments.
const UNDER_WAY: usize = 16;

/// The pause after a refusal that only another roster or another day changes.
const REFUSED: Span = Span::from_minutes(5);

/// What came of one envelope at one relay.
struct Brought {
    alert: AlertId,
    outcome: Result<(), SessionError>,
}

impl Session {
    /// Submits what is due, now and whenever something becomes due.
    pub(super) async fn serve_submissions(&self) -> Result<(), SessionError> {
        let mut under_way = JoinSet::new();
        let mut ids = BTreeSet::new();
        loop {
            let mut work = self.office.work();
            let next = self.begin_due(&mut under_way, &mut ids).await?;
            tokio::select! {
                woken = work.changed() => if woken.is_err() { return Ok(()) },
                Some(brought) = under_way.join_next() => {
                    let Ok(Brought { alert, outcome }) = brought else { continue };
                    ids.remove(&alert);
                    outcome?;
                }
                () = next => {}
            }
        }
    }

    /// Begins what is due, as much as may be under way, and hears when the next is.
    ///
    /// One that became due since is due now: nobody else would wake this session.
    async fn begin_due(
        &self,
        under_way: &mut JoinSet<Brought>,
        ids: &mut BTreeSet<AlertId>,
    ) -> Result<crate::clock::Reached, SessionError> {
        let (relay, mut known) = (self.relay.clone(), ids.clone());
        let looked = self.office.settle_quietly(move |desk, now, _| {
            let mut begun = Vec::new();
            for alert in desk.submissions_due(&relay, now, UNDER_WAY * 2)? {
                if known.len() < UNDER_WAY && known.insert(alert) {
                    begun.push((alert, desk.submission(&alert)?));
                }
            }
            let next = match known.len() < UNDER_WAY {
                true => desk.next_submission_besides(&relay, &known)?,
                false => None,
            };
            // The outbox record must be durable before anybody can have the alert (I1).
            let settled = match begun.is_empty() {
                true => CommitNumber::default(),
                false => desk.store().newest(),
            };
            Ok::<_, SessionError>(((begun, next), settled))
        });
        let (begun, next) = looked.await?;
        for (alert, submission) in begun {
            ids.insert(alert);
            under_way.spawn(self.share().bring(alert, submission));
        }
        Ok(match next {
            Some(next) => self.office.clock.reached(next),
            None => Box::pin(std::future::pending()),
        })
    }

    /// The same session for a task of its own.
    pub(super) fn share(&self) -> Self {
        Self {
            office: self.office.clone(),
            relay: self.relay.clone(),
            home: self.home,
            showing: self.showing,
            talk: Talk::over(self.talk.link().clone()),
        }
    }

    async fn bring(self, alert: AlertId, kept: Option<Submission>) -> Brought {
        let outcome = self.bring_one(alert, kept).await;
        Brought { alert, outcome }
    }

    async fn bring_one(
        &self,
        alert: AlertId,
        kept: Option<Submission>,
    ) -> Result<(), SessionError> {
        let Some(submission) = kept else {
            return self
                .failed(alert, Some(REFUSED), "its envelope is not kept any more")
                .await;
        };
        let priority = match submission.env.core.urgency {
            Urgency::Immediate | Urgency::Expected => Priority::Urgent,
            _ => Priority::Normal,
        };
        match self.upload_blobs(submission.blobs()).await {
            Ok(()) => self.submit(alert, priority, submission).await,
            Err(UploadError::Talk(error)) => self.turned_down(alert, error).await,
            Err(error @ UploadError::File { .. }) => {
                self.failed(alert, Some(REFUSED), &error.to_string()).await
            }
        }
    }

    async fn submit(
        &self,
        alert: AlertId,
        priority: Priority,
        submission: Submission,
    ) -> Result<(), SessionError> {
        let answers = match self.talk.submit(priority, submission).await {
            Ok(answers) => answers,
            Err(error) => return self.turned_down(alert, error).await,
        };
        let relay = self.relay.clone();
        self.office
            .settle(move |desk, now, _| {
                Ok::<_, SessionError>(((), desk.answered(&relay, &alert, answers, now)?))
            })
            .await
    }

    /// A refusal is tried again later. A connection that ended is made again, and the envelope is
    /// due as it was; anything else puts it off and ends the session.
    async fn turned_down(&self, alert: AlertId, error: TalkError) -> Result<(), SessionError> {
        if let TalkError::Link(RequestError::Closed(reason)) = error {
            return Err(reason.into());
        }
        let TalkError::Refused(Refusal { code, retry_after }) = error else {
            self.failed(alert, None, &error.to_string()).await?;
            return Err(error.into());
        };
        let wait = match code {
            _ if retry_after > Span::ZERO => Some(retry_after),
            RefusalCode::BlobMissing | RefusalCode::UnknownRoster => None,
            code if super::passes(code) => None,
            _ => Some(REFUSED),
        };
        self.failed(alert, wait, &format!("the relay refused it: {code}"))
            .await
    }

    async fn failed(
        &self,
        alert: AlertId,
        wait: Option<Span>,
        why: &str,
    ) -> Result<(), SessionError> {
        tracing::warn!(relay = %self.relay, %alert, why, "not submitted");
        self.note_fault(alert, why);
        let relay = self.relay.clone();
        self.office
            .settle(move |desk, now, _| {
                let settled = desk.submission_failed(&relay, &alert, wait, now)?;
                Ok::<_, SessionError>(((), settled))
            })
            .await
    }
}
