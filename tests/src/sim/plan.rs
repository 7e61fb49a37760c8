//! What a seed decides before anything happens: how the network behaves, what is sent, what fails.

use super::mutation::Mutation;
use super::shape::{HOUR, MADE, MINUTE, Shape};
use crate::crash::chance::Chance;

/// How everything behaves while faults go on.
#[derive(Debug, Clone)]
pub(crate) struct Knobs {
    /// Of a thousand messages, at so many the connection ends in their place.
    pub(crate) cut_permille: u64,
    /// Of a thousand messages, so many come twice.
    pub(crate) twice_permille: u64,
    /// The longest a message is on its way.
    pub(crate) delay_ms: u64,
    /// The longest a sync takes.
    pub(crate) sync_ms: u64,
    /// How often a keeper looks when nothing is due.
    pub(crate) round_ms: u64,
    /// Desks tell hourly which alert was the newest.
    pub(crate) beats: bool,
    /// Desks compare what they hold, daily and at the end.
    pub(crate) compares: bool,
    /// This relay keeps some mail from those it is for.
    pub(crate) hostile: Option<usize>,
    /// Officers answer so many of a hundred alerts.
    pub(crate) diligence: u64,
    /// What is broken on purpose.
    pub(crate) mutation: Option<Mutation>,
}

/// An order that somebody will give.
#[derive(Debug, Clone)]
pub(crate) struct PlannedOrder {
    pub(crate) at: u64,
    pub(crate) desk: usize,
    /// Chooses recipients.
    pub(crate) drawn: u64,
    pub(crate) ack_within_ms: u64,
    pub(crate) expires_after_ms: u64,
    pub(crate) first: bool,
    /// It is a drill.
    pub(crate) exercise: bool,
    /// What comes of it later.
    pub(crate) further: Vec<Further>,
}

/// What an officer of the contact that sent something does about it later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Further {
    /// So long after `send` returned.
    pub(crate) after: u64,
    pub(crate) what: Later,
    /// At another device of the contact, if it has one.
    pub(crate) colleague: bool,
    /// Chooses whom.
    pub(crate) drawn: u64,
}

/// What is done about an alert after it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Later {
    Update,
    Cancel,
    /// A cancel that is a drill where the alert is real, or the other way round.
    CancelAmiss,
    /// A further recipient.
    Add,
    /// A deputy of a recipient, before its step.
    AskDeputy,
}

/// What goes wrong at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection of a desk and a relay ends.
    Cut(usize, usize),
    /// A desk and a relay cannot reach each other for a while.
    Partition(usize, usize, u64),
    /// A desk's process dies, and is started again after a while; with a machine that is started
    /// anew where a jump of its wall is given.
    CrashDesk(usize, u64, Option<i64>),
    /// The same of a relay.
    CrashRelay(usize, u64, Option<i64>),
    /// Somebody sets a desk's wall.
    JumpDesk(usize, i64),
    /// Somebody sets a relay's wall.
    JumpRelay(usize, i64),
    /// A relay loses its disk.
    LoseRelay(usize),
    /// A desk loses its store, and keeps its keys.
    LoseDesk(usize),
    /// A desk loses its sealing keys, and keeps its store.
    LoseKeys(usize),
    /// The next roster is signed: a device is admitted, then one is removed, which is lost with its
    /// store, then deputies are dismissed.
    NextRoster,
    /// The device that will be removed is lost before that, and removed so much later, or never.
    LoseDevice(Option<u64>),
}

/// What a seed decides.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) knobs: Knobs,
    pub(crate) begins: u64,
    /// How long faults go on.
    pub(crate) span: u64,
    pub(crate) orders: Vec<PlannedOrder>,
    pub(crate) faults: Vec<(u64, Fault)>,
}

