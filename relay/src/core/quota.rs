//! Budgets per sender and per mailbox (I10): meeting one is a signed answer to the one who met it.

use maille_common::limits;
use maille_common::time::Span;

use super::records::{DeviceRecord, SenderRecord};

/// How much one relay keeps for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayBudget {
    /// Alerts kept of one sender contact.
    pub sender_alerts_max: u64,
    /// Their bytes.
    pub sender_bytes_max: u64,
    /// Pieces of mail waiting for one device.
    pub mailbox_mail_max: u64,
    /// Their bytes.
    pub mailbox_bytes_max: u64,
    /// The longest attachment, in bytes.
    pub blob_bytes_max: u64,
    /// How long an alert is kept beyond its expiry, grace copies for a desk that lost its store
    /// included. Never under [`RelayBudget::GRACE_LEAST`] (I2).
    pub grace: Span,
}

impl RelayBudget {
    /// What is promised to everybody: expiry and seven days.
    pub const GRACE_LEAST: Span = Span::from_ms(limits::RELAY_GRACE_MS);
    /// When a sender that met a budget may try again.
    pub const RETRY_QUOTA: Span = Span::from_minutes(5);
    /// When a sender may try again after the disk was low.
    pub const RETRY_DISK: Span = Span::from_seconds(30);
    /// When a sender may try again with attachments that were missing.
    pub const RETRY_BLOB: Span = Span::from_seconds(1);

    /// Whether one more alert of `bytes` is over the sender's budget.
    pub(super) fn sender_is_full(&self, sender: &SenderRecord, bytes: u64) -> bool {
        sender.alerts >= self.sender_alerts_max
            || sender.bytes.saturating_add(bytes) > self.sender_bytes_max
    }

    /// Whether one more piece of mail of `bytes` is over the device's budget.
    pub(super) fn mailbox_is_full(&self, device: &DeviceRecord, bytes: u64) -> bool {
        device.waiting >= self.mailbox_mail_max
            || device.waiting_bytes.saturating_add(bytes) > self.mailbox_bytes_max
    }
}

impl Default for RelayBudget {
    /// A desk that is away for a fortnight while 300 alerts of 20 KiB arrive a day stays below a
    /// tenth of its mailbox.
    fn default() -> Self {
        Self {
            sender_alerts_max: 1_000_000,
            sender_bytes_max: 64 << 30,
            mailbox_mail_max: 100_000,
            mailbox_bytes_max: 8 << 30,
            blob_bytes_max: 4 << 30,
            grace: Self::GRACE_LEAST,
        }
    }
}
