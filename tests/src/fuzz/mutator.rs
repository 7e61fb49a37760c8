//! How bytes are spoiled: by a seed and a number alone, so that every input can be made again.

use crate::crash::chance::Chance;

/// The longest input that is made, in bytes.
pub(super) const INPUT_BYTES_MAX: usize = 256 * 1024;

/// Counts and lengths that a parser might trust.
const NUMBERS: [u64; 14] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x0001_0000,
    0x7fff_ffff,
    0xffff_fffe,
    0xffff_ffff,
    u64::MAX,
];

/// Pieces of texts that mean something to somebody.
const WORDS: [&[u8]; 20] = [
    b"\"",
    b"'''",
    b"[[",
    b"]]",
    b"\n",
    b"\r\n",
    b"\0",
    b"=",
    b"#",
    b"{",
    b"<![CDATA[",
    b"&#x1b;",
    b"<!DOCTYPE a [",
    b"&amp;",
    b"99999999999999999999",
    b"-1",
    b"1e999",
    b"..",
    b"/",
    b"\xff",
];

/// The input of this number: one of the seeds, spoiled in one place or several.
pub(super) fn spoiled(seeds: &[Vec<u8>], seed: u64, number: u64) -> Vec<u8> {
    let mut chance = Chance::about(seed, &[number]);
    let mut bytes = choose(seeds, &mut chance).clone();
    // A few in a thousand are long: whoever trusts a count has to meet bytes enough for it.
    if chance.below(512) == 0 {
        stretch(&mut bytes, &mut chance);
    }
    let faults = 1 + chance.below(4) * chance.below(2);
    for _ in 0..faults {
        spoil(&mut bytes, seeds, &mut chance);
        bytes.truncate(INPUT_BYTES_MAX);
    }
    bytes
}

fn spoil(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], chance: &mut Chance) {
    match chance.below(12) {
        0 | 1 => flip_bit(bytes, chance),
        2 => set_byte(bytes, chance),
        3 | 4 => set_number(bytes, chance),
        5 => nudge_number(bytes, chance),
        6 => bytes.truncate(place(bytes, chance)),
        7 => cut_out(bytes, chance),
        8 => repeat(bytes, chance),
        9 => splice(bytes, choose(seeds, chance), chance),
        10 => insert(bytes, chance),
        _ => swap(bytes, chance),
    }
}

fn flip_bit(bytes: &mut [u8], chance: &mut Chance) {
    let bit = chance.below(8);
    if let Some(byte) = any(bytes, chance) {
        *byte ^= 1 << bit;
    }
}

fn set_byte(bytes: &mut [u8], chance: &mut Chance) {
    let value = chance.next().to_le_bytes()[0];
    if let Some(byte) = any(bytes, chance) {
        *byte = value;
    }
}

/// A length or a count that is not so, as relay and desk write them or as the store does.
fn set_number(bytes: &mut [u8], chance: &mut Chance) {
    let number = NUMBERS[small(chance.below(NUMBERS.len() as u64))];
    put(bytes, number, chance);
}

/// A length that is nearly right.
fn nudge_number(bytes: &mut [u8], chance: &mut Chance) {
    let at = place(bytes, chance);
    let Some(field) = bytes[at..].first_chunk_mut::<4>() else {
        return;
    };
    let by = u32::try_from(chance.below(17)).expect("below 17");
    let number = u32::from_le_bytes(*field).wrapping_add(by).wrapping_sub(8);
    *field = number.to_le_bytes();
}

fn put(bytes: &mut [u8], number: u64, chance: &mut Chance) {
    let width = [2, 4, 4, 8][small(chance.below(4))];
    let big_endian = chance.percent(20);
    let at = place(bytes, chance);
    let Some(field) = bytes[at..].get_mut(..width) else {
        return;
    };
    match big_endian {
        false => field.copy_from_slice(&number.to_le_bytes()[..width]),
        true => field.copy_from_slice(&number.to_be_bytes()[8 - width..]),
    }
}

fn cut_out(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let (from, to) = range(bytes, chance);
    bytes.drain(from..to);
}

fn repeat(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let (from, to) = range(bytes, chance);
    let times = 1 + small(chance.below(4) * chance.below(8));
    let room = INPUT_BYTES_MAX.saturating_sub(bytes.len());
    let more = bytes[from..to].repeat(times.min(room / (to - from).max(1)));
    bytes.splice(to..to, more);
}

/// The beginning of one real input, and the end of another.
fn splice(bytes: &mut Vec<u8>, other: &[u8], chance: &mut Chance) {
    let (from, to) = range(other, chance);
    let at = place(bytes, chance);
    if chance.percent(50) {
        bytes.truncate(at);
    }
    bytes.splice(at..at, other[from..to].iter().copied());
}

fn insert(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let at = place(bytes, chance);
    if chance.percent(50) {
        let word = WORDS[small(chance.below(WORDS.len() as u64))];
        bytes.splice(at..at, word.iter().copied());
        return;
    }
    let count = small(chance.below(16));
    let fresh = chance.bytes(count);
    bytes.splice(at..at, fresh);
}

fn swap(bytes: &mut [u8], chance: &mut Chance) {
    let (from, to) = (place(bytes, chance), place(bytes, chance));
    let width = small(chance.below(16));
    let (low, high) = (from.min(to), from.max(to));
    if low + width <= high && high + width <= bytes.len() {
        let (head, tail) = bytes.split_at_mut(high);
        head[low..low + width].swap_with_slice(&mut tail[..width]);
    }
}

/// Many bytes more, with a count before them that fits, nearly fits, or does not.
fn stretch(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let count = small(chance.below(INPUT_BYTES_MAX as u64));
    let at = place(bytes, chance);
    let kind = chance.below(3);
    let tail = match kind {
        0 => vec![0; count],
        1 => chance.bytes(count),
        _ => bytes.iter().copied().cycle().take(count).collect(),
    };
    let claimed = [count as u64, count as u64 / 2, 1024, 64][small(chance.below(4))];
    let claimed = u32::try_from(claimed).unwrap_or(u32::MAX);
    let claim = claimed.to_le_bytes().into_iter();
    bytes.splice(at..at, claim.chain(tail));
}

fn any<'a>(bytes: &'a mut [u8], chance: &mut Chance) -> Option<&'a mut u8> {
    let at = place(bytes, chance);
    bytes.get_mut(at)
}

/// A place in the bytes, or their end.
fn place(bytes: &[u8], chance: &mut Chance) -> usize {
    small(chance.below(bytes.len() as u64 + 1))
}

fn range(bytes: &[u8], chance: &mut Chance) -> (usize, usize) {
    let (one, other) = (place(bytes, chance), place(bytes, chance));
    (one.min(other), one.max(other))
}

fn choose<'a>(seeds: &'a [Vec<u8>], chance: &mut Chance) -> &'a Vec<u8> {
    &seeds[small(chance.below(seeds.len() as u64))]
}

fn small(number: u64) -> usize {
    usize::try_from(number).expect("what is in memory is counted in a usize")
}
