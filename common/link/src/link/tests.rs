//! Streams over loopback, from both ends.

use std::time::Duration;

use super::*;
use crate::pair::{AMPLE, DEVICE, RELAY, Relay, identity};
use crate::{ReadError, RequestStream};

const MIB: usize = 1024 * 1024;
const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_request_is_answered_and_both_sides_know_the_key_of_the_other() {
    let (device, relay, _house) = pair(Limits::default()).await;
    assert_eq!(device.peer_key(), identity(RELAY).key());
    assert_eq!(relay.peer_key(), identity(DEVICE).key());

    let (answer, ()) = tokio::join!(
        device.request(Priority::Normal, b"\x03\0\0\0 what time is it", AMPLE),
        async {
            let (head, mut request) = next_request(&relay).await;
            assert_eq!(head, [3, 0, 0, 0]);
            let whole = request.read(MIB).await.expect("a request");
            assert_eq!(whole, b"\x03\0\0\0 what time is it");
            answer_with(request, b"noon").await;
        }
    );
    assert_eq!(answer.expect("an answer"), b"noon");
}

#[tokio::test]
async fn requests_are_answered_in_any_order() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let ask = |request: &'static [u8]| {
        let device = device.clone();
        tokio::spawn(async move { device.request(Priority::Normal, request, AMPLE).await })
    };
    let slow = ask(b"slow");
    let (_, slow_request) = next_request(&relay).await;
    let quick = ask(b"quick");
    let (_, quick_request) = next_request(&relay).await;

    answer_with(quick_request, b"first").await;
    assert_eq!(quick.await.expect("a task").expect("an answer"), b"first");
    answer_with(slow_request, b"second").await;
    assert_eq!(slow.await.expect("a task").expect("an answer"), b"second");
}

#[tokio::test]
async fn a_request_over_its_bound_is_cut_while_it_is_read_and_still_answered() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let request = vec![0; 8 * MIB];
    let (answer, ()) = tokio::join!(device.request(Priority::Bulk, &request, AMPLE), async {
        let (_, mut request) = next_request(&relay).await;
        let error = request.read(1000).await.expect_err("too large");
        assert_eq!(error, ReadError::TooLarge { bytes_max: 1000 });
        answer_with(request, b"too large").await;
    });
    assert_eq!(answer.expect("an answer"), b"too large");
}

#[tokio::test]
async fn a_request_of_exactly_its_bound_is_read() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let request = vec![7; 3 * MIB];
    let (answer, ()) = tokio::join!(device.request(Priority::Bulk, &request, AMPLE), async {
        let (_, mut stream) = next_request(&relay).await;
        assert_eq!(stream.read(3 * MIB).await.expect("a request"), request);
        answer_with(stream, &vec![8; MIB]).await;
    });
    assert_eq!(answer.expect("an answer"), vec![8; MIB]);
}

#[tokio::test]
async fn a_request_that_is_dropped_is_reported_unanswered() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let (answer, ()) = tokio::join!(device.request(Priority::Normal, b"hello", AMPLE), async {
        drop(next_request(&relay).await);
    });
    assert_eq!(answer, Err(RequestError::Unanswered));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up_at_its_deadline() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let bound = AnswerBound {
        deadline: SHORT,
        ..AMPLE
    };
    let (answer, held) = tokio::join!(
        device.request(Priority::Normal, b"hello", bound),
        next_request(&relay)
    );
    assert_eq!(answer, Err(RequestError::Deadline));
    let (_, request) = held;
    let late = request.answer(Priority::Normal, &vec![0; MIB]).await;
    assert_eq!(late, Err(SendError::Stopped));
}

#[tokio::test]
async fn an_answer_over_its_bound_is_cut() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let bound = AnswerBound {
        bytes_max: 10,
        ..AMPLE
    };
    let (answer, _) = tokio::join!(device.request(Priority::Normal, b"hello", bound), async {
        let (_, request) = next_request(&relay).await;
        request.answer(Priority::Normal, &vec![0; MIB]).await
    });
    assert_eq!(answer, Err(RequestError::TooLarge { bytes_max: 10 }));
}

/// quinn finishes a stream that is dropped: without care, half a message would look whole.
#[tokio::test]
async fn a_request_taken_back_is_never_seen_as_a_shorter_one() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let bound = AnswerBound {
        deadline: SHORT,
        ..AMPLE
    };
    let request = vec![0; 8 * MIB];
    let (answer, accepted) = tokio::join!(
        device.request(Priority::Normal, &request, bound),
        next_request(&relay)
    );
    assert_eq!(answer, Err(RequestError::Deadline));
    let (_, mut request) = accepted;
    assert_eq!(request.read(16 * MIB).await, Err(ReadError::Abandoned));
}

