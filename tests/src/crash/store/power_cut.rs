//! What a power cut may leave of a volume: one of very many trees, chosen by chance.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::recording::Tree;
use super::volume::{Content, Node, Place, Volume};
use crate::crash::chance::Chance;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// Which names that were not synced are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Names {
    /// As the calls left them.
    Kept,
    /// As the last sync of each folder left them.
    Dropped,
    /// As after one of the calls: a journal keeps their order, as those of ext4 and XFS do.
    Ordered,
    /// Each by itself as it was after one of its changes: no journal at all. Of a rename one half
    /// may be there without the other.
    Loose,
}

/// What is there of content that was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Bytes {
    /// All of it.
    Kept,
    /// None of it, and the files have not grown.
    Dropped,
    /// Any sectors of it, of files that have grown by any length.
    Torn,
    /// Each file in one of these ways.
    Mixed,
}

/// What sectors hold that were not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Unwritten {
    Zeros,
    /// What a file held there that is gone, or anything.
    Old,
}

/// One way in which the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct PowerCut {
    pub(crate) names: Names,
    pub(crate) bytes: Bytes,
    unwritten: Unwritten,
    /// How many of a hundred sectors are written.
    written_percent: u64,
}

impl PowerCut {
    /// Chooses one.
    pub(crate) fn choose(chance: &mut Chance) -> Self {
        let names = [Names::Kept, Names::Dropped, Names::Ordered, Names::Ordered];
        let bytes = [
            Bytes::Kept,
            Bytes::Dropped,
            Bytes::Torn,
            Bytes::Torn,
            Bytes::Mixed,
        ];
        let percents = [5, 50, 50, 90, 99];
        let pick = |chance: &mut Chance, of: usize| chance.index(of);
        let names = match pick(chance, names.len() * 2) {
            at if at < names.len() => names[at],
            _ => Names::Loose,
        };
        let unwritten = match chance.percent(70) {
            true => Unwritten::Zeros,
            false => Unwritten::Old,
        };
        Self {
            names,
            bytes: bytes[pick(chance, bytes.len())],
            unwritten,
            written_percent: percents[pick(chance, percents.len())],
        }
    }

    /// Leaves of a volume what this power cut leaves.
    pub(crate) fn strike(self, volume: &Volume, chance: &mut Chance) -> Tree {
        let names = self.names(volume, chance);
        Volume::tree(&names, &mut |file| match volume.content(file) {
            Some(content) => self.content(volume, content, chance),
            None => Arc::from([]),
        })
    }

    fn names(self, volume: &Volume, chance: &mut Chance) -> BTreeMap<Place, Node> {
        let changes = &volume.changes;
        let mut names = volume.first.clone();
        let mut set = |place: &Place, node: Option<Node>| {
            match node {
                Some(node) => names.insert(place.clone(), node),
                None => names.remove(place),
            };
        };
        match self.names {
            Names::Kept => return volume.names().clone(),
            Names::Dropped => {
                let durable = changes.iter().filter(|change| change.durable);
                durable.for_each(|change| set(&change.place, change.node));
            }
            Names::Ordered => {
                let least = changes.iter().rposition(|change| change.durable);
                let mut ends: Vec<usize> = (least.map_or(0, |at| at + 1)..=changes.len()).collect();
                // A journal has both halves of a rename or none.
                ends.retain(|end| {
                    *end == 0
                        || *end == changes.len()
                        || changes[*end].call != changes[*end - 1].call
                });
                let end = ends[chance.index(ends.len())];
                changes[..end]
                    .iter()
                    .for_each(|change| set(&change.place, change.node));
            }
            Names::Loose => {
                let mut by_place: BTreeMap<&Place, Vec<(bool, Option<Node>)>> = BTreeMap::new();
                for change in changes {
                    let known = by_place.entry(&change.place).or_default();
                    known.push((change.durable, change.node));
                }
                for (place, changed) in by_place {
                    let least = changed.iter().rposition(|(durable, _)| *durable);
                    let (from, to) = (least.map_or(0, |at| at + 1), changed.len());
                    let count = from + chance.index(to - from + 1);
                    if let Some((_, node)) = count.checked_sub(1).map(|at| changed[at]) {
                        set(place, node);
                    }
                }
            }
        }
        names
    }

