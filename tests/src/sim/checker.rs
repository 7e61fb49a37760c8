//! What the checker knows: everything that was ever given, sent, promised, shown and answered. It
//! stands outside the cores, and believes none of them.

use std::collections::{BTreeMap, BTreeSet};

use maille_client::core::{Act, Order};
use maille_common::address::ContactAddress;
use maille_common::envelope::{Env, Submission};
use maille_common::evidence::ObligationState;
use maille_common::hash::Hash;
use maille_common::identifier::{AlertId, Incarnation};
use maille_common::terms::Kind;
use maille_common::wire::Push;

use super::plan::Further;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant, or `rest` for the end of a run.
    pub invariant: &'static str,
    /// What is wrong.
    pub what: String,
}

/// An order that somebody gave.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) desk: usize,
    pub(crate) order: Order,
    pub(crate) further: Vec<Further>,
    /// The alerts it became, of which at most one may have left.
    pub(crate) ids: BTreeSet<AlertId>,
    /// `send` returned, or refused it.
    pub(crate) returned: bool,
}

/// An alert that was sent.
#[derive(Debug)]
pub(crate) struct SentAlert {
    pub(crate) given: usize,
    pub(crate) desk: usize,
    pub(crate) at: u64,
    /// How often the machine had been started.
    pub(crate) boots: u32,
    /// `send` returned: it is promised.
    pub(crate) promised: bool,
    /// The sender's outbox is lost, or never held it.
    pub(crate) outbox_lost: bool,
    /// Devices with a wrap that is released at once.
    pub(crate) addressed: BTreeSet<usize>,
    pub(crate) overdue: BTreeSet<ContactAddress>,
    pub(crate) states: BTreeMap<ContactAddress, ObligationState>,
    /// When its last obligation ended.
    pub(crate) closed: Option<u64>,
    /// Who was added, or asked in another's place, by an officer.
    pub(crate) added: Vec<Added>,
}

/// Somebody who gets an alert by the word of an officer, after it was sent.
#[derive(Debug)]
pub(crate) struct Added {
    pub(crate) contact: ContactAddress,
    /// A deputy, who owes nothing of its own.
    pub(crate) as_deputy: bool,
    pub(crate) by: usize,
    pub(crate) at: u64,
    /// How often the machine had been started.
    pub(crate) boots: u32,
    /// `extend` returned: it is promised.
    pub(crate) promised: bool,
    /// The envelope that says so, where keys were known.
    pub(crate) addendum: Option<AlertId>,
    /// Its devices that it addresses.
    pub(crate) addressed: BTreeSet<usize>,
    /// The store that it stood in is lost.
    pub(crate) lost: bool,
    /// How it stands, by the one who added it.
    pub(crate) state: ObligationState,
}

/// What one desk was seen to do.
#[derive(Debug, Default)]
pub(crate) struct DeskFacts {
    /// The newest event that is durable and was looked at.
    pub(crate) cursor: u64,
    pub(crate) arrived: BTreeSet<AlertId>,
    /// Of those, what came in another's place, and then for its contact itself.
    pub(crate) arrived_for_itself: BTreeSet<AlertId>,
    /// What is owed by it, or to its contact, and was told as late, for whom and how often.
    pub(crate) owed_late: BTreeMap<(AlertId, ContactAddress), u32>,
    pub(crate) shown: BTreeSet<AlertId>,
    /// How the copies of what a colleague sent stand here.
    pub(crate) copies: BTreeMap<(AlertId, ContactAddress), ObligationState>,
    /// Answers that stand, by whose obligation they are for.
    pub(crate) acted: BTreeMap<(AlertId, ContactAddress), Act>,
    /// It is lost for good, with its store and its keys.
    pub(crate) gone: bool,
    /// Its store was lost.
    pub(crate) stores_lost: u32,
}

/// A hostile relay's choice: relay, desk, life of the relay's store, number of the mail.
pub(crate) type MailKey = (usize, usize, Option<Incarnation>, u64);

/// A set of evidence about one obligation.
pub(crate) type EvidenceKey = (AlertId, ContactAddress, Vec<Hash>);

/// Everything that is known outside the cores.
#[derive(Debug)]
pub(crate) struct Checker {
    pub(crate) violation: Option<Violation>,
    pub(crate) given: Vec<Given>,
    pub(crate) alerts: BTreeMap<AlertId, SentAlert>,
    pub(crate) submissions: BTreeMap<AlertId, Submission>,
    pub(crate) desks: Vec<DeskFacts>,
    /// Every act anybody did, durable or not: no other receipt may exist.
    acts: BTreeSet<(usize, AlertId, u8)>,
    /// Every arrival that ever was durable.
    pub(crate) ever_arrived: BTreeSet<(usize, AlertId)>,
    /// Desks that said Returned.
    pub(crate) ever_returned: BTreeSet<(usize, AlertId)>,
    withheld: BTreeMap<MailKey, bool>,
    /// Alerts whose delivery to a desk was withheld.
    pub(crate) kept_from: BTreeSet<(usize, AlertId)>,
    pub(crate) evidence: BTreeMap<EvidenceKey, ObligationState>,
    pub(crate) keys_lost: bool,
    /// A desk or a relay found itself rolled back.
    pub(crate) receipts_withheld: bool,
    /// Alerts that are missed, by the desk that misses them and the device that sent them.
    pub(crate) missed: BTreeSet<(usize, usize)>,
}

