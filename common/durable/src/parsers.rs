//! Doors to what reads bytes of the disk, for the tests that throw bytes at it.
//!
//! Checksums would hide what lies behind them, so where there are some they are made right first.

use std::path::PathBuf;

use crate::damage::Damage;
use crate::log::frame;
use crate::log::ops;
use crate::log::reader::{Segment, check_header};
use crate::log::segment::{FORMAT_VERSION, HEADER_LEN, Header, Kind};
use crate::marker::Marker;
use crate::run::filter::Filter;
use crate::run::footer::Footer;
use crate::store_id::StoreId;

/// Whether these are the operations of a batch.
pub fn batch(payload: &[u8]) -> bool {
    ops::decode(payload).is_some()
}

/// Whether this is a segment of a log, with every batch in it.
pub fn segment(bytes: &[u8]) -> bool {
    let path = PathBuf::from("segment");
    let Ok(header) = check_header(Kind::Segment, &path, bytes) else {
        return false;
    };
    reads_whole(&Segment {
        path,
        header,
        bytes: bytes.to_vec(),
    })
}

/// The most frames that [`segment_of`] makes.
const FRAMES_MAX: u64 = 64;

/// Whether a segment whose frames have these payloads is whole: each is two bytes of length, and
/// as many bytes or what is left.
pub fn segment_of(payloads: &[u8]) -> bool {
    let header = Header {
        kind: Kind::Segment,
        version: FORMAT_VERSION,
        store_id: StoreId([7; 16]),
        number: 1,
    };
    let mut bytes = header.encode().to_vec();
    let mut rest = payloads;
    let mut number = header.number;
    while number <= FRAMES_MAX
        && let Some((length, after)) = rest.split_first_chunk::<2>()
    {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (payload, after) = after.split_at(length);
        frame::encode(header.seed(), number, number - 1, &mut bytes, |out| {
            out.extend_from_slice(payload);
        });
        (rest, number) = (after, number + 1);
    }
    reads_whole(&Segment {
        path: PathBuf::from("segment"),
        header,
        bytes,
    })
}

/// Whether these are the last frame of a run, its filter, the head of its file or a marker.
pub fn end_of_run(bytes: &[u8]) -> bool {
    let footer = Footer::decode(bytes).is_some_and(|footer| footer.encode()[..] == *bytes);
    let filter = Filter::from_bytes(bytes.to_vec())
        .is_some_and(|filter| filter.may_hold(b"key") || filter.as_bytes() == bytes);
    let head = check_header(Kind::Run, &PathBuf::from("run"), bytes).is_ok();
    footer || filter || head
}

/// Whether this is the marker beside an index, once its checksum is right.
pub fn marker(body: &[u8]) -> bool {
    let bytes = [body, &crc32c::crc32c(body).to_be_bytes()].concat();
    Marker::decode(&bytes).is_some()
}

fn reads_whole(segment: &Segment) -> bool {
    let Ok(extent) = segment.extent() else {
        return false;
    };
    let walked = segment.each_batch(extent, |_, _| Ok::<_, Damage>(()));
    walked.is_ok() && extent.valid_bytes > HEADER_LEN
}
