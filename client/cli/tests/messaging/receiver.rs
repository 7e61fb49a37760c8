//! A system of the agency: a web server on this machine, which answers as it is told to.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver as Queue};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// The server.
pub(crate) struct Receiver {
    address: SocketAddr,
    answers: Arc<Mutex<VecDeque<String>>>,
    heard: Queue<Heard>,
}

/// One message.
pub(crate) struct Heard {
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Receiver {
    /// Answers these, in turn, each without its `HTTP/1.1`; then `204 No Content`.
    pub(crate) fn answering(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let answers = Arc::new(Mutex::new(answers));
        let (tell, heard) = mpsc::channel();
        let left = Arc::clone(&answers);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Some(message) = hear(stream.unwrap(), &left) else {
                    continue;
                };
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            address,
            answers,
            heard,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/maille", self.address)
    }

    /// From now on these, in turn.
    pub(crate) fn answer(&self, answers: &[&str]) {
        let answers = answers.iter().map(|answer| (*answer).to_owned());
        *self.answers.lock().unwrap() = answers.collect();
    }

    /// Waits for the next message, which was answered then.
    pub(crate) fn next(&self) -> Heard {
        self.heard.recv().unwrap()
    }

    /// Whether there is none so far.
    pub(crate) fn is_quiet(&self) -> bool {
        self.heard.try_recv().is_err()
    }
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        found.next().unwrap().1
    }

    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub(crate) fn first_line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Hears one message and answers it; none where somebody only connected.
fn hear(stream: TcpStream, answers: &Mutex<VecDeque<String>>) -> Option<Heard> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.replace("\r\n", "\n");
    let mut heard = Heard {
        head,
        body: Vec::new(),
    };
    let length: u64 = heard.header("content-length").parse().unwrap();
    let mut body = Vec::new();
    reader.by_ref().take(length).read_to_end(&mut body).unwrap();
    heard.body = body;
    let answer = answers.lock().unwrap().pop_front();
    let answer = answer.unwrap_or_else(|| "204 No Content".to_owned());
    let text = format!("HTTP/1.1 {answer}\r\nconnection: close\r\n\r\n");
    let mut stream = reader.into_inner();
    // Whoever sent it may be gone.
    let _ = stream.write_all(text.as_bytes());
    if answer.contains("unended") {
        // Nothing more comes, and the connection stays until the other end has enough.
        let _ = stream.read(&mut [0]);
    }
    if answer.contains("endless") {
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    }
    Some(heard)
}
