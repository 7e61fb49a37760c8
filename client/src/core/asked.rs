//! Deputies who are asked by an addendum: for their step is due and no relay holds a wrap that they
//! could collect, because an officer wants them asked now, or because they hold an alert that has
//! an update.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::check::Check;
use maille_common::envelope::{Addressee, Core};
use maille_common::evidence::{ClockAct, Deadlines, Notice, Receipt, Taker};
use maille_common::identifier::AlertId;
use maille_common::randomness::Randomness;
use maille_common::record::{read_record, write_record};
use maille_common::roster::Deputy;
use maille_common::terms::{Kind, NoticeKind, Release};
use maille_common::time::Timestamp;
use maille_durable::{Batch, Scan};

use super::addenda::outside_stream;
use super::desk::{Desk, StepError};
use super::order::SendError;
use super::own::{Owed, OwnAlert};
use super::records::{AskedDeputyRecord, EvidenceRecord};
use super::tables;

/// Somebody who is asked in another's place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AskedDeputy {
    /// Who did not acknowledge.
    pub principal: ContactAddress,
    /// Who is asked.
    pub deputy: ContactAddress,
    /// At which step, from 1.
    pub step: u8,
}

/// A deputy's device that waits for its addendum.
#[derive(Debug)]
pub(super) struct Asked {
    /// The device.
    pub(super) device: DeviceId,
    /// What it is to get: an alert, an update or a cancel.
    pub(super) envelope: AlertId,
    /// In whose place.
    pub(super) principal: ContactAddress,
    /// At which step.
    pub(super) step: u8,
    /// In counted time.
    pub(super) since: Timestamp,
}

impl Desk {
    /// Who waits for an addendum as a deputy, of everything.
    pub(super) fn asked(&self) -> Result<Vec<Asked>, StepError> {
        let mut asked = Vec::new();
        for (key, bytes) in self
            .store
            .scan(Scan::table(tables::ASKED_DEPUTY, usize::MAX))?
        {
            let Some((device, envelope)) = tables::asked_deputy_parts(&key) else {
                continue;
            };
            let AskedDeputyRecord {
                principal,
                step,
                since,
            } = read_record(&bytes)?;
            asked.push(Asked {
                device,
                envelope,
                principal,
                step,
                since,
            });
        }
        Ok(asked)
    }

    /// Puts a deputy down for an addendum to an envelope. Its devices without keys get theirs when
    /// keys appear; those that were asked before are not asked again.
    pub(super) fn ask(
        &self,
        batch: &mut Batch,
        envelope: &AlertId,
        asked: &AskedDeputy,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let own = self.own_alert(envelope)?;
        let before: BTreeSet<DeviceId> = own
            .iter()
            .flat_map(|own| &own.addenda)
            .flat_map(|addendum| addendum.asked_for(&asked.principal))
            .map(|(device, _)| device)
            .collect();
        for device in self.roster.devices_of(&asked.deputy) {
            if !before.contains(&device) {
                self.ask_device(
                    batch,
                    envelope,
                    (&device, &asked.principal),
                    asked.step,
                    self.counted(now),
                );
            }
        }
        Ok(())
    }

    pub(super) fn ask_device(
        &self,
        batch: &mut Batch,
        envelope: &AlertId,
        (device, principal): (&DeviceId, &ContactAddress),
        step: u8,
        since: Timestamp,
    ) {
        let record = AskedDeputyRecord {
            principal: principal.clone(),
            step,
            since,
        };
        let key = tables::asked_deputy(device, envelope, principal);
        batch.put(tables::ASKED_DEPUTY, &key, &write_record(&record));
        if since > self.counted_now() {
            batch.put(tables::DUE, &tables::due(since, envelope), &[]);
        }
    }

