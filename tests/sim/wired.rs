//! Players as they are on the wire: what they show on the bus, what they say on mpv's socket. The quirks stand in `habits.rs`;
//! who listens is `ears.rs`.

use std::sync::Arc;
use std::time::Duration;

use reeld::watch::ears::{EndFile, Map, Owner, Raw};
use serde_json::{Value, json};

use crate::habits::{Between, Habits, Number, Place, Seeked, Stop, Title, Track};
use crate::library::Film;
use crate::player::{Open, Player, Said, Say, State};
use crate::script::Kind;

/// What mpv says on the bus it says so much later.
const BATCH: u64 = 100;
/// Before that mpv has nothing to say of a file that it opens.
const LOADED: Duration = Duration::from_millis(40);

/// Entries of the playlist that are playlists themselves.
const REDIRECTED: u64 = 10_000;

/// A file that grows has its length so long after it was opened, milliseconds.
const GROWN: u64 = 40_000;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What a player shows on the bus.
#[derive(Debug, Clone)]
pub struct Face {
    pub owner: Owner,
    pub names: Vec<String>,
    pub habits: &'static Habits,
    status: &'static str,
    metadata: Map,
    rate: f64,
    loops: bool,
    /// It says that it is at its beginning, wherever it is.
    zeroed: bool,
}

/// A change of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Show {
    /// Not any more when something else is open than this playback.
    pub of: Option<u32>,
    pub status: Option<&'static str>,
    pub metadata: Option<Map>,
    pub rate: Option<f64>,
    pub loops: Option<bool>,
    pub zeroed: Option<bool>,
}

/// What mpv says unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    StartFile(u64),
    Loaded,
    EndFile(u64, EndFile),
    Seek,
    Restart,
    /// As it is by then.
    Property(&'static str),
}

impl Face {
    pub fn new(kind: Kind, number: u32) -> Self {
        let habits = kind.habits();
        let name = |name: &&str| {
            let name = name.replace('#', &(1000 + number).to_string());
            format!("org.mpris.MediaPlayer2.{name}")
        };
        Self {
            owner: Arc::from(format!(":1.{number}")),
            names: habits.names.iter().map(name).collect(),
            habits,
            status: "Stopped",
            metadata: Map::new(),
            rate: 1.0,
            loops: false,
            zeroed: false,
        }
    }

    /// Some names are taken: it has those that are left, or one with its number.
    pub fn leave(&mut self, taken: &[String]) {
        let first = self.names[0].clone();
        self.names.retain(|name| !taken.contains(name));
        if self.names.is_empty() {
            let number = self.owner.trim_start_matches(":1.");
            self.names.push(format!("{first}.instance{number}"));
        }
    }

    /// What `players.deny` calls it.
    pub fn denied_as(&self) -> String {
        let name = self.names[0].trim_start_matches("org.mpris.MediaPlayer2.");
        let name = name.split(".instance").next().unwrap_or(name);
        format!("{}*", name.split(".profile").next().unwrap_or(name))
    }

    /// Everything, as it answers to `GetAll`.
    pub fn all(&self) -> Map {
        Map::from([
            ("PlaybackStatus".into(), Raw::Text(self.status.into())),
            ("Metadata".into(), Raw::Dict(self.metadata.clone())),
            ("Rate".into(), Raw::F64(self.rate)),
            ("LoopStatus".into(), loop_status(self.loops)),
        ])
    }

    /// Changes, and says what has changed.
    pub fn show(&mut self, show: Show) -> Map {
        let mut changed = Map::new();
        self.zeroed = show.zeroed.unwrap_or(self.zeroed);
        if let Some(metadata) = show.metadata
            && metadata != self.metadata
        {
            self.metadata = metadata;
            let dict = Raw::Dict(self.metadata.clone());
            changed.insert("Metadata".into(), dict);
        }
        if let Some(status) = show.status.filter(|status| *status != self.status) {
            self.status = status;
            changed.insert("PlaybackStatus".into(), Raw::Text(status.into()));
        }
        #[allow(clippy::float_cmp, reason = "as shown")]
        if let Some(rate) = show.rate.filter(|rate| *rate != self.rate) {
            self.rate = rate;
            changed.insert("Rate".into(), Raw::F64(rate));
        }
        if let Some(loops) = show.loops.filter(|loops| *loops != self.loops) {
            self.loops = loops;
            changed.insert("LoopStatus".into(), loop_status(loops));
        }
        changed
    }

