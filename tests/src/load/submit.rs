//! Bare senders at work: each submits its stock in order, one or several at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use maille_link::{Link, Priority};

use super::bare::{Line, submit};
use super::sealed::{Letter, Mailbox, Quill, Stock, stock};
use super::stretch::Work;

/// Requests that one connection carries at a time when nobody measures it: as many as are not kept
/// for urgent ones.
const UNDER_WAY: usize = 12;
/// Alerts sealed before they are submitted, when many are: 50,000 of 3 KiB are 150 MB.
const AHEAD: usize = 50_000;

/// A worker for each line and stock: it submits one alert after the other.
pub(super) fn one_by_one(
    lines: &[Line],
    stocks: Vec<Stock>,
) -> Vec<impl Future<Output = Work> + Send + use<>> {
    let stocks = lines.iter().zip(stocks);
    // A worker with nothing to do would end the stretch that it is measured in.
    let stocks = stocks.filter(|(_, stock)| !stock.is_empty());
    let worker = |(line, stock): (&Line, Stock)| {
        let stock = Arc::new(Mutex::new(VecDeque::from(stock)));
        work(line.link.clone(), stock)
    };
    stocks.map(worker).collect()
}

async fn work(link: Link, stock: Arc<Mutex<VecDeque<Vec<u8>>>>) -> Work {
    let mut done = Work::default();
    loop {
        let next = stock.lock().unwrap().pop_front();
        let Some(request) = next else {
            return done;
        };
        let begun = Instant::now();
        let outcome = submit(&link, Priority::Normal, &request).await;
        done.add(begun, outcome);
    }
}

/// Fills mailboxes with `count` alerts, as fast as it goes; panics where one is not accepted.
pub(super) async fn fill(
    lines: &[Line],
    quills: &mut [Quill],
    mailboxes: &[Mailbox],
    count: usize,
    letter: Letter,
) {
    let mut left = count;
    while left > 0 {
        let now = left.min(AHEAD);
        left -= now;
        let stocks = tokio::task::block_in_place(|| stock(quills, mailboxes, now, letter));
        let mut working = tokio::task::JoinSet::new();
        for (line, stock) in lines.iter().zip(stocks) {
            let stock = Arc::new(Mutex::new(VecDeque::from(stock)));
            for _ in 0..UNDER_WAY {
                working.spawn(work(line.link.clone(), Arc::clone(&stock)));
            }
        }
        while let Some(done) = working.join_next().await {
            let done = done.expect("no worker panics");
            assert!(done.faults.is_empty(), "not accepted: {:?}", done.faults());
        }
    }
}
