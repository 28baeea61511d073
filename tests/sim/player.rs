//! Players: what truly plays in them, and what their watchers make of it, quirks included.

use std::time::Duration;

use reeld::model::{
    EndReason, Item, Location, PlayerId, PlayerInfo, Process, Signal, Source, Transport, Video,
};

use crate::habits::{Between, Seeked};
use crate::library::{FILMS, Film};
use crate::script::Kind;
use crate::wired::{Face, Line, Show};
use reeld::watch::ears::{EndFile, Owner};

/// One process that plays.
#[derive(Debug)]
pub struct Player {
    pub kind: Kind,
    /// Of all that were ever started.
    pub number: u32,
    pub process: Process,
    pub ids: Vec<PlayerId>,
    pub open: Option<Open>,
    pub rate: f64,
    /// It plays round and round.
    pub loops: bool,
    /// What it says, it says on the wire; and what it shows on the bus, if it is there.
    pub wired: bool,
    pub face: Option<Face>,
}

/// What is open in it.
#[derive(Debug)]
pub struct Open {
    pub film: usize,
    pub kind: Kind,
    /// Since when, on the clock that stops in suspend.
    pub opened: Duration,
    /// Names this playback in the log; from load to end.
    pub playback: u32,
    /// Seconds, at `since`.
    position: f64,
    /// On the clock that stops in suspend.
    since: Duration,
    pub state: State,
    /// The watcher knows the length.
    pub length_known: bool,
    /// Since when the present watcher has seen it play; only `Kind::Mute` needs it.
    pub watched_since: Duration,
    pub told_unknown: bool,
    /// It was played to its end, or stopped, and is still open; stopped: at its beginning.
    pub at_end: bool,
    pub rewound: bool,
    /// Of the player's playlist.
    pub entry: u64,
}

/// What it truly does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Playing,
    /// The user wants it to play, and it fills its buffer.
    Buffering,
    Paused,
}

/// Something that a watcher will say of a player.
#[derive(Debug, Clone, PartialEq)]
pub enum Say {
    Signal(Signal),
    /// The position as it is then.
    Position {
        seeked: bool,
    },
    /// What is open, as it is known then.
    Refined,
    /// On the wire: names come to the bus and go, a face changes, a jump is told.
    Owns,
    Gone(Owner, Vec<String>),
    Show(Box<Show>),
    Seeked,
    /// The socket of the mpv of that number is there, and gone; a line on it.
    Connects(u32),
    HangsUp(u32),
    Line(Line),
}

/// When, through which transport, what.
pub type Said = (Duration, usize, Say);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

impl Player {
    /// `awake`: since the machine was started.
    pub fn new(kind: Kind, number: u32, awake: Duration, wired: bool) -> Self {
        let name = match kind {
            Kind::Mpv | Kind::MpvTwice => "mpv",
            Kind::Vlc => "vlc",
            Kind::Celluloid => "celluloid",
            Kind::Silent => "smplayer",
            Kind::Mute => "mute",
            Kind::Chatty => "totem",
            Kind::Haruna
            | Kind::Clapper
            | Kind::Totem
            | Kind::Showtime
            | Kind::Jellyfin
            | Kind::JellyfinNew => "wired",
        };
        let mut ids = match kind {
            Kind::Mpv | Kind::MpvTwice => vec![PlayerId::new(&format!("mpv-{number}"))],
            _ => vec![PlayerId::new(&format!("mpris:{name}-{number}"))],
        };
        if kind == Kind::MpvTwice {
            ids.push(PlayerId::new(&format!("mpris:mpv-{number}")));
        }
        let on_bus = wired && kind != Kind::Mpv;
        Self {
            kind,
            number,
            wired,
            face: on_bus.then(|| Face::new(kind, number)),
            process: Process {
                pid: 1000 + number,
                // Ticks of a hundredth of a second.
                started: u64::try_from(awake.as_millis() / 10).unwrap_or(u64::MAX),
            },
            ids,
            open: None,
            rate: 1.0,
            loops: false,
        }
    }

    pub fn is_mpv(&self) -> bool {
        self.kind.is_mpv()
    }

