//! What the relay holds, and what was on the wire, shows no word of the alert.

use super::stage::{Stage, ensure};
use super::timeline::Told;
use crate::fault::Fault;
use crate::network::file_fault;

impl Stage {
    /// No word in any file of the relay, its log among them.
    pub(super) fn search_relay_folder(&self) -> Result<Told, Fault> {
        let folder = self.founded.site.relay();
        let unreadable = |error: std::io::Error| file_fault(&folder, &error);
        let (found, searched) = self.words.found_below(&folder).map_err(unreadable)?;
        ensure(
            found.is_empty(),
            format_args!("no word of the alert is in {}", folder.display()),
        )?;
        self.check_search(&folder)?;
        Ok(Told::new(
            "no word of subject, text, payload, attachment or note is in the relay's folder",
            format!(
                "{} words of 8 letters or more searched for in {} files of {} bytes; found 0",
                self.words.len(),
                searched.files,
                searched.bytes
            ),
        ))
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

    /// The same search does find what the relay has to hold: the address of the sender.
    fn check_search(&self, folder: &std::path::Path) -> Result<(), Fault> {
        let mut known = super::words::Words::default();
        known.add(self.founded.relay.organisation.as_str());
        let (found, _) = known
            .found_below(folder)
            .map_err(|error| file_fault(folder, &error))?;
        ensure(found.len() == known.len(), "the search finds what is there")
    }
}
