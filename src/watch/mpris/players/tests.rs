//! Players without a bus: what arrives, and what is asked and told.

use std::sync::Arc;

use super::*;
use crate::model::Wall;
use crate::watch::mpris::raw::{Map, Raw};

fn at(ms: u64) -> Moment {
    let since = Duration::from_millis(ms);
    Moment {
        mono: since,
        boot: since,
        wall: Wall(0).plus(since),
    }
}

fn name(number: usize) -> String {
    format!("{}player{number}", policy::PREFIX)
}

fn owner(number: usize) -> Owner {
    Arc::from(format!(":1.{number}"))
}

/// A bus on which every player answers everything, but its identity only if it is asked often enough.
struct Desk {
    players: Players,
    present: Vec<usize>,
    /// So many times the question for an identity goes without an answer.
    shy: usize,
    /// So many readings go without an answer; and how many were asked for.
    silent: usize,
    readings: usize,
    seen: Vec<Observation>,
    asked_for_names: usize,
}

impl Desk {
    fn new(present: usize) -> Self {
        let config = config::Players {
            deny: Vec::new(),
            allow: Vec::new(),
        };
        let mut desk = Self {
            players: Players::new(config, false),
            present: (0..present).collect(),
            shy: 0,
            silent: 0,
            readings: 0,
            seen: Vec::new(),
            asked_for_names: 0,
        };
        desk.players.connected();
        desk
    }

    fn run(&mut self) {
        loop {
            let commands = self.players.commands();
            if commands.is_empty() {
                return;
            }
            for command in commands {
                match command {
                    Command::Call(call) => {
                        let answer = self.answer(&call);
                        self.players.handle(Event::Answered(call, answer), at(0));
                    }
                    Command::Observed(seen) => self.seen.push(seen),
                    _ => {}
                }
            }
        }
    }

    fn answer(&mut self, call: &Call) -> Answer {
        match call {
            Call::Names => {
                self.asked_for_names += 1;
                Answer::Names(self.present.iter().map(|n| name(*n)).collect())
            }
            Call::OwnerOf(known) => {
                let number = self.present.iter().find(|n| name(**n) == *known);
                number.map_or(Answer::Refused, |n| Answer::Owner(owner(*n)))
            }
            Call::Process(_) => Answer::Process(None),
            Call::Identity(_) if self.shy > 0 => {
                self.shy -= 1;
                Answer::Silent
            }
            Call::Identity(_) => Answer::Identity(Some("A Player".into())),
            Call::All(_) => {
                self.readings += 1;
                if self.readings <= self.silent {
                    return Answer::Silent;
                }
                Answer::Properties(film())
            }
            Call::One(..) | Call::Position(_) => Answer::Refused,
        }
    }

    fn leave(&mut self, number: usize) {
        self.present.retain(|there| *there != number);
        let (name, old) = (name(number), Some(owner(number)));
        let new = None;
        self.players.handle(Event::Owned { name, old, new }, at(0));
        self.run();
    }

    fn shown(&self) -> usize {
        let appeared = |seen: &&Observation| matches!(seen.signal, Signal::Appeared(_));
        self.seen.iter().filter(appeared).count()
    }

    fn name_of_the_first(&self) -> Option<&str> {
        self.seen.iter().rev().find_map(|seen| match &seen.signal {
            Signal::Appeared(info) => Some(info.name.as_str()),
            _ => None,
        })
    }
}

fn film() -> Map {
    let url = Raw::Text("file:///films/Heat.mkv".into());
    let length = Raw::I64(600_000_000);
    let metadata = Map::from([("xesam:url".into(), url), ("mpris:length".into(), length)]);
    let mut film = status("Playing");
    film.insert("Metadata".into(), Raw::Dict(metadata));
    film
}

fn status(word: &str) -> Map {
    Map::from([("PlaybackStatus".into(), Raw::Text(word.into()))])
}

#[test]
fn those_there_was_no_room_for_are_looked_at_when_others_go() {
    let mut desk = Desk::new(MOST_PLAYERS + 2);
    desk.run();
    assert_eq!(desk.shown(), MOST_PLAYERS);
    desk.leave(3);
    assert_eq!(desk.shown(), MOST_PLAYERS + 1);
    desk.leave(4);
    assert_eq!(desk.shown(), MOST_PLAYERS + 2);
    desk.leave(5);
    assert_eq!(desk.asked_for_names, 3, "nobody is left to be looked for");
}

#[test]
fn a_bus_with_room_for_all_is_asked_for_names_once() {
    let mut desk = Desk::new(3);
    desk.run();
    desk.leave(0);
    assert_eq!(desk.asked_for_names, 1);
}

#[test]
fn a_player_too_busy_to_say_its_name_is_asked_once_more_when_it_signals() {
    let mut desk = Desk::new(1);
    desk.shy = 2;
    desk.run();
    assert_eq!(desk.name_of_the_first(), Some("player0"));
    let signal = |desk: &mut Desk| {
        let changed = Event::Changed(owner(0), status("Playing"));
        desk.players.handle(changed, at(0));
        desk.run();
    };
    signal(&mut desk);
    assert_eq!(desk.name_of_the_first(), Some("A Player"));
    let mut mute = Desk::new(1);
    mute.shy = usize::MAX;
    mute.run();
    for _ in 0..10 {
        signal(&mut mute);
    }
    assert_eq!(usize::MAX - mute.shy, 3, "asked three times in all");
    mute.shy = 0;
    let id = mute.seen[0].player.clone();
    mute.players.asked(&id, at(0));
    mute.run();
    assert_eq!(mute.name_of_the_first(), Some("A Player"));
}

#[test]
fn what_plays_in_a_player_that_was_too_busy_to_say_so_is_asked_again_though_it_signals_nothing() {
    let mut desk = Desk::new(1);
    desk.silent = 3;
    desk.run();
    let is_open = |desk: &Desk| {
        let mut signals = desk.seen.iter().map(|seen| &seen.signal);
        signals.any(|signal| matches!(signal, Signal::Opened(_)))
    };
    for readings in 1..=3 {
        assert_eq!((desk.readings, is_open(&desk)), (readings, false));
        let due = desk.players.deadline().expect("it is asked again");
        desk.players
            .timeout(at(due.as_millis().try_into().unwrap()));
        desk.run();
    }
    assert!(is_open(&desk));
    desk.players.timeout(at(600_000));
    desk.run();
    assert_eq!(
        (desk.readings, desk.players.deadline()),
        (4, None),
        "no more"
    );
}

#[test]
fn what_comes_is_kept_as_it_came_if_a_trace_is_made() {
    let mut desk = Desk::new(1);
    desk.players.recording = true;
    let mut kept = Vec::new();
    loop {
        let commands = desk.players.commands();
        if commands.is_empty() {
            break;
        }
        for command in commands {
            match command {
                Command::Call(call) => {
                    let answer = desk.answer(&call);
                    desk.players.handle(Event::Answered(call, answer), at(0));
                }
                Command::Record(entry) => kept.push(entry.heard),
                _ => {}
            }
        }
    }
    let begins = record::Heard::Mpris(Heard::Begins("player0".into()));
    let all = record::Heard::Mpris(Heard::All(film()));
    assert!(matches!(
        kept[0],
        record::Heard::Signal(Signal::Appeared(_))
    ));
    assert_eq!(kept[1..3], [begins, all]);
    let is_told =
        |heard: &record::Heard| matches!(heard, record::Heard::Signal(Signal::Transport { .. }));
    assert!(!kept.iter().any(is_told));
}
