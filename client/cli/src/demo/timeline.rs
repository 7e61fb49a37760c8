//! The timeline: one line per step, with what proves it.

use std::fmt::Display;

use serde::Serialize;

use crate::clock::now;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::output::Output;
use crate::sentence::{demo, fault};

/// What a step found: what happened, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// What happened, as a sentence.
    pub(crate) what: String,
    /// What proves it.
    pub(crate) proof: String,
}

impl Told {
    /// A step that is verified.
    pub(crate) fn new(what: impl Display, proof: impl Display) -> Self {
        Self {
            what: what.to_string(),
            proof: proof.to_string(),
        }
    }
}

/// One line.
#[derive(Debug, Serialize)]
struct Line<'a> {
    step: &'a str,
    ok: bool,
    time: String,
    what: &'a str,
    proof: &'a str,
}

/// The last line.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    step: &'a str,
    ok: bool,
    proof: String,
    verified: usize,
    steps: usize,
    folder: &'a str,
    openssl: &'a str,
    by_hand: &'a [String],
}

/// The steps so far.
#[derive(Debug)]
pub(crate) struct Timeline<'a> {
    output: &'a Output,
    steps: usize,
    verified: usize,
}

impl<'a> Timeline<'a> {
    /// Begins a timeline of so many steps.
    pub(crate) fn new(output: &'a Output, steps: usize) -> Self {
        Self {
            output,
            steps,
            verified: 0,
        }
    }

    /// Shows a step. The first that is not verified ends the demonstration.
    pub(crate) fn tell(&mut self, step: &str, told: Result<Told, Fault>) -> Result<(), Fault> {
        let Told { what, proof } = self.passed(step, told)?;
        self.verified += 1;
        let time = now().to_string();
        let text = format!("{time}  {}  {step}: {what}\n    {proof}", demo::Ok);
        let line = Line {
            step,
            ok: true,
            time,
            what: &what,
            proof: &proof,
        };
        self.output.result(&line, &text)
    }

    /// Shows nothing of what a step brought, unless it failed.
    pub(crate) fn passed<T>(&mut self, step: &str, outcome: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(fault) = &outcome {
            let time = now().to_string();
            let proof = format!("{} ({})", fault.sentence, fault.code);
            let count = self.count();
            let verdict = demo::NotVerified;
            let text = format!("{time}  {verdict}  {step}\n    {proof}\n\n{count}");
            let line = Line {
                step,
                ok: false,
                time,
                what: "",
                proof: &proof,
            };
            self.output.result(&line, &text)?;
        }
        outcome
    }

    /// Shows what remains to be done by hand, and fails unless every step was verified.
    pub(crate) fn end(self, folder: &str, openssl: &str, by_hand: &[String]) -> Result<(), Fault> {
        let ok = self.verified == self.steps;
        let summary = Summary {
            step: "summary",
            ok,
            proof: self.count(),
            verified: self.verified,
            steps: self.steps,
            folder,
            openssl,
            by_hand,
        };
        let text = format!(
            "\n{}\n\n{}\n\n{openssl}\n\n{}\n\n{}",
            self.count(),
            demo::CheckWithOpenssl,
            demo::GoOnByHand,
            by_hand.join("\n")
        );
        self.output.result(&summary, &text)?;
        match ok {
            true => Ok(()),
            false => Err(Fault::new(
                Exit::Refused,
                "demo-steps",
                fault::StepsNotVerified,
            )),
        }
    }

    fn count(&self) -> String {
        let verified = demo::Verified {
            verified: &self.verified,
            count: &self.steps,
        };
        verified.to_string()
    }
}
