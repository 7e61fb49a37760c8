//! An export whole, and each piece that stands in none of the others.

use maille_common::codec::{Exact, encode};
use maille_common::envelope::{ShownEntries, SignedEnvelope};
use maille_common::evidence::{Expiry, Notice, sign};
use maille_common::export::{Export, MAGIC, Piece};
use maille_common::roster::SignedSuspension;
use maille_common::vectors::{Annotate, Page, Vectors};

use crate::evidence::{expiry, notice, receipt};
use crate::export::Case;
use crate::types::suspension;
use crate::world::*;

pub(crate) fn check_all(check: &mut Vectors) {
    let case = || Case::new().accepted().answered(3, receipt());
    let export = case().acknowledged_by_amina().revealed().export();
    let pinned = check.page("export", &page_of(&export));
    assert_eq!(Export::parse(&pinned).unwrap().to_bytes(), pinned);
    let alert = case().alert;
    let shown = SignedEnvelope::of_delivery(&share(&alert, 3));
    assert!(matches!(shown.entries, ShownEntries::Some(_)));
    check.value(
        "piece-4-envelope-received",
        &Piece::Envelope(Box::new(shown)),
    );
    let suspended = SignedSuspension::sign(&key(100), suspension()).unwrap();
    check.value("piece-2-suspension", &Piece::Suspension(suspended));
    let heads = roster().heads().clone();
    check.value("piece-3-roster", &Piece::Roster(heads));
    let told = Notice {
        alert: alert.id(),
        ..notice()
    };
    let told = sign(&key(RELAY), vec![Exact::of(told).unwrap()]).remove(0);
    check.value("piece-7-notice", &Piece::Notice(told));
    let ended = Expiry {
        alert: alert.id(),
        ..expiry()
    };
    let ended = sign(&key(1), vec![Exact::of(ended).unwrap()]).remove(0);
    check.value("piece-8-expiry", &Piece::Expiry(ended));
}

/// The file in the order of its bytes.
fn page_of(export: &Export) -> Page {
    let mut page = Page::default();
    page.line("export.magic", &MAGIC);
    let head = encode(export.head());
    let length = |page: &mut Page, what: &str, length: usize| {
        let length = u32::try_from(length).unwrap();
        page.line(&format!("{what}: {length}"), &length.to_le_bytes());
    };
    length(&mut page, "export.head: bytes", head.len());
    export.head().annotate(&mut page, "export.head");
    length(&mut page, "export.pieces: count", export.pieces().count());
    for (at, piece) in export.pieces().enumerate() {
        let path = format!("export.pieces[{at}]");
        length(&mut page, &format!("{path}: bytes"), encode(piece).len());
        piece.annotate(&mut page, &path);
    }
    let bytes = export.to_bytes();
    let seal = &bytes[bytes.len() - 96..];
    page.parts("export", seal, &[("hash", 32), ("signature", 64)]);
    page
}
