//! `maille-relay account`: asks the relay that runs, or reads the store of one that does not.

use maille_common::safe_text::{safe_json, safe_text};
use maille_durable::{ExtractError, OpenError};

use super::{Exit, print, unreachable};
use crate::admin::{AdminAnswer, AdminRequest, ask, nobody_listens};
use crate::books::{BooksError, Day, account_of_stopped, lines};
use crate::core::Account;
use crate::folder::RelayFolder;

/// Prints the books of a day; fails where they do not balance.
pub(super) fn balance(folder: &RelayFolder, day: Day, json: bool) -> Result<(), Exit> {
    let account = take(folder, day)?;
    if json {
        let text = serde_json::to_string(&account)
            .map_err(|error| Exit::Other(format!("The account is no JSON: {error}.")))?;
        print(&safe_json(&text))?;
    } else {
        let lines = lines(&account);
        lines.iter().try_for_each(|line| print(&safe_text(line)))?;
    }
    if account.is_sound() {
        return Ok(());
    }
    Err(Exit::Check(format!(
        "The relay's books do not balance: {} faults were found.",
        account.faults_found
    )))
}

fn take(folder: &RelayFolder, day: Day) -> Result<Account, Exit> {
    let request = AdminRequest::Account {
        day: day.to_string(),
    };
    match ask(folder, &request) {
        Ok(AdminAnswer::Account { account }) => Ok(*account),
        Ok(AdminAnswer::Failed { sentence }) => Err(Exit::Store(sentence)),
        Ok(_) => Err(Exit::Other(
            "The relay answered another question; it has another version.".to_owned(),
        )),
        Err(error) if !nobody_listens(&error) => Err(unreachable(folder, &error)),
        Err(error) => account_of_stopped(folder, day).map_err(|fault| match fault {
            // It runs, and cannot be asked here.
            BooksError::Extract(ExtractError::Files(OpenError::Locked { .. })) => {
                unreachable(folder, &error)
            }
            fault => Exit::Store(fault.to_string()),
        }),
    }
}
