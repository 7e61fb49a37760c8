//! Signatures are evidence before people who do not run this software: `openssl` alone must do.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use maille_common::crypto::batch::{self, signed_message};
use maille_common::crypto::ed25519::{self, SigningKey, VerifyingKey};
use maille_common::hash::{Hash, hash};
use maille_common::label::Label;

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410).
const SPKI_START: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

#[test]
fn openssl_alone_verifies_a_statement_signed_as_a_batch_of_one() {
    if !openssl_is_here() {
        return;
    }
    let key = SigningKey::from_seed([1; 32]);
    let (label, statement) = (Label::RECEIPT_SIGNATURE, b"statement");
    let signed = batch::sign(&key, label, statement);

    // (printf '\0'; cat statement) | openssl dgst -sha256 -binary
    let root = sha256(&[b"\0".as_slice(), statement].concat());
    let message = signed_message(label, signed.count, &root);
    assert!(verifies(
        &key.verifying_key(),
        &message,
        signed.signature.as_bytes()
    ));

    let other = signed_message(Label::ACCEPTED_SIGNATURE, signed.count, &root);
    assert!(!verifies(
        &key.verifying_key(),
        &other,
        signed.signature.as_bytes()
    ));
}

#[test]
fn openssl_alone_verifies_a_signature_over_a_hash() {
    if !openssl_is_here() {
        return;
    }
    let key = SigningKey::from_seed([1; 32]);
    let value = hash(Label::ENVELOPE, &[b"envelope"]);
    assert_eq!(
        value,
        sha256(&[Label::ENVELOPE.padded().as_slice(), b"envelope"].concat())
    );
    let message = ed25519::message(Label::ENVELOPE_SIGNATURE, &value);
    let signature = key.sign(Label::ENVELOPE_SIGNATURE, &value);
    assert!(verifies(
        &key.verifying_key(),
        &message,
        signature.as_bytes()
    ));
}

fn openssl_is_here() -> bool {
    let here = Command::new("openssl").arg("version").output().is_ok();
    if !here {
        // Past the test harness, which hides what a passing test prints.
        let _ = writeln!(std::io::stderr(), "SKIPPED: openssl is not on the path.");
    }
    here
}

/// openssl dgst -sha256 -binary
fn sha256(input: &[u8]) -> Hash {
    let mut child = Command::new("openssl")
        .args(["dgst", "-sha256", "-binary"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(input).expect("openssl reads");
    drop(stdin);
    let output = child.wait_with_output().expect("openssl ends");
    Hash::from_bytes(output.stdout.try_into().expect("a hash has 32 bytes"))
}

/// openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key -in message -sigfile signature
fn verifies(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("the temporary folder is writable");
        path
    };
    let key = write("key", &[SPKI_START.as_slice(), key.as_bytes()].concat());
    let (message, signature) = (write("message", message), write("signature", signature));
    let options = ["pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER"];
    let files: [(&str, &Path); 3] = [
        ("-inkey", &key),
        ("-in", &message),
        ("-sigfile", &signature),
    ];
    let mut command = Command::new("openssl");
    command.args(options);
    for (option, file) in files {
        command.arg(option).arg(file);
    }
    command.output().expect("openssl starts").status.success()
}
