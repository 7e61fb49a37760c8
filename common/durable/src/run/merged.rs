//! Several sorted sources as one: of equal keys the newest source's write counts.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::sync::Arc;

/// The last write of a key: its value, or `None` for a deletion.
pub(crate) type LastWrite = (Vec<u8>, Option<Arc<[u8]>>);

/// Merges sources, the newest first; every key once.
pub(crate) struct Merged<I: Iterator> {
    sources: Vec<Peekable<I>>,
    /// The largest key first.
    descending: bool,
}

impl<I, E> Merged<I>
where
    I: Iterator<Item = Result<LastWrite, E>>,
{
    /// All `sources` run in the same direction, the newest stands first.
    pub(crate) fn new(sources: impl IntoIterator<Item = I>, descending: bool) -> Self {
        Self {
            sources: sources.into_iter().map(Iterator::peekable).collect(),
            descending,
        }
    }

    /// The source whose next key comes first; an error comes before every key.
    fn next_source(&mut self) -> Option<usize> {
        let mut best: Option<usize> = None;
        for at in 0..self.sources.len() {
            let (before, rest) = self.sources.split_at_mut(at);
            let key = match rest[0].peek() {
                None => continue,
                Some(Err(_)) => return Some(at),
                Some(Ok((key, _))) => key,
            };
            let first = match best.and_then(|best| before[best].peek()) {
                Some(Ok((other, _))) if self.descending => key > other,
                Some(Ok((other, _))) => key < other,
                _ => true,
            };
            if first {
                best = Some(at);
            }
        }
        best
    }

    /// Passes over a key in the sources older than `newest`.
    fn pass_over(&mut self, newest: usize, key: &[u8]) {
        for source in &mut self.sources[newest + 1..] {
            let same = |next: &Result<LastWrite, E>| {
                let next = next.as_ref().ok();
                next.is_some_and(|(other, _)| other.as_slice().cmp(key) == Ordering::Equal)
            };
            source.next_if(same);
        }
    }
}

impl<I, E> Iterator for Merged<I>
where
    I: Iterator<Item = Result<LastWrite, E>>,
{
    type Item = Result<LastWrite, E>;

    fn next(&mut self) -> Option<Self::Item> {
        let source = self.next_source()?;
        let next = self.sources[source].next()?;
        if let Ok((key, _)) = &next {
            self.pass_over(source, key);
        }
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(keys: &[(u8, u8)], descending: bool) -> Vec<Result<LastWrite, ()>> {
        let mut writes: Vec<_> = keys
            .iter()
            .map(|(key, value)| Ok((vec![*key], (*value > 0).then(|| Arc::from(&[*value][..])))))
            .collect();
        if descending {
            writes.reverse();
        }
        writes
    }

    #[test]
    fn every_key_comes_once_in_order_with_its_newest_write() {
        for descending in [false, true] {
            let sources = [
                source(&[(2, 22), (5, 0)], descending),
                source(&[(1, 1), (2, 2), (5, 5), (6, 6)], descending),
                source(&[(0, 10), (6, 66)], descending),
            ];
            let merged = Merged::new(sources.map(Vec::into_iter), descending);
            let mut found: Vec<_> = merged
                .map(|write| write.map(|(key, value)| (key[0], value.map_or(0, |v| v[0]))))
                .collect::<Result<_, _>>()
                .unwrap();
            if descending {
                found.reverse();
            }
            assert_eq!(found, [(0, 10), (1, 1), (2, 22), (5, 0), (6, 6)]);
        }
    }

    #[test]
    fn an_error_is_returned() {
        let sources = [vec![Ok((vec![1], None))], vec![Err("broken")]];
        let mut merged = Merged::new(sources.map(Vec::into_iter), false);
        assert_eq!(merged.next(), Some(Err("broken")));
    }
}
