//! The coded words of the protocol: one byte each on the wire, one word each for people.
//!
//! The numbers are those of PROTOCOL section 2 and never change their meaning.

use crate::codec::coded_enum;

coded_enum! {
    /// What an envelope does.
    pub enum Kind: u8 {
        /// Something new that somebody has to answer for.
        Alert = 1 => "alert",
        /// An answer to an alert that this contact sent or received.
        Reply = 2 => "reply",
        /// More, or better, about an alert, for everybody who holds it.
        Update = 3 => "update",
        /// Takes an alert back, for everybody who holds it.
        Cancel = 4 => "cancel",
        /// New wraps of an alert's content key: further recipients, deputies, devices.
        Addendum = 5 => "addendum",
        /// Shows the newest number of each stream, so that a withheld last alert is noticed.
        Heartbeat = 6 => "heartbeat",
        /// Compares what two devices hold of the alerts between them.
        Reconciliation = 7 => "reconciliation",
    }
}

impl Kind {
    /// Whether somebody has to answer for it, by itself or, as an addendum, for what it extends.
    ///
    /// What carries no obligation has no receipt, notice or tombstone, stands outside the outbox,
    /// is confirmed and not answered, and is forgotten when it expires.
    pub const fn carries_obligation(self) -> bool {
        match self {
            Self::Alert | Self::Reply | Self::Update | Self::Cancel | Self::Addendum => true,
            Self::Heartbeat | Self::Reconciliation => false,
        }
    }
}

coded_enum! {
    /// CAP 1.2 `status`: what the envelope may be taken for.
    pub enum Status: u8 {
        /// Real. The only status in a default stream of events.
        Actual = 1 => "actual",
        /// A drill; marked as such everywhere.
        Exercise = 2 => "exercise",
        /// A technical test.
        Test = 3 => "test",
    }
}

impl Status {
    /// Whether it is real, and neither a drill nor a test.
    #[must_use]
    pub const fn is_actual(self) -> bool {
        matches!(self, Self::Actual)
    }
}

coded_enum! {
    /// CAP 1.2 `urgency`.
    pub enum Urgency: u8 {
        /// Act at once.
        Immediate = 1 => "immediate",
        /// Act within the next hour.
        Expected = 2 => "expected",
        /// Act in the near future.
        Future = 3 => "future",
        /// No action is needed any more.
        Past = 4 => "past",
        /// Not known.
        Unknown = 5 => "unknown",
    }
}

coded_enum! {
    /// CAP 1.2 `severity`.
    pub enum Severity: u8 {
        /// Extraordinary threat.
        Extreme = 1 => "extreme",
        /// Significant threat.
        Severe = 2 => "severe",
        /// Possible threat.
        Moderate = 3 => "moderate",
        /// Minimal or no known threat.
        Minor = 4 => "minor",
        /// Not known.
        Unknown = 5 => "unknown",
    }
}

coded_enum! {
    /// CAP 1.2 `certainty`.
    pub enum Certainty: u8 {
        /// Has occurred or is going on.
        Observed = 1 => "observed",
        /// More than even odds.
        Likely = 2 => "likely",
        /// Even odds or less.
        Possible = 3 => "possible",
        /// Not expected to occur.
        Unlikely = 4 => "unlikely",
        /// Not known.
        Unknown = 5 => "unknown",
    }
}

coded_enum! {
    /// CAP 1.2 `category`.
    pub enum Category: u8 {
        /// Geophysical.
        Geo = 1 => "geo",
        /// Meteorological.
        Met = 2 => "met",
        /// General emergency and public safety.
        Safety = 3 => "safety",
        /// Law enforcement, military, homeland and local security.
        Security = 4 => "security",
        /// Rescue and recovery.
        Rescue = 5 => "rescue",
        /// Fire suppression and rescue.
        Fire = 6 => "fire",
        /// Medical and public health.
        Health = 7 => "health",
        /// Pollution and other environmental threats.
        Env = 8 => "env",
        /// Public and private transportation.
        Transport = 9 => "transport",
        /// Utility, telecommunication, other infrastructure.
        Infra = 10 => "infra",
        /// Chemical, biological, radiological, nuclear or high-yield explosive.
        Cbrne = 11 => "cbrne",
        /// Other events.
        Other = 12 => "other",
    }
}

