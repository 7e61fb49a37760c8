//! Texts and files that people write, carry or are sent.

use std::path::Path;

use maille_client::archive::{ArchiveKeyFile, ArchivePublicFile};
use maille_client::authority::{KeyFile, Proposal, PublicKeyFile, parse_plan};
use maille_client::home::{format_anchor, parse_anchor};
use maille_client::settings::Settings;
use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::{decode, encode};
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::drill::DrillId;
use maille_common::identifier::AlertIdPrefix;
use maille_common::pattern::{Pattern, Selector};
use maille_common::time::{Span, Timestamp};
use maille_relay::Config;

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// A proposal, and what a holder reads before signing it.
pub(super) fn proposal(bytes: &[u8]) -> bool {
    let Ok(proposal) = decode::<Proposal>(bytes) else {
        return false;
    };
    assert!(encode(&proposal) == bytes, "a second encoding");
    let _ = (proposal.name().to_string(), proposal.file_name());
    let _ = proposal.difference(None).to_string();
    true
}

pub(super) fn cap(bytes: &[u8]) -> bool {
    maille_client::cap::read(bytes).is_ok()
}

/// What people type: addresses, patterns, ids, times, spans, keys.
pub(super) fn words(bytes: &[u8]) -> bool {
    let text = text(bytes).trim_end();
    let read = [
        shows_itself::<Name>(text),
        shows_itself::<ContactAddress>(text),
        text.parse::<DeviceId>().is_ok(),
        text.parse::<VerifyingKey>().is_ok(),
        text.parse::<AlertIdPrefix>().is_ok(),
        text.parse::<DrillId>().is_ok(),
        shows_itself::<Pattern>(text),
        text.parse::<Selector>().is_ok(),
        text.parse::<Span>().is_ok(),
        text.parse::<Timestamp>().is_ok(),
    ];
    read.contains(&true)
}

/// Reads a word that is written in one way only.
fn shows_itself<T: std::str::FromStr + std::fmt::Display>(text: &str) -> bool {
    let Ok(word) = text.parse::<T>() else {
        return false;
    };
    assert!(word.to_string() == text, "{text} is shown as {word}");
    true
}

pub(super) fn anchor(bytes: &[u8]) -> bool {
    let relay = maille_relay::parsers::anchor(bytes);
    match parse_anchor(text(bytes)) {
        Ok(anchor) => {
            assert!(parse_anchor(&format_anchor(&anchor)) == Ok(anchor));
            true
        }
        Err(_) => relay,
    }
}

/// A plan, and the roster that would be made of it.
pub(super) fn plan(bytes: &[u8]) -> bool {
    parse_plan(text(bytes)).is_ok()
}

pub(super) fn config(bytes: &[u8]) -> bool {
    let path = Path::new("relay.toml");
    let relay = Config::parse(text(bytes), path).is_ok();
    relay || Settings::parse(text(bytes), path).is_ok()
}

pub(super) fn holder_key(bytes: &[u8]) -> bool {
    let text = text(bytes);
    let archive = ArchiveKeyFile::parse(text).is_ok() || ArchivePublicFile::parse(text).is_ok();
    archive || KeyFile::parse(text).is_ok() || PublicKeyFile::parse(text).is_ok()
}

pub(super) fn home(bytes: &[u8]) -> bool {
    maille_client::parsers::home(text(bytes))
}

pub(super) fn slots(bytes: &[u8]) -> bool {
    maille_client::parsers::slots(bytes)
}

pub(super) fn question(bytes: &[u8]) -> bool {
    maille_relay::parsers::question(bytes)
}

pub(super) fn backup_manifest(bytes: &[u8]) -> bool {
    maille_relay::parsers::manifest(bytes)
}
