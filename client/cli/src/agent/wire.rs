//! A fault on its way over the socket.

use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::fault::Fault;

/// The longest question or answer, in bytes: an alert's texts and payloads, in base64, and room.
pub(super) const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A fault as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FaultBody {
    code: String,
    message: String,
    hint: Option<String>,
    /// The exit code of the command that asked.
    exit: u8,
}

impl From<Fault> for FaultBody {
    fn from(fault: Fault) -> Self {
        Self {
            code: fault.code.into_owned(),
            message: fault.sentence,
            hint: fault.hint,
            exit: fault.exit.code(),
        }
    }
}

impl From<FaultBody> for Fault {
    fn from(body: FaultBody) -> Self {
        let exit = Exit::from_code(body.exit);
        let fault = Self::new(exit, body.code, body.message);
        Self {
            hint: body.hint,
            ..fault
        }
    }
}

/// The HTTP status of a kind of fault.
pub(super) fn status_of(exit: Exit) -> StatusCode {
    match exit {
        Exit::Usage | Exit::Input => StatusCode::BAD_REQUEST,
        Exit::Unproven | Exit::Refused | Exit::Access | Exit::Declined => StatusCode::FORBIDDEN,
        Exit::Waiting | Exit::NotSent => StatusCode::CONFLICT,
        Exit::Late => StatusCode::REQUEST_TIMEOUT,
        Exit::World => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
