//! Who is on the bus: names to owners, owners to players, players to tracks. No bus, no clock.
//!
//! A player is an **owner** (one connection), whatever number of names it has. Its life:
//!
//! ```text
//!   first name ──► Process asked ──► denied by name ───────────────► Ignored
//!                        └─► Identity asked ──► denied by identity ─► Ignored
//!                                    └─► subscribed, then read ─────► Watched
//!   last name lost, or the bus ──► gone
//! ```
//!
//! Two owners that are the same process are two players here and one to everybody else (`watch/merge.rs`).
//!
//! An ignored player is told of once and never spoken or listened to. A change of the configuration, or of whether
//! the browsers' extension is there, decides anew. What one player does not answer delays nobody else: each answer,
//! or its absence after a deadline, is an event like any other, and is asked for again (`players/silence.rs`).

mod player;
mod reads;
mod silence;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::player::{Player, Stage};
use self::silence::Silence;
use super::bus::{Answer, Call, Event, Owner};
use super::heard::Heard;
use super::ids::Ids;
use super::lookup::{Found, Lookup};
use super::policy::{self, PLASMA};
use super::track::{Read, Track};
use crate::config;
use crate::model::{Moment, Observation, PlayerId, Process, Signal};
use crate::watch::record::{self, Entry};

/// Most players watched at once, and most names remembered of one; a bus with more is under attack.
const MOST_PLAYERS: usize = 256;
const MOST_NAMES: usize = 16;

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Ask.
    Call(Call),
    /// Subscribe to a player's signals, or unsubscribe.
    Listen {
        /// Whose.
        owner: Owner,
        /// Subscribe.
        on: bool,
    },
    /// Find something out elsewhere, about a player and its process.
    Lookup(Owner, Option<Process>, Lookup),
    /// Tell.
    Observed(Observation),
    /// Put into a trace.
    Record(Entry),
    /// Tell that everybody who was there at the start has been told of.
    Scanned,
    /// An mpv is on the bus: its socket may be new.
    Mpv,
}

/// Everybody on one bus.
#[derive(Debug)]
pub struct Players {
    config: config::Players,
    players: BTreeMap<Owner, Player>,
    /// What the first scan still waits for: names without an owner yet and owners without a first answer.
    scan: Option<BTreeSet<String>>,
    /// There were more than were looked at.
    crowded: bool,
    ids: Ids,
    /// What comes is also put into a trace.
    recording: bool,
    commands: Vec<Command>,
}

impl Players {
    /// Nobody yet.
    ///
    /// * `recording`: what comes is to be put into a trace too
    pub fn new(config: config::Players, recording: bool) -> Self {
        Self {
            config,
            players: BTreeMap::new(),
            scan: None,
            crowded: false,
            ids: Ids::default(),
            recording,
            commands: Vec::new(),
        }
    }

    /// Takes what is to be done since the last call, in order.
    pub fn commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    /// When `timeout` is to be called, on `Moment::mono`.
    pub fn deadline(&self) -> Option<Duration> {
        self.players.values().filter_map(Player::deadline).min()
    }

    /// The bus is there: everybody is looked for.
    pub fn connected(&mut self) {
        self.scan = Some(BTreeSet::new());
        self.commands.push(Command::Call(Call::Names));
    }

    /// The bus is gone, and everybody with it.
    pub fn disconnected(&mut self, now: Moment) {
        for (_, player) in std::mem::take(&mut self.players) {
            self.gone(player, now);
        }
    }

    /// Takes what arrived.
    pub fn handle(&mut self, event: Event, now: Moment) {
        match event {
            Event::Owned { name, old, new } => {
                if let Some(owner) = old {
                    self.lost(&owner, &name, now);
                }
                if let Some(owner) = new {
                    self.found(owner, name);
                }
            }
            Event::Changed(owner, map) => {
                self.ask_its_name(&owner);
                self.hear(&owner, Heard::Changed(map), now);
                self.catch_up(&owner);
            }
            Event::Invalidated(owner) => self.hear(&owner, Heard::Invalidated, now),
            Event::Seeked(owner, raw) => self.hear(&owner, Heard::Seeked(raw), now),
            Event::Answered(call, answer) => self.answered(call, answer, now),
        }
    }

    /// What was looked up was found.
    pub fn looked_up(&mut self, owner: &Owner, found: Found, now: Moment) {
        self.hear(owner, Heard::Found(found), now);
    }

