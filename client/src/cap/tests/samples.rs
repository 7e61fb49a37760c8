//! CAP files that others wrote. They live outside the repository, beside one of its ancestors.

use std::io::{Write, stderr};
use std::path::Path;

use maille_common::content::PartContent;
use maille_common::terms::{Category, Severity, Status, Urgency};

use crate::cap::{self, CapError, MessageType};

/// Reads `shared/samples/cap/<file>`; where that folder is absent, says so and gives nothing.
fn sample(file: &str) -> Option<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|ancestor| ancestor.join("shared/samples/cap"))
        .find(|folder| folder.is_dir());
    let Some(folder) = folder else {
        // Past the test harness, which hides what a passing test prints.
        let _ = writeln!(
            stderr(),
            "SKIPPED: shared/samples is absent, {file} was not read."
        );
        return None;
    };
    Some(std::fs::read(folder.join(file)).expect("a sample file is readable"))
}

#[test]
fn the_examples_of_the_standard_are_read() {
    let Some(file) = sample("oasis-cap12-appendix-a1.xml") else {
        return;
    };
    let import = cap::read(&file).unwrap();
    assert_eq!(import.status.status(), Some(Status::Actual));
    assert_eq!((import.urgency, import.cuts.len()), (Urgency::Immediate, 0));
    let alert = import.draft.build().unwrap();
    assert_eq!(alert.subject(&["en"]), "Homeland Security Sets Code ORANGE");
    assert_eq!(
        (alert.severity, alert.categories[0]),
        (Severity::Severe, Category::Security)
    );
    let text = alert.parts[0].text().unwrap();
    assert!(text.contains("has elevated the Homeland Security Advisory\nSystem threat level"));
    let PartContent::Inline(payload) = &alert.parts[1].content else {
        panic!("not inline")
    };
    assert_eq!(payload.as_slice(), file);

    let Some(file) = sample("oasis-cap12-appendix-a3.xml") else {
        return;
    };
    let import = cap::read(&file).unwrap();
    assert_eq!(import.message_type, MessageType::Update);
    assert_eq!(
        import.references,
        ["trinet@caltech.edu,TRI13970876.1,2003-06-11T20:30:00-07:00"]
    );
    assert!(import.draft.build().is_ok());
}

#[test]
fn a_real_alert_with_a_sound_file_inside_is_read() {
    let Some(file) = sample("ipaws-michigan-state-police.xml") else {
        return;
    };
    let import = cap::read(&file).unwrap();
    assert_eq!(import.cuts, []);
    let alert = import.draft.build().unwrap();
    assert!(
        alert
            .subject(&["en"])
            .starts_with("IPAWS Message - MI Stay Home")
    );
    assert_eq!(alert.events[0].value.as_str(), "CEM");
    let PartContent::Inline(payload) = &alert.parts[1].content else {
        panic!("not inline")
    };
    assert_eq!(payload.as_slice(), file);
}

#[test]
fn broken_files_are_refused_for_the_right_reason() {
    for (file, expected) in [
        (
            "google-invalid.cap",
            CapError::Missing {
                parent: "alert",
                name: "scope",
            },
        ),
        (
            "google-no_optional_fields.cap",
            CapError::OtherVersion { version: "1.1" },
        ),
        ("google-xee.cap", CapError::Doctype),
    ] {
        let Some(bytes) = sample(file) else { return };
        assert_eq!(cap::read(&bytes).unwrap_err(), expected, "{file}");
    }
    let Some(schema) = sample("cap12.xsd") else {
        return;
    };
    assert_eq!(
        cap::read(&schema).unwrap_err().to_string(),
        "The file is not a CAP message: its root is `schema` in the namespace \
         `http://www.w3.org/2001/XMLSchema`."
    );
}
