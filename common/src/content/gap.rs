//! What a heartbeat says about gaps and forks, beside what it misses: its extensions 1 and 2.
//!
//! Both are not critical: whoever does not know them still hears the newest number of the stream.

use crate::address::DeviceId;
use crate::codec::{Bytes, Decode, Encode, List, SortedList, decode, encode};
use crate::content::Heartbeat;
use crate::extension::{Extension, Extensions};
use crate::hash::Hash;
use crate::identifier::{AlertId, Epoch};
use crate::limits;
use crate::terms::{GapEnd, Numbered};

/// What a sender says about numbers that were asked for, both ends included.
///
/// The numbers are a stranger's: look up the holes they lie in, and never count through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct GapAnswer {
    /// The device that asked, to which the numbers were given.
    pub device: DeviceId,
    /// The life of the answering device's store.
    pub epoch: Epoch,
    /// The first number answered for.
    pub from: u64,
    /// The last number answered for; more than one only where they are unknown.
    pub to: u64,
    /// The alert that has the number; [`AlertId::NONE`] where it is unknown.
    pub alert: AlertId,
    /// Where the alert stands with the contact that asked.
    pub end: GapEnd,
    /// It is sent again, by an addendum.
    pub again: bool,
}

/// One number under which a device told two stories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ToldFork {
    /// The device that told them.
    pub device: DeviceId,
    /// What it numbered.
    pub of: Numbered,
    /// The life of its store.
    pub epoch: Epoch,
    /// The number.
    pub number: u64,
    /// One story: of alerts its id, or its chain where it is known by that alone; of receipts its
    /// hash.
    pub first: Hash,
    /// The other one.
    pub second: Hash,
}

/// The answers of one heartbeat.
pub type GapAnswers = List<GapAnswer, { limits::GAP_ANSWERS_MAX }>;

/// The forks of one heartbeat.
pub type ToldForks = List<ToldFork, { limits::TOLD_FORKS_MAX }>;

/// The numbers of the extensions of a heartbeat.
const ANSWERS: u32 = 1;
const FORKS: u32 = 2;

impl Heartbeat {
    /// The extensions that say so much; none for nothing.
    pub fn extensions_of(answers: &GapAnswers, forks: &ToldForks) -> Extensions {
        let answers = (!answers.is_empty()).then(|| extension(ANSWERS, answers));
        let forks = (!forks.is_empty()).then(|| extension(FORKS, forks));
        let both: Vec<Extension> = answers.into_iter().chain(forks).collect();
        SortedList::new(both).expect("two extensions of different numbers fit")
    }

    /// What it answers. What does not parse is passed over, as an extension not known is.
    pub fn answers(&self) -> Vec<GapAnswer> {
        let said: Option<GapAnswers> = said(&self.extensions, ANSWERS);
        said.map(List::into_vec).unwrap_or_default()
    }

    /// Which forks it tells of, under the same rule.
    pub fn forks(&self) -> Vec<ToldFork> {
        let said: Option<ToldForks> = said(&self.extensions, FORKS);
        said.map(List::into_vec).unwrap_or_default()
    }
}

pub(super) fn extension(number: u32, value: &impl Encode) -> Extension {
    let value = Bytes::new(encode(value)).expect("the limits of the lists keep them below 4 KiB");
    let critical = false;
    Extension {
        number,
        critical,
        value,
    }
}

pub(super) fn said<T: Decode<()>>(extensions: &Extensions, number: u32) -> Option<T> {
    let mut all = extensions.iter();
    let found = all.find(|extension| extension.number == number)?;
    decode(&found.value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn answer(number: u64) -> GapAnswer {
        GapAnswer {
            device: DeviceId::from_bytes([1; 16]),
            epoch: Epoch(7),
            from: number,
            to: number,
            alert: AlertId::from_bytes([9; 32]),
            end: GapEnd::Expired,
            again: true,
        }
    }

    fn fork(number: u64) -> ToldFork {
        ToldFork {
            device: DeviceId::from_bytes([1; 16]),
            of: Numbered::Receipts,
            epoch: Epoch(7),
            number,
            first: Hash::from_bytes([1; 32]),
            second: Hash::from_bytes([2; 32]),
        }
    }

    fn heartbeat(extensions: Extensions) -> Heartbeat {
        Heartbeat {
            version: Heartbeat::VERSION,
            next_due: Timestamp::from_unix_ms(7),
            bundle: 1,
            missing: List::empty(),
            extensions,
        }
    }

    #[test]
    fn as_many_answers_and_forks_as_allowed_fit_and_are_read_back() {
        let answers: Vec<_> = (1..).take(limits::GAP_ANSWERS_MAX).map(answer).collect();
        let forks: Vec<_> = (1..).take(limits::TOLD_FORKS_MAX).map(fork).collect();
        let of = |answers: &[GapAnswer], forks: &[ToldFork]| {
            let (answers, forks) = (List::new(answers).unwrap(), List::new(forks).unwrap());
            heartbeat(Heartbeat::extensions_of(&answers, &forks))
        };
        let full = of(&answers, &forks);
        assert_eq!(full.check(), Ok(()));
        assert_eq!((full.answers(), full.forks()), (answers.clone(), forks));
        let answers_only = of(&answers[..1], &[]);
        assert_eq!(answers_only.answers(), &answers[..1]);
        assert_eq!(answers_only.forks(), []);
        assert!(of(&[], &[]).extensions.is_empty());
    }

    #[test]
    fn an_extension_that_does_not_parse_is_passed_over() {
        let broken = |number| Extension {
            number,
            critical: false,
            value: Bytes::new(*b"no list").unwrap(),
        };
        let both = SortedList::new([broken(ANSWERS), broken(FORKS)]).unwrap();
        let heartbeat = heartbeat(both);
        assert_eq!(heartbeat.check(), Ok(()));
        assert_eq!((heartbeat.answers(), heartbeat.forks()), (vec![], vec![]));
    }
}
