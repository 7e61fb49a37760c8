//! Records of what devices number: their streams of alerts, the rows of their receipts, the holes
//! in both, the heartbeats that tell of them, and what is asked, answered and told twice.

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::{Decode, Encode, List, coded, coded_choice};
use maille_common::content::ToldFork;
use maille_common::envelope::{IncomingStream, Link, OutgoingStream, StreamPosition};
use maille_common::hash::Hash;
use maille_common::identifier::{AlertId, Epoch};
use maille_common::time::Timestamp;

coded! {
    /// The row of another device's receipts to this contact.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct IncomingRowRecord {
        pub(in crate::core) number: u64,
        pub(in crate::core) hash: Hash,
    }
}

coded! {
    /// Numbers of another device that a later one overtook, and that may still come.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct HoleRecord {
        pub(in crate::core) of: HoleIn,
        pub(in crate::core) device: DeviceId,
        pub(in crate::core) epoch: Epoch,
        pub(in crate::core) from: u64,
        pub(in crate::core) to: u64,
        /// What it was about that told of the hole.
        pub(in crate::core) alert: AlertId,
        /// How often this desk looked, connected, and it was still there; not counted beyond the
        /// look at which it became an incident.
        pub(in crate::core) looks: u8,
        /// Since when it is known, in counted time.
        pub(in crate::core) since: Timestamp,
        /// When its sender was asked for it last, in counted time.
        pub(in crate::core) asked: Option<Timestamp>,
        /// Its sender said that it has not left: until then it is not looked at, in counted time.
        pub(in crate::core) rests: Option<Timestamp>,
    }
}

coded_choice! {
    /// What a hole is in.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
    pub(in crate::core) enum HoleIn {
        /// A row of receipts: the hash of the one before the hole, zero where it begins the row,
        /// and the hash that the one behind it names as its previous.
        Receipts { before: Hash, after: Hash },
        /// A stream of alerts, which checks its chain itself.
        Alerts,
    }
}

coded! {
    /// The stream to another device.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct OutgoingRecord {
        pub(in crate::core) stream: OutgoingStream,
    }
}

coded! {
    /// The stream from another device.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(in crate::core) struct IncomingRecord {
        pub(in crate::core) head: StreamPosition,
        pub(in crate::core) ahead: List<AheadOfHole, { IncomingStream::AHEAD_MAX }>,
    }
}

coded! {
    /// The newest of a stream that this desk heard of, be it by a heartbeat.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct HeardRecord {
        pub(in crate::core) number: u64,
    }
}

coded! {
    /// When a device was given a number of its stream last, in counted time.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct WrittenRecord {
        pub(in crate::core) at: Timestamp,
    }
}

coded! {
    /// The heartbeats to one contact over one relay.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(in crate::core) struct HeartbeatRecord {
        pub(in crate::core) relay: Name,
        pub(in crate::core) to: ContactAddress,
        /// When the next one is made, in counted time.
        pub(in crate::core) due: Timestamp,
        /// The newest one, until the relay has answered.
        pub(in crate::core) pending: Option<AlertId>,
        /// When the newest one that named numbers was made, in counted time; the beginning of all
        /// time while none was. What was committed before it was accepted there.
        pub(in crate::core) named: Timestamp,
    }
}

coded! {
    /// A device that wrote to this one, and is expected to be heard from.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct PeerRecord {
        /// When its newest envelope was made, by its own clock.
        pub(in crate::core) created: Timestamp,
        /// When that came here.
        pub(in crate::core) received: Timestamp,
        /// When its newest alert was made, by its own clock.
        pub(in crate::core) written: Timestamp,
        /// When its next heartbeat should be here, in counted time; none while none is expected.
        pub(in crate::core) due: Option<Timestamp>,
        /// How often this desk looked, connected, and it was overdue.
        pub(in crate::core) looks: u8,
    }
}

coded! {
    /// Alerts of a device that were answered Returned before their number was read.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct UnreadRecord {
        /// How many, less those whose number was missed since.
        pub(in crate::core) alerts: u64,
    }
}

coded! {
    /// The alert that has a number in the stream to a device: what is answered for when that device
    /// misses it. It stands as long as the outbox entry of the alert.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct GivenRecord {
        pub(in crate::core) alert: AlertId,
        /// The chain of the stream with it.
        pub(in crate::core) chain: Hash,
        /// When it was sent again last because it was asked for, in counted time.
        pub(in crate::core) again: Option<Timestamp>,
    }
}

coded! {
    /// Numbers of a stream of this desk that the receiving device asked for.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct AskedRecord {
        pub(in crate::core) to: u64,
        /// When it asked, in counted time.
        pub(in crate::core) since: Timestamp,
        /// A heartbeat answers it.
        pub(in crate::core) told: bool,
        /// Some of them are not known here, which was told as an incident.
        pub(in crate::core) unknown: bool,
    }
}

coded! {
    /// What came under a number of another device: the alert, or the receipt.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct TakenRecord {
        pub(in crate::core) hash: Hash,
    }
}

coded! {
    /// A fork that this desk saw.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct ForkRecord {
        pub(in crate::core) fork: ToldFork,
        /// When it was seen, in counted time.
        pub(in crate::core) since: Timestamp,
        /// The contact of the device was told of it.
        pub(in crate::core) told: bool,
    }
}

coded! {
    /// A fork of a device of this contact, of which another contact told.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct ToldForkRecord {
        /// The device that told first.
        pub(in crate::core) by: DeviceId,
        pub(in crate::core) fork: ToldFork,
    }
}

coded! {
    /// What arrived beyond a hole of a stream.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::core) struct AheadOfHole {
        pub(in crate::core) number: u64,
        pub(in crate::core) link: Link,
        pub(in crate::core) chain: Hash,
    }
}

impl IncomingRecord {
    pub(in crate::core) fn of(stream: &IncomingStream) -> Self {
        let ahead = |(number, link, chain)| AheadOfHole {
            number,
            link,
            chain,
        };
        let ahead: Vec<_> = stream.ahead().map(ahead).collect();
        Self {
            head: stream.head(),
            ahead: List::new(ahead).expect("a stream remembers no more beyond a hole"),
        }
    }

    pub(in crate::core) fn stream(&self) -> IncomingStream {
        let ahead = self.ahead.iter();
        IncomingStream::resume(
            self.head,
            ahead.map(|ahead| (ahead.number, ahead.link, ahead.chain)),
        )
    }
}