    /// Who was asked in whose place about an alert, as far as this desk knows: by what relays and
    /// deputies signed, and by its own addenda.
    pub(super) fn deputies_asked(
        &self,
        own: &OwnAlert,
    ) -> Result<BTreeSet<AskedDeputy>, StepError> {
        let mut asked = BTreeSet::new();
        for record in self.evidence_records(&own.alert)? {
            match record {
                EvidenceRecord::Notice { notice, .. } => {
                    asked.extend(self.asked_by_notice(own, &notice.statement));
                }
                EvidenceRecord::Receipt { receipt, .. } => {
                    asked.extend(self.asked_by_receipt(&receipt.statement));
                }
                _ => {}
            }
        }
        for addendum in &own.addenda {
            for contact in addendum.core.recipients.iter() {
                for (device, step) in addendum.asked_for(contact) {
                    asked.extend(self.roster.contact_of(&device).map(|deputy| AskedDeputy {
                        principal: contact.clone(),
                        deputy,
                        step,
                    }));
                }
            }
        }
        let waiting = self.asked()?.into_iter();
        for waiting in waiting.filter(|waiting| waiting.envelope == own.alert) {
            let deputy = self.roster.contact_of(&waiting.device);
            asked.extend(deputy.map(|deputy| AskedDeputy {
                principal: waiting.principal,
                deputy,
                step: waiting.step,
            }));
        }
        Ok(asked)
    }

    /// The steps that this contact's devices took by addenda, or this one is about to, each since
    /// when, in counted time. What this one took in its turn ended when it was due.
    pub(super) fn asked_here(
        &self,
        own: &OwnAlert,
        owed: Owed<'_>,
    ) -> Result<BTreeMap<u8, Timestamp>, StepError> {
        let (principal, behind) = (owed.contact, owed.by.turn.behind);
        let mut steps: BTreeMap<u8, Timestamp> = BTreeMap::new();
        let mut note = |step, at: Timestamp| {
            let known = steps.entry(step).or_insert(at);
            *known = at.min(*known);
        };
        for addendum in &own.addenda {
            for (_, step) in addendum.asked_for(principal) {
                match addendum.is_sent_here {
                    true => note(step, addendum.committed - behind),
                    false => note(step, addendum.committed),
                }
            }
        }
        for asked in self.asked()? {
            if (asked.envelope, &asked.principal) == (own.alert, principal) {
                note(asked.step, asked.since - behind);
            }
        }
        Ok(steps)
    }

    /// Whom a relay says it has asked: the deputies whose wraps of that step are in the envelope,
    /// and by the roster where the entries are not known here.
    fn asked_by_notice(&self, own: &OwnAlert, notice: &Notice) -> Vec<AskedDeputy> {
        if notice.kind != NoticeKind::Released {
            return Vec::new();
        }
        let principal = &notice.recipient;
        let envelopes = own.envelopes();
        let devices = envelopes.flat_map(|envelope| envelope.deputies_of(principal));
        let of_step = devices.filter(|(_, step)| *step == notice.step);
        let mut deputies: BTreeSet<ContactAddress> = of_step
            .filter_map(|(device, _)| self.roster.contact_of(&device))
            .collect();
        if deputies.is_empty() {
            let at = usize::from(notice.step).checked_sub(1);
            let deputy = at.and_then(|at| self.roster.deputies(principal).get(at));
            deputies.extend(deputy.map(|deputy| deputy.contact.clone()));
        }
        let asked = |deputy| AskedDeputy {
            principal: principal.clone(),
            deputy,
            step: notice.step,
        };
        deputies.into_iter().map(asked).collect()
    }

    /// A deputy that answers has been asked, whoever asked it.
    fn asked_by_receipt(&self, receipt: &Receipt) -> Option<AskedDeputy> {
        let (principal, deputy) = (&receipt.recipient, &receipt.contact);
        if principal == deputy || *deputy == self.identity.contact {
            return None;
        }
        Some(AskedDeputy {
            principal: principal.clone(),
            deputy: deputy.clone(),
            step: self.step_of(principal, deputy),
        })
    }

