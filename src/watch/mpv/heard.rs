//! What passes between one mpv and reeld, line by line, and running it again. Pure: no socket, no clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::conversation::Conversation;
use super::protocol::{self, Message};
use crate::model::{Moment, Signal};

/// One thing that passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// First of all: the folder that mpv runs in, if that is known.
    Begins(Option<String>),
    /// A position was wanted.
    Asked,
    /// A line to mpv.
    Said(String),
    /// A line from mpv.
    Line(String),
}

/// A conversation whose other side is a trace.
///
/// Answers find their requests by what was requested, not by number: a reeld that asks for more, or in another order,
/// can still run the traces of an older one. What was never asked for in the trace is not available.
#[derive(Debug)]
pub struct Tape {
    conversation: Conversation,
    /// Every command in the trace.
    known: BTreeSet<String>,
    /// The commands in the trace by their numbers there.
    recorded: BTreeMap<u64, String>,
    /// Numbers of requests without an answer yet, by command.
    waiting: BTreeMap<String, VecDeque<u64>>,
}

impl Tape {
    /// From a trace in which these lines were said to mpv.
    pub fn new<'a>(said: impl Iterator<Item = &'a str>) -> Self {
        Self {
            conversation: Conversation::new(0, None),
            known: said.filter_map(request).map(|(_, what)| what).collect(),
            recorded: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// Takes what passed next.
    pub fn hear(&mut self, heard: Heard, now: Moment) {
        match heard {
            Heard::Begins(folder) => {
                self.conversation = Conversation::new(0, folder);
                self.recorded.clear();
                self.waiting.clear();
            }
            Heard::Asked => self.conversation.ask(),
            Heard::Said(line) => self.recorded.extend(request(&line)),
            Heard::Line(line) => {
                if let Some(message) = protocol::parse(&line).ok().and_then(|m| self.own(m)) {
                    self.conversation.handle(message, now);
                }
            }
        }
        self.ask(now);
    }

    /// Forgets what was under way.
    pub fn silence(&mut self) {
        self.conversation = Conversation::new(0, None);
    }

    /// The next signal.
    pub fn poll_signal(&mut self) -> Option<(Moment, Signal)> {
        self.conversation.poll_signal()
    }

    /// When `timeout` is to be called, on `Moment::mono`.
    pub fn deadline(&self) -> Option<Duration> {
        self.conversation.poll_timeout()
    }

    /// Does what is due.
    pub fn timeout(&mut self, now: Moment) {
        self.conversation.handle_timeout(now);
        self.ask(now);
    }

    /// The message with the number that this conversation gave to the request; `None` if it did not ask.
    fn own(&mut self, message: Message) -> Option<Message> {
        let Message::Reply(number, value) = message else {
            return Some(message);
        };
        let what = self.recorded.remove(&number)?;
        let number = self.waiting.get_mut(&what)?.pop_front()?;
        Some(Message::Reply(number, value))
    }

    /// Sends what the conversation has to say.
    fn ask(&mut self, now: Moment) {
        loop {
            let requests = self.conversation.take_requests();
            if requests.is_empty() {
                return;
            }
            for (number, what) in requests.lines().filter_map(request) {
                if self.known.contains(&what) {
                    self.waiting.entry(what).or_default().push_back(number);
                } else {
                    let refused = Message::Reply(number, None);
                    self.conversation.handle(refused, now);
                }
            }
        }
    }
}

/// The number of a request and what it requests; `None` for one without a number.
fn request(line: &str) -> Option<(u64, String)> {
    let Value::Object(fields) = serde_json::from_str(line).ok()? else {
        return None;
    };
    let number = fields.get("request_id")?.as_u64()?;
    Some((number, fields.get("command")?.to_string()))
}