impl Plan {
    /// Nothing is sent and nothing fails.
    pub(crate) fn quiet() -> Self {
        Self {
            seed: 0,
            knobs: Knobs {
                cut_permille: 0,
                twice_permille: 0,
                delay_ms: 50,
                sync_ms: 5,
                round_ms: MINUTE,
                beats: false,
                compares: false,
                hostile: None,
                diligence: 100,
                mutation: None,
            },
            begins: MADE,
            span: MINUTE,
            orders: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The plan of a seed.
    pub(crate) fn of(seed: u64, shape: &Shape, mutation: Option<Mutation>) -> Self {
        let mut chance = Chance::about(seed, &[1]);
        // One of forty runs for weeks, so that what is kept for weeks is seen to go.
        let long = chance.below(40) == 0;
        let span = match long {
            true => chance.between(24, 72) * HOUR,
            false => chance.between(1, 5) * HOUR,
        };
        let relays = u64::try_from(shape.relays.len()).unwrap_or(1);
        let hostile = (chance.below(8) == 0).then(|| index(&mut chance, relays));
        let knobs = Knobs {
            cut_permille: [0, 5, 20, 60][index(&mut chance, 4)],
            twice_permille: [0, 0, 20, 100][index(&mut chance, 4)],
            delay_ms: [20, 300, 3_000, 20_000][index(&mut chance, 4)],
            sync_ms: [2, 20, 200, 5_000][index(&mut chance, 4)],
            round_ms: match (long, hostile) {
                (true, None) => HOUR,
                (_, Some(_)) => 2 * MINUTE,
                (false, None) => chance.between(2, 15) * MINUTE,
            },
            beats: hostile.is_some() || (!long && chance.below(10) == 0),
            compares: chance.below(4) == 0,
            hostile,
            diligence: [20, 60, 90][index(&mut chance, 3)],
            mutation,
        };
        let begins = MADE + HOUR + chance.below(6 * 24) * HOUR;
        let mut plan = Self {
            seed,
            knobs,
            begins,
            span,
            orders: Vec::new(),
            faults: Vec::new(),
        };
        plan.draw_orders(&mut chance, shape);
        plan.draw_faults(&mut chance, shape);
        plan.draw_loss(&mut chance, shape);
        plan
    }

    fn draw_orders(&mut self, chance: &mut Chance, shape: &Shape) {
        let desks = u64::try_from(shape.desks.len()).unwrap_or(1);
        for _ in 0..chance.between(2, 4) {
            let ack_within_ms = chance.between(5, 40) * MINUTE;
            let further = [30, 35].into_iter().filter_map(|percent| {
                let after = chance.between(1, 90) * MINUTE;
                let further = Further {
                    after,
                    what: match (percent, chance.below(10)) {
                        (30, 0..4) => Later::Update,
                        (30, 4..8) => Later::Cancel,
                        (30, _) => Later::CancelAmiss,
                        (_, 0..6) => Later::Add,
                        _ => Later::AskDeputy,
                    },
                    colleague: chance.percent(40),
                    drawn: chance.next(),
                };
                chance.percent(percent).then_some(further)
            });
            let further = further.collect();
            self.orders.push(PlannedOrder {
                at: self.begins + chance.below(self.span),
                desk: index(chance, desks),
                drawn: chance.next(),
                ack_within_ms,
                expires_after_ms: ack_within_ms + chance.between(20, 180) * MINUTE,
                first: chance.percent(20),
                exercise: chance.percent(15),
                further,
            });
        }
    }

    fn draw_faults(&mut self, chance: &mut Chance, shape: &Shape) {
        let desks = u64::try_from(shape.desks.len()).unwrap_or(1);
        let relays = u64::try_from(shape.relays.len()).unwrap_or(1);
        for _ in 0..chance.between(0, 10) {
            let at = self.begins + chance.below(self.span);
            let (desk, relay) = (index(chance, desks), index(chance, relays));
            let down = [MINUTE / 20, MINUTE, 10 * MINUTE, HOUR][index(chance, 4)];
            let reboot = chance.percent(30).then(|| jump(chance));
            let fault = match chance.below(100) {
                0..20 => Fault::CrashDesk(desk, 1 + chance.below(down), reboot),
                20..36 => Fault::CrashRelay(relay, 1 + chance.below(down), reboot),
                36..48 => Fault::Cut(desk, relay),
                48..62 => Fault::Partition(desk, relay, chance.between(1, 120) * MINUTE),
                62..72 => Fault::JumpDesk(desk, jump(chance)),
                72..78 => Fault::JumpRelay(relay, jump(chance)),
                78..84 => Fault::LoseRelay(relay),
                84..87 => Fault::LoseDesk(desk),
                87..90 => Fault::LoseKeys(desk),
                _ => Fault::NextRoster,
            };
            self.faults.push((at, fault));
        }
        self.faults.sort_by_key(|(at, _)| *at);
    }
}

impl Plan {
    /// In one run of eight a device is lost for good, which has sent most of what is sent.
    fn draw_loss(&mut self, chance: &mut Chance, shape: &Shape) {
        if chance.below(8) > 0 {
            return;
        }
        for order in &mut self.orders {
            if chance.percent(60) {
                order.desk = shape.removed;
            }
        }
        let at = self.begins + chance.below(self.span);
        let removed = chance.percent(75).then(|| chance.between(1, 180) * MINUTE);
        self.faults.push((at, Fault::LoseDevice(removed)));
        self.faults.sort_by_key(|(at, _)| *at);
    }
}

/// By how much somebody sets a wall wrong: minutes mostly, and days now and then.
fn jump(chance: &mut Chance) -> i64 {
    let unit = [MINUTE / 60, MINUTE, HOUR, 12 * HOUR][index(chance, 4)];
    let by = i64::try_from(chance.below(4 * unit)).unwrap_or(0);
    if chance.percent(50) { by } else { -by }
}

/// One of some, by what was drawn.
pub(crate) fn picked<T>(of: &[T], drawn: u64) -> Option<&T> {
    let count = u64::try_from(of.len()).unwrap_or(1).max(1);
    of.get(usize::try_from(drawn % count).unwrap_or(0))
}

/// A number below `end`, to choose with.
pub(crate) fn index(chance: &mut Chance, end: u64) -> usize {
    usize::try_from(chance.below(end.max(1))).unwrap_or(0)
}
