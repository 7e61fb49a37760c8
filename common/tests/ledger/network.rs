//! Everything that can happen in a state: frames that arrive, once or again, connections that
//! break, restarts, ticks, and people.
//!
//! What is under way is what its origin has durably and its destination has not: origins offer it
//! at each connection until it is confirmed. A frame that is lost takes its connection with it. A
//! confirmation that is lost shows as a duplicate: the same frame once more. A restart breaks the
//! connections of a party, and what it took and had not committed is a frame that never came: a
//! party commits, and then speaks. Losses, duplicates and restarts are not counted: the model has
//! any number of them, and so the few that an exploration with a count would have.

use crate::case::{Case, TICKS_MAX};
use crate::pieces::{Piece, Pieces};
use crate::state::{Addendum, Device, Link, State};

/// A frame under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Sender to relay: the alert.
    Submission,
    /// Sender to relay: new wraps for the first device.
    Addendum,
    /// Sender to relay: the alert is taken back.
    Cancel,
    /// Relay to a device, or past it to a deputy who collects elsewhere: the alert.
    Delivery(Device),
    /// Relay to the first device: the new wraps.
    Rewrap,
    /// A device's receipt to the relay it collected from.
    Receipt(Piece),
    /// A receipt for the sender: from the relay, or from where a deputy collects.
    ForSender(Piece),
    /// Relay to sender: its answer and its notices, in the order of the mailbox.
    Notices,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Arrives(Frame),
    ArrivesAgain(Frame),
    /// A frame is lost, and its connection with it.
    Breaks(Link),
    /// The relay restarts; of every other party a restart is its connection's.
    RelayRestarts,
    Connects(Link),
    Ticks,
    /// Somebody acts: an officer, a program, another recipient.
    Acts(Piece),
    /// The removed deputy comes back.
    DeputyReturns,
}

const DEVICES_PIECES: [(Device, &[Piece]); 3] = [
    (
        Device::First,
        &[
            Piece::AckFirst,
            Piece::ProgramFirst,
            Piece::GoneFirst,
            Piece::BrokenFirst,
        ],
    ),
    (Device::Second, &[Piece::RefuseSecond, Piece::BrokenSecond]),
    (Device::Deputy, &[Piece::AckDeputy, Piece::BrokenDeputy]),
];

/// The device that signs a piece; none for what others sign.
fn signer(piece: Piece) -> Option<Device> {
    let of = DEVICES_PIECES
        .iter()
        .find(|(_, pieces)| pieces.contains(&piece));
    of.map(|(device, _)| *device)
}

/// The connection a frame travels on.
pub(crate) fn link(case: &Case, frame: Frame) -> Link {
    match frame {
        Frame::Submission | Frame::Addendum | Frame::Cancel | Frame::Notices => Link::Sender,
        Frame::Delivery(device) => Link::of(device),
        Frame::Rewrap => Link::First,
        Frame::Receipt(piece) => signer(piece).map_or(Link::Sender, Link::of),
        Frame::ForSender(piece) => match signer(piece) {
            Some(Device::Deputy) if case.deputy_is_elsewhere() => Link::Deputy,
            _ => Link::Sender,
        },
    }
}

/// What is under way, whether its connection stands or not.
pub(crate) fn under_way(case: &Case, state: &State) -> Vec<Frame> {
    let mut frames = Vec::new();
    let own = Pieces::of(&[Piece::Cancel, Piece::Expiry]);
    if state.accepted.is_none() {
        frames.push(Frame::Submission);
    }
    if state.signed.has(Piece::Cancel) && !state.relay.has(Piece::Cancel) {
        frames.push(Frame::Cancel);
    }
    if state.accepted.is_some() {
        match state.addendum {
            Addendum::Made => frames.push(Frame::Addendum),
            Addendum::AtRelay => frames.push(Frame::Rewrap),
            Addendum::None | Addendum::Opened => {}
        }
    }
    for device in Device::ALL {
        if is_offered(case, state, device) && !state.delivered[device as usize] {
            frames.push(Frame::Delivery(device));
        }
    }
    let mut at_relay = state.relay;
    let mut to_relay = state.signed.without(own).without(state.relay);
    if case.deputy_is_elsewhere() {
        let deputys = Pieces::of(&[Piece::AckDeputy]);
        to_relay = to_relay.without(deputys);
        if state.signed.has(Piece::AckDeputy) {
            at_relay = at_relay.with(Piece::AckDeputy);
        }
    }
    frames.extend(to_relay.map(Frame::Receipt));
    let to_sender = at_relay.without(own).without(state.sender);
    frames.extend(to_sender.map(Frame::ForSender));
    if state.tellable() != state.heard {
        frames.push(Frame::Notices);
    }
    frames
}