    /// Whether its watcher hears of every jump.
    pub fn tells_jumps(&self) -> bool {
        let plays = || (self.open.as_ref()).is_some_and(|open| open.state == State::Playing);
        match self.kind.habits().seeked {
            Seeked::Always | Seeked::AllTheTime => true,
            Seeked::WhilePlaying => plays(),
            Seeked::Never => false,
        }
    }

    /// Whether it says nothing between one file and the next.
    pub fn runs_on(&self) -> bool {
        !self.is_mpv() && self.kind.habits().between == Between::Nothing
    }

    fn info(&self, transport: usize) -> PlayerInfo {
        let mpv = self.is_mpv() && transport == 0;
        PlayerInfo {
            name: format!("{:?}", self.kind),
            source: if mpv { Source::Mpv } else { Source::Mpris },
            process: Some(self.process),
            ignored: None,
        }
    }

    pub fn appears(&self) -> Vec<Said> {
        if self.wired {
            return self.wired_appears();
        }
        let all = 0..self.ids.len();
        all.map(|transport| {
            let appeared = Signal::Appeared(self.info(transport));
            (ms(0), transport, Say::Signal(appeared))
        })
        .collect()
    }

    pub fn vanishes(&self) -> Vec<Said> {
        if self.wired {
            return self.wired_vanishes();
        }
        let all = (0..self.ids.len()).rev();
        all.map(|transport| (ms(0), transport, Say::Signal(Signal::Vanished)))
            .collect()
    }

    /// Through every transport, the second a little later.
    fn everywhere(&self, delay: Duration, say: &Say) -> Vec<Said> {
        let all = 0..self.ids.len();
        all.map(|transport| {
            (
                delay + ms(90) * u32::try_from(transport).unwrap_or(0),
                transport,
                say.clone(),
            )
        })
        .collect()
    }

    fn signal(&self, delay: u64, signal: Signal) -> Vec<Said> {
        self.everywhere(ms(delay), &Say::Signal(signal))
    }

    /// The state, and where a watcher asks for it after every change: the position.
    pub fn tells_state(&self, awake: Duration) -> Vec<Said> {
        if self.wired {
            return self.wired_state();
        }
        let Some(open) = &self.open else {
            return Vec::new();
        };
        let state = match open.state {
            State::Playing => Transport::Playing,
            State::Buffering if self.kind == Kind::Celluloid => Transport::Paused,
            State::Buffering => Transport::Buffering,
            State::Paused => Transport::Paused,
        };
        let exact = self.is_mpv();
        let position = exact.then(|| open.at(awake, self.rate));
        let mut said = self.signal(0, Signal::Transport { state, position });
        if !exact {
            said.push((ms(20), 0, Say::Position { seeked: false }));
        }
        said
    }

    /// What is open, to a watcher that has not seen it yet.
    pub fn introduces(&self, awake: Duration) -> Vec<Said> {
        if self.wired {
            return self.wired_opens();
        }
        let Some(open) = &self.open else {
            let (state, position) = (Transport::Stopped, None);
            return self.signal(0, Signal::Transport { state, position });
        };
        let mut said = self.signal(0, Signal::Opened(Box::new(open.item())));
        if (self.rate - 1.0).abs() > f64::EPSILON {
            said.extend(self.signal(0, Signal::Rate(self.rate)));
        }
        said.extend(self.tells_state(awake));
        if !open.length_known {
            let late = ms(self.kind.ready_after());
            said.extend(self.everywhere(late, &Say::Refined));
        }
        said
    }

    /// It has jumped.
    pub fn tells_jump(&self) -> Vec<Said> {
        if self.wired {
            return self.wired_jumps();
        }
        let told = self.tells_jumps();
        let said = told.then_some((ms(30), 0, Say::Position { seeked: true }));
        said.into_iter().collect()
    }

    pub fn tells_rate(&self) -> Vec<Said> {
        if self.wired {
            return self.wired_rate();
        }
        vec![
            (ms(0), 0, Say::Signal(Signal::Rate(self.rate))),
            (ms(15), 0, Say::Position { seeked: false }),
        ]
    }

