//! Two implementations that share no code must open each other's messages: `hpke` over
//! RustCrypto, which we use, and `hpke-rs` over libcrux.

use hpke_rs::libcrux::HpkeLibcrux;
use hpke_rs::{Hpke, HpkePrivateKey, HpkePublicKey, Mode, hpke_types};
use hpke_types::{AeadAlgorithm, KdfAlgorithm, KemAlgorithm};
use maille_common::crypto::hpke::{ENCAPSULATED_LEN, SealingPublicKey, SealingSecretKey};

/// Our suite in the words of the other implementation.
fn other() -> Hpke<HpkeLibcrux> {
    Hpke::new(
        Mode::Base,
        KemAlgorithm::XWingDraft06,
        KdfAlgorithm::HkdfSha256,
        AeadAlgorithm::ChaCha20Poly1305,
    )
}

#[test]
fn the_other_implementation_opens_what_we_seal() {
    let key = SealingSecretKey::from_seed([7; 32]);
    let sealed = key.public_key().seal(b"info", b"plaintext", &[1; 64]);
    let (encapsulated, ciphertext) = sealed.split_at(ENCAPSULATED_LEN);
    let secret = HpkePrivateKey::new(key.expose().to_vec());
    let opened = other().open(
        encapsulated,
        &secret,
        b"info",
        b"",
        ciphertext,
        None,
        None,
        None,
    );
    assert_eq!(opened.ok().as_deref(), Some(b"plaintext".as_slice()));
}

#[test]
fn we_open_what_the_other_implementation_seals() {
    let key = SealingSecretKey::from_seed([7; 32]);
    let public = HpkePublicKey::new(key.public_key().as_bytes().to_vec());
    let (encapsulated, ciphertext) = other()
        .seal(&public, b"info", b"", b"plaintext", None, None, None)
        .expect("the other implementation seals to our key");
    let sealed = [encapsulated, ciphertext].concat();
    let opened = key.open(b"info", &sealed).expect("we open its message");
    assert_eq!(opened.as_slice(), b"plaintext");
}

#[test]
fn we_open_with_a_key_that_the_other_implementation_made() {
    let pair = other()
        .generate_key_pair()
        .expect("the other implementation makes keys");
    let (secret, public) = pair.into_keys();
    let public = public
        .as_slice()
        .try_into()
        .expect("a public key has 1,216 bytes");
    let public = SealingPublicKey::parse(public).expect("its key passes our check");
    let sealed = public.seal(b"info", b"plaintext", &[1; 64]);
    let (encapsulated, ciphertext) = sealed.split_at(ENCAPSULATED_LEN);
    let opened = other().open(
        encapsulated,
        &secret,
        b"info",
        b"",
        ciphertext,
        None,
        None,
        None,
    );
    assert_eq!(opened.ok().as_deref(), Some(b"plaintext".as_slice()));
}
