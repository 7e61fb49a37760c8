//! The bundles of this organisation's devices, for whoever asks what keys they offer.

use maille_common::address::ContactAddress;
use maille_common::codec::List;

use super::{Session, SessionError, TalkError};
use crate::own_bundles::Offer;

/// Contacts asked after at once: each has 32 devices at most, and an answer 256 bundles.
const ASKED: usize = 8;

impl Session {
    /// Asks the relay whenever somebody wants to know.
    pub(super) async fn serve_own_bundles(&self) -> Result<(), SessionError> {
        if !self.home {
            return Ok(());
        }
        let own = &self.office.own_bundles;
        let mut questions = own.questions();
        loop {
            let question = *questions.borrow_and_update();
            if own.lacks(&self.relay, question) {
                self.ask_for_own_bundles(question).await?;
                self.office.tell();
            }
            if questions.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    async fn ask_for_own_bundles(&self, question: u64) -> Result<(), SessionError> {
        let roster = self.office.roster();
        let organisation = self.office.contact.organisation();
        let annex = roster.annex(&organisation);
        let contacts = annex.into_iter().flat_map(|annex| annex.contacts.iter());
        let contacts: Vec<ContactAddress> =
            contacts.map(|contact| contact.address.clone()).collect();
        let now = self.office.now();
        let mut found = Vec::new();
        for asked in contacts.chunks(ASKED) {
            let Ok(asked) = List::new(asked.to_vec()) else {
                continue;
            };
            let bundles = match self.talk.bundles(asked).await {
                Ok(bundles) => bundles,
                Err(TalkError::Refused(refusal)) => {
                    tracing::info!(relay = %self.relay, code = %refusal.code, "no bundles given");
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            // Whoever hands them over has made none of them, or they count for nothing (K2).
            let counting = bundles
                .iter()
                .filter(|signed| signed.counts_by(&roster, now));
            found.extend(counting.map(Offer::of));
        }
        self.office.own_bundles.keep(&self.relay, question, found);
        Ok(())
    }
}