    /// The position of a player is wanted.
    pub fn asked(&mut self, id: &PlayerId, now: Moment) {
        let found = self
            .players
            .iter()
            .find(|(_, player)| player.id.as_ref() == Some(id));
        if let Some(owner) = found.map(|(owner, _)| owner.clone()) {
            self.on(&owner, now, Track::asked);
            self.catch_up(&owner);
            if let Some(player) = self.players.get_mut(&owner) {
                player.nameless = true;
            }
            self.ask_its_name(&owner);
        }
    }

    /// Does what is due by now.
    pub fn timeout(&mut self, now: Moment) {
        for owner in self.owners() {
            self.on(&owner, now, |track| track.timeout(now));
            let player = self.players.get_mut(&owner);
            if let Some(read) = player.and_then(|player| player.silence.timeout(now.mono)) {
                self.want(&owner, read);
            }
        }
    }

    /// The configuration changed.
    pub fn configure(&mut self, config: &config::Players, now: Moment) {
        if self.config != *config {
            self.config = config.clone();
            self.decide_anew(now);
        }
    }

    fn owners(&self) -> Vec<Owner> {
        self.players.keys().cloned().collect()
    }

    fn found(&mut self, owner: Owner, name: String) {
        if policy::short(&name) == "mpv" {
            self.commands.push(Command::Mpv);
        }
        if let Some(player) = self.players.get_mut(&owner) {
            if player.names.len() < MOST_NAMES {
                player.names.insert(name);
            }
            return;
        }
        if self.players.len() >= MOST_PLAYERS {
            self.crowded = true;
            return tracing::debug!("more than {MOST_PLAYERS} players: {owner} is passed over");
        }
        let player = Player {
            names: BTreeSet::from([name]),
            id: None,
            process: None,
            identity: None,
            stage: Stage::Meeting,
            track: Track::default(),
            read: false,
            nameless: true,
            reading: BTreeMap::new(),
            silence: Silence::default(),
        };
        self.players.insert(owner.clone(), player);
        self.scanning(&owner);
        self.commands.push(Command::Call(Call::Process(owner)));
    }

    fn lost(&mut self, owner: &Owner, name: &str, now: Moment) {
        let Some(player) = self.players.get_mut(owner) else {
            return;
        };
        player.names.remove(name);
        if player.names.is_empty() {
            if player.stage == Stage::Watched {
                self.listen(owner, false);
            }
            if let Some(player) = self.players.remove(owner) {
                self.gone(player, now);
                self.decide_anew(now);
            }
            self.scanned(owner);
            self.fill_up();
        }
    }

    /// Looks for those that there was no room for, now that there is.
    fn fill_up(&mut self) {
        if std::mem::take(&mut self.crowded) {
            self.commands.push(Command::Call(Call::Names));
        }
    }

    /// Asks who owns the names that are new, as far as there is room for them.
    fn named(&mut self, names: Vec<String>) {
        let is_known = |name: &String| (self.players.values()).any(|p| p.names.contains(name));
        let mut new: Vec<String> = names.into_iter().filter(|name| !is_known(name)).collect();
        // Some have two names.
        let room = MOST_PLAYERS.saturating_sub(self.players.len()) * 2;
        self.crowded |= new.len() > room;
        new.truncate(room);
        for name in new {
            self.scanning(&name);
            self.commands.push(Command::Call(Call::OwnerOf(name)));
        }
    }

    fn gone(&mut self, player: Player, now: Moment) {
        if let Some(id) = player.id {
            self.tell(id, Signal::Vanished, now);
        }
    }

    fn answered(&mut self, call: Call, answer: Answer, now: Moment) {
        let is_silent = answer == Answer::Silent;
        match (call, answer) {
            (Call::Names, Answer::Names(names)) => {
                self.named(names);
                self.scanned("");
            }
            (Call::Names, _) => self.scanned(""),
            (Call::OwnerOf(name), answer) => {
                if let Answer::Owner(owner) = answer {
                    self.found(owner, name.clone());
                }
                self.scanned(&name);
            }
            (Call::Process(owner), answer) => self.met(&owner, answer, now),
            (Call::Identity(owner), answer) => self.introduced(&owner, answer, now),
            (Call::All(owner), answer) => {
                match answer {
                    Answer::Properties(map) => {
                        self.is_awake(&owner);
                        self.hear(&owner, Heard::All(map), now);
                    }
                    Answer::Refused => self.read_one_by_one(&owner),
                    _ => {}
                }
                self.note(&owner, Read::All, is_silent, now);
                self.scanned(&owner);
                self.read_again(&owner, Read::All);
            }
            (Call::One(owner, _), Answer::Properties(map)) => {
                self.hear(&owner, Heard::Changed(map), now);
            }
            (Call::One(..), _) => {}
            (Call::Position(owner), answer) => {
                match answer {
                    Answer::Position(raw) => self.hear(&owner, Heard::Position(Some(raw)), now),
                    Answer::Refused => self.hear(&owner, Heard::Position(None), now),
                    _ => {}
                }
                self.note(&owner, Read::Position, is_silent, now);
                self.read_again(&owner, Read::Position);
            }
        }
    }