    /// Where it says that it is.
    pub fn position(&self, open: Option<&Open>, awake: Duration, rate: f64) -> Raw {
        let there = open.filter(|open| !self.zeroed && open.kind != Kind::Mute);
        let seconds = there.map_or(0.0, |open| open.at(awake, rate));
        self.number(seconds)
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "microseconds"
    )]
    fn number(&self, seconds: f64) -> Raw {
        match self.habits.number {
            Number::I64 => Raw::I64((seconds * 1e6) as i64),
            Number::U64 => Raw::U64((seconds * 1e6) as u64),
            Number::F64 => Raw::F64(seconds * 1e6),
        }
    }

    fn metadata(&self, open: &Open, length: f64) -> Map {
        let film = open.film();
        let mut map = Map::new();
        let mut put = |key: &str, value: Raw| drop(map.insert(key.into(), value));
        put("mpris:length", self.number(length));
        match self.habits.place {
            Place::Uri => put("xesam:url", Raw::Text(uri(film.path))),
            Place::Path => put("xesam:url", Raw::Text(film.path.into())),
            Place::None => {}
        }
        match self.habits.title {
            Title::Name => put("xesam:title", Raw::Text(film.name().into())),
            Title::Unknown => put("xesam:title", Raw::Text("Unknown Title".into())),
            Title::Served => served(film, &mut put),
            // A few are tagged, which is known once the file is parsed.
            Title::None if open.playback % 4 == 1 && length > 0.0 => {
                put("xesam:title", Raw::Text(film.title.into()));
            }
            Title::None => {}
        }
        match self.habits.track {
            Track::Entry => {
                let path = format!("/org/videolan/vlc/playlist/{}", open.entry);
                put("mpris:trackid", Raw::Path(path));
            }
            Track::Constant => put("mpris:trackid", Raw::Path("/0".into())),
            Track::Text => put("mpris:trackid", Raw::Text("track 0".into())),
            Track::Hash => {
                let path = format!("/track/{:x}", open.film * 7919);
                put("mpris:trackid", Raw::Path(path));
            }
            Track::Nowhere => {
                let path = "/org/mpris/MediaPlayer2/TrackList/NoTrack";
                put("mpris:trackid", Raw::Path(path.into()));
            }
            Track::None => {}
        }
        map
    }

    /// What was open before is still there, but for its place.
    fn mixed(&self, new: &Map) -> Map {
        let mut mixed = new.clone();
        for key in ["mpris:length", "xesam:title"] {
            if let Some(old) = self.metadata.get(key) {
                mixed.insert(key.into(), old.clone());
            }
        }
        mixed
    }
}

fn loop_status(loops: bool) -> Raw {
    Raw::Text(if loops { "Track" } else { "None" }.into())
}

/// The folder that the mpv of this number runs in.
pub fn folder(number: u32) -> &'static str {
    if number % 4 < 2 { "/" } else { "/home/ann" }
}

/// As Jellyfin's players tell it.
fn served(film: &Film, put: &mut impl FnMut(&str, Raw)) {
    let Some((season, all)) = film.episodes else {
        put("xesam:title", Raw::Text(film.title.into()));
        let year = film.year().map(|year| format!("{year}-01-01T00:00:00Z"));
        if let Some(year) = year {
            put("xesam:contentCreated", Raw::Text(year));
        }
        return;
    };
    put("xesam:title", Raw::Text("The one".into()));
    put(
        "xesam:artist",
        Raw::List(vec![Raw::Text(film.title.into())]),
    );
    put("xesam:album", Raw::Text(format!("Season {season}")));
    let number = all.first().copied().unwrap_or_default();
    put("xesam:trackNumber", Raw::U32(number));
}

