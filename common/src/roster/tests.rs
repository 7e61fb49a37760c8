//! The roster, check by check.

mod annexes;
mod authority;
mod chains;
mod departed;
mod differences;
mod endings;
mod knowledge;
mod order;
mod queries;
mod suspensions;