    fn note(&mut self, owner: &Owner, read: Read, is_silent: bool, now: Moment) {
        if let Some(player) = self.players.get_mut(owner) {
            player.note(read, is_silent, now);
        }
    }

    /// It answers; what it did not answer at first can be asked again.
    fn is_awake(&mut self, owner: &Owner) {
        if let Some(player) = self.players.get_mut(owner)
            && !std::mem::replace(&mut player.read, true)
            && player.identity.is_none()
        {
            let call = Call::Identity(owner.clone());
            self.commands.push(Command::Call(call));
        }
    }

    /// It was too busy to say what it calls itself, twice: once more when it has time to signal, and with each question
    /// for its position.
    fn ask_its_name(&mut self, owner: &Owner) {
        if let Some(player) = self.players.get_mut(owner)
            && player.read
            && player.identity.is_none()
            && std::mem::take(&mut player.nameless)
        {
            let call = Call::Identity(owner.clone());
            self.commands.push(Command::Call(call));
        }
    }

    /// Its process is known, or will not be.
    fn met(&mut self, owner: &Owner, answer: Answer, now: Moment) {
        let Some(player) = self.players.get_mut(owner) else {
            return;
        };
        if player.stage != Stage::Meeting {
            return;
        }
        if let Answer::Process(process) = answer {
            player.process = process;
        }
        player.stage = Stage::Introducing;
        let (short, process) = (player.short().to_owned(), player.process);
        let id = self.name(&short, process);
        if let Some(player) = self.players.get_mut(owner) {
            player.id = Some(id);
        }
        self.decide(owner, now);
    }

    /// What it calls itself is known, or will not be.
    fn introduced(&mut self, owner: &Owner, answer: Answer, now: Moment) {
        let Some(player) = self.players.get_mut(owner) else {
            return;
        };
        let again = player.stage == Stage::Watched;
        if !again && player.stage != Stage::Introducing {
            return;
        }
        if let Answer::Identity(identity) = answer {
            player.identity = identity;
        }
        if again {
            return self.introduced_late(owner, now);
        }
        match self.why_not(owner) {
            Some(why) => self.ignore(owner, why, now),
            None => self.watch(owner, now),
        }
    }

    /// It was too busy to say what it calls itself in time, and now it has.
    fn introduced_late(&mut self, owner: &Owner, now: Moment) {
        if let Some(why) = self.why_not(owner) {
            self.listen(owner, false);
            return self.ignore(owner, why, now);
        }
        if let Some(player) = self.players.get(owner)
            && let (Some(id), Some(_)) = (player.id.clone(), &player.identity)
        {
            let info = player.info();
            self.tell(id, Signal::Appeared(info), now);
        }
    }

    /// Decides by the name alone whether it may be spoken to.
    fn decide(&mut self, owner: &Owner, now: Moment) {
        let why = self.why_not(owner);
        let Some(player) = self.players.get_mut(owner) else {
            return;
        };
        match why {
            // An identity that is not known yet may still be one that the user allows.
            Some(why) if player.identity.is_some() || self.config.allow.is_empty() => {
                self.ignore(owner, why, now);
            }
            _ => {
                player.stage = Stage::Introducing;
                self.commands
                    .push(Command::Call(Call::Identity(owner.clone())));
            }
        }
    }

    /// Why a player is not tracked, as far as is known.
    fn why_not(&self, owner: &Owner) -> Option<String> {
        let player = self.players.get(owner)?;
        let identity = player.identity.as_deref();
        policy::ignored(player.short(), identity, self.plasma(), &self.config)
    }