fn uri(path: &str) -> String {
    if path.contains("://") {
        return path.to_owned();
    }
    let mut uri = String::from("file://");
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

impl Open {
    /// The file is still growing when it is opened, or its length is only estimated then.
    fn grows(&self) -> bool {
        self.playback % 5 == 2 && self.kind.habits().place != Place::None && !self.kind.is_mpv()
    }

    fn shown_length(&self) -> f64 {
        let missing = if self.grows() { 1.5 } else { 0.0 };
        self.film().length - missing
    }
}

impl Player {
    /// The transport that is its name on the bus, if it has one.
    fn on_bus(&self) -> Option<(usize, &Face)> {
        Some((usize::from(self.is_mpv()), self.face.as_ref()?))
    }

    fn later(&self) -> u64 {
        if self.is_mpv() { BATCH } else { 0 }
    }

    pub(crate) fn wired_appears(&self) -> Vec<Said> {
        let mut said = Vec::new();
        if self.is_mpv() {
            said.push((ms(20), 0, Say::Connects(self.number)));
        }
        if let Some((transport, _)) = self.on_bus() {
            said.push((ms(0), transport, Say::Owns));
        }
        said
    }

    pub(crate) fn wired_vanishes(&self) -> Vec<Said> {
        let mut said = Vec::new();
        if let Some((transport, face)) = self.on_bus() {
            let (owner, names) = (face.owner.clone(), face.names.clone());
            said.push((ms(0), transport, Say::Gone(owner, names)));
        }
        if self.is_mpv() {
            said.push((ms(0), 0, Say::HangsUp(self.number)));
        }
        said
    }

    fn shows(&self, delay: u64, show: Show) -> Option<Said> {
        let (transport, _) = self.on_bus()?;
        let delay = ms(delay + self.later());
        Some((delay, transport, Say::Show(Box::new(show))))
    }

    fn lines(&self, lines: &[(u64, Line)]) -> Vec<Said> {
        let say = |(delay, line): &(u64, Line)| (ms(*delay), 0, Say::Line(*line));
        let lines = lines.iter().filter(|_| self.is_mpv());
        lines.map(say).collect()
    }

    fn status(&self, state: State) -> &'static str {
        match (state, &self.face) {
            (State::Buffering, Some(face)) => face.habits.buffering,
            (State::Paused, _) => "Paused",
            _ => "Playing",
        }
    }

    /// The newer of Jellyfin's players shows the rate 0 while it buffers.
    fn shown_rate(&self, state: State) -> f64 {
        match (self.kind, state) {
            (Kind::JellyfinNew, State::Buffering) => 0.0,
            _ => self.rate,
        }
    }

    pub(crate) fn wired_state(&self) -> Vec<Said> {
        let Some(open) = &self.open else {
            return Vec::new();
        };
        let mut said = self.lines(&[
            (1, Line::Property("core-idle")),
            (1, Line::Property("pause")),
        ]);
        let show = Show {
            status: Some(self.status(open.state)),
            rate: Some(self.shown_rate(open.state)),
            zeroed: Some(false),
            ..Show::default()
        };
        said.extend(self.shows(0, show));
        said
    }

    /// What is open now was opened just now.
    pub(crate) fn wired_opens(&self) -> Vec<Said> {
        let Some(open) = &self.open else {
            return Vec::new();
        };
        // Now and then it is in a playlist, which is opened first.
        let list = REDIRECTED + open.entry;
        let is_listed = open.entry.is_multiple_of(5) && open.entry == u64::from(open.playback);
        let redirect = self.lines(&[
            (3, Line::StartFile(list)),
            (5, Line::EndFile(list, EndFile::Redirect)),
        ]);
        let mut said = if is_listed { redirect } else { Vec::new() };
        said.extend(self.lines(&[
            (6, Line::StartFile(open.entry)),
            (45, Line::Loaded),
            (50, Line::Property("pause")),
            (50, Line::Property("duration")),
            (60, Line::Property("core-idle")),
            (60, Line::Restart),
        ]));
        said.extend(self.shows_film(open));
        said
    }

    fn shows_film(&self, open: &Open) -> Vec<Said> {
        let Some((_, face)) = self.on_bus() else {
            return Vec::new();
        };
        let habits = face.habits;
        let whole = face.metadata(open, open.shown_length());
        let first = if habits.length_lingers {
            face.mixed(&whole)
        } else if habits.length_after > 0 {
            face.metadata(open, habits.unknown_length)
        } else {
            whole.clone()
        };
        let of = Some(open.playback);
        let loads = if habits.between == Between::Loading {
            100
        } else {
            0
        };
        let stopped = Show {
            of,
            status: Some("Stopped"),
            ..Show::default()
        };
        let opened = Show {
            of,
            status: Some(self.status(open.state)),
            metadata: Some(first),
            rate: Some(self.shown_rate(open.state)),
            zeroed: Some(false),
            ..Show::default()
        };
        let known = Show {
            of,
            metadata: Some(whole),
            ..Show::default()
        };
        let loading = (loads > 0).then(|| self.shows(0, stopped)).flatten();
        let opened = self.shows(loads, opened);
        let known = self.shows(loads + habits.length_after, known);
        let known = known.filter(|_| habits.length_after > 0);
        let grown = Show {
            of,
            metadata: Some(face.metadata(open, open.film().length)),
            ..Show::default()
        };
        let grown = open.grows().then(|| self.shows(GROWN, grown)).flatten();
        let said = loading.into_iter().chain(opened).chain(known);
        said.chain(grown).collect()
    }

    pub(crate) fn wired_end(&self, reason: EndFile, next: bool) -> Vec<Said> {
        let Some(open) = &self.open else {
            return Vec::new();
        };
        let mut said = self.lines(&[(2, Line::EndFile(open.entry, reason))]);
        if !next {
            said.extend(self.lines(&[
                (4, Line::Property("core-idle")),
                (5, Line::Property("idle-active")),
            ]));
        }
        let Some((_, face)) = self.on_bus() else {
            return said;
        };
        let of = Some(open.playback);
        let stopped = Show {
            of,
            status: Some("Stopped"),
            zeroed: Some(true),
            ..Show::default()
        };
        let zeroed = Show {
            of,
            zeroed: Some(true),
            ..Show::default()
        };
        let nothing = Some(Map::new());
        let shows = match (next, face.habits.between, face.habits.stop) {
            (true, Between::Nothing | Between::Loading, _) => vec![],
            (true, Between::Stopped, Stop::Zeroed) | (false, _, Stop::Zeroed) => {
                vec![
                    self.shows(0, zeroed),
                    self.shows(if next { 0 } else { 150 }, stopped),
                ]
            }
            (_, _, Stop::Cleared) => {
                let cleared = Show {
                    metadata: nothing,
                    ..stopped
                };
                vec![self.shows(0, cleared)]
            }
            _ => vec![self.shows(0, stopped)],
        };
        said.extend(shows.into_iter().flatten());
        said
    }

    /// It is at its end, and stays there.
    pub(crate) fn wired_reached_end(&self) -> Vec<Said> {
        self.lines(&[
            (0, Line::Property("eof-reached")),
            (0, Line::Property("core-idle")),
            (0, Line::Property("pause")),
        ])
        .into_iter()
        .chain(self.shows(
            0,
            Show {
                status: Some("Paused"),
                ..Show::default()
            },
        ))
        .collect()
    }

    pub(crate) fn wired_jumps(&self) -> Vec<Said> {
        let mut said = self.lines(&[
            (1, Line::Seek),
            (2, Line::Property("eof-reached")),
            (20, Line::Restart),
        ]);
        if let Some((transport, _)) = self.on_bus()
            && self.tells_jumps()
        {
            said.push((ms(30 + self.later()), transport, Say::Seeked));
        }
        said
    }

    /// A stop is a pause at the beginning, and what is open stays open.
    pub fn rewinds(&self) -> bool {
        let habits = self.face.as_ref().map(|face| face.habits.stop);
        habits == Some(Stop::Rewound) && self.open.as_ref().is_some_and(|open| !open.rewound)
    }

    /// Its loop is of the file, which is a jump; or of the playlist, which begins the same entry once more.
    pub fn loops_file(&self) -> bool {
        self.is_mpv() && self.number.is_multiple_of(2)
    }

    pub(crate) fn wired_loops(&self) -> Vec<Said> {
        let loops = Show {
            loops: Some(self.loops),
            ..Show::default()
        };
        self.shows(0, loops).into_iter().collect()
    }

    pub(crate) fn wired_rate(&self) -> Vec<Said> {
        let mut said = self.lines(&[(1, Line::Property("speed"))]);
        let rate = Show {
            rate: Some(self.rate),
            ..Show::default()
        };
        said.extend(self.shows(0, rate));
        said
    }

    /// What mpv answers, if it has an answer.
    pub fn property(&self, name: &str, awake: Duration) -> Option<Value> {
        let open = self.open.as_ref();
        let loaded = open.filter(|open| awake >= open.opened + LOADED);
        let state = loaded.map(|open| open.state);
        match name {
            "idle-active" => Some(json!(open.is_none())),
            "core-idle" => Some(json!(state != Some(State::Playing))),
            "pause" => Some(json!(open.is_some_and(|open| open.state == State::Paused))),
            "speed" => Some(json!(self.rate)),
            // What it was told when it was started, which is not always so.
            "working-directory" => Some(json!("/home/ann")),
            "loop-file" => Some(json!(self.loops && self.loops_file())),
            "loop-playlist" => Some(json!(self.loops && !self.loops_file())),
            "eof-reached" => loaded.map(|open| json!(open.at_end)),
            "path" => open.map(|open| json!(self.path_of(open.film()))),
            "playlist-playing-pos" => Some(json!(open.map_or(-1, |_| self.place()))),
            "playlist/0/id" if self.place() == 0 => open.map(|open| json!(open.entry)),
            "playlist/1/id" if self.place() == 1 => open.map(|open| json!(open.entry)),
            "media-title" if self.place() == 1 => open.map(|_| json!("Encoded by Somebody")),
            "media-title" => open.map(|open| json!(open.film().name())),
            "duration" => loaded.map(|open| json!(open.film().length)),
            "track-list" => {
                let track = |open: &Open| {
                    if open.film().is_audio() {
                        "audio"
                    } else {
                        "video"
                    }
                };
                loaded.map(|open| json!([{"type": track(open), "selected": true}]))
            }
            "chapter-list" => loaded.map(|_| json!([])),
            "demuxer-via-network" => loaded.map(|open| json!(open.film().is_stream())),
            // At a kept-open end it is beyond the length.
            "time-pos" => loaded.map(|open| {
                let beyond = if open.at_end { 0.07 } else { 0.0 };
                json!(open.at(awake, self.rate) + beyond)
            }),
            _ => None,
        }
    }

    /// Before mpv 0.40 what was opened by a relative path has that.
    fn path_of(&self, film: &Film) -> &'static str {
        let is_old = folder(self.number) == "/";
        let relative = film.path.strip_prefix('/').filter(|_| is_old);
        relative.unwrap_or(film.path)
    }

    /// What it plays is the first of its playlist, or the second.
    fn place(&self) -> i64 {
        i64::from(self.number % 2)
    }

    /// On the bus somebody has asked where it is: some say then that they jumped.
    pub fn is_chatty(&self) -> bool {
        let face = self.face.as_ref();
        face.is_some_and(|face| face.habits.seeked == Seeked::AllTheTime)
    }
}