coded_enum! {
    /// CAP 1.2 `responseType`.
    pub enum Response: u8 {
        /// Take shelter in place.
        Shelter = 1 => "shelter",
        /// Relocate.
        Evacuate = 2 => "evacuate",
        /// Make preparations.
        Prepare = 3 => "prepare",
        /// Execute a pre-planned activity.
        Execute = 4 => "execute",
        /// Avoid the subject event.
        Avoid = 5 => "avoid",
        /// Attend to information sources.
        Monitor = 6 => "monitor",
        /// Evaluate the information.
        Assess = 7 => "assess",
        /// The subject event no longer poses a threat.
        AllClear = 8 => "all-clear",
        /// No action recommended.
        None = 9 => "none",
    }
}

coded_enum! {
    /// FIRST Traffic Light Protocol 2.0.
    pub enum Tlp: u8 {
        /// For the eyes of the individual recipients only.
        Red = 1 => "red",
        /// Limited to the recipient's organisation.
        AmberStrict = 2 => "amber+strict",
        /// Limited to the recipient's organisation and its clients.
        Amber = 3 => "amber",
        /// Limited to the community.
        Green = 4 => "green",
        /// No limit.
        Clear = 5 => "clear",
    }
}

coded_enum! {
    /// Europol handling codes.
    pub enum HandlingCode: u8 {
        /// For the prevention and combating of crime, by those allowed to.
        H0 = 1 => "H0",
        /// Not to be used as evidence without the sender's permission.
        H1 = 2 => "H1",
        /// Not to be passed on without the sender's permission.
        H2 = 3 => "H2",
        /// Other restrictions, given as text.
        H3 = 4 => "H3",
    }
}

coded_enum! {
    /// Evaluation of a source, 4x4 system of Europol.
    pub enum SourceGrade: u8 {
        /// No doubt about authenticity, trustworthiness and competence.
        A = 1 => "A",
        /// Reliable in most cases.
        B = 2 => "B",
        /// Unreliable in most cases.
        C = 3 => "C",
        /// Cannot be assessed.
        X = 4 => "X",
    }
}

coded_enum! {
    /// Evaluation of a piece of information, 4x4 system of Europol.
    pub enum InformationGrade: u8 {
        /// Known to be true without reservation.
        One = 1 => "1",
        /// Known personally to the source.
        Two = 2 => "2",
        /// Not known personally to the source, but corroborated.
        Three = 3 => "3",
        /// Cannot be corroborated.
        Four = 4 => "4",
    }
}

coded_enum! {
    /// Whose acknowledgement ends the obligations of an alert.
    pub enum AckRule: u8 {
        /// Each recipient's own.
        Each = 1 => "each",
        /// The first of any recipient; the others are freed.
        First = 2 => "first",
    }
}

coded_enum! {
    /// What a part of an alert is for.
    pub enum PartRole: u8 {
        /// Written for the officer.
        Text = 1 => "text",
        /// Written for a machine: CAP, STIX, MISP, UMF, byte for byte.
        Payload = 2 => "payload",
        /// A file that travels beside the body.
        Attachment = 3 => "attachment",
    }
}

coded_enum! {
    /// How far a device, and the contact behind it, came with an alert.
    pub enum Stage: u8 {
        /// Texts and payloads are durable at the device. ETSI EN 319 522: ContentConsignment.
        Delivered = 1 => "delivered",
        /// All attachments are durable too.
        Complete = 2 => "complete",
        /// Shown to an officer by an explicit act. ETSI EN 319 522: ContentHandover.
        Read = 3 => "read",
        /// Taken on.
        Acknowledged = 4 => "acknowledged",
        /// Not taken, with a reason.
        Refused = 5 => "refused",
        /// The device could not open it. Not an end by itself (I7).
        Returned = 6 => "returned",
    }
}

coded_enum! {
    /// Who acted.
    pub enum Actor: u8 {
        /// A person on duty.
        Officer = 1 => "officer",
        /// A program of the contact.
        System = 2 => "system",
    }
}

coded_enum! {
    /// Why an alert was refused or returned.
    pub enum Reason: u8 {
        /// No reason: the stage needs none.
        None = 0 => "none",
        /// Another contact's business.
        NotOurs = 1 => "not-ours",
        /// The same matter is already known under another id or channel.
        Duplicate = 2 => "duplicate",
        /// The officer cannot read it.
        CannotOpen = 3 => "cannot-open",
        /// The law of the recipient does not allow it.
        NoLegalBasis = 4 => "no-legal-basis",
        /// The handling conditions cannot be kept.
        Handling = 5 => "handling",
        /// Another reason, given in the note.
        Other = 6 => "other",
        /// The sealing key is unknown or erased; an addendum answers it.
        KeyGone = 32 => "key-gone",
        /// The envelope has a version this device does not read.
        VersionUnknown = 33 => "version-unknown",
        /// The wrap does not open (PROTOCOL E13).
        WrapBroken = 34 => "wrap-broken",
        /// The body does not open (PROTOCOL E14).
        BodyBroken = 35 => "body-broken",
        /// The content is not of its form (PROTOCOL E15).
        ContentMalformed = 36 => "content-malformed",
        /// The content has a critical extension this device does not know.
        CriticalExtension = 37 => "critical-extension",
        /// It refers to an alert this contact does not hold (PROTOCOL E17).
        ReferenceUnknown = 38 => "reference-unknown",
        /// The device's store takes no more.
        StoreFull = 39 => "store-full",
        /// The sender is proven, and may not send this (PROTOCOL E5, E6, E12, E17).
        NotAllowed = 40 => "not-allowed",
    }
}

