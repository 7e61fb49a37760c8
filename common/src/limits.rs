//! Every limit of the protocol, with its arithmetic (I10).
//!
//! A limit is either a bound of the codec, which no value can exceed, or a budget that relay and
//! client enforce and answer for.

/// Longest name of an organisation or relay, in bytes. Room for `european-union-agency`.
pub const NAME_BYTES_MAX: usize = 32;
/// Longest contact address: five names of 32 bytes would be 164; real ones stay far below 128.
pub const ADDRESS_BYTES_MAX: usize = 128;
/// Fewest and most segments of an address: organisation, then country, unit, desk, sub-desk.
pub const ADDRESS_SEGMENTS: std::ops::RangeInclusive<usize> = 2..=5;

/// Extensions at the end of one structure.
pub const EXTENSIONS_MAX: usize = 32;
/// Longest value of one extension; 32 of them stay under 132 KiB.
pub const EXTENSION_BYTES_MAX: usize = 4096;

/// Recipient contacts of one envelope: 196 INTERPOL members, five desks each, rounded up.
pub const RECIPIENTS_MAX: usize = 1024;
/// Steps of deputies of one contact: after eight refusals to answer, the sender telephones.
pub const DEPUTY_STEPS_MAX: usize = 8;
/// Entries of one envelope: 1,024 recipients with eight devices and deputies' devices on average.
pub const ENTRIES_MAX: usize = 8192;
/// Longest Merkle path: 2^13 entries need 13 steps; batches of signatures up to 2^20 need 20.
pub const PATH_MAX: usize = 20;
/// Attachments of one alert.
pub const BLOBS_MAX: usize = 64;
/// Encoded core: 1,024 addresses of 4 + 128 bytes are 132 KiB, and fixed fields under 1 KiB.
pub const CORE_BYTES_MAX: usize = 160 * 1024;
/// Encoded env: the core, 64 blob references of 40 bytes, fixed fields.
pub const ENV_BYTES_MAX: usize = 192 * 1024;
/// Signatures of one envelope: the sending device's, and a second person's.
pub const SIGNATURES_MAX: usize = 2;

/// Texts and payloads of one alert together, before padding. What is larger goes as attachment.
pub const CONTENT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Sealed body: Padmé adds at most 12 % (to 4.5 MiB), the cipher 0.1 % and 56 bytes.
pub const BODY_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Content key, epoch, number, chain: 32 + 8 + 8 + 32.
pub const WRAP_PLAIN_BYTES: usize = 80;
/// X-Wing encapsulation 1,120, plaintext 80, tag 16.
pub const WRAP_BYTES: usize = 1216;

/// One piece of an attachment: the unit of transfer, resume and verification.
pub const PIECE_BYTES: usize = 4 * 1024 * 1024;
/// Pieces of one attachment: 65,536 pieces of 4 MiB are 256 GiB; relays set a lower budget.
pub const PIECES_MAX: usize = 65_536;

/// Longest attachment that a desk sends, in plain bytes: 4,000 MiB. Sealed it has 4,004 MiB, and a
/// relay takes 4,096 MiB unless its operator says otherwise.
pub const ATTACHMENT_BYTES_MAX: u64 = 4_000 << 20;

