//! Systemd hears that the agent lives.

use maille_link::{ServiceState, notify, watchdog_period};

use super::Desk;

/// Says that the agent lives for as long as its desk answers: a desk that hangs is started anew.
/// Never ends.
pub(crate) async fn watch(desk: &Desk) {
    let Some(period) = watchdog_period() else {
        return std::future::pending().await;
    };
    loop {
        if desk.client().newest_event().await.is_ok() {
            notify(ServiceState::Watchdog);
        }
        tokio::time::sleep(period).await;
    }
}
