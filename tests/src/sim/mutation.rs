//! Deliberate breakages of the simulated shells and stores: the checker has to find each of them,
//! or it would not find a fault of the cores either.

/// One thing done wrong on purpose.
#[cfg_attr(not(test), expect(dead_code, reason = "only tests break anything"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// A relay's answers leave before their commit is durable (I1).
    RelaySaysTooEarly,
    /// A desk's requests leave before their commit is durable (I1).
    DeskSaysTooEarly,
    /// `send` returns before the outbox is durable (I1).
    SendReturnsTooEarly,
    /// A crash takes a record that was durable (I2).
    RowLostAtRestart,
    /// An envelope leaves the outbox with its last obligation (I2).
    OutboxSweptEarly,
    /// A relay hands a device the mail of another (I3).
    MailMisdirected,
    /// The addendum for a recipient whom an officer added is brought to no relay (I2).
    AdditionKeptBack,
    /// The keeper looks at no clock (I4).
    KeeperAsleep,
    /// Nor does one whose colleague is lost for good (I4).
    NobodyStandsIn,
    /// What was being shown is shown as new again (I5).
    ShownTwice,
    /// An answer with a reason is not brought to any relay (I7).
    ReturnedUnsaid,
    /// A relay does not push what is an hour old (I8).
    OldMailUnpushed,
    /// A desk takes no letter of a reconciliation.
    LettersLost,
    /// Whoever asks for real alerts alone is told of drills as well.
    DrillsAmongTheReal,
}

impl Mutation {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 14] = [
        Self::RelaySaysTooEarly,
        Self::DeskSaysTooEarly,
        Self::SendReturnsTooEarly,
        Self::RowLostAtRestart,
        Self::OutboxSweptEarly,
        Self::MailMisdirected,
        Self::AdditionKeptBack,
        Self::KeeperAsleep,
        Self::NobodyStandsIn,
        Self::ShownTwice,
        Self::ReturnedUnsaid,
        Self::OldMailUnpushed,
        Self::LettersLost,
        Self::DrillsAmongTheReal,
    ];
}
