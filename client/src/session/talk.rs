//! Requests to one relay, each with the one form its answer may have.

use std::time::Duration;

use maille_common::address::ContactAddress;
use maille_common::blob::{BlobId, Manifest};
use maille_common::codec::{Bytes, DecodeError, List, decode, encode};
use maille_common::envelope::Submission;
use maille_common::evidence::SignedAccepted;
use maille_common::hash::Hash;
use maille_common::identifier::{AlertId, Incarnation};
use maille_common::limits;
use maille_common::roster::{RosterDocuments, RosterHeads};
use maille_common::sealing::SignedBundle;
use maille_common::wire::{
    ANSWER_BYTES_MAX, Answer, BlobStanding, Hello, HelloAnswer, PostReceipt, Refusal, Request,
};
use maille_link::{AnswerBound, Link, Priority, RequestError};
use thiserror::Error;

/// A connection to one relay.
#[derive(Debug, Clone)]
pub(crate) struct Talk {
    link: Link,
}

/// Why a request brought no answer that could be used.
#[derive(Debug, Clone, Error)]
pub(crate) enum TalkError {
    /// The network, or the relay's program.
    #[error(transparent)]
    Link(#[from] RequestError),
    /// The answer is not one of the protocol.
    #[error("The relay's answer is malformed: {0}.")]
    Malformed(#[from] DecodeError),
    /// The answer belongs to another request.
    #[error("The relay answered something else than it was asked.")]
    Unexpected,
    /// The relay says no.
    #[error("The relay refused: {}.", .0.code)]
    Refused(Refusal),
}

/// For what fits in a few packets.
const SMALL: AnswerBound = AnswerBound {
    bytes_max: limits::FRAME_SMALL_BYTES_MAX,
    deadline: Duration::from_secs(30),
};

/// For bodies, pieces and rosters: 16 MiB at 0.45 Mbit/s take five minutes.
const LARGE: AnswerBound = AnswerBound {
    bytes_max: ANSWER_BYTES_MAX,
    deadline: Duration::from_secs(5 * 60),
};

impl Talk {
    pub(crate) fn over(link: Link) -> Self {
        Self { link }
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) async fn hello(&self, hello: Hello) -> Result<HelloAnswer, TalkError> {
        match self
            .ask(Priority::Urgent, &Request::Hello(hello), LARGE)
            .await?
        {
            Answer::Hello(answer) => Ok(*answer),
            _ => Err(TalkError::Unexpected),
        }
    }

    pub(crate) async fn submit(
        &self,
        priority: Priority,
        submission: Submission,
    ) -> Result<Vec<SignedAccepted>, TalkError> {
        match self
            .ask(priority, &Request::Submit(Box::new(submission)), LARGE)
            .await?
        {
            Answer::Accepted(answers) => Ok(answers.into_vec()),
            _ => Err(TalkError::Unexpected),
        }
    }

    pub(crate) async fn post(&self, receipt: PostReceipt) -> Result<(), TalkError> {
        self.done(
            Priority::Urgent,
            &Request::Receipt(Box::new(receipt)),
            SMALL,
        )
        .await
    }

    pub(crate) async fn confirm(
        &self,
        incarnation: Incarnation,
        numbers: List<u64, 1024>,
    ) -> Result<(), TalkError> {
        self.done(
            Priority::Normal,
            &Request::Confirm {
                incarnation,
                numbers,
            },
            SMALL,
        )
        .await
    }

    pub(crate) async fn publish(&self, bundle: SignedBundle) -> Result<(), TalkError> {
        self.done(
            Priority::Normal,
            &Request::PublishBundle(Box::new(bundle)),
            SMALL,
        )
        .await
    }

    pub(crate) async fn bundles(
        &self,
        contacts: List<ContactAddress, 64>,
    ) -> Result<Vec<SignedBundle>, TalkError> {
        match self
            .ask(Priority::Normal, &Request::FetchBundles { contacts }, LARGE)
            .await?
        {
            Answer::Bundles(bundles) => Ok(bundles.into_vec()),
            _ => Err(TalkError::Unexpected),
        }
    }

    pub(crate) async fn roster(&self, have: RosterHeads) -> Result<RosterDocuments, TalkError> {
        match self
            .ask(Priority::Normal, &Request::FetchRoster { have }, LARGE)
            .await?
        {
            Answer::Roster(documents) => Ok(*documents),
            _ => Err(TalkError::Unexpected),
        }
    }

    pub(crate) async fn offer_roster(&self, documents: RosterDocuments) -> Result<(), TalkError> {
        self.done(
            Priority::Normal,
            &Request::OfferRoster(Box::new(documents)),
            LARGE,
        )
        .await
    }

    pub(crate) async fn heads(&self, roster: Hash) -> Result<RosterHeads, TalkError> {
        match self
            .ask(Priority::Normal, &Request::FetchHeads { roster }, SMALL)
            .await?
        {
            Answer::Heads(heads) => Ok(heads),
            _ => Err(TalkError::Unexpected),
        }
    }

    pub(crate) async fn offer_blob(&self, manifest: Manifest) -> Result<BlobStanding, TalkError> {
        match self
            .ask(Priority::Bulk, &Request::OfferBlob(manifest), LARGE)
            .await?
        {
            Answer::BlobStanding(standing) => Ok(standing),
            _ => Err(TalkError::Unexpected),
        }
    }

    pub(crate) async fn put_piece(
        &self,
        blob: BlobId,
        index: u32,
        bytes: Bytes<{ limits::PIECE_BYTES }>,
    ) -> Result<(), TalkError> {
        self.done(
            Priority::Bulk,
            &Request::PutPiece { blob, index, bytes },
            LARGE,
        )
        .await
    }

    pub(crate) async fn manifest(
        &self,
        alert: AlertId,
        blob: BlobId,
    ) -> Result<Manifest, TalkError> {
        match self
            .ask(
                Priority::Bulk,
                &Request::FetchManifest { alert, blob },
                LARGE,
            )
            .await?
        {
            Answer::Manifest(manifest) => Ok(manifest),
            _ => Err(TalkError::Unexpected),
        }
    }

    pub(crate) async fn piece(
        &self,
        alert: AlertId,
        blob: BlobId,
        index: u32,
    ) -> Result<Vec<u8>, TalkError> {
        let request = Request::FetchPiece { alert, blob, index };
        match self.ask(Priority::Bulk, &request, LARGE).await? {
            Answer::Piece(bytes) => Ok(bytes.into_vec()),
            _ => Err(TalkError::Unexpected),
        }
    }

    async fn done(
        &self,
        priority: Priority,
        request: &Request,
        bound: AnswerBound,
    ) -> Result<(), TalkError> {
        match self.ask(priority, request, bound).await? {
            Answer::Done => Ok(()),
            _ => Err(TalkError::Unexpected),
        }
    }

    async fn ask(
        &self,
        priority: Priority,
        request: &Request,
        bound: AnswerBound,
    ) -> Result<Answer, TalkError> {
        let bytes = self.link.request(priority, &encode(request), bound).await?;
        match decode(&bytes)? {
            Answer::Refused(refusal) => Err(TalkError::Refused(refusal)),
            answer => Ok(answer),
        }
    }
}
