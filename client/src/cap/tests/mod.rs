use std::fmt::Write;

use maille_common::codec::{decode, encode};
use maille_common::content::{Alert, Code, External, PartContent};
use maille_common::terms::{
    Category, Certainty, HandlingCode, Kind, PartRole, Response, Severity, Status, Tlp, Urgency,
};
use proptest::prelude::*;

use super::*;

mod hostile;
mod samples;

/// A message with these elements after the mandatory ones.
fn message(rest: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"{NAMESPACE}\">\n\
         <identifier>id-1</identifier><sender>desk@example.eu</sender>\
         <sent>2026-11-23T19:45:47+01:00</sent><status>Actual</status>\
         <msgType>Alert</msgType><scope>Restricted</scope>{rest}</alert>"
    )
}

/// An `info` with these elements between the mandatory ones.
fn info(language: &str, rest: &str) -> String {
    format!(
        "<info><language>{language}</language><category>Security</category>\
         <event>Event {language}</event><urgency>Expected</urgency><severity>Moderate</severity>\
         <certainty>Possible</certainty>{rest}</info>"
    )
}

fn built(file: &str) -> (CapImport, Alert) {
    let alert = read(file.as_bytes()).unwrap().draft.build().unwrap();
    (read(file.as_bytes()).unwrap(), alert)
}

fn refusal(file: &str) -> String {
    read(file.as_bytes()).unwrap_err().to_string()
}

const FULL: &str = "<restriction>Police only</restriction><note>A note.</note>\
    <references>a@b,1,2026-11-23T19:00:00+01:00 a@b,2,2026-11-23T19:10:00+01:00</references>\
    <incidents>op-lynx \"night shift\" op-lynx</incidents>\
    <info><language>en</language><category>Security</category><category>Infra</category>\
    <event>Cyber attack</event><responseType>Assess</responseType><urgency>Future</urgency>\
    <severity>Severe</severity><certainty>Very Likely</certainty>\
    <eventCode><valueName>SAME</valueName><value>CEM</value></eventCode>\
    <onset>2026-11-23T20:00:00-00:00</onset><expires>2026-11-24T20:00:00Z</expires>\
    <senderName>Desk</senderName><headline>Ransomware  at\n a hospital</headline>\
    <description>  First line.\n      Second &amp; last.</description>\
    <instruction>Do &#x201c;this&#x201d;.</instruction><web>https://example.eu</web>\
    <contact>+33 1</contact><area><areaDesc>Lyon</areaDesc></area></info>\
    <info><language>fr</language><category>Security</category><event>Attaque</event>\
    <urgency>Immediate</urgency><severity>Unknown</severity><certainty>Unknown</certainty>\
    <eventCode><valueName>SAME</valueName><value>CEM</value></eventCode>\
    <onset>2026-11-23T19:00:00+00:00</onset>\
    <description><![CDATA[Première <ligne>]]></description>\
    <area><areaDesc>Lyon</areaDesc></area></info>";

#[test]
fn a_full_message_becomes_an_alert() {
    let (import, alert) = built(&message(FULL));
    assert_eq!(alert.subject(&["en"]), "Ransomware at a hospital");
    assert_eq!(alert.subject(&["fr"]), "Attaque");
    assert_eq!(
        alert.categories.as_slice(),
        [Category::Security, Category::Infra]
    );
    assert_eq!(alert.responses.as_slice(), [Response::Assess]);
    assert_eq!(
        (alert.severity, alert.certainty),
        (Severity::Severe, Certainty::Likely)
    );
    let [Code { scheme, value }] = alert.events.as_slice() else {
        panic!("{:?}", alert.events)
    };
    assert_eq!((scheme.as_str(), value.as_str()), ("SAME", "CEM"));
    assert_eq!(alert.onset.unwrap().to_string(), "2026-11-23T19:00:00.000Z");
    let areas: Vec<_> = alert.areas.iter().map(|area| &*area.language).collect();
    assert_eq!(areas, ["en", "fr"]);
    let incidents: Vec<_> = alert
        .incidents
        .iter()
        .map(|incident| incident.as_str())
        .collect();
    assert_eq!(incidents, ["op-lynx", "night shift"]);
    assert_eq!(alert.tlp, Tlp::AmberStrict);
    assert_eq!(alert.handling[0].code, HandlingCode::H3);
    assert_eq!(alert.handling[0].text.as_str(), "Police only");

    assert_eq!(
        (import.status.status(), import.message_type.kind()),
        (Some(Status::Actual), Some(Kind::Alert),)
    );
    assert_eq!(
        (import.urgency, import.scope),
        (Urgency::Immediate, CapScope::Restricted)
    );
    assert_eq!(
        import.expires.unwrap().to_string(),
        "2026-11-24T20:00:00.000Z"
    );
    assert_eq!(import.sent.to_string(), "2026-11-23T18:45:47.000Z");
    assert_eq!(
        (&*import.identifier, &*import.sender),
        ("id-1", "desk@example.eu")
    );
    assert_eq!(import.references[1], "a@b,2,2026-11-23T19:10:00+01:00");
    assert_eq!(import.cuts, []);
}