#[tokio::test]
async fn a_push_taken_back_is_never_seen_as_a_shorter_one() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let bytes = vec![0; 8 * MIB];
    let mut push = tokio::select! {
        _ = relay.push(Priority::Normal, &bytes) => panic!("nobody reads it"),
        push = device.accept_push() => push.expect("a push"),
    };
    assert_eq!(push.read(16 * MIB).await, Err(ReadError::Abandoned));
}

#[tokio::test]
async fn a_stream_without_a_word_is_cut_at_its_deadline() {
    let (device, relay, _house) = pair(impatient()).await;
    let (mut send, _receive) = device.connection().open_bi().await.expect("a stream");
    // QUIC shows a stream to its receiver with its first byte.
    send.write_all(&[1]).await.expect("written");
    let request = relay.accept_request().await.expect("a stream");
    assert_eq!(request.head().await.err(), Some(ReadError::Silent));
    let stopped = send.stopped().await.expect("a living connection");
    assert_eq!(stopped, Some(StreamCode::TooSlow.number()));
}

#[tokio::test]
async fn a_request_that_falls_silent_is_cut_and_delays_no_other() {
    let (device, relay, _house) = pair(impatient()).await;
    let (mut send, _receive) = device.connection().open_bi().await.expect("a stream");
    send.write_all(&[0; 100]).await.expect("written");
    let (_, mut silent) = next_request(&relay).await;
    let (answer, ()) = tokio::join!(device.request(Priority::Normal, b"hello", AMPLE), async {
        let (_, other) = next_request(&relay).await;
        answer_with(other, b"served").await;
    });
    assert_eq!(answer.expect("an answer"), b"served");
    assert_eq!(silent.read(MIB).await, Err(ReadError::Silent));
}

#[tokio::test]
async fn a_request_that_drips_is_cut_at_its_end() {
    let limits = Limits {
        stream_total: SHORT,
        ..Limits::default()
    };
    let (device, relay, _house) = pair(limits).await;
    let (mut send, _receive) = device.connection().open_bi().await.expect("a stream");
    send.write_all(&[0; 100]).await.expect("written");
    let (_, mut dripping) = next_request(&relay).await;
    assert_eq!(dripping.read(MIB).await, Err(ReadError::Slow));
}

#[tokio::test]
async fn a_stream_that_ends_before_its_head_is_no_request() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let (answer, ()) = tokio::join!(device.request(Priority::Normal, b"abc", AMPLE), async {
        let request = relay.accept_request().await.expect("a stream");
        assert_eq!(request.head().await.err(), Some(ReadError::Truncated));
    });
    assert_eq!(answer, Err(RequestError::Unanswered));
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_given_up() {
    let (device, relay, _house) = pair(impatient()).await;
    let (mut send, _receive) = device.connection().open_bi().await.expect("a stream");
    send.write_all(b"give me much").await.expect("written");
    let (_, request) = next_request(&relay).await;
    let answer = request.answer(Priority::Bulk, &vec![0; 8 * MIB]).await;
    assert_eq!(answer, Err(SendError::Stalled));
}

#[tokio::test]
async fn large_requests_of_one_connection_take_turns_in_memory_and_small_ones_pass() {
    let limits = Limits {
        large_bytes: 1024 * 1024,
        stream_total: Duration::from_millis(500),
        ..Limits::default()
    };
    let (device, relay, _house) = pair(limits).await;
    let ask = |bytes: usize| {
        let device = device.clone();
        tokio::spawn(async move {
            let request = vec![0; bytes];
            device.request(Priority::Normal, &request, AMPLE).await
        })
    };
    let first = ask(MIB / 2);
    let (_, mut holder) = next_request(&relay).await;
    holder.read(MIB).await.expect("the first has the budget");

    let second = ask(MIB / 2);
    let (_, mut waiting) = next_request(&relay).await;
    let small = ask(1000);
    let (_, mut passing) = next_request(&relay).await;
    passing.read(MIB).await.expect("small ones need no budget");
    answer_with(passing, b"").await;
    assert_eq!(waiting.read(MIB).await, Err(ReadError::Slow));
    drop(waiting);

    answer_with(holder, b"").await;
    let third = ask(MIB / 2);
    let (_, mut next) = next_request(&relay).await;
    next.read(MIB).await.expect("the budget is free again");
    answer_with(next, b"").await;
    for (asked, answered) in [(first, true), (second, false), (small, true), (third, true)] {
        assert_eq!(asked.await.expect("a task").is_ok(), answered);
    }
}

#[tokio::test]
async fn pushes_of_every_priority_arrive() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let large = vec![9; 2 * MIB];
    let (bulk, normal, urgent, received) = tokio::join!(
        relay.push(Priority::Bulk, &large),
        relay.push(Priority::Normal, b"normal"),
        relay.push(Priority::Urgent, b"urgent"),
        async {
            let mut received = Vec::new();
            for _ in 0..3 {
                let mut push = device.accept_push().await.expect("a push");
                received.push(push.read(4 * MIB).await.expect("its bytes"));
            }
            received
        }
    );
    assert_eq!((bulk, normal, urgent), (Ok(()), Ok(()), Ok(())));
    assert_eq!(received, [large, b"normal".to_vec(), b"urgent".to_vec()]);
}