    /// The step of a deputy by the roster in use.
    pub(super) fn step_of(&self, principal: &ContactAddress, deputy: &ContactAddress) -> u8 {
        let deputies = (1u8..).zip(self.roster.deputies(principal));
        let mut steps = deputies.filter(|(_, known)| known.contact == *deputy);
        steps.next().map_or(1, |(step, _)| step)
    }

    /// A relay says that it asked somebody: who holds an alert gets what was said about it since.
    pub(super) fn note_released(
        &self,
        batch: &mut Batch,
        relay: &Name,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let Some(own) = self.own_alert(&notice.alert)? else {
            return Ok(());
        };
        // Where no other device of this contact collects, none is told.
        let told_alone = !self.home_relays().contains(relay);
        for asked in self.asked_by_notice(&own, notice) {
            self.ask_joined_of(batch, &own, &asked, now)?;
            self.ask_about_amendments(batch, &own.alert, &asked, told_alone, now)?;
        }
        Ok(())
    }

    /// A deputy answered.
    pub(super) fn note_deputy(
        &self,
        batch: &mut Batch,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let Some(asked) = self.asked_by_receipt(receipt) else {
            return Ok(());
        };
        if let Some(own) = self.own_alert(&receipt.alert)? {
            self.ask_joined_of(batch, &own, &asked, now)?;
        }
        self.ask_about_amendments(batch, &receipt.alert, &asked, false, now)
    }

    /// An update or cancel goes at once to the deputies who were asked about the alert.
    pub(super) fn ask_holders_in_place(
        &self,
        batch: &mut Batch,
        (envelope, core): (&AlertId, &Core),
        now: Timestamp,
    ) -> Result<(), StepError> {
        let (Kind::Update | Kind::Cancel, Some(alert)) = (core.kind, core.refers_to()) else {
            return Ok(());
        };
        let Some(own) = self.own_alert(&alert)? else {
            return Ok(());
        };
        for asked in self.deputies_asked(&own)? {
            if Check::E18.stands() && core.recipients.has(&asked.principal) {
                self.ask(batch, envelope, &asked, now)?;
            }
        }
        Ok(())
    }

    /// Each update is extended by the device that sent it, where that still acts for this contact,
    /// so that several devices do not all do so (PROTOCOL E19).
    fn ask_about_amendments(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        asked: &AskedDeputy,
        told_alone: bool,
        now: Timestamp,
    ) -> Result<(), StepError> {
        for amendment in self.amendments(alert)? {
            let other = amendment.device != self.identity.device;
            let acts = self
                .roster
                .acts_for(&amendment.device, &self.identity.contact);
            if Check::E19.holds(!(other && acts) || told_alone) {
                self.ask(batch, &amendment.id, asked, now)?;
            }
        }
        Ok(())
    }