/// Shortest and longest `ack_within` and `expires_after`: one second to 90 days.
pub const SPAN_MS: std::ops::RangeInclusive<u64> = 1_000..=90 * DAY_MS;
/// One day.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// What a relay keeps beyond `expires_after` (I2).
pub const RELAY_GRACE_MS: u64 = 7 * DAY_MS;
/// What an outbox keeps beyond the last closed obligation (I2).
pub const OUTBOX_GRACE_MS: u64 = 14 * DAY_MS;
/// After this another device of the sender's contact does what the sending one has not done
/// (PROTOCOL E20): twice the longest pause between two attempts to submit, so that a machine which
/// was started anew, or a relay that was away, comes first.
pub const STAND_IN_AFTER_MS: u64 = 10 * 60 * 1000;
/// From one colleague that would stand in to the next, so that what the first does reaches the
/// second: a relay that failed is tried again twice a minute.
pub const STAND_IN_STEP_MS: u64 = 60 * 1000;
/// Past this, an unknown roster hash is an incident (PROTOCOL R11).
pub const ROSTER_UNKNOWN_MS: u64 = 10 * 60 * 1000;
/// How long after its dismissal a deputy, after its removal a device, or after its end a replaced
/// pair of keys may still answer for what is sent meanwhile (PROTOCOL Q3): rosters spread when
/// devices connect, and most desks do so within a day.
pub const DISMISSED_MS: u64 = DAY_MS;
/// How often a connected desk looks, once a minute, for an alert or a receipt that others overtook,
/// before it is missing (PROTOCOL E16, Q5): a relay that failed is tried again twice a minute, so
/// there is time for twenty connections over which it would have been pushed.
pub const HOLE_LOOKS: u8 = 10;
/// Receipts kept whose alert is not here yet: a relay mails them behind their alerts, so that those
/// of a few hundred addenda on their way are plenty. A receipt takes 2 KiB, with a full note 70.
pub const EARLY_RECEIPTS_MAX: usize = 1_024;
/// Alerts that expired unseen and are remembered by a desk: closed for a month where 300 a day came
/// for it, and half as many more.
pub const UNSEEN_MAX: usize = 16_384;
/// From one heartbeat to the next: an hour, 10 % more or less, so that those of many desks do not
/// come together.
pub const HEARTBEAT_MS: std::ops::RangeInclusive<u64> = 54 * 60_000..=66 * 60_000;
/// After so many looks a hole in a stream of alerts is asked for: what overtook it has then had
/// two minutes, and the answer seven more before the hole is an incident.
pub const HOLE_ASK_LOOKS: u8 = 3;
/// How long a hole in a stream of alerts is asked for: as long as its sender would send heartbeats.
pub const HOLE_ASKED_FOR_MS: u64 = HEARTBEATS_FOR_MS;
/// Holes that one heartbeat asks for.
pub const MISSING_MAX: usize = 64;
/// Answers to holes in one heartbeat: 4 + 55 * 74 bytes fit into one extension.
pub const GAP_ANSWERS_MAX: usize = 55;
/// Forks that one heartbeat tells of: 4 + 42 * 97 bytes fit into one extension.
pub const TOLD_FORKS_MAX: usize = 42;
/// Runs of numbers that one heartbeat says its relay was entrusted with: 4 + 64 * 40 bytes fit into
/// one extension. More than one for a device is rare.
pub const ENTRUSTED_MAX: usize = 64;
/// Forks of one device of one's own that are taken as incidents; more say nothing new.
pub const FORKS_HEARD_MAX: usize = 64;
/// How long a fork is told to the contact whose device it is: a day's heartbeats.
pub const FORK_TOLD_FOR_MS: u64 = DAY_MS;
/// How long after the last alert to a device heartbeats go to it.
pub const HEARTBEATS_FOR_MS: u64 = 14 * DAY_MS;

/// So many days, by when the alerts were made, are compared by a reconciliation: the 14 that an
/// outbox keeps its copy, the fortnight before, and two for clocks that are ahead.
pub const RECONCILED_DAYS: u32 = 32;
/// From one reconciliation with a device to the next: a day, 10 % more or less.
pub const RECONCILE_MS: std::ops::RangeInclusive<u64> = 9 * DAY_MS / 10..=11 * DAY_MS / 10;
/// After this a round that was not answered ends by itself, and the letters of it are passed over.
pub const RECONCILE_STALE_MS: u64 = DAY_MS;
/// So long a round waits for what was sent again before it says what stays different.
pub const RECONCILE_AGAIN_MS: u64 = 60 * 60 * 1000;
/// So long an alert has time to arrive before it is missed: what is on its way is no difference.
pub const RECONCILE_SETTLED_MS: u64 = 10 * 60 * 1000;
/// Alerts in one letter of a reconciliation: with four statements each they are 1.4 MB.
pub const HOLDINGS_MAX: usize = 8_192;
/// Statements about one alert that are compared: 32 devices with eight each.
pub const HOLDING_STATEMENTS_MAX: usize = 256;
/// Statements handed over in one letter.
pub const HANDED_MAX: usize = 2_048;
/// Bytes of holdings, or of statements handed over, in one letter: its content is 4 MiB at most.
pub const RECONCILE_BYTES_MAX: usize = 1_500_000;
/// Rounds that follow one another at once, where one letter does not hold everything.
pub const RECONCILE_PAGES_MAX: u8 = 64;

/// Life of one sealing key: a week.
pub const SEALING_KEY_MS: u64 = 7 * DAY_MS;
/// Sealing keys published ahead, in weeks.
pub const SEALING_KEYS_AHEAD: u64 = 8;
/// Sealing keys in one bundle: this week's, eight ahead, and slack for a late renewal.
pub const SEALING_KEYS_MAX: usize = 12;
/// Private halves outlive their interval by the longest honest outbox delay: 14 days and 7 days.
pub const SEALING_KEY_GRACE_MS: u64 = 21 * DAY_MS;
/// Encoded bundle: 12 keys of 1,236 bytes are 15 KiB; 32 extensions may fill the rest.
pub const BUNDLE_BYTES_MAX: usize = 160 * 1024;

