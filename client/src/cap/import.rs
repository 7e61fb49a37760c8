//! From a CAP message to the draft of an alert.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::content::{Alert, AlertDraft, Wording};
use maille_common::terms::{Certainty, Severity, Urgency};
use maille_common::time::Timestamp;

use super::block::Info;
use super::cut::{Cut, Fitting};
use super::message::CapMessage;
use super::words::{CapScope, CapStatus, MessageType};
use super::{CHANNEL, MEDIA_TYPE, NAMESPACE};

/// Bytes of the fields of an alert that a CAP file can overflow.
const LOCAL_TEXT_MAX: usize = 256;
const LANGUAGE_MAX: usize = 35;
const CODE_MAX: usize = 128;
const CONDITION_MAX: usize = 512;
const REFERENCE_MAX: usize = 256;
const INCIDENT_MAX: usize = 128;

/// All text parts together, in bytes.
const TEXTS_MAX: usize = 512 * 1024;

/// The language of words that say no language (BCP 47).
const NO_LANGUAGE: &str = "und";

/// A CAP file as the draft of an alert, and what steers its delivery.
#[derive(Debug)]
pub struct CapImport {
    /// The alert, to be completed and built; the file is its last part.
    pub draft: AlertDraft,
    /// CAP `status`.
    pub status: CapStatus,
    /// CAP `msgType`.
    pub message_type: MessageType,
    /// CAP `scope`.
    pub scope: CapScope,
    /// CAP `urgency`, the most pressing of all `info`; unknown where there is none.
    pub urgency: Urgency,
    /// CAP `expires`, the latest of all `info`.
    pub expires: Option<Timestamp>,
    /// CAP `identifier`.
    pub identifier: String,
    /// CAP `sender`.
    pub sender: String,
    /// CAP `sent`.
    pub sent: Timestamp,
    /// The messages it refers to, each as `sender,identifier,sent`: the external names, in channel
    /// `cap`, of the alerts that were imported from them.
    pub references: Vec<String>,
    /// What did not fit.
    pub cuts: Vec<Cut>,
}

pub(super) fn import(message: CapMessage, file: &[u8]) -> CapImport {
    let mut fitting = Fitting::default();
    let draft = draft(&message, &mut fitting).payload(MEDIA_TYPE, NAMESPACE, file);
    let infos = &message.infos;
    CapImport {
        draft,
        status: message.status,
        message_type: message.message_type,
        scope: message.scope,
        urgency: infos
            .iter()
            .map(|info| info.urgency)
            .min()
            .unwrap_or(Urgency::Unknown),
        expires: infos.iter().filter_map(|info| info.expires).max(),
        identifier: message.identifier,
        sender: message.sender,
        sent: message.sent,
        references: message.references,
        cuts: fitting.cuts,
    }
}

/// The draft without the file. Codes of CAP ascend from the gravest, so the least is the gravest.
fn draft(message: &CapMessage, fitting: &mut Fitting) -> AlertDraft {
    let infos = &message.infos;
    let languages = by_language(infos);
    let mut draft = Alert::draft("");
    draft.subjects = subjects(message, &languages, fitting);
    draft.categories = each_once(
        infos
            .iter()
            .flat_map(|info| info.categories.iter().copied()),
    );
    draft.responses = each_once(infos.iter().flat_map(|info| info.responses.iter().copied()));
    draft.severity = infos
        .iter()
        .map(|info| info.severity)
        .min()
        .unwrap_or(Severity::Unknown);
    draft.certainty = infos
        .iter()
        .map(|info| info.certainty)
        .min()
        .unwrap_or(Certainty::Unknown);
    draft.onset = infos.iter().filter_map(|info| info.onset).min();
    draft.tlp = message.scope.tlp();
    if let Some(restriction) = &message.restriction {
        draft = draft.condition(fitting.text("handling condition", CONDITION_MAX, restriction));
    }
    let codes = each_once(
        infos
            .iter()
            .flat_map(|info| info.event_codes.iter().cloned()),
    );
    draft.events = fitting.items("event codes", Alert::EVENTS_MAX, codes, |(name, value)| {
        name.len() <= CODE_MAX && value.len() <= CODE_MAX
    });
    draft.areas = areas(infos, fitting);
    let name = vec![(CHANNEL.to_owned(), message.reference())];
    draft.external = fitting.items("external names", Alert::EXTERNAL_MAX, name, |(_, name)| {
        name.len() <= REFERENCE_MAX
    });
    let incidents = each_once(message.incidents.iter().cloned());
    draft.incidents = fitting.items("incidents", Alert::INCIDENTS_MAX, incidents, |incident| {
        incident.len() <= INCIDENT_MAX
    });
    texts(draft, message, &languages, fitting)
}