    /// Asks the deputies whose steps are due by this device's own clock (PROTOCOL C6), and notes
    /// when to look again.
    pub(super) fn steps_are_due(
        &self,
        batch: &mut Batch,
        own: &OwnAlert,
        envelope: &AlertId,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let mine = own.owed().into_iter();
        let mine: Vec<_> = mine.filter(|owed| owed.by.id == *envelope).collect();
        let asks = |owed: &Owed<'_>| !self.roster.deputies(owed.contact).is_empty();
        if !mine.iter().any(asks) {
            return Ok(());
        }
        let evidence = self.evidence_of(&own.alert)?;
        let kept = self.evidence_records(&own.alert)?;
        for owed in mine.into_iter().filter(asks) {
            let standing = self.obligation(&own.alert, owed).standing(&evidence);
            let deadlines = self.deadlines(owed)?;
            let mut progress = self.progress(own, owed, &kept, (&standing, &deadlines))?;
            let (began, turn) = (owed.by.committed, owed.by.turn);
            let counted = self.counted(now);
            // PROTOCOL C8
            if counted.since(began) >= owed.by.core.expires_after {
                continue;
            }
            // PROTOCOL E20: this device sees the clocks as they stood one turn ago.
            let Some(elapsed) = turn.elapsed(began, counted) else {
                let look = turn.at(Timestamp::EPOCH);
                batch.put(tables::DUE, &tables::due(look, envelope), &[]);
                continue;
            };
            let next = loop {
                let clocks = deadlines.clocks(&standing, &progress, elapsed);
                let mut due = clocks.due.iter().filter_map(|clock| match clock.act {
                    ClockAct::Release(step) => Some(step),
                    _ => None,
                });
                let Some(step) = due.next() else {
                    let is_step = |act| matches!(act, ClockAct::Release(_) | ClockAct::Await(_));
                    let mut running = clocks.running.iter();
                    break running
                        .find(|clock| is_step(clock.act))
                        .map(|clock| clock.due);
                };
                self.ask_step(batch, own, owed, step, now)?;
                progress.released.insert(step, elapsed);
            };
            let here = deadlines.steps.iter().any(|step| step.taker == Taker::Here);
            if let (Some(next), true) = (next, here) {
                let due = tables::due(turn.at(began + next), envelope);
                batch.put(tables::DUE, &due, &[]);
            }
        }
        Ok(())
    }

    fn ask_step(
        &self,
        batch: &mut Batch,
        own: &OwnAlert,
        owed: Owed<'_>,
        step: u8,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let at = usize::from(step).checked_sub(1);
        let deputy = at.and_then(|at| self.roster.deputies(owed.contact).get(at));
        let Some(Deputy { contact, .. }) = deputy else {
            return Ok(());
        };
        let asked = AskedDeputy {
            principal: owed.contact.clone(),
            deputy: contact.clone(),
            step,
        };
        self.ask(batch, &own.alert, &asked, now)?;
        // In whose place this device asks, that one does not extend its updates either.
        let alone = !owed.by.is_sent_here;
        self.ask_about_amendments(batch, &own.alert, &asked, alone, now)
    }

