//! Every naughty string where a roster names a contact or a device: whoever is shown the roster
//! reads all of it, and a limit that refuses one says so.

use std::collections::BTreeSet;

use maille_client::authority::{ContactPlan, DevicePlan, KeyPairPlan, NetworkPlan, PlanError};
use maille_common::address::DeviceId;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::hash::FileHash;

use crate::hostile::harmless;
use crate::naughty::{object, text};
use crate::naughty_strings::{naughty_strings, read_back, texts_under, times_visible};
use crate::world::World;

/// A text of a contact or its device: what it has at most in bytes, and where it stands.
struct Field {
    bytes_max: usize,
    set: fn(&mut ContactPlan, &str),
}

const NAME: Field = Field {
    bytes_max: 256,
    set: |contact, text| drop(contact.names.insert("und".to_owned(), text.to_owned())),
};
const ROLE: Field = Field {
    bytes_max: 128,
    set: |contact, text| text.clone_into(&mut contact.role),
};
const TELEPHONE: Field = Field {
    bytes_max: 32,
    set: |contact, text| contact.telephones = vec![text.to_owned()],
};
const LANGUAGE: Field = Field {
    bytes_max: 35,
    set: |contact, text| contact.languages = vec![text.to_owned()],
};
const LABEL: Field = Field {
    bytes_max: 64,
    set: |contact, text| contact.devices = Some(vec![device(contact, text)]),
};
const FIELDS: [&Field; 5] = [&NAME, &ROLE, &TELEPHONE, &LANGUAGE, &LABEL];

impl Field {
    fn takes(&self, text: &str) -> bool {
        text.len() <= self.bytes_max
    }
}

/// A device of a contact, with keys that only it has.
fn device(contact: &ContactPlan, label: &str) -> DevicePlan {
    let key = |purpose: &str| {
        let seed = FileHash::of(format!("{purpose} of {}", contact.address).as_bytes());
        SigningKey::from_seed(*seed.as_bytes()).verifying_key()
    };
    let id = FileHash::of(contact.address.to_string().as_bytes());
    DevicePlan::Keys {
        id: DeviceId::from_bytes(*id.as_bytes().first_chunk().unwrap()),
        label: label.to_owned(),
        keys: vec![KeyPairPlan {
            transport: key("transport"),
            signing: key("signing"),
            valid_from: None,
            valid_to: None,
        }],
    }
}

fn contact(index: usize) -> ContactPlan {
    let address = format!("afripol/tn/n{index}");
    ContactPlan::new(address.parse().unwrap())
}

fn add(plan: &mut NetworkPlan, contacts: impl IntoIterator<Item = ContactPlan>) {
    let of = &mut plan.organisations[1].contacts;
    of.as_mut().unwrap().extend(contacts);
}

