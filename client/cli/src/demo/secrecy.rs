//! What the relay holds, and what was on the wire, shows no word of the alert.

use std::collections::BTreeSet;
use std::fs;

use super::relay_process::LOG;
use super::stage::{Stage, ensure, failed};
use super::timeline::Told;
use super::words::{Found, Words};
use crate::fault::Fault;
use crate::network::file_fault;

impl Stage {
    /// What stands in the relay's folder before there is an alert is public: names, the roster, the
    /// words of the relay's own log.
    pub(super) fn leave_out_public_words(&mut self) -> Result<(), Fault> {
        let found = self.search(&self.words)?;
        self.words = self.words.without(&found.stored).without(&found.said);
        ensure(
            self.words.len() > 0,
            "the alert has a word of eight letters that is not public",
        )
    }

    /// No word in any file of the relay, its log among them.
    pub(super) fn search_relay_folder(&self) -> Result<Told, Fault> {
        let found = self.search(&self.words)?;
        ensure(
            found.stored.is_empty(),
            "no word of the alert is stored in the relay's folder",
        )?;
        let told_apart = self.without_own_words(&found)?;
        ensure(
            told_apart.is_empty(),
            "no word of the alert is in the relay's log or a name of its files",
        )?;
        self.check_search()?;
        Ok(Told::new(
            "no word of subject, text, payload, attachment or note is in the relay's folder",
            format!(
                "{} words of 8 letters or more, none of them public before, searched for in {} \
                 files of {} bytes; found 0",
                self.words.len(),
                found.files,
                found.bytes
            ),
        ))
    }

    /// Words of the log that the relay does not have from itself: an alert about a checkpoint must
    /// not fail because the relay writes checkpoints. The program is read for them, unless the
    /// alert is its own.
    fn without_own_words(&self, found: &Found) -> Result<BTreeSet<Vec<u8>>, Fault> {
        if found.said.is_empty() || self.own_words {
            return Ok(found.said.clone());
        }
        let program = std::env::current_exe().map_err(failed)?;
        let bytes = fs::read(&program).map_err(|error| file_fault(&program, &error))?;
        let own = self.words.found_in([bytes.as_slice()]);
        Ok(found.said.difference(&own).cloned().collect())
    }

    /// No word in any datagram, either way.
    pub(super) fn search_datagrams(&self) -> Result<Told, Fault> {
        let datagrams = self.recorder.datagrams();
        let bytes: usize = datagrams.iter().map(Vec::len).sum();
        ensure(
            bytes > self.dispatch.attachment().len(),
            "the alert passed the recorder",
        )?;
        let found = self.words.found_in(datagrams.iter().map(Vec::as_slice));
        ensure(found.is_empty(), "no word of the alert is in a datagram")?;
        Ok(Told::new(
            "no word of the alert was on the wire between desks and relay",
            format!(
                "{} words searched for in {} datagrams of {bytes} bytes; found 0",
                self.words.len(),
                datagrams.len()
            ),
        ))
    }

    /// The same search does find what the relay has to hold: the name of an organisation.
    fn check_search(&self) -> Result<(), Fault> {
        let mut known = Words::default();
        known.add(self.founded.relay.organisation.as_str());
        let found = self.search(&known)?;
        ensure(
            found.stored.len() == known.len(),
            "the search finds what is there",
        )
    }

    fn search(&self, words: &Words) -> Result<Found, Fault> {
        let folder = self.founded.site.relay();
        let unreadable = |error: std::io::Error| file_fault(&folder, &error);
        words.found_below(&folder, LOG).map_err(unreadable)
    }
}