    fn content(self, volume: &Volume, content: &Content, chance: &mut Chance) -> Arc<[u8]> {
        let waiting = !content.ends.is_empty();
        let bytes = match self.bytes {
            Bytes::Mixed => [Bytes::Kept, Bytes::Dropped, Bytes::Torn][chance.index(3)],
            bytes => bytes,
        };
        let mut left = match bytes {
            _ if !waiting => content.bytes.clone(),
            Bytes::Kept => content.bytes.clone(),
            Bytes::Dropped => content.bytes[..content.durable].to_vec(),
            Bytes::Torn | Bytes::Mixed => self.tear(volume, content, chance),
        };
        if let Some((from, to)) = content.spoilt {
            let to = to.min(left.len());
            if chance.percent(30) && to == left.len() {
                left.truncate(from);
            } else {
                let range = Range { from, to };
                let old = old_bytes(self.unwritten, volume, content.bytes.len(), chance);
                // What the failed sync had written before it failed.
                let written = if chance.percent(50) {
                    0
                } else {
                    self.written_percent
                };
                range.spoil(&mut left, &old, written, chance);
            }
        }
        left.into()
    }

    fn tear(self, volume: &Volume, content: &Content, chance: &mut Chance) -> Vec<u8> {
        let (durable, whole) = (content.durable, content.bytes.len());
        let length = match chance.below(5) {
            0 => durable,
            1 | 2 => whole,
            3 => content.ends[chance.index(content.ends.len())],
            _ => durable + chance.index(whole - durable + 1),
        };
        let old = old_bytes(self.unwritten, volume, whole, chance);
        let mut left = content.bytes[..length].to_vec();
        let mut sector = durable / SECTOR * SECTOR;
        while sector < length {
            let from = sector.max(durable);
            let to = (sector + SECTOR).min(length);
            if !chance.percent(self.written_percent) {
                // The sector as it was after an earlier write, or before all of them.
                let earlier = content
                    .ends
                    .iter()
                    .copied()
                    .filter(|end| (from..to).contains(end));
                let mut kept: Vec<usize> = earlier.collect();
                kept.push(from);
                let kept = kept[chance.index(kept.len())];
                // Bytes of a sector behind what was written to it are zeros.
                let fill = if kept == from && from == sector {
                    Some(&old)
                } else {
                    None
                };
                for at in kept..to {
                    left[at] = fill.map_or(0, |old| old[at]);
                }
            }
            sector += SECTOR;
        }
        left
    }
}

/// A range of bytes whose sync failed.
struct Range {
    from: usize,
    to: usize,
}

impl Range {
    fn spoil(self, left: &mut [u8], old: &[u8], written_percent: u64, chance: &mut Chance) {
        let mut sector = self.from / SECTOR * SECTOR;
        while sector < self.to {
            let (from, to) = (sector.max(self.from), (sector + SECTOR).min(self.to));
            if !chance.percent(written_percent) {
                let whole = from == sector;
                for at in from..to {
                    left[at] = if whole { old[at] } else { 0 };
                }
            }
            sector += SECTOR;
        }
    }
}

/// What the blocks held before they were given to a file.
fn old_bytes(kind: Unwritten, volume: &Volume, length: usize, chance: &mut Chance) -> Vec<u8> {
    if kind == Unwritten::Zeros {
        return vec![0; length];
    }
    let mut old = match volume.stale.len() {
        0 => Vec::new(),
        count => {
            let file = volume.stale[chance.index(count)];
            volume
                .content(file)
                .map_or_else(Vec::new, |content| content.bytes.clone())
        }
    };
    if old.len() < length {
        let more = chance.bytes(length - old.len());
        old.extend(more);
    }
    old
}
