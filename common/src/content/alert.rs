//! The words of an alert.

use crate::codec::{Decode, Encode, List, Text};
use crate::content::Part;
use crate::extension::Extensions;
use crate::identifier::AlertId;
use crate::local_text::LocalText;
use crate::terms::{
    Category, Certainty, HandlingCode, InformationGrade, Response, Severity, SourceGrade, Tlp,
};
use crate::time::{Span, Timestamp};

/// What an envelope of any kind but a heartbeat says. Sealed; no relay reads any of it.
///
/// Words of the trade are those of OASIS CAP 1.2, FIRST TLP 2.0 and Europol's handling and
/// evaluation codes. Urgency and status stand in the envelope's core, where they steer delivery.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Alert {
    /// Format version, [`Alert::VERSION`].
    pub version: u16,
    /// What it is about, in one line, in each language the sender has. At least one.
    pub subjects: List<LocalText, { Alert::SUBJECTS_MAX }>,
    /// CAP `category`.
    pub categories: List<Category, { Alert::CATEGORIES_MAX }>,
    /// CAP `severity`.
    pub severity: Severity,
    /// CAP `certainty`.
    pub certainty: Certainty,
    /// What happens, as codes of any scheme (CAP `eventCode`).
    pub events: List<Code, { Alert::EVENTS_MAX }>,
    /// What to do (CAP `responseType`).
    pub responses: List<Response, { Alert::RESPONSES_MAX }>,
    /// How far it may be passed on.
    pub tlp: Tlp,
    /// What may be done with it.
    pub handling: List<Handling, { Alert::HANDLING_MAX }>,
    /// How good the source and the information are.
    pub evaluation: Option<Evaluation>,
    /// When the event begins or began.
    pub onset: Option<Timestamp>,
    /// Where it is, in words (CAP `areaDesc`), in each language the sender has.
    pub areas: List<LocalText, { Alert::AREAS_MAX }>,
    /// How soon the sender hopes for an answer in substance. Shown; no clock runs on it.
    pub answer_within: Option<Span>,
    /// The names of the same matter in other channels.
    pub external: List<External, { Alert::EXTERNAL_MAX }>,
    /// The names of the incidents it belongs to (CAP `incidents`).
    pub incidents: List<Text<128>, { Alert::INCIDENTS_MAX }>,
    /// Other alerts it has to do with, beyond the one its core refers to.
    pub related: List<AlertId, { Alert::RELATED_MAX }>,
    /// Texts, payloads and attachments. At least one.
    pub parts: List<Part, { Alert::PARTS_MAX }>,
    /// The person who answers for it, as the sender's organisation names them; may be empty.
    pub signed_by: Text<128>,
    /// What later versions add.
    pub extensions: Extensions,
}

impl Alert {
    /// The one version of the format.
    pub const VERSION: u16 = 1;

    /// Subjects: one for each of the languages a network works in, and room.
    pub const SUBJECTS_MAX: usize = 8;
    /// Categories: CAP has twelve.
    pub const CATEGORIES_MAX: usize = 12;
    /// Event codes: a few schemes with a few codes each.
    pub const EVENTS_MAX: usize = 16;
    /// Responses: CAP has nine.
    pub const RESPONSES_MAX: usize = 9;
    /// Handling codes: Europol has four.
    pub const HANDLING_MAX: usize = 4;
    /// Areas: four places in eight languages.
    pub const AREAS_MAX: usize = 32;
    /// Names in other channels.
    pub const EXTERNAL_MAX: usize = 32;
    /// Names of incidents.
    pub const INCIDENTS_MAX: usize = 16;
    /// Related alerts.
    pub const RELATED_MAX: usize = 32;
    /// Parts: up to 64 attachments, and as many texts and payloads.
    pub const PARTS_MAX: usize = 128;

    /// The subject in the first of these languages there is, else the first subject.
    pub fn subject(&self, languages: &[&str]) -> &str {
        LocalText::best(&self.subjects, languages).unwrap_or_default()
    }
}

/// A word of some list of codes (CAP `eventCode`).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Code {
    /// The list: `SAME`, `misp-galaxy:ransomware`.
    pub scheme: Text<128>,
    /// The word of the list.
    pub value: Text<128>,
}

/// A handling code of Europol.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Handling {
    /// The code.
    pub code: HandlingCode,
    /// The condition in words, only for [`HandlingCode::H3`] (PROTOCOL A3).
    pub text: Text<512>,
}

/// An evaluation by the 4x4 system of Europol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Evaluation {
    /// How reliable the source is.
    pub source: SourceGrade,
    /// How sure the information is.
    pub information: InformationGrade,
}

/// The name of the same matter in another channel, so that it is recognised when it comes twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct External {
    /// The channel: `cap`, `siena`, `i-24/7`.
    pub channel: Text<64>,
    /// Its name there, compared byte for byte.
    pub reference: Text<256>,
}
