//! Each request, and the step it asks for.

use std::sync::Arc;

use maille_common::blob::{BlobId, Manifest};
use maille_common::codec::{Bytes, List};
use maille_common::envelope::{Submission, SubmissionFault, VerifiedSubmission, VerifyFault};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::roster::{Knowledge, Roster, RosterDocuments, RosterError, RosterHeads};
use maille_common::terms::Stage;
use maille_common::time::Span;
use maille_common::wire::{Answer, BlobStanding, PostReceipt, Refusal, RefusalCode, Request};

use super::{Session, refused};
use crate::blobs::BlobRefused;
use crate::core::{RelayBudget, RelayCore, StepError, verify_receipt};
use crate::entropy::OsRandomness;
use crate::roster_desk::RosterRefused;

/// When a device may submit again that has handed over the roster it uses.
const RETRY_ROSTER: Span = Span::from_seconds(1);
/// A submission with so many entries or recipients, and so long a body, is verified in less than
/// two tenths of a millisecond.
const BRIEF_ENTRIES_MAX: usize = 16;
const BRIEF_BODY_BYTES_MAX: usize = 16 * 1024;
/// Documents in one answer, so that it stays within its frame together with its own first bytes.
const DOCUMENTS_BYTES_MAX: usize = limits::FRAME_ROSTER_BYTES_MAX - 1024;

impl Session {
    /// Does what a request asks for.
    pub(super) async fn dispatch(self: &Arc<Self>, request: Request) -> Result<Answer, StepError> {
        let (service, device) = (&self.service, self.device);
        match request {
            Request::Hello(hello) => {
                let step = service.step(move |core, service| {
                    let (before, now) = (core.incarnation(), service.clock.now());
                    let step = core.hello(&device, &hello, now, &mut OsRandomness::new())?;
                    if core.incarnation() != before {
                        tracing::error!(
                            %device, incarnation = %core.incarnation(),
                            "incident: a desk has seen more than the store holds, which is an old \
                             copy; a new incarnation begins"
                        );
                    }
                    Ok(step)
                });
                step.await
            }
            Request::Submit(submission) => self.submit(*submission).await,
            Request::Receipt(posted) => self.receipt(*posted).await,
            Request::Confirm {
                incarnation,
                numbers,
            } => {
                let step =
                    move |core: &mut RelayCore, _: &_| core.confirm(&device, incarnation, &numbers);
                let answer = service.step(step).await;
                service.sessions.wake([&device]);
                answer
            }
            Request::PublishBundle(bundle) => {
                let step = service
                    .step(move |core, service| core.publish(&device, &bundle, service.clock.now()));
                step.await
            }
            Request::FetchBundles { contacts } => {
                service
                    .read_step(move |core| core.bundles(&device, &contacts))
                    .await
            }
            Request::FetchRoster { have } => Ok(self.fetch_roster(have).await),
            Request::OfferRoster(documents) => Ok(self.offer_roster(*documents).await),
            Request::FetchHeads { roster } => Ok(self.fetch_heads(roster).await),
            Request::OfferBlob(manifest) => self.offer_blob(manifest).await,
            Request::PutPiece { blob, index, bytes } => {
                Ok(self.put_piece(blob, index, bytes).await)
            }
            Request::FetchManifest { alert, blob } => self.fetch_manifest(alert, blob).await,
            Request::FetchPiece { alert, blob, index } => {
                self.fetch_piece(alert, blob, index).await
            }
        }
    }

    /// An envelope is proven before anybody waits for it. One that is known and not proven any more
    /// gets the answer it got.
    async fn submit(self: &Arc<Self>, submission: Submission) -> Result<Answer, StepError> {
        let (service, device) = (&self.service, self.device);
        let roster = service.roster();
        let verified = match self.verify(submission, &roster).await {
            Ok(verified) => verified,
            Err(returned) => {
                let (submission, fault) = *returned;
                return self.not_proven(submission, &fault, &roster).await;
            }
        };
        let alert = verified.id();
        let answer = service.submit(device, verified).await?;
        if let Answer::Accepted(answers) = &answer {
            service.counters.answered(answers);
            tracing::info!(
                alert = %alert.prefix(), device = %device.short(), recipients = answers.len(),
                "a submission was answered"
            );
            service.due.notify_one();
        }
        Ok(answer)
    }