const ACKNOWLEDGED: u8 = 1;
const REFUSED: u8 = 2;
const READ: u8 = 3;

impl Checker {
    pub(crate) fn new(desks: usize) -> Self {
        Self {
            violation: None,
            given: Vec::new(),
            alerts: BTreeMap::new(),
            submissions: BTreeMap::new(),
            desks: (0..desks).map(|_| DeskFacts::default()).collect(),
            acts: BTreeSet::new(),
            ever_arrived: BTreeSet::new(),
            ever_returned: BTreeSet::new(),
            withheld: BTreeMap::new(),
            kept_from: BTreeSet::new(),
            evidence: BTreeMap::new(),
            keys_lost: false,
            receipts_withheld: false,
            missed: BTreeSet::new(),
        }
    }

    pub(crate) fn is_violated(&self) -> bool {
        self.violation.is_some()
    }

    /// Notes the first thing that must not be.
    pub(crate) fn violated(&mut self, invariant: &'static str, what: String) {
        self.violation.get_or_insert(Violation { invariant, what });
    }

    /// The desk that sent an alert.
    pub(crate) fn sender_of(&self, alert: &AlertId) -> Option<usize> {
        self.alerts.get(alert).map(|sent| sent.desk)
    }

    /// The order that an alert came from.
    pub(crate) fn order_of(&self, alert: &AlertId) -> Option<&Order> {
        let sent = self.alerts.get(alert)?;
        self.given.get(sent.given).map(|given| &given.order)
    }

    /// Whether an alert may come to a contact, as its recipient or because an officer added it.
    pub(crate) fn is_for(&self, alert: &AlertId, contact: &ContactAddress) -> bool {
        let Some(sent) = self.alerts.get(alert) else {
            return false;
        };
        let order = &self.given[sent.given].order;
        let added = |sent: &SentAlert| sent.added.iter().any(|added| added.contact == *contact);
        // An update or cancel goes to whoever was added to what it is about.
        let about = order.refers_to.and_then(|about| self.alerts.get(&about));
        order.recipients.contains(contact) || added(sent) || about.is_some_and(added)
    }

    /// Somebody answered.
    pub(crate) fn act(&mut self, desk: usize, alert: AlertId, act: &Act) {
        let code = match act {
            Act::Acknowledge => ACKNOWLEDGED,
            Act::Refuse(_) => REFUSED,
            Act::Read => READ,
        };
        self.acts.insert((desk, alert, code));
    }

    pub(crate) fn acknowledged(&self, desk: usize, alert: &AlertId) -> bool {
        self.acts.contains(&(desk, *alert, ACKNOWLEDGED))
    }

    pub(crate) fn refused(&self, desk: usize, alert: &AlertId) -> bool {
        self.acts.contains(&(desk, *alert, REFUSED))
    }

    pub(crate) fn read(&self, desk: usize, alert: &AlertId) -> bool {
        self.acts.contains(&(desk, *alert, READ))
    }

    /// Whether a hostile relay keeps a piece of mail back: what it chose first stands.
    pub(crate) fn withheld(&mut self, key: MailKey, drawn: bool) -> bool {
        *self.withheld.entry(key).or_insert(drawn)
    }

    /// What a hostile relay keeps back.
    pub(crate) fn note_withheld(&mut self, desk: usize, push: &Push) {
        match push {
            Push::Delivery { delivery, .. } => {
                let core = &delivery.env.core;
                let original = delivery
                    .original
                    .as_ref()
                    .map(|original| Env::id(original.env.bytes()));
                if !matches!(core.kind, Kind::Heartbeat | Kind::Reconciliation) {
                    let id = original.unwrap_or_else(|| Env::id(delivery.env.bytes()));
                    self.kept_from.insert((desk, id));
                }
            }
            _ => self.receipts_withheld = true,
        }
    }

    /// A desk's store is gone, its keys are not.
    pub(crate) fn store_lost(&mut self, desk: usize) {
        let facts = &mut self.desks[desk];
        *facts = DeskFacts {
            gone: facts.gone,
            stores_lost: facts.stores_lost + 1,
            ..DeskFacts::default()
        };
        for sent in self.alerts.values_mut() {
            if sent.desk == desk {
                sent.outbox_lost = true;
                // What comes back of it, by a reconciliation or a colleague's copy, is judged and
                // told anew, by what has come.
                sent.states.clear();
                sent.overdue.clear();
            }
            for added in sent.added.iter_mut().filter(|added| added.by == desk) {
                added.lost = true;
            }
        }
        for given in self.given.iter_mut().filter(|given| given.desk == desk) {
            given.returned = true;
        }
    }

    /// A device is lost for good.
    pub(crate) fn device_gone(&mut self, desk: usize) {
        self.store_lost(desk);
        self.desks[desk].gone = true;
    }
}