coded_enum! {
    /// Standing of an organisation in the network.
    pub enum Standing: u8 {
        /// May hold an authority key; matched by wildcards.
        Member = 1 => "member",
        /// Holds no authority key; matched only by patterns that name it.
        Observer = 2 => "observer",
    }
}

coded_enum! {
    /// Where a network may be run.
    pub enum Reach: u8 {
        /// On any address.
        Anywhere = 1 => "anywhere",
        /// On loopback only: an example whose keys are not secret.
        Loopback = 2 => "loopback",
    }
}

coded_enum! {
    /// What a relay did with an alert for one recipient.
    pub enum Outcome: u8 {
        /// Durably stored, and on its way.
        Accepted = 1 => "accepted",
        /// Not taken, with a reason.
        Refused = 2 => "refused",
    }
}

coded_enum! {
    /// Why a relay did not take an alert for one recipient.
    pub enum AcceptReason: u8 {
        /// It was taken.
        None = 0 => "none",
        /// No such contact in the relay's roster.
        UnknownContact = 1 => "unknown-contact",
        /// No rule lets the sender reach this recipient.
        NoRule = 2 => "no-rule",
        /// The recipient does not collect at this relay.
        NotCollectedHere = 3 => "not-collected-here",
        /// The envelope addresses no device of this recipient.
        NoDevice = 4 => "no-device",
        /// The recipient is suspended.
        Suspended = 5 => "suspended",
        /// The sender has too much waiting at this relay.
        SenderQuota = 6 => "sender-quota",
        /// The recipient's mailbox is full.
        MailboxFull = 7 => "mailbox-full",
        /// The relay's disk is at its low-water mark.
        DiskLow = 8 => "disk-low",
        /// A device addressed does not belong to this contact.
        DeviceNotOfContact = 9 => "device-not-of-contact",
        /// The rule asks for a second person's signature.
        TwoPersonsRequired = 10 => "two-persons-required",
        /// An attachment is not whole at the relay.
        BlobMissing = 11 => "blob-missing",
        /// The contact's designation has not begun or has ended.
        NotValid = 12 => "not-valid",
    }
}

coded_enum! {
    /// What a relay tells about an alert it keeps.
    pub enum NoticeKind: u8 {
        /// The wraps of a step of deputies were released.
        Released = 1 => "released",
        /// `ack_within` passed without an acknowledgement seen by this relay.
        Overdue = 2 => "overdue",
        /// `expires_after` passed with nothing seen by this relay.
        Unseen = 3 => "unseen",
        /// The relay no longer keeps the alert.
        Tombstone = 4 => "tombstone",
        /// Nobody can take a step of deputies, so it did not wait out its delay.
        PassedOver = 5 => "passed-over",
    }
}

coded_enum! {
    /// Where an alert stands whose number somebody missed and asked for.
    pub enum GapEnd: u8 {
        /// The sender knows no alert of this number, or of this life of its store.
        Unknown = 0 => "unknown",
        /// It is open.
        Open = 1 => "open",
        /// It expired.
        Expired = 2 => "expired",
        /// It was cancelled.
        Cancelled = 3 => "cancelled",
        /// It was refused.
        Refused = 4 => "refused",
        /// It was acknowledged, by another device or a deputy.
        Acknowledged = 5 => "acknowledged",
    }
}

coded_enum! {
    /// What a device numbers.
    pub enum Numbered: u8 {
        /// Its alerts to one device.
        Alerts = 1 => "alerts",
        /// Its receipts to one contact.
        Receipts = 2 => "receipts",
    }
}

coded_enum! {
    /// When a wrap is handed over.
    pub enum Release: u8 {
        /// With the alert, to a device of the recipient.
        Now = 1 => "now",
        /// With the alert, to another device of the sender's contact.
        Own = 2 => "own",
        /// When a deadline passed, to a device of a deputy.
        After = 3 => "after",
    }
}
