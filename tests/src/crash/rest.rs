//! The end of a world: no faults until all is settled, then fresh opens of all stores.

use super::audit;
use super::crew::Crew;
use super::violation::{Broken, Violation};

/// Lets a world run without faults until all is settled, and audits its stores.
pub(crate) fn come_to_rest(crew: &mut Crew) -> Vec<Violation> {
    until_settled(crew);
    audit_stores(crew)
}

/// Waits until everything that was promised is settled, and nothing waits at the relay.
pub(crate) fn until_settled(crew: &mut Crew) {
    crew.until_up();
    if let Err(what) = crew.until_quiet() {
        crew.checker
            .violate(Violation::new(Broken::NotSettled, what));
    }
}

/// Stops everybody, opens all stores, and weighs what they hold against what was promised.
pub(crate) fn audit_stores(crew: &mut Crew) -> Vec<Violation> {
    crew.kill_everybody();
    let findings = audit::open_all(&crew.world);
    crew.checker.weigh(&findings);
    crew.checker.take_violations()
}
