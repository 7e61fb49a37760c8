//! The sentences for people: declared here, written in `sentences/en.ftl`.
//!
//! A sentence is a struct of its noun's file, its arguments are the fields, and it shows itself
//! with `Display`: one that does not exist, or lacks an argument, does not compile, and one that
//! nobody says is dead code. `hint::CheckOut` stands in the file as `hint-check-out`. The tests
//! hold the file against what is declared, in both directions, so that saying never fails.
//!
//! A further language is a further file beside `en.ftl`, with the same tests. What stays in the
//! code is layout, such as indents and columns, and what machines read.
//!
//! | file | its noun |
//! |---|---|
//! | `fault.rs`, `hint.rs` | what failed, and what to do |
//! | `output.rs`, `home.rs` | what is said around faults and questions; what is asked for |
//! | `alert.rs`, `send.rs`, `track.rs`, `listen.rs`, `incident.rs` | alerts, out and in |
//! | `contact.rs`, `status.rs`, `doctor.rs`, `agent.rs` | contacts, and how a desk stands |
//! | `authority.rs`, `device.rs`, `officer.rs` | ceremonies |
//! | `drill.rs` | drills, and whom they reached |
//! | `ending.rs` | what ends soon |
//! | `excluded.rs` | why a desk may not act any more |
//! | `ledger.rs`, `handover.rs` | what is open, and what one officer leaves to the next |
//! | `reconcile.rs` | what two desks hold of the alerts between them |
//! | `export.rs`, `verify.rs` | evidence for others, and what it proves |
//! | `archive.rs` | what a desk can write and not read |
//! | `network.rs` | networks that are made to read and to run |
//! | `demo.rs`, `claim.rs` | the demonstration: what it shows, and what it claims |
//! | `term.rs` | words of the trade that come as values |

use std::sync::LazyLock;

use fluent::concurrent::FluentBundle;
use fluent::{FluentArgs, FluentResource, FluentValue};

use crate::safe_text::safe_text;

