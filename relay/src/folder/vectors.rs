//! Every file of a relay's folder that is our own, pinned to the byte: `relay/vectors/folder`. What
//! an earlier relay wrote is read.

use maille_common::blob::ManifestBuilder;
use maille_common::codec::encode;
use maille_common::roster::{RosterDocuments, RosterHeads};
use maille_common::time::Timestamp;
use maille_common::vectors::{Annotate, Counted, Page, Vectors, annotate_fields, sent};

use super::*;
use crate::anchor_file::read_anchor;
use crate::blobs::Blobs;
use crate::config::{BlobBudget, Config};
use crate::identity::RelayKeyPair;
use crate::init::{NewRelay, init};
use crate::roster_folder::RosterFolder;
use crate::roster_heads::{HeadsRecord, KnownHeads};

annotate_fields! {
    HeadsRecord { heads }
}

/// The anchor that the authority gave.
const ANCHOR: &str = "\
version = 1
network = \"dialogue\"
threshold = 1
keys = [\"8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c\"]
";

#[test]
fn every_file_of_the_folder_has_its_pinned_bytes_and_is_read_back() {
    let mut vectors = Vectors::of(env!("CARGO_MANIFEST_DIR"), "vectors/folder");
    first_files(&mut vectors);
    heads(&mut vectors);
    attachments(&mut vectors);
    vectors.end();
}

fn first_files(vectors: &mut Vectors) {
    let at = tempfile::tempdir().unwrap();
    let anchor = at.path().join("anchor.toml");
    fs::write(&anchor, ANCHOR).unwrap();
    let new = NewRelay {
        name: "lyon".parse().unwrap(),
        organisation: "interpol".parse().unwrap(),
        network: "dialogue".to_owned(),
        addresses: vec!["relay.example:443".to_owned()],
        listen: None,
        anchor,
    };
    let made = RelayFolder::new(at.path().join("made"));
    init(&made, &new, &mut Counted::default()).unwrap();
    let pinned = RelayFolder::new(at.path().join("pinned"));
    create_folder(pinned.root()).unwrap();
    for name in [
        "anchor",
        "relay-request.toml",
        "relay.toml",
        "signing.key",
        "transport.key",
    ] {
        let text = fs::read_to_string(made.root().join(name)).unwrap();
        let text = vectors.text(name, &text);
        create_file(&pinned.root().join(name), text.as_bytes()).unwrap();
    }
    let keys = RelayKeyPair::load(&pinned).unwrap();
    assert_eq!(keys.transport.expose(), &[1; 32]);
    assert_eq!(keys.signing.expose(), &[2; 32]);
    let config = Config::read(&pinned.config()).unwrap();
    assert_eq!(config, Config::new(new.name, "dialogue"));
    assert_eq!(read_anchor(&pinned.anchor()).unwrap().threshold, 1);
}

fn heads(vectors: &mut Vectors) {
    let at = tempfile::tempdir().unwrap();
    let path = RelayFolder::new(at.path()).roster_heads();
    let heads: RosterHeads = sent("heads");
    let record = HeadsRecord {
        heads: heads.clone(),
    };
    KnownHeads::open(path.clone())
        .unwrap()
        .record(&heads)
        .unwrap();
    let made = fs::read(&path).unwrap();
    let mut page = Page::default();
    page.parts("roster.heads", &made[..5], &[("length", 4), ("format", 1)]);
    record.annotate(&mut page, "roster.heads");
    assert_eq!(page.bytes(), made);
    fs::write(&path, vectors.page("roster.heads", &page)).unwrap();
    let known = KnownHeads::open(path).unwrap();
    assert_eq!(known.find(&heads.hash()), Some(&heads));
}

fn attachments(vectors: &mut Vectors) {
    let at = tempfile::tempdir().unwrap();
    let folder = RelayFolder::new(at.path()).blobs();
    let mut builder = ManifestBuilder::new();
    builder.update(b"a sealed attachment").unwrap();
    let manifest = builder.finish().unwrap();
    vectors.value("blob.manifest", &manifest);

    let budget = BlobBudget {
        total_bytes_max: 1 << 20,
        unnamed_bytes_max: 1 << 20,
    };
    let blobs = Blobs::open(folder.clone(), budget, 0).unwrap();
    let (id, now) = (manifest.id(), Timestamp::EPOCH);
    let by = "interpol/fr/cyber".parse().unwrap();
    assert_eq!(blobs.offer(&manifest, &by, now).unwrap(), [(0, 0)]);
    blobs.put(&id, 0, b"a sealed attachment", now).unwrap();
    let name = "943348266ff7d68a7f66ee5acc69aeb9853cdd8ac8c642a7a1b6d5fe76067c2b";
    let file = |kind: &str| folder.join("94").join(format!("{name}.{kind}"));
    assert_eq!(fs::read(file("manifest")).unwrap(), encode(&manifest));
    assert_eq!(fs::read(file("blob")).unwrap(), b"a sealed attachment");
    assert_eq!(fs::read_dir(folder.join("94")).unwrap().count(), 2);
}

/// The documents of a roster lie there as they travel; the protocol pins their bytes.
#[test]
fn roster_documents_lie_under_their_names_as_they_travel() {
    let at = tempfile::tempdir().unwrap();
    let roster = RosterFolder::open(at.path().join("roster")).unwrap();
    let documents: RosterDocuments = sent("documents");
    roster.keep(&documents).unwrap();
    let of_suspension = "8812cc468e325a3364a8f20254440f6d49aca8360e674286680a126871cf804a";
    let files = [
        (
            "annex-delta-000001-ec017791.part".to_owned(),
            encode(&documents.annexes[0]),
        ),
        (
            format!("suspension-{of_suspension}.part"),
            encode(&documents.suspensions[0]),
        ),
    ];
    for (name, bytes) in &files {
        assert!(
            fs::read(roster.path().join(name)).unwrap() == *bytes,
            "{name}"
        );
    }
    let listing = roster.list().unwrap();
    assert!(listing.keys().eq(files.iter().map(|(name, _)| name)));
    let read = roster.read(&listing).unwrap();
    assert!(read.unreadable.is_empty());
    let found = read.files.iter().map(|file| &file.documents);
    let found: Vec<_> = found
        .map(|documents| (documents.annexes.len(), documents.suspensions.len()))
        .collect();
    assert_eq!(found, [(1, 0), (0, 1)]);
}
