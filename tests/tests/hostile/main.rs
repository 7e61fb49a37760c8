//! A relay, a contact, a deputy, a device and a network that do everything they can.
//!
//! `docs/threat-model.md` lists the attacks, each with the check that stops it and its test. They
//! go through bytes: what honest code never makes is made in `maille_tests::hostile`, and each
//! test says which check refuses it.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

mod bits;
mod clocks;
mod collision;
mod conspiracy;
mod escalation;
mod expelled;
mod forwarding;
mod receipts;
mod recipients;
mod renewals;
mod replay;
mod rosters;
mod sealing_keys;
mod swaps;

use maille_common::address::DeviceId;
use maille_common::codec::{Exact, encode};
use maille_common::content::Alert;
use maille_common::crypto::chunked::{self, ContentKey};
use maille_common::crypto::padding;
use maille_common::envelope::{
    Core, Link, OutgoingStream, Submission, body_context, body_hash, core_hash,
};
use maille_tests::hostile::{Cast, ForgedWrap, Forgery};

/// An alert with any core, by any device, wrapped as it should be for one recipient's device.
fn written(cast: &mut Cast, core: Core, to: DeviceId, by: DeviceId) -> Submission {
    let content = ContentKey::from_bytes([6; 32]);
    let exact = Exact::of(core.clone()).unwrap();
    let words = Alert::draft("Written").text("By whoever wrote it.").build();
    let padded = padding::pad(&encode(&words.unwrap()));
    let body = chunked::seal(&content, &[2; 24], &body_context(&exact), &padded);
    let link = Link {
        core: core_hash(&exact),
        body: body_hash(&body),
    };
    let epoch = cast.world.desk(&by).epoch();
    let stream = OutgoingStream::start(&by, epoch, &to).extended(&link);
    let wrapped = (&content, &stream.newest());
    let wrap = ForgedWrap::sealed((to, &cast.sealing(&to)), &core, wrapped, 3);
    let forgery = Forgery {
        core,
        body,
        wraps: vec![wrap],
        original: None,
    };
    forgery.signed(&[cast.signer(&by)])
}
