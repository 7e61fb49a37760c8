//! Why a file is not taken for a CAP 1.2 message.

use thiserror::Error;

/// Why a file is not taken for a CAP 1.2 message. Always the fault of the file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CapError {
    /// The file is too large to travel in a body.
    #[error(
        "The file has {found} bytes, and a CAP file may have {limit}; \
         a larger one can be sent as an attachment."
    )]
    TooLarge {
        /// The most bytes a file may have.
        limit: usize,
        /// How many it has.
        found: usize,
    },
    /// The declaration names an encoding that is not known.
    #[error("The file says that it is encoded as `{name}`, which is not a known encoding.")]
    UnknownEncoding {
        /// What the declaration says, shortened.
        name: String,
    },
    /// The declaration and the first bytes say different things.
    #[error("The file says that it is encoded as `{declared}`, and begins like {found}.")]
    OtherEncoding {
        /// What the declaration says, shortened.
        declared: String,
        /// What the bytes say.
        found: &'static str,
    },
    /// The bytes are not text of their encoding.
    #[error("The file is not text in its encoding, {encoding}.")]
    NotText {
        /// The encoding it should have.
        encoding: &'static str,
    },
    /// The file is not well-formed XML.
    #[error("The file is not XML: line {line}: {reason}.")]
    NotXml {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The file has a document type declaration.
    #[error("The file has a DOCTYPE, which CAP files do not need and attacks do; it is refused.")]
    Doctype,
    /// The file uses an entity that XML itself does not define.
    #[error("The file uses the entity `&{name};`; only those of XML itself and numbers are read.")]
    Entity {
        /// The name of the entity, shortened.
        name: String,
    },
    /// The file nests too deeply or has too many elements for a CAP message.
    #[error("The file has {what}, more than any CAP message; it is refused.")]
    TooComplex {
        /// What there is too much of.
        what: &'static str,
    },
    /// The file is of an older version of CAP.
    #[error("The file is a CAP {version} message, and only CAP 1.2 is read.")]
    OtherVersion {
        /// The version.
        version: &'static str,
    },
    /// The file is another kind of XML.
    #[error(
        "The file is not a CAP message: its root is `{root}` in {}.",
        namespace_words(.namespace)
    )]
    NotCap {
        /// The name of the root element, shortened.
        root: String,
        /// Its namespace, shortened; empty where it has none.
        namespace: String,
    },
    /// A mandatory element is missing or empty.
    #[error("The element `{name}`, which every `{parent}` must have, is missing or empty.")]
    Missing {
        /// The element it should stand in.
        parent: &'static str,
        /// The element.
        name: &'static str,
    },
    /// An element that stands once at most stands twice.
    #[error("The element `{name}` stands more than once in one `{parent}`.")]
    Repeated {
        /// The element it stands in.
        parent: &'static str,
        /// The element.
        name: &'static str,
    },
    /// A coded element has a value that CAP 1.2 does not define.
    #[error(
        "`{value}` is not a value of `{element}` in CAP 1.2, which are: {}.",
        allowed.join(", ")
    )]
    UnknownValue {
        /// The element.
        element: &'static str,
        /// Its value, shortened.
        value: String,
        /// The values it may have.
        allowed: Vec<&'static str>,
    },
    /// A time is not of the form that CAP demands.
    #[error(
        "`{value}` in `{element}` is not a time from 1970 on, as in 2026-11-23T19:45:47+01:00."
    )]
    NotATime {
        /// The element.
        element: &'static str,
        /// Its value, shortened.
        value: String,
    },
}

impl CapError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "cap-too-large",
            Self::UnknownEncoding { .. } => "cap-unknown-encoding",
            Self::OtherEncoding { .. } => "cap-other-encoding",
            Self::NotText { .. } => "cap-not-text",
            Self::NotXml { .. } => "cap-not-xml",
            Self::Doctype => "cap-doctype",
            Self::Entity { .. } => "cap-entity",
            Self::TooComplex { .. } => "cap-too-complex",
            Self::OtherVersion { .. } => "cap-other-version",
            Self::NotCap { .. } => "cap-not-cap",
            Self::Missing { .. } => "cap-missing-element",
            Self::Repeated { .. } => "cap-repeated-element",
            Self::UnknownValue { .. } => "cap-unknown-value",
            Self::NotATime { .. } => "cap-not-a-time",
        }
    }
}

fn namespace_words(namespace: &str) -> String {
    if namespace.is_empty() {
        "no namespace".to_owned()
    } else {
        format!("the namespace `{namespace}`")
    }
}

/// The beginning of what a file says, fit to stand in a sentence.
pub(super) fn shortened(text: &str) -> String {
    const CHARACTERS: usize = 64;
    let mut start: String = text.chars().take(CHARACTERS).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}