#[tokio::test]
async fn an_urgent_push_passes_a_house_full_of_bulk_ones() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let large: Arc<[u8]> = vec![0; MIB].into();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..2 * PUSH_STREAMS_MAX {
        let (relay, large) = (relay.clone(), large.clone());
        waiting.spawn(async move { relay.push(Priority::Bulk, &large).await });
    }
    let mut unread = Vec::new();
    for _ in 0..PUSH_STREAMS_MAX - URGENT_STREAMS {
        unread.push(device.accept_push().await.expect("a push"));
    }
    let (pushed, ()) = tokio::join!(relay.push(Priority::Urgent, b"flood"), async {
        let mut urgent = device.accept_push().await.expect("a push");
        assert_eq!(urgent.read(MIB).await.expect("its bytes"), b"flood");
    });
    assert_eq!(pushed, Ok(()));
    assert!(
        waiting.try_join_next().is_none(),
        "no bulk push is complete"
    );
}

#[tokio::test]
async fn a_push_over_its_bound_is_refused() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let large = vec![0; 2 * MIB];
    let (pushed, ()) = tokio::join!(relay.push(Priority::Normal, &large), async {
        let mut push = device.accept_push().await.expect("a push");
        let error = push.read(MIB).await.expect_err("too large");
        assert_eq!(error.code(), "stream-too-large");
    });
    assert_eq!(pushed, Err(SendError::Stopped));
}

#[tokio::test]
async fn a_device_can_push_nothing_and_a_relay_can_ask_nothing() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let opened = tokio::time::timeout(SHORT, device.connection().open_uni()).await;
    assert!(opened.is_err(), "no stream is granted");
    let opened = tokio::time::timeout(SHORT, relay.connection().open_bi()).await;
    assert!(opened.is_err(), "no stream is granted");
}

#[tokio::test]
async fn a_request_that_waits_hears_why_the_peer_closed() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let (answer, accepted, _request) = tokio::join!(
        device.request(Priority::Normal, b"hello", AMPLE),
        device.accept_push(),
        async {
            let request = next_request(&relay).await;
            relay.close(CloseCode::Protocol);
            request
        }
    );
    assert_eq!(answer, Err(RequestError::Closed(CloseReason::Protocol)));
    assert_eq!(accepted.err(), Some(CloseReason::Protocol));
    assert_eq!(answer.expect_err("closed").code(), "link-protocol");
}

#[tokio::test]
async fn what_waits_hears_why_its_own_side_closed() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let large = vec![0; 8 * MIB];
    let (pushed, accepted, _push) = tokio::join!(
        relay.push(Priority::Normal, &large),
        relay.accept_request(),
        async {
            let push = device.accept_push().await;
            relay.close(CloseCode::Aged);
            push
        }
    );
    assert_eq!(pushed, Err(SendError::Closed(CloseReason::Aged)));
    assert_eq!(accepted.err(), Some(CloseReason::Aged));
    let later = relay.push(Priority::Urgent, b"too late").await;
    assert_eq!(later, Err(SendError::Closed(CloseReason::Aged)));
}

#[tokio::test]
async fn dropping_the_last_clone_of_a_link_ends_it_and_a_held_request_keeps_it() {
    let (device, relay, _house) = pair(Limits::default()).await;
    let asked = device.clone();
    let answer =
        tokio::spawn(async move { asked.request(Priority::Normal, b"hello", AMPLE).await });
    let (_, request) = next_request(&relay).await;
    drop(relay);
    answer_with(request, b"still here").await;
    let answer = answer.await.expect("a task").expect("an answer");
    assert_eq!(answer, b"still here");
    assert_eq!(device.closed().await, CloseReason::Done);
}

fn impatient() -> Limits {
    Limits {
        // Long enough for an acknowledgement on a loaded machine.
        stream_idle: Duration::from_millis(500),
        ..Limits::default()
    }
}

/// The device's end, the relay's end, and the relay, to be kept.
async fn pair(limits: Limits) -> (Link, Link, Relay) {
    let house = Relay::new(limits);
    let (device, relay) = house.connect(DEVICE).await;
    (device, relay, house)
}

async fn next_request(relay: &Link) -> ([u8; 4], RequestStream) {
    let request = relay.accept_request().await.expect("a request");
    request.head().await.expect("a head")
}

async fn answer_with(request: RequestStream, answer: &[u8]) {
    let answered = request.answer(Priority::Normal, answer).await;
    answered.expect("delivered");
}