/// Declares the sentences of a noun. An argument is a `text`, or a `count` that plurals go by; what
/// one system alone says bears its `cfg`.
macro_rules! sentences {
    (
        $noun:literal:
        $($(#[$meta:meta])* $name:ident $({ $($argument:ident: $kind:tt),+ $(,)? })?;)+
    ) => {
        $(sentences!(@one [$(#[$meta])*] $noun $name $({ $($argument: $kind),+ })?);)+

        /// What is declared here.
        #[cfg(test)]
        pub(super) const DECLARED: &[$crate::sentence::Declared] = &[
            $($crate::sentence::Declared {
                noun: $noun,
                name: stringify!($name),
                arguments: &[$($((stringify!($argument), stringify!($kind))),+)?],
            }),+
        ];
    };
    (@one [$(#[$meta:meta])*] $noun:literal $name:ident) => {
        $(#[$meta])*
        pub(crate) struct $name;

        $(#[$meta])*
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&$crate::sentence::say($noun, stringify!($name), []))
            }
        }
    };
    (@one [$(#[$meta:meta])*] $noun:literal $name:ident { $($argument:ident: $kind:tt),+ }) => {
        $(#[$meta])*
        pub(crate) struct $name<'a> {
            $(pub(crate) $argument: sentences!(@type $kind)),+
        }

        $(#[$meta])*
        impl std::fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let arguments = [$((
                    stringify!($argument),
                    sentences!(@value $kind self.$argument),
                )),+];
                f.pad(&$crate::sentence::say($noun, stringify!($name), arguments))
            }
        }
    };
    (@type text) => { &'a dyn std::fmt::Display };
    (@type count) => { &'a dyn $crate::sentence::Count };
    (@value text $value:expr) => { fluent::FluentValue::from($value.to_string()) };
    (@value count $value:expr) => { $value.count() };
}

pub(crate) mod agent;
pub(crate) mod alert;
pub(crate) mod archive;
pub(crate) mod authority;
pub(crate) mod claim;
pub(crate) mod contact;
pub(crate) mod demo;
pub(crate) mod device;
pub(crate) mod doctor;
pub(crate) mod drill;
pub(crate) mod ending;
pub(crate) mod excluded;
pub(crate) mod export;
pub(crate) mod fault;
pub(crate) mod handover;
pub(crate) mod hint;
pub(crate) mod home;
pub(crate) mod incident;
pub(crate) mod ledger;
pub(crate) mod listen;
pub(crate) mod network;
pub(crate) mod officer;
pub(crate) mod output;
pub(crate) mod reconcile;
pub(crate) mod refusal;
pub(crate) mod send;
pub(crate) mod status;
pub(crate) mod term;
pub(crate) mod track;
pub(crate) mod verify;

#[cfg(test)]
mod tests;

/// Everything that is declared.
#[cfg(test)]
const DECLARED: &[&[Declared]] = &[
    agent::DECLARED,
    alert::DECLARED,
    archive::DECLARED,
    authority::DECLARED,
    claim::DECLARED,
    contact::DECLARED,
    demo::DECLARED,
    device::DECLARED,
    doctor::DECLARED,
    drill::DECLARED,
    ending::DECLARED,
    excluded::DECLARED,
    export::DECLARED,
    fault::DECLARED,
    handover::DECLARED,
    hint::DECLARED,
    home::DECLARED,
    incident::DECLARED,
    ledger::DECLARED,
    listen::DECLARED,
    network::DECLARED,
    officer::DECLARED,
    output::DECLARED,
    reconcile::DECLARED,
    refusal::DECLARED,
    send::DECLARED,
    status::DECLARED,
    term::DECLARED,
    track::DECLARED,
    verify::DECLARED,
];

/// The one language so far, and its file.
static ENGLISH: LazyLock<Language> = LazyLock::new(|| {
    let sentences = include_str!("../sentences/en.ftl");
    read("en", sentences).expect("a test reads the file of every language")
});

type Language = FluentBundle<FluentResource>;

/// A number of things, by which a sentence chooses its plural.
pub(crate) trait Count {
    /// The number, as the file has it.
    fn count(&self) -> FluentValue<'static>;
}

macro_rules! counts {
    ($($number:ty),+) => {
        $(impl Count for $number {
            fn count(&self) -> FluentValue<'static> {
                FluentValue::from(*self)
            }
        })+
    };
}

counts!(u8, u32, u64, usize);

/// A sentence as it is declared.
#[cfg(test)]
pub(crate) struct Declared {
    noun: &'static str,
    name: &'static str,
    /// Names and kinds.
    arguments: &'static [(&'static str, &'static str)],
}

/// Reads the file of a language; the faults where it has some.
fn read(tag: &str, sentences: &str) -> Result<Language, String> {
    let shown = |what: &dyn std::fmt::Debug| format!("{tag}: {what:?}");
    let tag = tag.parse().map_err(|error| shown(&error))?;
    let mut language = Language::new_concurrent(vec![tag]);
    // A terminal is no place for marks of direction: names in them would not be found or copied.
    language.set_use_isolating(false);
    let resource = FluentResource::try_new(sentences.to_owned());
    let resource = resource.map_err(|(_, errors)| shown(&errors))?;
    let added = language.add_resource(resource);
    added.map_err(|errors| shown(&errors))?;
    Ok(language)
}

fn say<const N: usize>(
    noun: &str,
    name: &str,
    arguments: [(&'static str, FluentValue<'_>); N],
) -> String {
    let id = id(noun, name);
    let message = ENGLISH.get_message(&id);
    let pattern = message
        .and_then(|message| message.value())
        .expect("a test finds every declared sentence in the file");
    let arguments: FluentArgs<'_> = arguments.into_iter().collect();
    // The tests say every sentence, so there are no errors; what cannot be said shows as `{$name}`.
    let mut errors = Vec::new();
    let said = ENGLISH.format_pattern(pattern, Some(&arguments), &mut errors);
    // A sentence is one line. What else is in it came with an argument, perhaps from a stranger.
    safe_text(&said)
}

/// `hint-check-out` of `hint` and `CheckOut`.
fn id(noun: &str, name: &str) -> String {
    let mut id = noun.to_owned();
    for letter in name.chars() {
        if letter.is_uppercase() {
            id.push('-');
        }
        id.extend(letter.to_lowercase());
    }
    id
}
