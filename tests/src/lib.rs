//! The world in which Maille is tested.
//!
//! | module | what it is |
//! |---|---|
//! | `checks` | each check of the protocol taken out, and the test that has to fail then |
//! | `net` | real relays and desks, over QUIC on loopback |
//! | `desk_process` | a desk in a process of its own, which can be killed |
//! | `flood` | the flood rig: forged first packets, and desks that are to be served all the same |
//! | `raw` | peers that do not keep to the rules |
//! | `forwarder` | a line between desks and relay, which can be cut one way |
//! | `fuzz` | spoiled bytes for every parser of what strangers send and disks hold |
//! | `hostile` | what honest code never makes: forged envelopes, and a collision of AES-GCM |
//! | `kept_address` | addresses that a relay keeps while it is stopped |
//! | `volume` | a file system in an image, which can be filled, and whose power can be cut |
//! | `network` | a network's keys and documents, and the ceremonies on them |
//! | `crash` | the crash rig: faults on real processes and stores, and a checker outside them |
//! | `load` | the load tool: what carrying alerts costs, in figures |
//! | `machine` | a machine's clocks, of which a test sets the wall's |
//! | `memory` | relays and desks in memory, in virtual time, over links that can fail |
//! | `micro` | small parts beside bare primitives: figures by ratio, counts of instructions |
//! | `pair` | two contacts over one relay, who compare what they hold |
//! | `relay_process` | a relay in a process of its own, and its metrics |
//! | `shift` | a contact with two devices, and what each of them sees |
//! | `sim` | the same cores with faults by a seed, and a checker outside them |
//! | `randomness` | fixed randomness, so that a run can be repeated |

#![allow(
    clippy::unwrap_used,
    reason = "this crate is the tests' own: what fails here fails the test"
)]

pub mod checks;
pub mod crash;
pub mod desk_process;
pub mod flood;
pub mod forwarder;
pub mod fuzz;
pub mod hostile;
pub mod kept_address;
pub mod load;
pub mod machine;
pub mod memory;
pub mod micro;
pub mod net;
pub mod network;
pub mod pair;
pub mod randomness;
pub mod raw;
mod relay_process;
pub mod shift;
pub mod sim;
pub mod volume;