/// A device offers other keys when the roster has had its present ones for so long.
pub const KEYS_RENEWED_AFTER_MS: u64 = 330 * DAY_MS;
/// Or when they end within this time: eight weeks away, and a few days for its organisation.
pub const KEYS_RENEWED_BEFORE_MS: u64 = 60 * DAY_MS;
/// Old keys stand beside the new ones for at least so long: a desk may be away for eight weeks.
pub const KEYS_OVERLAP_LEAST_MS: u64 = 57 * DAY_MS;
/// The roster names the next keys of a relay for so long before it uses them: a desk that was away
/// for eight weeks still knows those before, and has a week to hear of the next.
pub const RELAY_KEYS_OVERLAP_MS: u64 = 63 * DAY_MS;
/// Renewals in one file, of 1,220 bytes at most.
pub const RENEWALS_MAX: usize = 1024;

/// One signed statement: a receipt has about 500 bytes; 32 extensions may fill 132 KiB.
pub const STATEMENT_BYTES_MAX: usize = 136 * 1024;
/// A note's text to the sender.
pub const NOTE_TEXT_BYTES_MAX: usize = 2048;
/// Devices a note is sealed to.
pub const NOTE_WRAPS_MAX: usize = 32;
/// One sealed note: encapsulation 1,120, note under 2.5 KiB padded to 4 KiB at most, tag.
pub const NOTE_SEALED_BYTES_MAX: usize = 8192;

/// One piece of an export: a body of 5 MiB with its key, an annex of 4 MiB with its signatures.
pub const EXPORT_PIECE_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Pieces of one export: 1,024 recipients with four devices and twelve statements each, 49,152, and
/// the documents of a roster.
pub const EXPORT_PIECES_MAX: usize = 65_536;
/// One export: 49,152 statements of 700 bytes are 33 MiB; a roster of 16 MiB, and the body.
pub const EXPORT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Rosters by which the pieces of one export are judged, beside the newest: one a day while an
/// alert is open and its outbox keeps it, and slack.
pub const EXPORT_ROSTERS_MAX: usize = 128;

/// One record of an archive: an export, 1,136 bytes of sealing, and under 200 of head and hash.
pub const ARCHIVE_RECORD_BYTES_MAX: usize = EXPORT_BYTES_MAX + 2048;

/// Organisations of a network.
pub const ORGANISATIONS_MAX: usize = 512;
/// Contacts of one organisation.
pub const CONTACTS_MAX: usize = 1024;
/// Devices of one contact.
pub const DEVICES_MAX: usize = 32;
/// Encoded authority part.
pub const AUTHORITY_BYTES_MAX: usize = 1024 * 1024;
/// Encoded annex: 1,024 contacts of about 2 KiB with two devices are 2 MiB.
pub const ANNEX_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Encoded suspension.
pub const SUSPENSION_BYTES_MAX: usize = 2048;
/// Documents of one kind handed over at once.
pub const DOCUMENTS_MAX: usize = 4096;

/// Small requests and answers: everything that carries no body, roster or piece.
pub const FRAME_SMALL_BYTES_MAX: usize = 256 * 1024;
/// A receipt and its note: a statement of 136 KiB, 32 wraps of 8 KiB, signature and addresses.
pub const FRAME_RECEIPT_BYTES_MAX: usize = 512 * 1024;
/// A submission: env, original env, body, 8,192 entries of 1,308 bytes (10.3 MiB).
pub const FRAME_SUBMIT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A set of roster documents; longer chains travel in several.
pub const FRAME_ROSTER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A manifest: 65,536 pieces of 32 bytes are 2 MiB.
pub const FRAME_MANIFEST_BYTES_MAX: usize = PIECES_MAX * 32 + 64;
/// One piece and its frame.
pub const FRAME_PIECE_BYTES_MAX: usize = PIECE_BYTES + 1024;
/// Hashes of others' rosters remembered as ancestors, beside one's own: 2 MiB of hashes.
pub const ROSTER_LEARNED_MAX: usize = 65_536;
/// Heads of others' rosters kept to be judged again: 64 of 74 KiB at most are under 5 MiB.
pub const ROSTER_FOREIGN_MAX: usize = 64;
/// Signatures that a desk remembers to hold: 8,192 of 164 bytes are under 2 MiB with their tree.
pub const PROOFS_MAX: usize = 8_192;
/// Forks kept as evidence by one roster. One is an incident; more add nothing.
pub const ROSTER_FORKS_MAX: usize = 16;
