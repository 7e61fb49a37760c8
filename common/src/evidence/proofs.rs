//! Signatures that were found to hold: what is kept is looked at again and again, and to compute
//! each signature anew takes longer than everything else in a look.

use std::collections::BTreeSet;

use super::statement::{Proven, Signed, Statement};
use crate::crypto::batch;
use crate::crypto::ed25519::VerifyingKey;
use crate::limits;

/// Key, the very bytes that it signed, and the signature: the same three hold for ever.
type Held = (VerifyingKey, [u8; 68], [u8; 64]);

/// Signatures that held. Who may sign, and what a statement means, is judged anew each time.
#[derive(Debug, Default)]
pub struct Proofs {
    recent: BTreeSet<Held>,
    /// Those from before, which go when there are as many newer ones.
    older: BTreeSet<Held>,
}

impl Proofs {
    /// Notes the signature of what was proven.
    pub fn note<S: Statement>(&mut self, proven: &Proven<S>) {
        if let Some(held) = held(proven.key(), proven.signed()) {
            self.put(held);
        }
    }

    /// Whether a signature is known to hold under a key.
    pub(super) fn has<S: Statement>(&mut self, key: &VerifyingKey, signed: &Signed<S>) -> bool {
        let Some(held) = held(key, signed) else {
            return false;
        };
        if self.recent.contains(&held) {
            return true;
        }
        let known = self.older.contains(&held);
        if known {
            self.put(held);
        }
        known
    }

    fn put(&mut self, held: Held) {
        if self.recent.len() >= limits::PROOFS_MAX / 2 {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(held);
    }
}

fn held<S: Statement>(key: &VerifyingKey, signed: &Signed<S>) -> Option<Held> {
    let (statement, signature) = (signed.statement.bytes(), &signed.signature);
    let message = batch::message_of(S::SIGNATURE, statement, signature)?;
    Some((*key, message, *signature.signature.as_bytes()))
}