    async fn not_proven(
        self: &Arc<Self>,
        submission: Submission,
        fault: &SubmissionFault,
        roster: &Roster,
    ) -> Result<Answer, StepError> {
        let (service, device) = (&self.service, self.device);
        let (alert, used) = (submission.id(), submission.env.core.roster);
        let known = service
            .look(move |core| core.known_answer(&device, &submission))
            .await?;
        let Some(known) = known else {
            let refusal = fault_refusal(fault, &used, roster, &alert);
            return Ok(Answer::Refused(refusal));
        };
        let again = move |core: &mut RelayCore, _: &_| core.answer_again(&device, known);
        service.step(again).await
    }

    /// In place where that takes as long as handing it to another thread and back.
    async fn verify(
        &self,
        submission: Submission,
        roster: &Arc<Roster>,
    ) -> Result<VerifiedSubmission, Box<(Submission, SubmissionFault)>> {
        let device = self.device;
        let brief = submission.entries.len() <= BRIEF_ENTRIES_MAX
            && submission.env.core.recipients.len() <= BRIEF_ENTRIES_MAX
            && submission.body.len() <= BRIEF_BODY_BYTES_MAX;
        if brief {
            let now = self.service.clock.now();
            return submission.verify_or_return(roster, &device, now);
        }
        let roster = Arc::clone(roster);
        let verified = self.service.block(move |service| {
            submission.verify_or_return(&roster, &device, service.clock.now())
        });
        verified.await
    }

    async fn receipt(self: &Arc<Self>, posted: PostReceipt) -> Result<Answer, StepError> {
        let (service, device) = (&self.service, self.device);
        let stage: Stage = posted.receipt.statement.stage;
        let alert = posted.receipt.statement.alert;
        let roster = service.roster();
        // One signature: handing it to another thread takes as long.
        let verified = match verify_receipt(posted, &roster, &device) {
            Ok(verified) => verified,
            Err(code) => {
                tracing::warn!(
                    alert = %alert.prefix(), device = %device.short(), code = code.name(),
                    "incident: a receipt does not verify"
                );
                return Ok(refused(code));
            }
        };
        let answer = service.step(move |core, _| core.receipt(&verified)).await?;
        if answer == Answer::Done {
            service.counters.receipt(stage);
            tracing::info!(alert = %alert.prefix(), stage = stage.name(), "a receipt was taken");
        }
        service.sessions.wake([&device]);
        Ok(answer)
    }

    /// What a device lacks, the oldest first and as much as fits; it asks again for the rest.
    async fn fetch_roster(&self, have: RosterHeads) -> Answer {
        if have.check().is_err() {
            return refused(RefusalCode::Malformed);
        }
        self.service.learn_heads(have.clone()).await;
        let sets = self
            .service
            .roster()
            .documents_since(&have)
            .split(DOCUMENTS_BYTES_MAX);
        Answer::Roster(Box::new(sets.into_iter().next().unwrap_or_default()))
    }

    async fn offer_roster(&self, documents: RosterDocuments) -> Answer {
        let device = self.device;
        match self.service.offer_roster(documents).await {
            Ok(applied) => {
                if applied.is_change() {
                    tracing::info!(device = %device.short(), "a device brought a newer roster");
                }
                Answer::Done
            }
            Err(error) => {
                let device = device.short();
                tracing::warn!(%device, %error, "offered roster documents refused");
                refused(match error {
                    RosterRefused::Documents {
                        error: RosterError::Fork(_),
                    } => RefusalCode::RosterFork,
                    RosterRefused::Documents { .. } | RosterRefused::Reach { .. } => {
                        RefusalCode::RosterRefused
                    }
                    RosterRefused::Folder(_) => RefusalCode::StoreFailed,
                })
            }
        }
    }

    async fn fetch_heads(&self, roster: Hash) -> Answer {
        let heads = self.service.block(move |service| {
            service
                .roster()
                .heads_of(&roster)
                .or_else(|| service.desk.heads_of(&roster))
        });
        heads
            .await
            .map_or_else(|| refused(RefusalCode::UnknownRoster), Answer::Heads)
    }

    async fn offer_blob(&self, manifest: Manifest) -> Result<Answer, StepError> {
        let device = self.device;
        let refusal = self.service.look({
            let manifest = manifest.clone();
            move |core| Ok(core.may_offer(&manifest).err())
        });
        if let Some(code) = refusal.await? {
            return Ok(refused(code));
        }
        let standing = self.service.block(move |service| {
            let Some(contact) = service.roster().contact_of(&device) else {
                return Err(RefusalCode::NotDesignated);
            };
            let missing = service
                .blobs
                .offer(&manifest, &contact, service.clock.now());
            missing.map_err(|error| note_blob(&manifest.id(), &error))
        });
        Ok(match standing.await {
            // Ranges beyond the list's limit show when those before them are here.
            Ok(missing) => Answer::BlobStanding(BlobStanding {
                missing: first_ranges(missing),
            }),
            Err(code) => refuse_blob(code),
        })
    }