/// Each field of which a string is too long refuses it, by the one limit.
fn refused(world: &World, string: &str) {
    for field in FIELDS.iter().filter(|field| !field.takes(string)) {
        let mut one = contact(0);
        (field.set)(&mut one, string);
        let error = world.refuses(|plan| add(plan, [one]));
        assert_eq!(error.code(), "plan-too-long");
        let PlanError::TooLong { source, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(
            (source.limit, source.found),
            (field.bytes_max, string.len())
        );
        harmless(&["plan"], &error.to_string());
    }
}

/// A cell of a table, without what keeps a spreadsheet from running it.
fn cells(row: &str) -> Vec<String> {
    let row = row.strip_prefix('"').and_then(|row| row.strip_suffix('"'));
    let cells = row.unwrap().split("\",\"");
    let formula = |cell: &str| cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let plain = |cell: &str| {
        assert!(!formula(cell), "{cell}");
        let bare = cell.strip_prefix('\'').filter(|rest| formula(rest));
        read_back(&bare.unwrap_or(cell).replace("\"\"", "\""))
    };
    cells.map(plain).collect()
}

#[test]
fn every_naughty_name_label_role_number_and_language_of_a_roster_is_shown_whole_or_refused() {
    let mut world = World::new().introduced();
    let strings = naughty_strings();
    let contacts = strings.iter().enumerate().map(|(index, string)| {
        refused(&world, string);
        let mut contact = contact(index);
        (LABEL.set)(&mut contact, "desk");
        for field in FIELDS.iter().filter(|field| field.takes(string)) {
            (field.set)(&mut contact, string);
        }
        contact
    });
    let contacts: Vec<ContactPlan> = contacts.collect();
    let roster = world.change(|plan| add(plan, contacts));
    for desk in [world.lyon(), world.tunis()] {
        // The relay hands it over.
        while !desk.done(&["contacts"]).contains("afripol/tn/n514") {}
    }
    let lyon = world.lyon();
    let begun = lyon.json(&["drill", "--to", "afripol/**"]);
    let id = begun["short"].as_str().unwrap();
    shown_to_desks(&world, &strings);
    shown_in_a_drill(&world, id, &strings);
    described(&world, roster.to_str().unwrap(), &strings);
}

/// By `contacts`, to people and machines.
fn shown_to_desks(world: &World, strings: &[String]) {
    let words = ["contacts", "afripol/**"];
    for desk in [world.lyon(), world.tunis()] {
        let (shown, list) = (text(&desk, &words), object(&desk, &words));
        let fields: [(&Field, &str, bool); 5] = [
            (&NAME, "und", true),
            (&ROLE, "role", true),
            (&TELEPHONE, "telephones", true),
            (&LANGUAGE, "languages", true),
            (&LABEL, "label", false),
        ];
        for (field, name, people) in fields {
            let texts = texts_under(&list, name);
            for string in strings.iter().filter(|string| field.takes(string)) {
                let read = !people || times_visible(&shown, string) > 0;
                assert!(read, "{name} {string:?}: {shown}");
                assert!(texts.contains(string), "{name} {string:?}: {texts:?}");
            }
        }
    }
}

/// By the record of a drill, and by its table.
fn shown_in_a_drill(world: &World, id: &str, strings: &[String]) {
    let lyon = world.lyon();
    let words = ["drill", "show", id];
    let (shown, record) = (text(&lyon, &words), object(&lyon, &words));
    let answer = lyon.answer(&["drill", "show", id, "--csv"], "");
    let table = String::from_utf8(answer.stdout).unwrap();
    harmless(&["--csv"], &table);
    let rows = table.split_terminator("\r\n").map(cells);
    let cells: BTreeSet<String> = rows.flatten().collect();
    for (field, name) in [(&TELEPHONE, "telephones"), (&LANGUAGE, "languages")] {
        let texts = texts_under(&record, name);
        for string in strings.iter().filter(|string| field.takes(string)) {
            assert!(texts.contains(string), "{name} {string:?}: {texts:?}");
            assert!(cells.contains(string), "{name} {string:?}: {cells:?}");
            let is_called = field.bytes_max == TELEPHONE.bytes_max;
            let read = !is_called || times_visible(&shown, string) > 0;
            assert!(read, "{name} {string:?}: {shown}");
        }
    }
}

/// By the text in which a roster is reviewed, which a machine reads as well.
fn described(world: &World, roster: &str, strings: &[String]) {
    let anchor = maille_client::home::format_anchor(world.anchor());
    let anchor = world.write("review.toml", anchor);
    let anchor = anchor.to_str().unwrap();
    let words = [
        "authority",
        "describe",
        "--roster",
        roster,
        "--anchor",
        anchor,
    ];
    let lyon = world.lyon();
    text(&lyon, &words);
    let described = object(&lyon, &words);
    let review: toml::Value = toml::from_str(described["text"].as_str().unwrap()).unwrap();
    let review = serde_json::to_value(review).unwrap();
    for (field, name) in [
        (&NAME, "und"),
        (&ROLE, "role"),
        (&TELEPHONE, "telephones"),
        (&LANGUAGE, "languages"),
        (&LABEL, "label"),
    ] {
        let texts = texts_under(&review, name);
        for string in strings.iter().filter(|string| field.takes(string)) {
            assert!(texts.contains(string), "{name} {string:?}: {texts:?}");
        }
    }
}
