//! Whether something that fell due was told once, in time, and as certain.

use std::collections::BTreeMap;

use super::{DEPUTY_LATER, EXPIRES_LATER, SENDER};
use crate::crash::report::{Due, ReportedDues, Role, Told};

/// No deadline is kept later than that, by whoever runs.
pub(super) const LATE_MS: u64 = 1_000;
/// The wall's clock may be slewed a little against the clock by which deadlines are counted.
const SLEWED_MS: u64 = 20;

/// Who was down, from when, and until when it was up again.
pub(super) type Down = BTreeMap<Role, Vec<(u64, u64)>>;

/// How late it was told, or what was wrong.
pub(super) fn judge(
    within_ms: u64,
    dues: &ReportedDues,
    due: Due,
    down: &Down,
) -> Result<u64, String> {
    let told: Vec<&Told> = dues.told.iter().filter(|told| told.due == due).collect();
    let [told] = told[..] else {
        return Err(format!("it was told {} times", told.len()));
    };
    let Some(accepted) = dues.accepted else {
        return Err("no relay has accepted it".to_owned());
    };
    let by_relay = accepted + within_ms;
    let (role, due_ms) = match due {
        Due::Overdue => (SENDER, dues.sender.0),
        Due::Step => (Role::Relay, by_relay + DEPUTY_LATER.ms()),
        Due::Unseen => (Role::Relay, by_relay + EXPIRES_LATER.ms()),
        Due::Expired => (SENDER, dues.sender.1),
    };
    if told.at_ms + SLEWED_MS < due_ms {
        return Err(format!("it was {} ms early", due_ms - told.at_ms));
    }
    if told.uncertain {
        return Err("it is uncertain, and the machine was not off".to_owned());
    }
    let late_ms = told.at_ms.saturating_sub(possible_from(role, due_ms, down));
    match late_ms {
        0..=LATE_MS => Ok(late_ms),
        _ => Err(format!("it was {late_ms} ms late")),
    }
}

/// When whoever has to keep a deadline was there for it: when it was due, or up again.
fn possible_from(role: Role, due_ms: u64, down: &Down) -> u64 {
    let down = down.get(&role).map_or(&[][..], Vec::as_slice);
    let mut from = due_ms;
    for (killed, up) in down {
        // It may have been killed before the time that it has was over.
        if *killed <= from + LATE_MS && from < *up {
            from = *up;
        }
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHIN_MS: u64 = 7_000;

    type Spoil<'a> = &'a dyn Fn(&mut Vec<Told>);

    /// Everything told when it was due, of an alert that was committed at 1,000 and accepted at
    /// 1,100.
    fn exact() -> ReportedDues {
        let (sender, relay) = (1_000 + WITHIN_MS, 1_100 + WITHIN_MS);
        let told = |due, at_ms| Told {
            due,
            at_ms,
            uncertain: false,
        };
        ReportedDues {
            recipient: 0,
            sender: (sender, sender + EXPIRES_LATER.ms()),
            accepted: Some(1_100),
            told: vec![
                told(Due::Overdue, sender),
                told(Due::Step, relay + DEPUTY_LATER.ms()),
                told(Due::Unseen, relay + EXPIRES_LATER.ms()),
                told(Due::Expired, sender + EXPIRES_LATER.ms()),
            ],
        }
    }

    fn judged(dues: &ReportedDues, down: &Down) -> Vec<Result<u64, String>> {
        let judged = Due::ALL.map(|due| judge(WITHIN_MS, dues, due, down));
        judged.into()
    }

    #[test]
    fn what_is_told_when_it_is_due_is_right() {
        assert_eq!(judged(&exact(), &Down::new()), vec![Ok(0); 4]);
    }

    #[test]
    fn what_is_missed_early_late_told_twice_or_uncertain_is_noticed_of_every_kind() {
        for at in 0..Due::ALL.len() {
            let spoil: [Spoil<'_>; 5] = [
                &|told| {
                    told.remove(at);
                },
                &|told| told[at].at_ms -= SLEWED_MS + 1,
                &|told| told[at].at_ms += LATE_MS + 1,
                &|told| told.push(told[at]),
                &|told| told[at].uncertain = true,
            ];
            for spoil in spoil {
                let mut dues = exact();
                spoil(&mut dues.told);
                let judged = judged(&dues, &Down::new());
                for (place, one) in judged.iter().enumerate() {
                    assert_eq!(one.is_err(), place == at, "{one:?}");
                }
            }
        }
    }

    #[test]
    fn whoever_is_down_keeps_it_when_it_is_up_again_and_nobody_else_is_excused() {
        let mut dues = exact();
        let due_ms = dues.told[1].at_ms;
        dues.told[1].at_ms += 4_000;
        let was_down = |role, from, until| Down::from([(role, vec![(from, until)])]);
        let late = |down: &Down| judge(WITHIN_MS, &dues, Due::Step, down);
        let up = due_ms + 3_500;
        assert_eq!(late(&was_down(Role::Relay, due_ms - 10, up)), Ok(500));
        assert_eq!(late(&was_down(Role::Relay, due_ms + LATE_MS, up)), Ok(500));
        assert!(late(&was_down(Role::Relay, due_ms + LATE_MS + 1, up)).is_err());
        assert!(late(&was_down(Role::Relay, due_ms - 10, due_ms)).is_err());
        assert!(late(&was_down(SENDER, due_ms - 10, up)).is_err());
    }
}
