//! The streams of other devices' alerts: numbered and chained, so that one withheld shows (E16).

use maille_common::address::DeviceId;
use maille_common::check::Check;
use maille_common::content::ToldFork;
use maille_common::envelope::{Arrival, Content, IncomingStream, OpenedAlert, StreamPosition};
use maille_common::hash::Hash;
use maille_common::record::write_record;
use maille_common::terms::{Numbered, Release};
use maille_common::time::Timestamp;
use maille_durable::Batch;

use super::desk::{Desk, StepError};
use super::holes::{Row, put_hole};
use super::records::{HeardRecord, HoleIn, HoleRecord, IncomingRecord};
use super::tables;

impl Desk {
    /// E16: the stream from the sending device has no second story; what it lacks may still come.
    pub(super) fn follow_stream(
        &self,
        batch: &mut Batch,
        opened: &OpenedAlert,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let position = opened.position();
        let envelope = opened.envelope();
        let device = envelope.core().device;
        // Wraps of other releases stand outside the streams, whatever number they carry, and so do
        // those that another device than the alert's made.
        let is_now = envelope.delivery().entry.release == Release::Now;
        let numbered = Check::E16.stands() && is_now;
        if position.number == 0 || !numbered || opened.core().device != device {
            return Ok(());
        }
        let key = tables::stream_in(&device, position.epoch);
        let mut stream = self.stream_from(&device, &key, &position)?;
        let before = stream.newest();
        let expected = stream.chain_of(position.number, opened.link());
        let mut stories = (expected.unwrap_or(Hash::ZERO), position.chain);
        let arrival = match opened.content() {
            Content::Alert(_) => {
                let row = Row::alerts(device, position.epoch);
                let alert = Hash::from_bytes(*opened.id().as_bytes());
                match self.take_number(batch, row, position.number, alert)? {
                    Some(other) => {
                        stories = (other, alert);
                        Arrival::Fork
                    }
                    None => stream.receive(&position, opened.link()),
                }
            }
            Content::Heartbeat(_) | Content::Reconciliation(_) => stream.heard_of(&position),
        };
        let record = write_record(&IncomingRecord::of(&stream));
        batch.put_pieces(tables::STREAM_IN, &key, &record);
        self.count_in_stream(batch, opened, before, now)?;
        if arrival != Arrival::Fork {
            return Ok(());
        }
        let fork = ToldFork {
            device,
            of: Numbered::Alerts,
            epoch: position.epoch,
            number: position.number,
            first: stories.0,
            second: stories.1,
        };
        self.fork(batch, fork, opened.id(), now)
    }

    /// Leaves a hole below what came before its time, or takes what came late out of its hole.
    ///
    /// `newest` is what the stream remembers. It remembers so much beyond a hole and no more, and a
    /// heartbeat adds nothing to it, so what was heard of is kept beside it: nothing is missed
    /// twice.
    fn count_in_stream(
        &self,
        batch: &mut Batch,
        opened: &OpenedAlert,
        newest: u64,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let device = opened.envelope().core().device;
        let StreamPosition { epoch, number, .. } = opened.position();
        let key = tables::stream_in(&device, epoch);
        let heard: Option<HeardRecord> = self.find(tables::STREAM_HEARD, &key)?;
        let newest = heard.map_or(newest, |heard| heard.number.max(newest));
        // A heartbeat names the newest alert, and does not bring it.
        let brought = matches!(opened.content(), Content::Alert(_));
        if number <= newest {
            let hole = self.hole_at(Row::alerts(device, epoch), number)?;
            if let Some(hole) = hole.filter(|_| brought) {
                self.fill_gap(batch, &hole, (number, opened.id()), now)?;
            }
            return Ok(());
        }
        let hole = HoleRecord {
            of: HoleIn::Alerts,
            device,
            epoch,
            from: newest + 1,
            to: number - u64::from(brought),
            alert: opened.id(),
            looks: 0,
            since: self.counted(now),
            asked: None,
            rests: None,
        };
        if hole.from <= hole.to {
            put_hole(batch, &hole);
        }
        let heard = write_record(&HeardRecord { number });
        batch.put(tables::STREAM_HEARD, &key, &heard);
        Ok(())
    }

    fn stream_from(
        &self,
        from: &DeviceId,
        key: &[u8],
        position: &StreamPosition,
    ) -> Result<IncomingStream, StepError> {
        let record: Option<IncomingRecord> = self.find_long(tables::STREAM_IN, key)?;
        let start = || IncomingStream::start(from, position.epoch, &self.identity.device);
        Ok(record.map_or_else(start, |record| record.stream()))
    }
}
