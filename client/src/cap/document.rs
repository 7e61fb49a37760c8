//! From text to elements: the part of XML that a CAP message needs, and no more.

use quick_xml::NsReader;
use quick_xml::escape::{EscapeError, resolve_xml_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

use super::NAMESPACE;
use super::error::{CapError, shortened};

/// A CAP message nests five deep, and a signature inside one about ten.
const DEPTH_MAX: usize = 32;

/// Elements of CAP in one message: a large alert has hundreds, a whole country's areas thousands.
const ELEMENTS_MAX: usize = 65_536;

/// Attributes of one element, so that the search for a second one of a name stays short.
const ATTRIBUTES_MAX: usize = 256;

/// The namespaces of the versions before.
const OLDER: [(&str, &str); 2] = [
    ("urn:oasis:names:tc:emergency:cap:1.1", "1.1"),
    ("http://www.incident.com/cap/1.0", "1.0"),
];

/// An element in the namespace of CAP 1.2.
#[derive(Debug)]
pub(super) struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The text of the element, without that of its children and the space around it.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The children with this name.
    pub(super) fn all(&self, name: &'static str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of a child that stands once at most, and says something.
    pub(super) fn optional(
        &self,
        parent: &'static str,
        name: &'static str,
    ) -> Result<Option<&str>, CapError> {
        let mut all = self.all(name);
        let first = all.next().map(Self::text).filter(|text| !text.is_empty());
        match all.next() {
            Some(_) => Err(CapError::Repeated { parent, name }),
            None => Ok(first),
        }
    }

    /// The text of a child that stands exactly once, and says something.
    pub(super) fn required(
        &self,
        parent: &'static str,
        name: &'static str,
    ) -> Result<&str, CapError> {
        self.optional(parent, name)?
            .ok_or(CapError::Missing { parent, name })
    }
}

/// Reads the elements of CAP in a document; what is of another namespace is passed over.
pub(super) fn read(text: &str) -> Result<Element, CapError> {
    if let Some((at, wrong)) = text.char_indices().find(|&(_, c)| !is_xml_char(c)) {
        return Err(not_xml(
            text,
            at,
            format!("the character {wrong:?} is not allowed in XML"),
        ));
    }
    let mut reader = NsReader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut builder = Builder::default();
    loop {
        let (namespace, event) = match reader.read_resolved_event() {
            Ok(resolved) => resolved,
            Err(error) => return Err(refused(text, reader.error_position(), &error)),
        };
        if matches!(event, Event::Eof) {
            break;
        }
        let taken = builder.take(&namespace, event);
        taken.map_err(|fault| fault.at(text, reader.buffer_position()))?;
    }
    builder
        .finish()
        .map_err(|fault| fault.at(text, reader.buffer_position()))
}

/// The elements that are open, and the root once it is closed.
#[derive(Default)]
struct Builder {
    open: Vec<Element>,
    root: Option<Element>,
    /// How deep the reader is inside an element of another namespace.
    foreign: usize,
    elements: usize,
    begun: bool,
}

impl Builder {
    fn take(&mut self, namespace: &ResolveResult<'_>, event: Event<'_>) -> Result<(), Fault> {
        let is_first = !std::mem::replace(&mut self.begun, true);
        match event {
            Event::Start(start) => self.start(namespace, &start),
            Event::Empty(start) => {
                self.start(namespace, &start)?;
                self.end();
                Ok(())
            }
            Event::End(_) => {
                self.end();
                Ok(())
            }
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(_) | Event::GeneralRef(_) if self.open.is_empty() => {
                Err(Fault::NotXml("a text stands outside the root"))
            }
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::DocType(_) => Err(CapError::Doctype.into()),
            Event::Decl(_) if !is_first => Err(Fault::NotXml(
                "an XML declaration stands only at the beginning",
            )),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::Eof => Ok(()),
        }
    }

    fn start(
        &mut self,
        namespace: &ResolveResult<'_>,
        start: &BytesStart<'_>,
    ) -> Result<(), Fault> {
        let name = start.local_name().into_inner();
        check_attributes(start)?;
        if let ResolveResult::Unknown(_) = namespace {
            return Err(Fault::NotXml("a prefix is not declared"));
        }
        if self.open.len() + self.foreign >= DEPTH_MAX {
            return Err(CapError::TooComplex {
                what: "more than 32 levels of elements",
            }
            .into());
        }
        let is_cap = matches!(namespace, ResolveResult::Bound(Namespace(NAMESPACE)));
        if self.open.is_empty() {
            self.check_root(namespace, is_cap && name == "alert", name)?;
        } else if self.foreign > 0 || !is_cap {
            self.foreign += 1;
            return Ok(());
        }
        self.elements += 1;
        if self.elements > ELEMENTS_MAX {
            return Err(CapError::TooComplex {
                what: "more than 65,536 elements",
            }
            .into());
        }
        let name = name.to_owned();
        self.open.push(Element {
            name,
            text: String::new(),
            children: Vec::new(),
        });
        Ok(())
    }

    fn check_root(
        &self,
        namespace: &ResolveResult<'_>,
        is_alert: bool,
        root: &str,
    ) -> Result<(), Fault> {
        if self.root.is_some() {
            return Err(Fault::NotXml("a second root follows on the first"));
        }
        if is_alert {
            return Ok(());
        }
        let namespace = match namespace {
            ResolveResult::Bound(Namespace(namespace)) => namespace,
            ResolveResult::Unbound | ResolveResult::Unknown(_) => "",
        };
        let older = OLDER
            .iter()
            .find(|(older, _)| *older == namespace && root == "alert");
        Err(Fault::Cap(match older {
            Some(&(_, version)) => CapError::OtherVersion { version },
            None => CapError::NotCap {
                root: shortened(root),
                namespace: shortened(namespace),
            },
        }))
    }

    /// Closes what is innermost; the reader has checked that its name is the one.
    fn end(&mut self) {
        if self.foreign > 0 {
            self.foreign -= 1;
        } else if let Some(closed) = self.open.pop() {
            match self.open.last_mut() {
                Some(parent) => parent.children.push(closed),
                None => self.root = Some(closed),
            }
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Fault> {
        match self.open.last_mut() {
            Some(_) if self.foreign > 0 => Ok(()),
            Some(element) => {
                element.text.push_str(text);
                Ok(())
            }
            None if text.trim().is_empty() => Ok(()),
            None => Err(Fault::NotXml("a text stands outside the root")),
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Fault> {
        let resolved = reference.resolve_char_ref();
        match resolved.map_err(|_| Fault::NotXml("a reference to a character is broken"))? {
            Some(character) if is_xml_char(character) => {
                self.text(character.encode_utf8(&mut [0; 4]))
            }
            Some(_) => Err(Fault::NotXml(
                "a reference names a character that XML does not allow",
            )),
            None => match resolve_xml_entity(reference) {
                Some(text) => self.text(text),
                None => Err(CapError::Entity {
                    name: shortened(reference),
                }
                .into()),
            },
        }
    }

    fn finish(self) -> Result<Element, Fault> {
        match self.root {
            _ if !self.open.is_empty() => Err(Fault::NotXml("the end of an element is missing")),
            Some(root) => Ok(root),
            None => Err(Fault::NotXml("there is no root element")),
        }
    }
}

/// CAP has no attributes, but what is read must be XML for every other reader too.
fn check_attributes(start: &BytesStart<'_>) -> Result<(), Fault> {
    for (count, attribute) in (1..).zip(start.attributes()) {
        if count > ATTRIBUTES_MAX {
            return Err(CapError::TooComplex {
                what: "more than 256 attributes",
            }
            .into());
        }
        let attribute = attribute.map_err(|_| Fault::NotXml("an attribute is malformed"))?;
        if attribute.value.contains('<') {
            return Err(Fault::NotXml("an attribute is malformed"));
        }
        match unescape(&attribute.value) {
            Ok(_) => {}
            Err(EscapeError::UnrecognizedEntity(_, name)) => {
                return Err(CapError::Entity {
                    name: shortened(&name),
                }
                .into());
            }
            Err(_) => return Err(Fault::NotXml("a reference in an attribute is broken")),
        }
    }
    Ok(())
}

/// A fault before its line is known.
enum Fault {
    NotXml(&'static str),
    Cap(CapError),
}

impl From<CapError> for Fault {
    fn from(error: CapError) -> Self {
        Self::Cap(error)
    }
}

impl Fault {
    fn at(self, text: &str, position: u64) -> CapError {
        match self {
            Self::NotXml(reason) => not_xml(
                text,
                usize::try_from(position).unwrap_or(0),
                reason.to_owned(),
            ),
            Self::Cap(error) => error,
        }
    }
}

fn refused(text: &str, position: u64, error: &quick_xml::Error) -> CapError {
    use quick_xml::name::NamespaceError::{TooDeeplyNested, TooManyBindings};
    match error {
        quick_xml::Error::Namespace(TooManyBindings(_) | TooDeeplyNested(_)) => {
            CapError::TooComplex {
                what: "more than 128 namespaces",
            }
        }
        other => {
            let reason = shortened(other.to_string().trim_end_matches('.'));
            not_xml(text, usize::try_from(position).unwrap_or(0), reason)
        }
    }
}

fn not_xml(text: &str, position: usize, reason: String) -> CapError {
    let before = text.as_bytes().get(..position).unwrap_or_default();
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    CapError::NotXml { line, reason }
}

/// XML 1.0, production 2.
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