#[test]
fn the_texts_stand_in_their_languages_and_the_file_comes_out_byte_for_byte() {
    let file = message(FULL);
    let (_, alert) = built(&file);
    let texts: Vec<_> = alert
        .parts
        .iter()
        .filter_map(|part| Some((&*part.language, part.text()?)))
        .collect();
    assert_eq!(
        texts,
        [
            (
                "en",
                "First line.\nSecond & last.\n\nDo “this”.\n\nDesk\n\n+33 1\n\n\
                 https://example.eu"
            ),
            ("fr", "Première <ligne>"),
            ("und", "A note."),
        ]
    );
    let payload = alert.parts.last().unwrap();
    assert_eq!(
        (payload.role, &*payload.media_type),
        (PartRole::Payload, MEDIA_TYPE)
    );
    assert_eq!(&*payload.schema, NAMESPACE);
    let PartContent::Inline(bytes) = &payload.content else {
        panic!("{payload:?}")
    };
    assert_eq!(bytes.as_slice(), file.as_bytes());
    let [External { channel, reference }] = alert.external.as_slice() else {
        panic!()
    };
    assert_eq!(channel.as_str(), "cap");
    assert_eq!(
        reference.as_str(),
        "desk@example.eu,id-1,2026-11-23T19:45:47+01:00"
    );
}

#[test]
fn a_message_without_info_is_named_by_its_note_or_identifier() {
    let (import, alert) = built(&message(""));
    assert_eq!(alert.subject(&[]), "id-1");
    assert_eq!(
        (alert.severity, import.urgency),
        (Severity::Unknown, Urgency::Unknown)
    );
    assert_eq!(alert.parts.len(), 1);
    let (_, alert) = built(&message("<note>Taken back.</note>"));
    assert_eq!(alert.subject(&[]), "Taken back.");
    assert_eq!(alert.parts.len(), 1);
}

#[test]
fn two_infos_of_one_language_make_one_subject_and_one_text() {
    let first = info("en", "<headline>One</headline><description>1</description>");
    let second = info("en", "<headline>Two</headline><description>2</description>");
    let (_, alert) = built(&message(&(first + &second)));
    assert_eq!(alert.subjects.len(), 1);
    assert_eq!(alert.parts[0].text(), Some("1\n\nTwo\n\n2"));
}

#[test]
fn an_info_without_a_language_is_american_english() {
    let bare = info("x", "").replace("<language>x</language>", "");
    let (_, alert) = built(&message(&bare));
    assert_eq!(alert.subjects[0].language.as_str(), "en-US");
}

#[test]
fn a_prefix_comments_and_foreign_elements_change_nothing() {
    let plain = message(&info("en", "<headline>Same</headline>"));
    let dressed = plain
        .replace("xmlns=", "xmlns:c=")
        .replace("</", "</c:")
        .replace('<', "<c:")
        .replace("<c:/c:", "</c:")
        .replace("<c:?xml", "<?xml")
        .replace(
            "Same",
            "Sa<!-- & <b> -->me<x xmlns=\"urn:x\">other<identifier/></x>",
        );
    let (_, alert) = built(&dressed);
    assert_eq!(alert.subject(&[]), "Same");
}

#[test]
fn what_does_not_fit_is_shortened_and_named() {
    let long = "é".repeat(200);
    let many: String = (0..20).map(|n| info(&format!("x{n}"), "")).collect();
    let codes = (0..20).fold(String::new(), |mut codes, n| {
        write!(
            codes,
            "<eventCode><valueName>a</valueName><value>{n}</value></eventCode>"
        )
        .unwrap();
        codes
    });
    let headline = format!("<headline>{long}</headline>{codes}<description>D</description>");
    let first = info("en-a-bbbbbbbb-cccccccc-dddddddd-eeeeeeee", &headline);
    let file = message(&(first + &many)).replace("desk@example.eu", &long);
    let (import, alert) = built(&file);
    assert_eq!(
        alert.subjects[0].language.as_str(),
        "en-a-bbbbbbbb-cccccccc-dddddddd"
    );
    assert!(alert.subjects[0].text.ends_with("é…") && alert.subjects[0].text.len() <= 256);
    assert!(alert.parts[0].text().unwrap().starts_with(&long));
    assert_eq!(
        (
            alert.subjects.len(),
            alert.events.len(),
            alert.external.len()
        ),
        (8, 16, 0)
    );
    let cuts: Vec<_> = import.cuts.iter().map(Cut::to_string).collect();
    assert_eq!(
        cuts,
        [
            "13 of the subjects were left out; the whole stands in the CAP file.",
            "The subject was shortened from 400 to 256 bytes; the whole stands in the CAP file.",
            "4 of the event codes were left out; the whole stands in the CAP file.",
            "1 of the external names were left out; the whole stands in the CAP file.",
        ]
    );
}

