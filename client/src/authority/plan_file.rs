//! `network.toml`: a plan as text. Unknown keys are errors: a misspelt rule would be none.

use std::path::{Path, PathBuf};

use maille_common::roster::{DutyHours, RequestError};
use maille_common::toml_tokens::check_tokens;
use serde::Deserialize;
use thiserror::Error;

use super::admit::code_is;
use super::files::{self, FileError, read_request};
use super::plan::{DevicePlan, KeyPairPlan, NetworkPlan};

pub(super) mod text;

/// A thousand contacts of a kilobyte, and comments.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// A plan is two bytes and more for a token, as they are counted; rules and lists of the shortest
/// patterns are less, and have no more than this beyond that.
const BYTES_OF_TOKEN: usize = 2;
const TOKENS_FREE: usize = 8192;

/// Reads a plan from text. Requests of devices that it names as files are not read.
pub fn parse_plan(text: &str) -> Result<NetworkPlan, PlanFileError> {
    let tokens_max = TOKENS_FREE + text.len() / BYTES_OF_TOKEN;
    check_tokens(text, tokens_max).map_err(|error| PlanFileError::Form {
        why: error.to_string(),
    })?;
    toml::from_str(text).map_err(|error| PlanFileError::Form {
        why: located(text, &error),
    })
}

/// Reads hours of duty such as `mon-fri 08:00-18:00`.
pub fn parse_hours(line: &str) -> Option<DutyHours> {
    text::duty_hours(line)
}

/// Reads a plan and the requests it names, from the plan's own folder, and compares their codes.
pub fn read_plan(path: &Path) -> Result<NetworkPlan, PlanFileError> {
    let mut plan = parse_plan(&files::read_text(path, BYTES_MAX)?)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let network = plan.network.clone();
    let contacts = plan
        .organisations
        .iter_mut()
        .filter_map(|found| found.contacts.as_mut());
    for contact in contacts.flatten() {
        for device in contact.devices.iter_mut().flatten() {
            device.read_request(&folder, &network)?;
        }
    }
    Ok(plan)
}

impl DevicePlan {
    fn read_request(&mut self, folder: &Path, network: &str) -> Result<(), PlanFileError> {
        let Self::File { request, code } = self else {
            return Ok(());
        };
        let file = folder.join(request);
        let signed = read_request(&file)?;
        let refuse = |source| PlanFileError::Request {
            file: file.clone(),
            source,
        };
        let right = code_is(&signed.verify(network).map_err(refuse)?, code);
        if !right {
            return Err(PlanFileError::WrongCode { file });
        }
        *self = Self::Request(Box::new(signed));
        Ok(())
    }
}

/// A device as it stands in the text: by keys, or by request and code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceForm {
    id: Option<String>,
    label: Option<String>,
    #[serde(default)]
    keys: Vec<KeyPairPlan>,
    request: Option<PathBuf>,
    code: Option<String>,
}

impl TryFrom<DeviceForm> for DevicePlan {
    type Error = String;

    fn try_from(form: DeviceForm) -> Result<Self, String> {
        match form {
            DeviceForm {
                id: None,
                label: None,
                keys,
                request: Some(request),
                code: Some(code),
            } if keys.is_empty() => Ok(Self::File { request, code }),
            DeviceForm {
                id: Some(id),
                label: Some(label),
                keys,
                request: None,
                code: None,
            } => {
                let id = id
                    .parse()
                    .map_err(|_| "a device's `id` is 32 hexadecimal digits")?;
                Ok(Self::Keys { id, label, keys })
            }
            _ => {
                Err("a device has either `request` and `code`, or `id`, `label` and `keys`".into())
            }
        }
    }
}

/// The fault with its line, as people look for it.
fn located(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().trim_end_matches('.').replace('\n', " ");
    match error.span() {
        Some(span) => {
            let line = text
                .get(..span.start)
                .map_or(1, |before| before.matches('\n').count() + 1);
            format!("line {line}: {message}")
        }
        None => message,
    }
}

/// Why a plan cannot be read.
#[derive(Debug, Error)]
pub enum PlanFileError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The text is not a plan.
    #[error("The description of the network is not understood, {why}.")]
    Form {
        /// Where and what, as a clause.
        why: String,
    },
    /// The request of a device does not verify.
    #[error("The request {} is refused. {source}", .file.display())]
    Request {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: RequestError,
    },
    /// The code of a request is another one.
    #[error(
        "The code written beside {} is not the code of this request: it was exchanged on its way, \
         or the digits were misheard. Telephone again.", .file.display()
    )]
    WrongCode {
        /// The file.
        file: PathBuf,
    },
}

impl PlanFileError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(fault) => fault.code(),
            Self::Form { .. } => "plan-form",
            Self::Request { source, .. } => source.code(),
            Self::WrongCode { .. } => "wrong-code",
        }
    }
}