    /// One addendum per envelope for all deputies who wait for it and whose keys are known.
    pub(super) fn ask_deputies(
        &mut self,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<(), SendError> {
        let mut by_envelope: BTreeMap<AlertId, Vec<Asked>> = BTreeMap::new();
        for asked in self.asked()? {
            by_envelope.entry(asked.envelope).or_default().push(asked);
        }
        for (envelope, asked) in by_envelope {
            self.ask_about(&envelope, asked, now, random)?;
        }
        Ok(())
    }

    fn ask_about(
        &self,
        envelope: &AlertId,
        waiting: Vec<Asked>,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<(), SendError> {
        let mut batch = Batch::new();
        if self.extendable(envelope)?.is_none() {
            // Its content is not kept any more: nobody can be given it.
            waiting.iter().for_each(|asked| forget(&mut batch, asked));
            self.settle(batch)?;
            return Ok(());
        }
        let mut together: BTreeMap<AlertId, Vec<Asked>> = BTreeMap::new();
        let own = self.own_alert(envelope)?;
        let evidence = self.evidence_of(envelope)?;
        let counted = self.counted(now);
        for asked in waiting.into_iter().filter(|one| one.since <= counted) {
            let owed = own.as_ref().and_then(|own| own.owed_by(&asked.principal));
            let amends = own.as_ref().is_some_and(|own| own.original.is_amendment());
            let wanted = owed.filter(|owed| {
                let standing = self.obligation(envelope, *owed).standing(&evidence);
                // PROTOCOL C7; who holds an alert gets what was said about it since in any case.
                let is_over = standing.escalation_stopped && !amends;
                let (device, principal) = (&asked.device, &asked.principal);
                !is_over && self.roster.acts_for_deputy_of(device, principal)
            });
            match wanted {
                Some(owed) if self.can_be_asked(envelope, &asked, now)? => {
                    together.entry(owed.by.id).or_default().push(asked);
                }
                Some(_) => {}
                None => forget(&mut batch, &asked),
            }
        }
        for asked in together.into_values() {
            let Some(extendable) = self.extendable(envelope)? else {
                continue;
            };
            let first = asked.first().map(|asked| &asked.principal);
            let owed = own.as_ref().zip(first);
            let owed = owed.and_then(|(own, principal)| own.owed_by(principal));
            let terms = owed.map_or(&extendable.core, |owed| &owed.by.core);
            let principals = asked.iter().map(|asked| asked.principal.clone());
            let core = self.addendum_core(envelope, terms, principals.collect(), now);
            let mut addressees = Vec::new();
            for asked in &asked {
                forget(&mut batch, asked);
                let Some(recipient) = core.recipient_index(&asked.principal) else {
                    continue;
                };
                let found = self.addressee(&asked.device, Release::Now, recipient, now)?;
                addressees.extend(found.map(|(addressee, _)| Addressee {
                    step: asked.step,
                    ..outside_stream(addressee)
                }));
            }
            self.add_copies(&mut addressees, &core, now)?;
            self.seal_extension(&mut batch, extendable, (core, addressees), now, random)?;
        }
        self.settle_if_roomy(batch)?;
        Ok(())
    }

    /// Whether a device has a key under which it was not asked before.
    fn can_be_asked(
        &self,
        envelope: &AlertId,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<bool, StepError> {
        let addenda = self.addenda_of(envelope)?;
        self.is_key_new(&asked.device, &addenda, now, |core, entry| {
            entry.asks_now() && core.recipient(entry.recipient) == Some(&asked.principal)
        })
    }

    /// The deadlines of somebody who owes an answer, and who can take each step.
    pub(super) fn deadlines(&self, owed: Owed<'_>) -> Result<Deadlines, StepError> {
        let deputies = self.roster.deputies(owed.contact);
        let takers = deputies.iter().map(|deputy| self.taker(owed, deputy));
        let takers: Vec<Taker> = takers.collect::<Result<_, _>>()?;
        let taker = |step: u8, _: &Deputy| {
            let at = usize::from(step).checked_sub(1);
            let taker = at.and_then(|at| takers.get(at));
            taker.copied().unwrap_or(Taker::Nobody)
        };
        Ok(Deadlines::of(&owed.by.core, deputies, taker))
    }

    /// The relay takes a step where the deputy collects at one that holds its wrap, and otherwise
    /// this device, in its turn, where it knows a key of the deputy.
    fn taker(&self, owed: Owed<'_>, deputy: &Deputy) -> Result<Taker, StepError> {
        let devices = self.roster.devices_of(&deputy.contact);
        let mut held = owed.by.deputies_of(owed.contact);
        // A relay takes nothing for a recipient of whose devices none has a wrap. Of a copy that
        // does not say whom it addressed, everybody is taken to have one.
        let is_taken = owed.by.devices_of(owed.contact).next().is_some();
        let is_held = is_taken && held.any(|(device, _)| devices.contains(&device));
        let is_held = (is_held || !owed.by.is_whole) && !self.is_unheard(owed)?;
        let there = self.roster.home_relay_names(&deputy.contact.organisation());
        let holding = self.roster.home_relay_names(&owed.contact.organisation());
        let meets = holding.iter().take(2).any(|relay| there.contains(relay));
        if is_held && meets {
            return Ok(Taker::Elsewhere);
        }
        if deputy.contact != self.identity.contact {
            let now = self.as_wall_shows(self.counted_now());
            for device in &devices {
                if self.is_open_to(device, now)? {
                    return Ok(Taker::Here);
                }
            }
        }
        Ok(Taker::Nobody)
    }
}

fn forget(batch: &mut Batch, asked: &Asked) {
    let key = tables::asked_deputy(&asked.device, &asked.envelope, &asked.principal);
    batch.delete(tables::ASKED_DEPUTY, &key);
}