#[test]
fn the_largest_file_still_builds() {
    let texts: String = (0..6)
        .map(|n| {
            let description = "é".repeat(200_000);
            info(
                &format!("x{n}"),
                &format!("<description>{description}</description>"),
            )
        })
        .collect();
    let file = message(&texts);
    let file = file.replace(
        "</alert>",
        &(" ".repeat(FILE_BYTES_MAX - file.len()) + "</alert>"),
    );
    assert_eq!(file.len(), FILE_BYTES_MAX);
    let (import, alert) = built(&file);
    assert!(encode(&alert).len() > FILE_BYTES_MAX);
    assert!(
        import
            .cuts
            .iter()
            .any(|cut| matches!(cut, Cut::Shortened { field: "text", .. }))
    );
}

#[test]
fn a_missing_element_is_named() {
    let whole = message(&info("en", "<area><areaDesc>Lyon</areaDesc></area>"));
    for (parent, name) in [
        ("alert", "identifier"),
        ("alert", "sender"),
        ("alert", "sent"),
        ("alert", "status"),
        ("alert", "msgType"),
        ("alert", "scope"),
        ("info", "category"),
        ("info", "event"),
        ("info", "urgency"),
        ("info", "severity"),
        ("info", "certainty"),
        ("area", "areaDesc"),
    ] {
        let start = whole.find(&format!("<{name}>")).unwrap();
        let end = whole.find(&format!("</{name}>")).unwrap() + name.len() + 3;
        let without = whole[..start].to_owned() + &whole[end..];
        let missing = CapError::Missing { parent, name };
        assert_eq!(read(without.as_bytes()).unwrap_err(), missing);
        if name != "category" {
            let empty = whole[..start].to_owned() + &format!("<{name}> </{name}>") + &whole[end..];
            assert_eq!(read(empty.as_bytes()).unwrap_err(), missing);
            let twice = whole[..end].to_owned() + &whole[start..];
            let repeated = CapError::Repeated { parent, name };
            assert_eq!(read(twice.as_bytes()).unwrap_err(), repeated);
        }
    }
    assert_eq!(
        refusal(&whole.replace("scope>", "skope>")),
        "The element `scope`, which every `alert` must have, is missing or empty."
    );
}

#[test]
fn an_unknown_value_is_named_with_those_that_exist() {
    assert_eq!(
        refusal(&message("").replace(">Actual<", ">actual<")),
        "`actual` is not a value of `status` in CAP 1.2, which are: Actual, Exercise, System, \
         Test, Draft."
    );
    let whole = message(&info("en", "<responseType>None</responseType>"));
    for (from, to) in [
        ("Alert</msgType", "Alarm</msgType"),
        ("Restricted", "Secret"),
        ("Security", "Cyber"),
        ("Expected", "Soon"),
        ("Moderate", "High"),
        ("Possible", "Maybe"),
        ("None", "Nothing"),
    ] {
        let error = read(whole.replace(from, to).as_bytes()).unwrap_err();
        assert_eq!(error.code(), "cap-unknown-value", "{to}");
    }
}

#[test]
fn what_is_not_a_time_of_cap_is_refused() {
    for time in [
        "2026-11-23",
        "2026-11-23T19:45:47",
        "2026-11-23T19:45:47.1+01:00",
        "2026-11-23T19:45:47+0100",
        "2026-11-23T19:45:47+15:00",
        "2026-11-23T19:45:47+01:60",
        "2026-11-23T19:45:47,01:00",
        "2026-02-30T19:45:47+01:00",
        "1970-01-01T00:00:00+01:00",
        "2026-11-23T19:45:47é01:00",
        "yesterday",
    ] {
        let file = message("").replace("2026-11-23T19:45:47+01:00", time);
        assert_eq!(
            read(file.as_bytes()).unwrap_err().code(),
            "cap-not-a-time",
            "{time}"
        );
    }
    assert_eq!(
        refusal(&message("").replace("2026-11-23T19:45:47+01:00", "now")),
        "`now` in `sent` is not a time from 1970 on, as in 2026-11-23T19:45:47+01:00."
    );
}

#[test]
fn statuses_and_types_without_a_counterpart_are_left_to_the_sender() {
    let file = message("")
        .replace("Actual", "Draft")
        .replace(">Alert<", ">Ack<");
    let import = read(file.as_bytes()).unwrap();
    assert_eq!(
        (import.status, import.status.status()),
        (CapStatus::Draft, None)
    );
    assert_eq!(
        (import.message_type, import.message_type.kind()),
        (MessageType::Ack, None)
    );
}

proptest! {
    #[test]
    fn whatever_is_read_builds_and_survives_the_wire(
        headline in "[^<&\\p{C}]{0,400}",
        language in "[a-z]{1,8}(-[a-z]{1,8}){0,6}",
        area in "[^<&\\p{C}]{1,400}",
        names in proptest::collection::vec("[^<&\"\\p{C}]{0,200}", 0..40),
    ) {
        let incidents = names.join(" ");
        let infos = info(&language, &format!(
            "<headline>{headline}</headline><area><areaDesc>x{area}</areaDesc></area>"
        ));
        let file = message(&format!("<incidents>{incidents}</incidents>{infos}"));
        let alert = read(file.as_bytes()).unwrap().draft.build().unwrap();
        prop_assert_eq!(decode(&encode(&alert)), Ok(alert));
    }
}
