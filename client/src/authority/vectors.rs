//! The files that key holders keep and pass on, pinned to the byte: `client/vectors/authority`.
//! What an earlier program wrote is read.

use std::fs;

use maille_common::crypto::ed25519::SigningKey;
use maille_common::vectors::{Counted, Vectors, annotate_choices, sent};

use super::files::{Access, create};
use super::*;
use crate::home::{Cost, Passphrase};

annotate_choices! {
    Proposal {
        0 Authority(part)
        1 Annex(annex)
    }
}

#[test]
fn the_files_of_a_key_holder_have_their_pinned_bytes_and_are_read_back() {
    let at = tempfile::tempdir().unwrap();
    let mut vectors = Vectors::of(env!("CARGO_MANIFEST_DIR"), "vectors/authority");
    let passphrase = Passphrase::new("five small grey harbour cats");
    for (name, protection) in [
        (
            "holder.key",
            KeyProtection::Passphrase(&passphrase, Cost::LEAST),
        ),
        ("holder-plain.key", KeyProtection::Plain),
    ] {
        let organisation = "interpol".parse().unwrap();
        let random = &mut Counted::default();
        let made = KeyFile::generate(organisation, "the registrar", protection, random).unwrap();
        let path = at.path().join(name);
        made.write(&path).unwrap();
        let text = vectors.text(name, &fs::read_to_string(&path).unwrap());

        let pinned = at.path().join(format!("pinned-{name}"));
        create(&pinned, text.as_bytes(), Access::Owner).unwrap();
        let opened = KeyFile::read(&pinned).unwrap().open(Some(&passphrase));
        let opened = opened.unwrap();
        assert_eq!(opened.public, *made.public());
        assert_eq!(opened.key.expose(), &[1; 32]);
    }
    let public = PublicKeyFile {
        organisation: "interpol".parse().unwrap(),
        holder: "the registrar".to_owned(),
        key: SigningKey::from_seed([1; 32]).verifying_key(),
    };
    let text = vectors.text("holder.pub", &public.to_text());
    assert_eq!(PublicKeyFile::parse(&text).unwrap(), public);
    let part = Proposal::Authority(sent("authority"));
    vectors.value("proposal-0-authority", &part);
    let annex = Proposal::Annex(sent("annex"));
    vectors.value("proposal-1-annex", &annex);
    vectors.has_every_choice::<Proposal>();
    vectors.end();

    let path = at.path().join(annex.file_name());
    assert!(path.ends_with("annex-beta-000001.proposal"));
    annex.write(&path).unwrap();
    assert_eq!(
        fs::read(&path).unwrap(),
        maille_common::codec::encode(&annex)
    );
    assert_eq!(Proposal::read(&path).unwrap(), annex);
    assert_eq!(part.file_name(), "authority-000001.proposal");
}
