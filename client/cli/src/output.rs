//! Where words go: data to standard output, talk to standard error.

use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};

use serde::Serialize;

use crate::exit::Exit;
use crate::fault::Fault;
use crate::safe_text::{safe_json, safe_lines, safe_text};
use crate::sentence::{fault, hint, output};

/// The two streams, and whether a machine reads the first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// JSON or text.
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a machine reads the results.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints the result: one JSON object on a line of its own, or the text.
    pub(crate) fn result(&self, object: &impl Serialize, text: &str) -> Result<(), Fault> {
        let line = match self.json {
            true => json(object)?,
            false => safe_lines(text),
        };
        writeln!(io::stdout().lock(), "{line}").map_err(|error| Fault::of_write(&error))
    }

    /// Writes bytes as they are: a table, a part. On a terminal, which would obey them, they are
    /// shown like everything else.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Fault> {
        let mut stdout = io::stdout().lock();
        let written = match stdout.is_terminal() {
            true => stdout.write_all(safe_lines(&String::from_utf8_lossy(bytes)).as_bytes()),
            false => stdout.write_all(bytes),
        };
        let flushed = written.and_then(|()| stdout.flush());
        flushed.map_err(|error| Fault::of_write(&error))
    }

    /// Tells people something. Nobody's work depends on it, so a closed stream is no fault.
    pub(crate) fn say(&self, text: impl Display) {
        tell_line(safe_lines(&text.to_string()));
    }

    /// Tells why a command failed, and what to do.
    pub(crate) fn fault(&self, fault: &Fault) {
        if !self.json {
            let sentence = &fault.sentence;
            self.say(output::Error { sentence });
            if let Some(hint) = &fault.hint {
                self.say(output::Hint { hint });
            }
            return;
        }
        let object = serde_json::json!({
            "error": { "code": fault.code, "message": fault.sentence, "hint": fault.hint },
        });
        tell_line(safe_json(&object.to_string()).into_owned());
    }

    /// Asks whether to go on. Only `yes` is yes.
    pub(crate) fn confirm(&self, question: impl Display) -> Result<(), Fault> {
        let mut stderr = io::stderr().lock();
        let question = safe_text(&question.to_string());
        let asked = write!(stderr, "{question} {} ", output::TypeYes);
        let _ = asked.and_then(|()| stderr.flush());
        let mut answer = String::new();
        io::stdin()
            .lock()
            .read_line(&mut answer)
            .map_err(|error| Fault::of_write(&error))?;
        match answer.trim() {
            "yes" => Ok(()),
            _ => {
                Err(Fault::new(Exit::Declined, "declined", fault::NotYes)
                    .with_hint(hint::AnswerYes))
            }
        }
    }
}

/// Writes a line to standard error, which is not buffered, at once: two agents may share one, and
/// their lines must not run into each other.
fn tell_line(mut line: String) {
    line.push('\n');
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// One object as a line of JSON, in which strangers' texts are harmless.
pub(crate) fn json(object: &impl Serialize) -> Result<String, Fault> {
    let json = serde_json::to_string(object);
    let json = json.map_err(|error| Fault::of_write(&error.into()))?;
    Ok(safe_json(&json).into_owned())
}