/// The `info` elements of each language, languages in the order they first come in.
fn by_language(infos: &[Info]) -> Vec<(&str, Vec<&Info>)> {
    let mut languages: Vec<(&str, Vec<&Info>)> = Vec::new();
    let mut places = BTreeMap::new();
    for info in infos {
        let language = cut_language(&info.language);
        let place = *places.entry(language).or_insert_with(|| {
            languages.push((language, Vec::new()));
            languages.len() - 1
        });
        languages[place].1.push(info);
    }
    languages
}

/// The first `info` of each language names the matter; without any, the note or the identifier.
fn subjects(
    message: &CapMessage,
    languages: &[(&str, Vec<&Info>)],
    fitting: &mut Fitting,
) -> Vec<Wording> {
    let mut subjects: Vec<(&str, &str)> = languages
        .iter()
        .filter_map(|(language, infos)| Some((*language, infos.first()?.subject())))
        .collect();
    if subjects.is_empty() {
        let words = message.note.as_deref().unwrap_or(&message.identifier);
        subjects.push((NO_LANGUAGE, words));
    }
    fitting
        .items("subjects", Alert::SUBJECTS_MAX, subjects, |_| true)
        .into_iter()
        .map(|(language, subject)| (language, fitting.text("subject", LOCAL_TEXT_MAX, subject)))
        .map(Wording::from)
        .collect()
}

fn areas(infos: &[Info], fitting: &mut Fitting) -> Vec<Wording> {
    let named = infos.iter().flat_map(|info| {
        info.areas
            .iter()
            .map(|area| (cut_language(&info.language), area.as_str()))
    });
    fitting
        .items("areas", Alert::AREAS_MAX, each_once(named), |_| true)
        .into_iter()
        .map(|(language, area)| (language, fitting.text("area", LOCAL_TEXT_MAX, area)))
        .map(Wording::from)
        .collect()
}

/// One text part for each language, and one for a note that is not the subject already.
fn texts(
    mut draft: AlertDraft,
    message: &CapMessage,
    languages: &[(&str, Vec<&Info>)],
    fitting: &mut Fitting,
) -> AlertDraft {
    let mut words: Vec<(&str, String)> = Vec::new();
    for (language, infos) in languages {
        words.push((*language, text_of(infos, &draft)));
    }
    if let Some(note) = &message.note {
        words.push((NO_LANGUAGE, note.clone()));
    }
    let is_new = |text: &String| draft.subjects.iter().all(|subject| subject.text != *text);
    words.retain(|(_, text)| !text.is_empty() && is_new(text));
    let mut room = TEXTS_MAX;
    // One part is left for the file, and half of the rest for what the sender adds.
    for (language, text) in fitting.items("texts", Alert::PARTS_MAX / 2, words, |_| true) {
        let text = fitting.text("text", room, &text);
        room = room.saturating_sub(text.len());
        if !text.is_empty() {
            draft = draft.text((language, text));
        }
    }
    draft
}

/// The words of one language; a headline only where it is not the subject already.
fn text_of(infos: &[&Info], draft: &AlertDraft) -> String {
    let mut paragraphs: Vec<&str> = Vec::new();
    for info in infos {
        let subject = info.subject();
        if draft.subjects.iter().all(|shown| shown.text != subject) {
            paragraphs.push(subject);
        }
        paragraphs.extend(info.paragraphs.iter().map(String::as_str));
    }
    paragraphs.join("\n\n")
}

/// A language tag, shortened by whole subtags (BCP 47, section 4.4.2).
fn cut_language(language: &str) -> &str {
    let mut cut = language;
    while cut.len() > LANGUAGE_MAX {
        cut = cut.rsplit_once('-').map_or(NO_LANGUAGE, |(start, _)| start);
    }
    cut
}

/// The items without repetition, in the order they first come in.
fn each_once<T: Ord + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}