    fn decide_anew(&mut self, now: Moment) {
        for owner in self.owners() {
            let Some(player) = self.players.get(&owner) else {
                continue;
            };
            let why = self.why_not(&owner);
            match (&player.stage, why) {
                (Stage::Watched, Some(why)) => {
                    self.listen(&owner, false);
                    self.ignore(&owner, why, now);
                }
                (Stage::Ignored(_), None) => self.decide(&owner, now),
                (Stage::Ignored(old), Some(why)) if *old != why => self.decide(&owner, now),
                _ => {}
            }
        }
    }

    fn ignore(&mut self, owner: &Owner, why: String, now: Moment) {
        if let Some(player) = self.players.get_mut(owner) {
            player.stage = Stage::Ignored(why);
            player.track = Track::default();
            player.reading.clear();
            player.silence = Silence::default();
            let (id, info) = (player.id.clone(), player.info());
            if let Some(id) = id {
                self.tell(id, Signal::Appeared(info), now);
            }
        }
        self.scanned(owner);
    }

    fn watch(&mut self, owner: &Owner, now: Moment) {
        let Some(player) = self.players.get_mut(owner) else {
            return;
        };
        player.stage = Stage::Watched;
        player.read = false;
        let short = player.short().to_owned();
        let (id, info, plasma) = (player.id.clone(), player.info(), short == PLASMA);
        if let Some(id) = id {
            self.tell(id, Signal::Appeared(info), now);
        }
        self.hear(owner, Heard::Begins(short), now);
        self.listen(owner, true);
        self.want(owner, Read::All);
        if plasma {
            self.decide_anew(now);
        }
    }

    fn listen(&mut self, owner: &Owner, on: bool) {
        let owner = owner.clone();
        self.commands.push(Command::Listen { owner, on });
    }

    /// Whether the browsers' extension is there and watched.
    fn plasma(&self) -> bool {
        self.players
            .values()
            .any(|player| player.stage == Stage::Watched && player.short() == PLASMA)
    }

    fn name(&mut self, short: &str, process: Option<Process>) -> PlayerId {
        let players = &self.players;
        let in_use = |id: &PlayerId| {
            players
                .values()
                .any(|player| player.id.as_ref() == Some(id))
        };
        self.ids.give(short, process, in_use)
    }

    /// Passes on to a player's track what came of the player.
    fn hear(&mut self, owner: &Owner, heard: Heard, now: Moment) {
        if self.recording
            && let Some(player) = self.players.get(owner)
            && let (Stage::Watched, Some(id)) = (&player.stage, &player.id)
        {
            let entry = Entry::new(now, id.clone(), record::Heard::Mpris(heard.clone()));
            self.commands.push(Command::Record(entry));
        }
        self.on(owner, now, |track| track.hear(heard, now));
    }

    /// Lets a player's track do something and passes on what comes of it.
    fn on(&mut self, owner: &Owner, now: Moment, act: impl FnOnce(&mut Track)) {
        let Some(player) = self.players.get_mut(owner) else {
            return;
        };
        if player.stage != Stage::Watched {
            return;
        }
        act(&mut player.track);
        let (signals, read) = (player.track.signals(), player.track.read());
        let lookups = player.track.lookups();
        let (id, process) = (player.id.clone(), player.process);
        for lookup in lookups {
            let command = Command::Lookup(owner.clone(), process, lookup);
            self.commands.push(command);
        }
        for signal in signals {
            if let Some(id) = &id {
                self.tell(id.clone(), signal, now);
            }
        }
        if let Some(read) = read {
            self.want(owner, read);
        }
    }

    fn tell(&mut self, player: PlayerId, signal: Signal, now: Moment) {
        let at = now;
        let is_who = matches!(signal, Signal::Appeared(_) | Signal::Vanished);
        if self.recording && is_who {
            let heard = record::Heard::Signal(signal.clone());
            let entry = Entry::new(now, player.clone(), heard);
            self.commands.push(Command::Record(entry));
        }
        self.commands
            .push(Command::Observed(Observation { at, player, signal }));
    }

    fn scanning(&mut self, what: &str) {
        if let Some(scan) = &mut self.scan {
            scan.insert(what.to_owned());
        }
    }

    fn scanned(&mut self, what: &str) {
        if let Some(scan) = &mut self.scan {
            scan.remove(what);
            if scan.is_empty() {
                self.scan = None;
                self.commands.push(Command::Scanned);
            }
        }
    }
}

#[cfg(test)]
mod tests;
