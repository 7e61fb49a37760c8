//! All questions by name.

use super::{Ask, Desk};
use crate::command::archive::{standing, stop, to};
use crate::command::device::{join, renewals};
use crate::command::drill::{over, show};
use crate::command::officer::{add, passphrase, remove, sign_in, sign_out};
use crate::command::read::{part, save};
use crate::command::send::{preview, wait};
use crate::command::{
    ack, addendum, contacts, doctor, drill, export, handover, inbox, ledger, listen, read,
    reconcile, refuse, send, status, track,
};
use crate::exit::Exit;
use crate::fault::Fault;
use crate::safe_text::safe_json;
use crate::sentence::{fault, hint};

/// Declares the questions there are.
macro_rules! questions {
    ($($question:ty),+ $(,)?) => {
        /// The names of all questions.
        const NAMES: &[&str] = &[$(<$question>::NAME),+];

        /// Answers the question of this name, asked and answered as JSON.
        pub(super) async fn answer(name: &str, json: &[u8], desk: &Desk) -> Result<Vec<u8>, Fault> {
            $(if name == <$question>::NAME {
                return answer_one::<$question>(json, desk).await;
            })+
            Err(unknown(name))
        }
    };
}

questions! {
    contacts::Contacts,
    preview::Preview,
    send::Send,
    wait::Wait,
    inbox::Inbox,
    read::Read,
    part::Part,
    save::Save,
    ack::Acknowledge,
    refuse::Refuse,
    track::Track,
    listen::Next,
    listen::Handled,
    status::Status,
    doctor::Doctor,
    sign_in::In,
    sign_out::Out,
    add::Add,
    passphrase::Change,
    remove::Remove,
    join::Join,
    renewals::Renewals,
    ledger::Ledger,
    handover::Handover,
    export::Export,
    drill::Drill,
    over::Over,
    show::Show,
    addendum::Add,
    reconcile::Reconcile,
    to::Use,
    standing::ArchiveStatus,
    stop::Stop,
}

/// There is no such question.
pub(super) fn unknown(name: &str) -> Fault {
    let sentence = fault::NoSuchQuestion { name: &name };
    let names = &NAMES.join(", ");
    Fault::new(Exit::Usage, "unknown-question", sentence).with_hint(hint::Questions { names })
}

async fn answer_one<A: Ask>(json: &[u8], desk: &Desk) -> Result<Vec<u8>, Fault> {
    // No body asks for what needs nothing said.
    let json = if json.is_empty() { b"{}" } else { json };
    let question: A = serde_json::from_slice(json).map_err(|error| {
        let (name, error) = (&A::NAME, &error);
        let sentence = fault::QuestionMalformed { name, error };
        Fault::new(Exit::Input, "question-form", sentence).with_hint(hint::QuestionFields)
    })?;
    let answer = question.answer(desk).await?;
    let written = serde_json::to_string(&answer).map_err(|error| {
        let sentence = fault::AnswerUnwritable { error: &error };
        Fault::new(Exit::World, "answer-form", sentence)
    })?;
    // Whoever asks with `curl` sees it as it is.
    Ok(safe_json(&written).into_owned().into_bytes())
}
