//! Where a mailbox begins, class by class: a look need not go over what was taken out of it.

use maille_common::terms::Urgency;

use super::mailbox::Waiting;
use super::relay::RelayCore;

/// Classes, from 0, which no mail has.
const CLASSES: usize = RelayCore::CLASS_LAST as usize + 1;

/// The numbers below which nothing of a class waits for a device.
///
/// Numbers only rise, and what was confirmed stays gone, so a floor that held once holds for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Floors([u64; CLASSES]);

impl Floors {
    /// Takes what a look from these floors has shown, in its order.
    pub fn raise(&mut self, waiting: &[Waiting]) {
        let mut last = None;
        for mail in waiting {
            if last.replace(mail.class) != Some(mail.class)
                && let Some(floor) = self.0.get_mut(usize::from(mail.class))
            {
                *floor = mail.number;
            }
        }
    }

    /// Where ranges begin that hold everything that may wait, in the order of mailboxes: class and
    /// number. Each goes on to where the next begins.
    pub(super) fn ranges(&self) -> Vec<(u8, u64)> {
        let above = (0..=u8::MAX).zip(self.0).filter(|(_, floor)| *floor > 0);
        let mut begins = vec![(0, 0)];
        begins.extend(above);
        begins
    }
}

const _: () = assert!(CLASSES == Urgency::Unknown.code() as usize + 2);

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(class: u8, number: u64) -> Waiting {
        Waiting { class, number }
    }

    #[test]
    fn a_look_begins_with_the_first_mail_of_each_class_that_was_seen() {
        let mut floors = Floors::default();
        assert_eq!(floors.ranges(), [(0, 0)]);
        floors.raise(&[mail(1, 9), mail(1, 12), mail(3, 4), mail(3, 5)]);
        assert_eq!(floors.ranges(), [(0, 0), (1, 9), (3, 4)]);
        floors.raise(&[mail(3, 7)]);
        assert_eq!(floors.ranges(), [(0, 0), (1, 9), (3, 7)]);
    }
}
