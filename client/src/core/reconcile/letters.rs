//! The letters of a reconciliation on their way: out like heartbeats, in no outbox, and in until
//! the keeper looks at them.

use maille_common::address::{ContactAddress, Name};
use maille_common::codec::encode;
use maille_common::content::Reconciliation;
use maille_common::envelope::{Content, VerifiedEnvelope, VerifyFault};
use maille_common::evidence::SignedAccepted;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::record::write_record;
use maille_common::terms::{Kind, Release};
use maille_common::time::{Span, Timestamp};
use maille_durable::Batch;

use super::between::Peer;
use super::records::{ArrivedRecord, LetterRecord};
use crate::core::addenda::outside_stream;
use crate::core::collect::Collected;
use crate::core::desk::{Desk, StepError};
use crate::core::order::SendError;
use crate::core::tables;
use crate::core::unowed::Unowed;

/// How long a relay keeps a letter for a device that does not come: as long as a round lives.
const KEPT_FOR: Span = Span::from_ms(limits::RECONCILE_STALE_MS);

impl Desk {
    /// Puts a letter down for the relays of the other device that have none of the same side's to
    /// bring it. Whether there was any such relay, and a key: else it is tried again later.
    pub(super) fn write_letter(
        &self,
        batch: &mut Batch,
        (peer, asks): (Peer<'_>, bool),
        letter: &Reconciliation,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<bool, SendError> {
        let relays = self.free_relays(peer, asks)?;
        let addressee = self.addressee(peer.device, Release::Now, 0, now)?;
        let may = self.may_compare_with(peer.contact, now);
        let Some((addressee, _)) = addressee.filter(|_| may && !relays.is_empty()) else {
            return Ok(false);
        };
        let unowed = Unowed {
            kind: Kind::Reconciliation,
            to: peer.contact,
            kept_for: KEPT_FOR,
            content: &encode(letter),
            addressees: vec![outside_stream(addressee)],
        };
        let id = self.seal_unowed(batch, unowed, &relays, now, random)?;
        let device = *peer.device;
        let record = write_record(&LetterRecord { device, asks });
        for relay in &relays {
            batch.put(tables::LETTER, &tables::target(relay, &id), &record);
        }
        Ok(true)
    }

    /// A rule in either direction carries it, as it carries what is compared.
    pub(super) fn may_compare_with(&self, contact: &ContactAddress, now: Timestamp) -> bool {
        *contact != self.identity.contact && self.may_hear(contact, now)
    }

    fn free_relays(&self, peer: Peer<'_>, asks: bool) -> Result<Vec<Name>, StepError> {
        let homes = self.roster.home_relay_names(&peer.contact.organisation());
        let mut free = Vec::new();
        for relay in homes.into_iter().take(2) {
            let waiting = self.keys_of(tables::LETTER, &tables::relay(&relay))?;
            let mut busy = false;
            for key in waiting {
                let letter: Option<LetterRecord> = self.find(tables::LETTER, &key)?;
                busy |= letter.is_some_and(|one| one.device == *peer.device && one.asks == asks);
            }
            if !busy {
                free.push(relay);
            }
        }
        Ok(free)
    }

    /// Whether an envelope is a letter that this relay has not answered.
    pub(in crate::core) fn is_letter_at(
        &self,
        relay: &Name,
        envelope: &AlertId,
    ) -> Result<bool, StepError> {
        let key = tables::target(relay, envelope);
        Ok(self.store.get(tables::LETTER, &key)?.is_some())
    }

    /// A relay answered a letter: what it said is counted, and the letter is in its hands.
    pub(in crate::core) fn letter_answered(
        &self,
        batch: &mut Batch,
        (relay, envelope): (&Name, &AlertId),
        answers: Vec<SignedAccepted>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        self.take_answers(batch, relay, envelope, answers, now)?;
        self.drop_letter(batch, relay, envelope)
    }

    /// Forgets what one relay had to be given of a letter, and the letter with the last one.
    pub(in crate::core) fn drop_letter(
        &self,
        batch: &mut Batch,
        relay: &Name,
        envelope: &AlertId,
    ) -> Result<(), StepError> {
        batch.delete(tables::LETTER, &tables::target(relay, envelope));
        self.drop_target(batch, relay, envelope)?;
        let mut elsewhere = false;
        for other in &self.roster.authority().relays {
            elsewhere |= other.name != *relay && self.is_letter_at(&other.name, envelope)?;
        }
        if !elsewhere {
            batch.delete_pieces(tables::SUBMISSION, envelope.as_bytes());
        }
        Ok(())
    }

    /// A letter came: it is kept until the keeper looks at it, and confirmed. One that cannot be
    /// opened is passed over: the round ends by itself, and another one is begun.
    pub(in crate::core) fn take_letter(
        &mut self,
        mut batch: Batch,
        (relay, number): (&Name, Option<u64>),
        verified: Result<VerifiedEnvelope, VerifyFault>,
        now: Timestamp,
    ) -> Result<Collected, StepError> {
        let opened = match self.open_or_pass_over(verified) {
            Ok(opened) => opened,
            Err(fault) => return self.disbelieve(batch, relay, (fault.check(), &fault), None, now),
        };
        if let Some(opened) = opened
            && let Content::Reconciliation(letter) = opened.content()
        {
            let core = opened.envelope().core();
            let record = ArrivedRecord {
                from: core.sender.clone(),
                device: core.device,
                letter: (**letter).clone(),
                came: self.counted(now),
            };
            let key = tables::arrived(&core.device, letter);
            batch.put_pieces(tables::ARRIVED, &key, &write_record(&record));
        }
        if let Some(number) = number {
            batch.put(tables::CONFIRM, &tables::confirm(relay, number), &[]);
        }
        Ok(Collected::Reconciliation {
            settled: self.settle(batch)?,
        })
    }

    /// The letters that were not looked at yet, those of a round in their order.
    pub(super) fn arrived(&self) -> Result<Vec<(Vec<u8>, ArrivedRecord)>, StepError> {
        let mut arrived = Vec::new();
        for key in self.pieced_keys(tables::ARRIVED)? {
            let record: ArrivedRecord = self.need_long(tables::ARRIVED, &key)?;
            arrived.push((key, record));
        }
        Ok(arrived)
    }
}
