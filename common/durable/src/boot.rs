//! Which boot of the machine this is.

use std::fs;

/// Returns the identity of the running boot, or an empty string where the system has none: then
/// the index is rebuilt after every unclean stop.
#[must_use]
pub fn boot_id() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}