    /// It is at its end and stays open; `position`: where it says that it is.
    pub fn tells_reached_end(&self, position: f64) -> Vec<Said> {
        if self.wired {
            return self.wired_reached_end();
        }
        let paused = Signal::Transport {
            state: Transport::Paused,
            position: Some(position),
        };
        vec![
            (ms(0), 0, Say::Signal(Signal::ReachedEnd)),
            (ms(0), 0, Say::Signal(paused)),
        ]
    }

    /// The playback ends, or another takes its place.
    pub fn tells_end(&self, eof: bool, next: bool) -> Vec<Said> {
        if self.wired {
            let reason = if eof { EndFile::Eof } else { EndFile::Stop };
            return self.wired_end(reason, next);
        }
        let reason = if eof && self.is_mpv() {
            EndReason::Eof
        } else {
            EndReason::Stopped
        };
        let stopped = |position| Signal::Transport {
            state: Transport::Stopped,
            position,
        };
        match self.kind {
            Kind::Mpv | Kind::MpvTwice => {
                let mut said = vec![(ms(0), 0, Say::Signal(Signal::Ended(reason)))];
                if !next {
                    said.extend(self.signal(5, stopped(None)));
                    if self.ids.len() > 1 {
                        said.push((ms(100), 1, Say::Signal(Signal::Ended(EndReason::Stopped))));
                    }
                }
                said
            }
            _ if next && self.runs_on() => Vec::new(),
            Kind::Vlc => {
                let zero = Signal::Position {
                    seconds: 0.0,
                    seeked: false,
                };
                let later = if next { 0 } else { 150 };
                let mut said = self.signal(0, zero);
                said.extend(self.signal(later, stopped(Some(0.0))));
                said.extend(self.signal(later, Signal::Ended(reason)));
                said
            }
            _ => {
                let mut said = self.signal(0, Signal::Ended(reason));
                said.extend(self.signal(0, stopped(None)));
                said
            }
        }
    }
}

impl Open {
    pub fn new(film: usize, playback: u32, from: f64, kind: Kind, awake: Duration) -> Self {
        Self {
            film,
            kind,
            opened: awake,
            playback,
            position: from * FILMS[film].length,
            since: awake,
            state: match kind.buffers(&FILMS[film]) {
                true => State::Buffering,
                false => State::Playing,
            },
            length_known: !matches!(kind, Kind::Vlc | Kind::Celluloid),
            watched_since: awake,
            told_unknown: false,
            at_end: false,
            rewound: false,
            entry: playback.into(),
        }
    }

    pub fn film(&self) -> &'static Film {
        &FILMS[self.film]
    }

    /// It says that it pauses, whether it does or fills its buffer.
    pub fn says_paused(&self) -> bool {
        match self.state {
            State::Playing => false,
            State::Buffering => self.kind.habits().buffering == "Paused",
            State::Paused => true,
        }
    }

    /// Where it truly is, seconds.
    pub fn at(&self, awake: Duration, rate: f64) -> f64 {
        let run = match self.state {
            State::Playing => awake.saturating_sub(self.since).as_secs_f64() * rate,
            _ => 0.0,
        };
        (self.position + run).min(self.film().length)
    }

    pub fn put(&mut self, position: f64, awake: Duration) {
        self.position = position;
        self.since = awake;
    }

    /// Awake time until the end, if it plays.
    pub fn left(&self, awake: Duration, rate: f64) -> Option<Duration> {
        let left = (self.film().length - self.at(awake, rate)) / rate;
        (self.state == State::Playing).then(|| Duration::from_secs_f64(left.max(0.0)))
    }

    pub fn item(&self) -> Item {
        let tells_entry = self.kind.is_mpv() || self.kind == Kind::Vlc;
        Item {
            location: Some(Location::Path(self.film().path.to_owned())),
            duration: self.length_known.then(|| self.film().length),
            title: Some(self.film().name().to_owned()),
            video: Video::Yes,
            entry: tells_entry.then_some(self.entry),
            ..Item::default()
        }
    }
}
