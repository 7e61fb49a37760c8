//! One receipt as files, and the command by which `openssl` alone checks its signature.

use std::fs;

use maille_common::crypto::batch::BatchSignature;
use maille_common::label::Label;

use super::stage::{Stage, ensure, not_so, shown};
use super::timeline::Told;
use crate::fault::Fault;
use crate::network::{Site, file_fault, public_key_pem};
use crate::sentence::{claim, demo};

/// Writes statement, signature and public key of the acknowledgement, as they were received.
pub(crate) fn write(stage: &Stage) -> Result<Told, Fault> {
    let proven = stage
        .acknowledgement
        .as_ref()
        .ok_or_else(|| not_so(claim::WasAcknowledged))?;
    let signed = proven.signed();
    let BatchSignature {
        index,
        count,
        path,
        signature,
    } = &signed.signature;
    // Of a larger batch the root takes the path as well (PROTOCOL section 1).
    let alone = (*index, *count) == (0, 1) && path.is_empty();
    ensure(alone, claim::BatchOfOne)?;
    let folder = stage.founded.site.proof();
    fs::create_dir_all(&folder).map_err(|error| file_fault(&folder, &error))?;
    let key = public_key_pem(proven.key());
    for (name, bytes) in [
        ("receipt", signed.statement.bytes()),
        ("receipt.sig", &signature.as_bytes()[..]),
        ("device.pem", key.as_bytes()),
    ] {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|error| file_fault(&path, &error))?;
    }
    let (folder, receipt) = (&folder.display(), &shown(proven));
    Ok(Told::new(
        demo::HandCheck { folder },
        demo::HandCheckProof { receipt },
    ))
}

/// The message of a batch of one is label (padded to 32), 1 (four bytes), SHA-256(0x00, statement).
pub(crate) fn command(site: &Site) -> String {
    let label = Label::RECEIPT_SIGNATURE.as_str();
    let zeros = Label::LEN - label.len();
    format!(
        "cd '{}' && {{ printf '%s' '{label}'; head -c {zeros} /dev/zero; \
         printf '\\001\\000\\000\\000'; {{ printf '\\000'; cat receipt; }} | \
         openssl dgst -sha256 -binary; }} > signed.bin && openssl pkeyutl -verify -pubin \
         -inkey device.pem -rawin -in signed.bin -sigfile receipt.sig",
        site.proof().display()
    )
}