    async fn put_piece(
        &self,
        blob: BlobId,
        index: u32,
        bytes: Bytes<{ limits::PIECE_BYTES }>,
    ) -> Answer {
        let put = self.service.block(move |service| {
            let put = service.blobs.put(&blob, index, &bytes, service.clock.now());
            put.map_err(|error| note_blob(&blob, &error))
        });
        put.await.map_or_else(refuse_blob, |()| Answer::Done)
    }

    async fn fetch_manifest(&self, alert: AlertId, blob: BlobId) -> Result<Answer, StepError> {
        if let Some(code) = self.may_not_fetch(alert, blob).await? {
            return Ok(refused(code));
        }
        let manifest = self.service.block(move |service| {
            service
                .blobs
                .manifest(&blob)
                .map_err(|error| note_blob(&blob, &error))
        });
        Ok(manifest.await.map_or_else(refuse_blob, Answer::Manifest))
    }

    async fn fetch_piece(
        &self,
        alert: AlertId,
        blob: BlobId,
        index: u32,
    ) -> Result<Answer, StepError> {
        if let Some(code) = self.may_not_fetch(alert, blob).await? {
            return Ok(refused(code));
        }
        let piece = self.service.block(move |service| {
            let piece = service.blobs.piece(&blob, index);
            piece.map_err(|error| note_blob(&blob, &error))
        });
        let piece = piece
            .await
            .and_then(|bytes| Bytes::new(bytes).map_err(|_| RefusalCode::StoreFailed));
        Ok(piece.map_or_else(refuse_blob, Answer::Piece))
    }

    async fn may_not_fetch(
        &self,
        alert: AlertId,
        blob: BlobId,
    ) -> Result<Option<RefusalCode>, StepError> {
        let device = self.device;
        let may = self
            .service
            .look(move |core| core.may_fetch(&device, &alert, &blob));
        Ok(may.await?.err())
    }
}

/// What the peer hears of a submission that is not taken at all; the rest stays in the log.
fn fault_refusal(
    fault: &SubmissionFault,
    used: &Hash,
    roster: &Roster,
    alert: &AlertId,
) -> Refusal {
    tracing::warn!(alert = %alert.prefix(), %fault, "incident: a submission does not verify");
    // R11: a roster that is not known here may well allow it; whoever is ahead hands it over.
    let by_roster = !matches!(
        fault,
        SubmissionFault::Form(_) | SubmissionFault::NotSigned(_)
    );
    if by_roster && roster.knows(used) == Knowledge::Unknown {
        return Refusal::retry(RefusalCode::UnknownRoster, RETRY_ROSTER);
    }
    Refusal::permanent(match fault {
        SubmissionFault::Form(_) => RefusalCode::Malformed,
        SubmissionFault::NotSigned(_) => RefusalCode::Hash,
        SubmissionFault::Entry(_) => RefusalCode::Entries,
        SubmissionFault::NotYours(_) => RefusalCode::NotYourContact,
        SubmissionFault::Verify(fault) => match fault {
            VerifyFault::Sender { .. } | VerifyFault::SenderDevice(_) => RefusalCode::NotDesignated,
            VerifyFault::Signature(_) | VerifyFault::TwoPersons { .. } => RefusalCode::Signature,
            VerifyFault::NoRule { .. } => RefusalCode::NoRule,
            VerifyFault::NotMine(_) | VerifyFault::Role => RefusalCode::Entries,
            VerifyFault::NotSigned(_) => RefusalCode::Hash,
            VerifyFault::OtherSender => RefusalCode::NotYourContact,
        },
    })
}

fn note_blob(blob: &BlobId, error: &BlobRefused) -> RefusalCode {
    match error {
        BlobRefused::Files(_) => tracing::error!(%blob, %error, "incident: an attachment failed"),
        _ => tracing::info!(%blob, %error, "an attachment was refused"),
    }
    error.code()
}

fn refuse_blob(code: RefusalCode) -> Answer {
    Answer::Refused(match code {
        RefusalCode::DiskLow => Refusal::retry(code, RelayBudget::RETRY_DISK),
        RefusalCode::Quota => Refusal::retry(code, RelayBudget::RETRY_QUOTA),
        _ => Refusal::permanent(code),
    })
}

fn first_ranges<const MAX: usize>(mut ranges: Vec<(u32, u32)>) -> List<(u32, u32), MAX> {
    ranges.truncate(MAX);
    List::new(ranges).expect("the ranges were cut to the length of the list")
}
