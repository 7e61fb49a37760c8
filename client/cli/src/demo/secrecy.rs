//! What the relay holds, and what was on the wire, shows no word of the alert.

use std::collections::BTreeSet;
use std::fs;

use super::relay_process::LOG;
use super::stage::{Stage, ensure, failed};
use super::timeline::Told;
use super::words::{Found, Words};
use crate::fault::Fault;
use crate::network::file_fault;
use crate::sentence::{claim, demo};

impl Stage {
    /// What stands in the relay's folder before there is an alert is public: names, the roster, the
    /// words of the relay's own log.
    pub(super) fn leave_out_public_words(&mut self) -> Result<(), Fault> {
        let found = self.search(&self.words)?;
        let secret = self.words.without(&found.stored).without(&found.said);
        self.public_words = self.words.len() - secret.len();
        self.words = secret;
        ensure(self.words.len() > 0, claim::WordsNotPublic)
    }

    /// No word in any file of the relay, its log among them.
    pub(super) fn search_relay_folder(&self) -> Result<Told, Fault> {
        let found = self.search(&self.words)?;
        ensure(found.stored.is_empty(), claim::NoWordStored)?;
        let told_apart = self.without_own_words(&found)?;
        ensure(told_apart.is_empty(), claim::NoWordLogged)?;
        self.check_search()?;
        Ok(Told::new(
            demo::NoWordInFolder,
            demo::FolderSearched {
                words: &self.words.words(),
                letters: &Words::ALONE,
                runs: &self.words.runs(),
                public: &self.public_words,
                files: &found.files,
                bytes: &found.bytes,
                chance: &self.one_in(found.bytes),
            },
        ))
    }

    /// Words of the log that the relay does not have from itself: an alert about a checkpoint must
    /// not fail because the relay writes checkpoints. The program is read for them, unless the
    /// alert is its own.
    fn without_own_words(&self, found: &Found) -> Result<BTreeSet<String>, Fault> {
        if found.said.is_empty() || self.own_words {
            return Ok(found.said.clone());
        }
        let program = std::env::current_exe().map_err(failed)?;
        let bytes = fs::read(&program).map_err(|error| file_fault(&program, &error))?;
        let own = self.words.among(&found.said).found_in([bytes.as_slice()]);
        Ok(found.said.difference(&own).cloned().collect())
    }

    /// No word in any datagram, either way.
    pub(super) fn search_datagrams(&self) -> Result<Told, Fault> {
        let datagrams = self.recorder.datagrams();
        let bytes: usize = datagrams.iter().map(Vec::len).sum();
        ensure(
            bytes > self.dispatch.attachment().len(),
            claim::AlertPassedRecorder,
        )?;
        let found = self.words.found_in(datagrams.iter().map(Vec::as_slice));
        ensure(found.is_empty(), claim::NoWordInDatagram)?;
        Ok(Told::new(
            demo::NoWordOnWire,
            demo::WireSearched {
                words: &self.words.words(),
                letters: &Words::ALONE,
                runs: &self.words.runs(),
                datagrams: &datagrams.len(),
                bytes: &bytes,
                chance: &self.one_in(bytes),
            },
        ))
    }

    /// Of how many demonstrations one would find a word in so many bytes by chance.
    fn one_in(&self, bytes: usize) -> f64 {
        self.words.chance_in(bytes).recip().floor()
    }

    /// The same search does find what the relay has to hold, the name of an organisation, and every
    /// word where it is hidden.
    fn check_search(&self) -> Result<(), Fault> {
        let sealed = self.recorder.datagrams().pop().unwrap_or_default();
        let hidden = self.words.hidden_in(&sealed);
        let found = self.words.found_in([hidden.as_slice()]);
        ensure(found.len() == self.words.len(), claim::HiddenWordsFound)?;
        let mut known = Words::default();
        known.add(self.founded.relay.organisation.as_str());
        let found = self.search(&known)?;
        ensure(found.stored.len() == known.len(), claim::SearchFinds)
    }

    fn search(&self, words: &Words) -> Result<Found, Fault> {
        let folder = self.founded.site.relay();
        let unreadable = |error: std::io::Error| file_fault(&folder, &error);
        words.found_below(&folder, LOG).map_err(unreadable)
    }
}
