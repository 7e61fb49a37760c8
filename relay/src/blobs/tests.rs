use maille_common::blob::ManifestBuilder;
use maille_common::limits::PIECE_BYTES;

use super::*;

const BUDGET: BlobBudget = BlobBudget {
    total_bytes_max: 3 * PIECE_BYTES as u64,
    unnamed_bytes_max: 2 * PIECE_BYTES as u64,
};

fn blob(fill: u8) -> (Manifest, Vec<u8>) {
    let bytes = vec![fill; PIECE_BYTES + 1];
    let mut builder = ManifestBuilder::new();
    builder.update(&bytes).unwrap();
    (builder.finish().unwrap(), bytes)
}

fn open(folder: &tempfile::TempDir) -> Blobs {
    open_with(folder, 0)
}

fn open_with(folder: &tempfile::TempDir, low_water_bytes: u64) -> Blobs {
    Blobs::open(folder.path().join("blobs"), BUDGET, low_water_bytes).unwrap()
}

fn lyon() -> ContactAddress {
    "interpol/fr/lyon".parse().unwrap()
}

#[test]
fn an_attachment_goes_on_after_a_restart_and_is_whole_only_with_its_last_piece() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, bytes) = blob(7);
    let (id, now) = (manifest.id(), Timestamp::EPOCH);
    let blobs = open(&folder);
    assert_eq!(blobs.offer(&manifest, &lyon(), now).unwrap(), [(0, 1)]);
    blobs.put(&id, 1, &bytes[PIECE_BYTES..], now).unwrap();
    assert!(!blobs.is_whole(&id));
    drop(blobs);

    let blobs = open(&folder);
    assert_eq!(blobs.offer(&manifest, &lyon(), now).unwrap(), [(0, 0)]);
    blobs.put(&id, 0, &bytes[..PIECE_BYTES], now).unwrap();
    assert!(blobs.is_whole(&id));
    drop(blobs);

    let blobs = open(&folder);
    assert_eq!(blobs.offer(&manifest, &lyon(), now).unwrap(), []);
    assert_eq!(blobs.manifest(&id).unwrap(), manifest);
    assert_eq!(blobs.piece(&id, 1).unwrap(), bytes[PIECE_BYTES..]);
}

#[test]
fn a_piece_that_is_not_the_one_named_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, bytes) = blob(7);
    let blobs = open(&folder);
    blobs.offer(&manifest, &lyon(), Timestamp::EPOCH).unwrap();
    let put = |index, bytes: &[u8]| blobs.put(&manifest.id(), index, bytes, Timestamp::EPOCH);
    assert_eq!(put(1, &[8]).unwrap_err().code(), RefusalCode::Hash);
    assert_eq!(put(2, &[7]).unwrap_err().code(), RefusalCode::Hash);
    put(1, &bytes[PIECE_BYTES..]).unwrap();
    let stranger = blob(8).0.id();
    let error = blobs.put(&stranger, 0, &[8], Timestamp::EPOCH).unwrap_err();
    assert_eq!(error.code(), RefusalCode::BlobMissing);
}

#[test]
fn a_piece_for_which_there_is_no_room_any_more_is_refused_for_now() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, bytes) = blob(7);
    let (id, now) = (manifest.id(), Timestamp::EPOCH);
    let announced = open(&folder).offer(&manifest, &lyon(), now);
    assert_eq!(announced.unwrap(), [(0, 1)]);

    let low = open_with(&folder, u64::MAX);
    let put = low.put(&id, 1, &bytes[PIECE_BYTES..], now);
    assert_eq!(put.unwrap_err().code(), RefusalCode::DiskLow);

    let roomy = open(&folder);
    roomy.put(&id, 1, &bytes[PIECE_BYTES..], now).unwrap();
    assert_eq!(roomy.offer(&manifest, &lyon(), now).unwrap(), [(0, 0)]);
}

#[test]
fn budgets_bound_one_contact_and_all_together() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = open(&folder);
    let offer = |fill, by: &str| {
        let by = by.parse().unwrap();
        blobs
            .offer(&blob(fill).0, &by, Timestamp::EPOCH)
            .map_err(|refused| refused.code())
    };
    assert!(offer(1, "interpol/fr/lyon").is_ok());
    assert_eq!(offer(2, "interpol/fr/lyon"), Err(RefusalCode::Quota));
    assert!(offer(2, "afripol/tn/tunis").is_ok());
    assert_eq!(offer(3, "cmai/hq"), Err(RefusalCode::Quota));
}

#[test]
fn an_attachment_that_nobody_named_may_go_after_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = open(&folder);
    let (manifest, _) = blob(7);
    blobs.offer(&manifest, &lyon(), Timestamp::EPOCH).unwrap();
    assert_eq!(blobs.untouched(Timestamp::EPOCH + Span::from_hours(23)), []);
    assert_eq!(
        blobs.untouched(Timestamp::EPOCH + UNNAMED_KEPT),
        [manifest.id()]
    );
    blobs.drop_unnamed(&manifest.id()).unwrap();
    assert_eq!(blobs.total_bytes(), 0);
    assert_eq!(open(&folder).total_bytes(), 0);
}
