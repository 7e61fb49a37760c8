//! What a heartbeat says its relay was entrusted with: its extension 3, which is not critical.
//!
//! A relay hands a heartbeat over behind everything else. So what it accepted, and has not handed
//! over by then, it withholds: whoever hears the heartbeat need not wait for it (PROTOCOL G9).

use crate::address::DeviceId;
use crate::codec::{Decode, Encode, List, SortedList};
use crate::content::Heartbeat;
use crate::content::gap::{extension, said};
use crate::identifier::Epoch;
use crate::limits;

/// Numbers of a stream that the relay which brings this has accepted, and that their device has not
/// answered, as far as their sender knows; both ends included.
///
/// The numbers are a stranger's: look up the holes they lie in, and never count through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Entrusted {
    /// The device to which the numbers were given.
    pub device: DeviceId,
    /// The life of the sending device's store.
    pub epoch: Epoch,
    /// The first number.
    pub from: u64,
    /// The last number.
    pub to: u64,
}

/// What one heartbeat says of its relay.
pub type EntrustedRuns = List<Entrusted, { limits::ENTRUSTED_MAX }>;

/// The number of the extension of a heartbeat.
const ENTRUSTED: u32 = 3;

impl Heartbeat {
    /// The same heartbeat, for a relay that was entrusted with these.
    pub fn entrusting(self, runs: &EntrustedRuns) -> Self {
        let others = self.extensions.iter();
        let others = others.filter(|extension| extension.number != ENTRUSTED);
        let these = (!runs.is_empty()).then(|| extension(ENTRUSTED, runs));
        let all: Vec<_> = others.cloned().chain(these).collect();
        let extensions = SortedList::new(all).expect("the extensions of a heartbeat fit");
        Self { extensions, ..self }
    }

    /// What its relay was entrusted with. What does not parse is passed over, as an extension not
    /// known is.
    pub fn entrusted(&self) -> Vec<Entrusted> {
        let said: Option<EntrustedRuns> = said(&self.extensions, ENTRUSTED);
        said.map(List::into_vec).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Bytes;
    use crate::extension::{Extension, Extensions};
    use crate::time::Timestamp;

    fn heartbeat() -> Heartbeat {
        Heartbeat {
            version: Heartbeat::VERSION,
            next_due: Timestamp::from_unix_ms(7),
            bundle: 1,
            missing: List::empty(),
            extensions: Extensions::empty(),
        }
    }

    fn run(number: u64) -> Entrusted {
        Entrusted {
            device: DeviceId::from_bytes([1; 16]),
            epoch: Epoch(7),
            from: number,
            to: number,
        }
    }

    #[test]
    fn as_many_runs_as_allowed_fit_and_are_read_back() {
        let runs: Vec<_> = (1..).take(limits::ENTRUSTED_MAX).map(run).collect();
        let full = heartbeat().entrusting(&List::new(runs.clone()).unwrap());
        assert_eq!(full.check(), Ok(()));
        assert_eq!(full.entrusted(), runs);
        let fewer = full.entrusting(&List::new([run(9)]).unwrap());
        assert_eq!(fewer.entrusted(), [run(9)]);
        assert!(fewer.entrusting(&List::empty()).extensions.is_empty());
    }

    #[test]
    fn runs_that_do_not_parse_are_passed_over() {
        let broken = Extension {
            number: ENTRUSTED,
            critical: false,
            value: Bytes::new(*b"no list").unwrap(),
        };
        let extensions = SortedList::new([broken]).unwrap();
        let heartbeat = Heartbeat {
            extensions,
            ..heartbeat()
        };
        assert_eq!(heartbeat.check(), Ok(()));
        assert_eq!(heartbeat.entrusted(), []);
    }
}
