//! The code of each variant of each enum that has codes of one byte, sent and stored alike.

use maille_common::codec::encode;
use maille_common::terms::*;
use maille_common::vectors::Page;
use maille_common::wire::RefusalCode;

macro_rules! codes {
    ($page:ident: $($type:ident),+ $(,)?) => {$(
        for variant in $type::ALL {
            let comment = format!("{}: {}", stringify!($type), variant.name());
            $page.line(&comment, &encode(variant));
        }
    )+};
}

pub(crate) fn page() -> Page {
    let mut page = Page::default();
    codes!(page: Kind, Status, Urgency, Severity, Certainty, Category, Response, Tlp, HandlingCode,
        SourceGrade, InformationGrade, AckRule, PartRole, Stage, Actor, Reason, Standing, Reach,
        Outcome, AcceptReason, NoticeKind, Release, RefusalCode, GapEnd, Numbered);
    page
}
