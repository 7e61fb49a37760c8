//! Relays and desks that are given another anchor, by the ceremony of docs/ceremonies.md.

use std::path::PathBuf;

use maille_client::entropy::OsRandomness;
use maille_client::home::{Cost, Home, NewOfficer, Passphrase, Reanchoring, Unlock, format_anchor};
use maille_common::codec::encode;
use maille_common::roster::Roster;
use maille_relay::{NewAnchor, reanchor};

use super::TestNet;
use crate::network::FOUNDED;

/// What the letter speaks of, and the documents that come with it.
#[derive(Debug)]
pub struct Anew {
    roster: Roster,
    anchor: PathBuf,
    documents: PathBuf,
}

impl TestNet {
    /// The holders of the authority's keys are lost, and others found the network anew. Nobody
    /// trusts it yet.
    pub fn found_anew(&mut self) -> Anew {
        let documents = self.network.found_anew();
        let roster = Roster::found(self.network.anchor(), &documents).unwrap();
        let folder = tempfile::tempdir_in(self.path()).unwrap().keep();
        let (anchor, published) = (folder.join("anchor.toml"), folder.join("roster"));
        std::fs::write(&anchor, format_anchor(roster.anchor())).unwrap();
        std::fs::create_dir(&published).unwrap();
        std::fs::write(published.join("network.part"), encode(&documents)).unwrap();
        Anew {
            roster,
            anchor,
            documents: published,
        }
    }

    /// A relay that is stopped trusts the new anchor.
    pub fn reanchor_relay(&self, relay: &str, anew: &Anew) {
        let new = NewAnchor {
            anchor: &anew.anchor,
            roster: &anew.documents,
            code: &anew.roster.anchor().code().to_string(),
        };
        reanchor(&self.relays[relay].folder, &new).unwrap();
    }

    /// Two officers of a desk that is closed trust the new anchor.
    pub fn reanchor_desk(&self, contact: &str, anew: &Anew) {
        let random = &mut OsRandomness::new();
        let passphrase = Passphrase::new("five small grey harbour cats");
        let mut home = Home::open(&self.desks[contact].home, Unlock::Machine).unwrap();
        let officers = ["Amina", "Boris"];
        for name in officers {
            let officer = NewOfficer {
                name,
                passphrase: &passphrase,
                cost: Cost::STANDARD,
            };
            home.add_officer(officer, FOUNDED, random).unwrap();
        }
        let new = Reanchoring {
            roster: &anew.roster,
            letter: "2026-1183",
            officers: officers.map(|name| (name, &passphrase)),
        };
        home.reanchor(&new, FOUNDED, random).unwrap();
    }
}
