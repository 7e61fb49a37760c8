//! Tells systemd how a service is doing (sd_notify(3)). Without systemd it tells nobody.

use std::time::Duration;

/// What systemd is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// Whom it serves can reach it.
    Ready,
    /// It is on its way down.
    Stopping,
    /// It lives.
    Watchdog,
}

impl ServiceState {
    const fn message(self) -> &'static [u8] {
        match self {
            Self::Ready => b"READY=1",
            Self::Stopping => b"STOPPING=1",
            Self::Watchdog => b"WATCHDOG=1",
        }
    }
}

/// Sends a state to the socket that `NOTIFY_SOCKET` names. A failure is logged, and stops nothing.
#[cfg(target_os = "linux")]
pub fn notify(state: ServiceState) {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(abstract_name) => SocketAddr::from_abstract_name(abstract_name),
        None => SocketAddr::from_pathname(&name),
    };
    let sent = address
        .and_then(|address| UnixDatagram::unbound()?.send_to_addr(state.message(), &address));
    if let Err(error) = sent {
        tracing::warn!(%error, ?state, "systemd could not be told");
    }
}

/// Nobody to tell on this system.
#[cfg(not(target_os = "linux"))]
pub fn notify(state: ServiceState) {
    tracing::trace!(message = ?state.message(), "no service manager");
}

/// How often systemd wants to hear that the service lives: half of what it allows.
pub fn watchdog_period() -> Option<Duration> {
    let allowed_us: u64 = std::env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
    let of_another =
        std::env::var("WATCHDOG_PID").is_ok_and(|pid| pid != std::process::id().to_string());
    (allowed_us > 0 && !of_another).then(|| Duration::from_micros(allowed_us / 2))
}
