//! Whether the archive is written, where there is one. Its key is public and kept by the desk with
//! how far it has come: it has no end, and cannot be missing.

use std::path::Path;

use maille_client::Archiving;

use super::finding::Finding;
use crate::agent::Desk;
use crate::fault::Fault;
use crate::local_time::local;
use crate::sentence::{doctor, hint};

/// What there is to say of it; nothing where this desk writes to no archive.
pub(super) async fn finding(desk: &Desk) -> Result<Option<Finding>, Fault> {
    // What just came is written in a moment.
    let written = desk.client().archived();
    let found = match tokio::time::timeout(desk.patience(), written).await {
        Ok(found) => found?,
        Err(_) => desk.client().archiving().await?,
    };
    Ok(found.map(|(archiving, trouble)| judge(&archiving, trouble.as_deref())))
}

fn judge(archiving: &Archiving, trouble: Option<&str>) -> Finding {
    let what = doctor::Archive {
        folder: &archiving.folder,
    };
    if let Some(since) = archiving.failing {
        let found = doctor::ArchiveFails {
            since: &local(since),
            why: &trouble.unwrap_or_default(),
        };
        return Finding::bad(what, found, hint::MendArchive);
    }
    match std::fs::metadata(Path::new(&archiving.folder)) {
        Ok(folder) if !folder.is_dir() => {
            return Finding::bad(what, doctor::ArchiveNoFolder, hint::MendArchive);
        }
        Ok(folder) if folder.permissions().readonly() => {
            return Finding::bad(what, doctor::ArchiveReadOnly, hint::MendArchive);
        }
        Ok(_) => {}
        Err(error) => return Finding::bad(what, error, hint::MendArchive),
    }
    let waiting = archiving.behind + u64::try_from(archiving.attachments).unwrap_or(u64::MAX);
    if waiting > 0 {
        let found = doctor::ArchiveBehind { count: &waiting };
        return Finding::warning(what, found, hint::KeepArchiving);
    }
    if archiving.left_out > 0 {
        let found = doctor::ArchiveLeftOut {
            count: &archiving.left_out,
        };
        return Finding::warning(what, found, hint::FindLeftOut);
    }
    let records = &archiving.number;
    Finding::good(what, doctor::ArchiveWritten { records })
}

#[cfg(test)]
mod tests {
    use maille_common::archive::ChainId;
    use maille_common::hash::Hash;
    use maille_common::time::Timestamp;

    use super::super::finding::Verdict;
    use super::*;

    fn archiving(folder: &Path) -> Archiving {
        Archiving {
            folder: folder.display().to_string(),
            key: Hash::ZERO,
            chain: ChainId::from_bytes([1; 16]),
            number: 7,
            last: Hash::ZERO,
            event: 40,
            behind: 0,
            failing: None,
            left_out: 0,
            attachments: 0,
        }
    }

    #[test]
    fn an_archive_that_is_written_is_well() {
        let folder = tempfile::tempdir().unwrap();
        let found = judge(&archiving(folder.path()), None);
        assert_eq!(found.verdict(), Verdict::Good);
        assert!(found.text().contains("7 records"), "{}", found.text());
    }

    #[test]
    fn an_archive_whose_folder_is_gone_or_fails_is_bad_and_one_that_is_behind_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let gone = judge(&archiving(&folder.path().join("unmounted")), None);
        assert_eq!(gone.verdict(), Verdict::Bad);
        let failing = Archiving {
            failing: Some(Timestamp::EPOCH),
            ..archiving(folder.path())
        };
        let found = judge(&failing, Some("No space left"));
        assert_eq!(found.verdict(), Verdict::Bad);
        assert!(found.text().contains("No space left"), "{}", found.text());
        for (behind, attachments, left_out) in [(3, 0, 0), (0, 1, 0), (0, 0, 2)] {
            let waits = Archiving {
                behind,
                attachments,
                left_out,
                ..archiving(folder.path())
            };
            assert_eq!(judge(&waits, None).verdict(), Verdict::Warning);
        }
    }
}