/// Whether the relay, or where a deputy collects, has the alert for this device.
fn is_offered(case: &Case, state: &State, device: Device) -> bool {
    let place = usize::from(case.deputy_step) - 1;
    match device {
        Device::First | Device::Second => state.accepted.is_some(),
        Device::Deputy if case.deputy_is_elsewhere() => state.sender_did.released[place].is_some(),
        Device::Deputy => state.relay_did.released[place].is_some(),
    }
}

/// What had arrived, and may come once more because its confirmation was lost.
fn arrived(state: &State) -> Vec<Frame> {
    let mut frames = Vec::new();
    if state.accepted.is_some() {
        frames.push(Frame::Submission);
    }
    if state.addendum == Addendum::Opened {
        frames.extend([Frame::Addendum, Frame::Rewrap]);
    }
    let devices = Device::ALL.into_iter();
    let delivered = devices.filter(|device| state.delivered[*device as usize]);
    frames.extend(delivered.map(Frame::Delivery));
    let own = Pieces::of(&[Piece::Cancel, Piece::Expiry]);
    frames.extend(state.relay.without(own).map(Frame::Receipt));
    frames.extend(state.sender.without(own).map(Frame::ForSender));
    frames
}

/// Everything that may happen, and what comes of it, beside looks at clocks.
pub(crate) fn events(case: &Case, state: &State) -> Vec<(Event, State)> {
    let mut events = Vec::new();
    let mut busy = 0;
    for frame in under_way(case, state) {
        let bit = link(case, frame).bit();
        if state.down & bit == 0 {
            busy |= bit;
            for after in arrive(case, state, frame) {
                events.push((Event::Arrives(frame), after));
            }
        }
    }
    for frame in arrived(state) {
        if state.down & link(case, frame).bit() == 0 {
            for after in arrive(case, state, frame) {
                events.push((Event::ArrivesAgain(frame), after));
            }
        }
    }
    for link in Link::ALL {
        let bit = link.bit();
        let changed = |down| State { down, ..*state };
        if state.down & bit != 0 {
            events.push((Event::Connects(link), changed(state.down & !bit)));
        } else if busy & bit != 0 {
            events.push((Event::Breaks(link), changed(state.down | bit)));
        }
    }
    if busy != 0 {
        let down = state.down | busy;
        events.push((Event::RelayRestarts, State { down, ..*state }));
    }
    if state.tick < TICKS_MAX {
        events.push((Event::Ticks, ticked(state)));
    }
    events.extend(acts(case, state));
    events
}

pub(crate) fn ticked(state: &State) -> State {
    let tick = state.tick + 1;
    State { tick, ..*state }
}

fn acts(case: &Case, state: &State) -> Vec<(Event, State)> {
    let mut events = Vec::new();
    for piece in case.acts {
        let free = match piece {
            Piece::Cancel => !case.end(state.sender).is_closed(),
            Piece::AckOther | Piece::Strays => state.accepted.is_some(),
            _ => signer(*piece).is_some_and(|device| state.has_opened(device)),
        };
        if !free || state.signed.has(*piece) {
            continue;
        }
        let mut after = *state;
        after.signed = state.signed.with(*piece);
        match piece {
            Piece::Cancel => after.sender = state.sender.with(*piece),
            // What others answer reaches the relay on its own ways.
            Piece::AckOther | Piece::Strays => after.relay = state.relay.with(*piece),
            _ => {}
        }
        events.push((Event::Acts(*piece), after));
    }
    if case.has_removed() && !state.mended {
        let mended = true;
        events.push((Event::DeputyReturns, State { mended, ..*state }));
    }
    events
}

/// A frame arrives: what its destination commits. Several where a device may answer one or other.
pub(crate) fn arrive(case: &Case, state: &State, frame: Frame) -> Vec<State> {
    let mut after = *state;
    match frame {
        Frame::Submission => after.accepted = state.accepted.or(Some(state.tick)),
        Frame::Addendum => after.addendum = state.addendum.max(Addendum::AtRelay),
        Frame::Cancel => after.relay = state.relay.with(Piece::Cancel),
        Frame::Rewrap => after.addendum = Addendum::Opened,
        Frame::Receipt(piece) => after.relay = state.relay.with(piece),
        Frame::ForSender(piece) => after.sender = state.sender.with(piece),
        Frame::Notices => after.heard = state.tellable(),
        // A known id is answered with the receipt already given (I5).
        Frame::Delivery(device) if state.delivered[device as usize] => {}
        Frame::Delivery(device) => {
            after.delivered[device as usize] = true;
            let returns = case.returns.iter();
            let mine = returns.filter(|piece| signer(**piece) == Some(device));
            let returned = mine.map(|piece| State {
                signed: after.signed.with(*piece),
                ..after
            });
            return [after].into_iter().chain(returned).collect();
        }
    }
    vec![after]
}
