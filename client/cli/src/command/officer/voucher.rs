//! Who vouches for a change of the ways into an open home: that it is open anyway is no reason.
//! Whoever could not open it gives nobody a way in, and takes nobody's.

use std::path::Path;

use maille_client::Key;
use maille_client::home::Passphrase;
use serde::{Deserialize, Serialize};

use crate::agent::Desk;
use crate::args::UnlockArgs;
use crate::fault::{Fault, Hint};
use crate::form::secret;
use crate::sentence::hint;

/// An officer who could open the home; nobody where the machine's key does.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Voucher(Option<Officer>);

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Officer {
    officer: String,
    #[serde(with = "secret")]
    passphrase: Passphrase,
}

impl Voucher {
    /// Whoever is named to open the home, or is on duty.
    pub(super) fn of(unlock: &UnlockArgs, home: &Path) -> Result<Self, Fault> {
        let named = unlock.key(home)?;
        Ok(Self(named.map(|(officer, passphrase)| Officer {
            officer,
            passphrase,
        })))
    }

    /// Checks that this would open the home.
    pub(super) async fn check(self, desk: &Desk) -> Result<(), Fault> {
        let client = desk.client();
        let Some(Officer {
            officer: name,
            passphrase,
        }) = self.0
        else {
            return client.check_key(Key::Machine).await.hint(hint::NameOfficer);
        };
        let key = Key::Officer { name, passphrase };
        client.check_key(key).await.hint(hint::CheckOfficer)
    }
}
