//! The daemon's ears, where players are heard on the wire: the halves of the real watchers that decide (`watch/mpris/players.rs`
//! with its tracks, `watch/mpv/conversation.rs`). What they want done is done here: calls are answered, late or never; mpv
//! answers what it is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reeld::engine::Input;
use reeld::model::{Moment, Observation, PlayerId, PlayerInfo, Signal, Source, Video};
use reeld::watch::Report;
use reeld::watch::ears::{
    Answer, BusEvent, Call, Command, Conversation, Found, Lookup, Message, MpvEvent, OBSERVED,
    Owner, Players,
};

use crate::log::What;
use crate::player::{Player, Say};
use crate::script::SLOTS;
use crate::wired::{Line, Show, folder};
use crate::world::{Event, World};

/// A player that has taken its time does not do so again soon.
const AFTER_A_HANG: Duration = Duration::from_secs(20);
const BETWEEN_CHATS: Duration = Duration::from_secs(10);
/// By then it has been asked again, and has answered.
const HANGS: Duration = Duration::from_secs(5);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Others on the bus: browsers, phones, proxies and music. All of them play what looks like a film, and nobody may ask them.
const OTHERS: [&str; 6] = [
    "org.mpris.MediaPlayer2.firefox.instance_1_23",
    "org.mpris.MediaPlayer2.chromium.instance4711",
    "org.mpris.MediaPlayer2.plasma-browser-integration",
    "org.mpris.MediaPlayer2.kdeconnect.mpris_000001",
    "org.mpris.MediaPlayer2.playerctld",
    "org.mpris.MediaPlayer2.spotify",
];
/// What their connections begin with.
const OTHER: &str = ":1.9999";

/// Of one daemon.
pub struct Ears {
    bus: Players,
    listening: BTreeSet<Owner>,
    /// By the number of the player.
    mpv: BTreeMap<u32, Socket>,
    /// When they are to be woken, on the clock that stops in suspend; and until when every player answers at once.
    due: Option<Duration>,
    patient: Duration,
    /// When a chatty player last said that it jumped because somebody asked.
    chatted: Option<Duration>,
}

/// To one mpv.
struct Socket {
    conversation: Conversation,
    /// It serves nothing before then, on that clock: it answers in order.
    busy: Duration,
}

/// What comes to them.
pub enum Heard {
    /// A call arrives; or nobody answers it.
    Asked(Call),
    Silent(Call),
    Looked(Owner, Lookup),
    /// The socket of an mpv is found.
    Socket(u32),
    /// An mpv serves what it was asked: numbers and properties.
    Served(u32, Vec<Request>),
    Due,
}

/// What an mpv is asked.
pub enum Request {
    Get(u64, String),
    Observe(String),
}

impl World {
    /// A daemon begins to listen.
    pub fn listen(&mut self) {
        let mut bus = Players::new(self.config.players.clone(), false);
        bus.connected();
        self.ears = Some(Ears {
            bus,
            listening: BTreeSet::new(),
            mpv: BTreeMap::new(),
            due: None,
            patient: Duration::ZERO,
            chatted: None,
        });
        self.carry_out();
        let life = self.life;
        for slot in 0..SLOTS {
            let number = self.slots[slot].as_ref().map(|seat| seat.player.number);
            if let Some(number) = number {
                self.after(ms(30), Event::Ears(life, Box::new(Heard::Socket(number))));
            }
        }
        self.after(ms(200), Event::Scanned(life, Source::Mpv));
    }

    /// What an ear wants, and what was heard with it.
    fn carry_out(&mut self) {
        loop {
            let life = self.life;
            let Some(ears) = &mut self.ears else { return };
            let commands = ears.bus.commands();
            if commands.is_empty() {
                return self.wake_ears();
            }
            for command in commands {
                self.obey_bus(command);
                if self.life != life {
                    return;
                }
            }
        }
    }

    fn obey_bus(&mut self, command: Command) {
        let life = self.life;
        match command {
            Command::Call(call) => self.call(call),
            Command::Listen { owner, on } => {
                let Some(ears) = &mut self.ears else { return };
                if on && owner.starts_with(OTHER) {
                    self.complain(format!("somebody else is listened to: {owner}"));
                } else if on {
                    ears.listening.insert(owner);
                } else {
                    ears.listening.remove(&owner);
                }
            }
            Command::Lookup(owner, _, lookup) => {
                let heard = Heard::Looked(owner, lookup);
                self.after(ms(25), Event::Ears(life, Box::new(heard)));
            }
            Command::Observed(observation) => self.observed(observation),
            Command::Scanned => self.tell(Input::Report(Report::Scanned(Source::Mpris))),
            Command::Record(_) | Command::Mpv => {}
        }
    }

    /// One player in forty that is asked something takes its time; none does so twice in a row.
    fn hangs(&mut self) -> bool {
        let now = self.clock.awake();
        let hangs = self.random.u32(0..40) == 0;
        let Some(ears) = &mut self.ears else {
            return false;
        };
        let hangs = hangs && now >= ears.patient;
        if hangs {
            ears.patient = now + AFTER_A_HANG;
        }
        hangs
    }

    /// In the log: a player has owed an answer for some seconds.
    pub fn note_hang(&mut self) {
        let awake = self.clock.awake();
        let ears = self.ears.as_ref();
        if ears.is_some_and(|ears| awake + AFTER_A_HANG < ears.patient + HANGS) {
            self.split();
            self.fact(What::Hangs);
        }
    }

    fn call(&mut self, call: Call) {
        if self.is_none_of_our_business(&call) {
            return self.complain(format!("somebody else was asked: {call:?}"));
        }
        let to_player = !matches!(call, Call::Names | Call::OwnerOf(_) | Call::Process(_));
        self.log.calls += u32::from(to_player);
        let life = self.life;
        let hangs = to_player && self.hangs();
        let (after, heard) = if hangs {
            (call.patience(), Heard::Silent(call))
        } else {
            (ms(self.random.u64(1..40)), Heard::Asked(call))
        };
        self.after(after, Event::Ears(life, Box::new(heard)));
    }

    /// Something comes to an ear.
    pub fn heard(&mut self, heard: Heard) {
        let now = self.clock.moment();
        match heard {
            Heard::Asked(call) => {
                let answer = self.answered_call(&call);
                let at = match &call {
                    Call::Position(owner) => self.chatty(owner),
                    _ => None,
                };
                self.on_bus(BusEvent::Answered(call, answer));
                if let Some(slot) = at {
                    self.hear_all(slot, vec![(ms(50), 0, Say::Seeked)]);
                }
            }
            Heard::Socket(number) => self.connects(number),
            Heard::Silent(call) => self.on_bus(BusEvent::Answered(call, Answer::Silent)),
            Heard::Looked(owner, lookup) => {
                let player = self.owner(&owner);
                let open = player.and_then(|player| player.open.as_ref());
                let found = match lookup {
                    Lookup::OpenFilm => open.map(|open| Found::OpenFilm(open.film().path.into())),
                    Lookup::Video(path) => {
                        let audio = path.ends_with(".mp3");
                        let video = if audio { Video::No } else { Video::Yes };
                        Some(Found::Video(path, video))
                    }
                    Lookup::HostPath(_) => None,
                };
                if let (Some(found), Some(ears)) = (found, &mut self.ears) {
                    ears.bus.looked_up(&owner, found, now);
                    self.carry_out();
                }
            }
            Heard::Served(number, requests) => self.served(number, requests),
            Heard::Due => {
                let Some(ears) = &mut self.ears else { return };
                ears.due = None;
                ears.bus.timeout(now);
                let due = |mpv: &Socket| {
                    mpv.conversation
                        .poll_timeout()
                        .is_some_and(|at| at <= now.mono)
                };
                let numbers = ears.mpv.iter().filter(|(_, mpv)| due(mpv));
                for number in numbers.map(|(number, _)| *number).collect::<Vec<_>>() {
                    self.on_mpv(number, |mpv, now| mpv.handle_timeout(now));
                }
                self.carry_out();
            }
        }
    }

    fn wake_ears(&mut self) {
        let Some(ears) = &mut self.ears else { return };
        let sockets = ears.mpv.values();
        let mpv = sockets.filter_map(|mpv| mpv.conversation.poll_timeout());
        let Some(due) = ears.bus.deadline().into_iter().chain(mpv).min() else {
            return;
        };
        if ears.due.is_none_or(|before| due < before) {
            ears.due = Some(due);
            let (life, wait) = (self.life, due.saturating_sub(self.clock.awake()));
            self.after(wait, Event::Ears(life, Box::new(Heard::Due)));
        }
    }

    fn on_bus(&mut self, event: BusEvent) {
        let now = self.clock.moment();
        if let Some(ears) = &mut self.ears {
            ears.bus.handle(event, now);
            self.carry_out();
        }
    }

    fn is_none_of_our_business(&self, call: &Call) -> bool {
        match call {
            Call::Identity(owner)
            | Call::All(owner)
            | Call::One(owner, _)
            | Call::Position(owner) => owner.starts_with(OTHER) || self.is_denied(owner),
            Call::Names | Call::OwnerOf(_) | Call::Process(_) => false,
        }
    }

    fn is_denied(&self, owner: &Owner) -> bool {
        let mut denied = self.slots.iter().flatten().filter(|seat| seat.deaf);
        denied.any(|seat| {
            let face = seat.player.face.as_ref();
            face.is_some_and(|face| face.owner == *owner)
        })
    }

    /// All names of players on the bus.
    pub fn names(&self) -> Vec<String> {
        let seats = self.slots.iter().flatten();
        let faces = seats.filter_map(|seat| seat.player.face.as_ref());
        faces.flat_map(|face| face.names.clone()).collect()
    }

    fn owner(&self, owner: &Owner) -> Option<&Player> {
        let mut players = self.slots.iter().flatten().map(|seat| &seat.player);
        players.find(|player| {
            player
                .face
                .as_ref()
                .is_some_and(|face| face.owner == *owner)
        })
    }

    /// The seat of a player that says that it jumped when somebody asks where it is, though not for every question.
    fn chatty(&mut self, owner: &Owner) -> Option<usize> {
        let is_it = |player: &Player| {
            let face = player.face.as_ref();
            face.is_some_and(|face| face.owner == *owner) && player.is_chatty()
        };
        let mut seats = self.slots.iter();
        let slot = seats.position(|seat| seat.as_ref().is_some_and(|seat| is_it(&seat.player)))?;
        let now = self.clock.awake();
        let ears = self.ears.as_mut()?;
        let chats = ears.chatted.is_none_or(|at| now >= at + BETWEEN_CHATS);
        if chats {
            ears.chatted = Some(now);
        }
        chats.then_some(slot)
    }

    fn answered_call(&mut self, call: &Call) -> Answer {
        let awake = self.clock.awake();
        let faces = || {
            let seats = self.slots.iter().flatten();
            seats.filter_map(|seat| seat.player.face.as_ref())
        };
        let answer = match call {
            Call::Names => {
                let others = OTHERS.map(ToOwned::to_owned);
                Some(Answer::Names(
                    self.names().into_iter().chain(others).collect(),
                ))
            }
            Call::OwnerOf(name) if OTHERS.contains(&name.as_str()) => {
                let other = OTHERS.iter().position(|other| other == name);
                Some(Answer::Owner(
                    format!("{OTHER}{}", other.unwrap_or_default()).into(),
                ))
            }
            Call::OwnerOf(name) => {
                let mut owners = faces().filter(|face| face.names.contains(name));
                owners.next().map(|face| Answer::Owner(face.owner.clone()))
            }
            Call::Process(owner) => {
                let process = self.owner(owner).map(|player| player.process);
                Some(Answer::Process(process))
            }
            Call::Identity(owner) => {
                let name = self.owner(owner).map(|player| format!("{:?}", player.kind));
                name.map(|name| Answer::Identity(Some(name)))
            }
            Call::All(owner) | Call::One(owner, _) => {
                let face = self.owner(owner).and_then(|player| player.face.as_ref());
                face.map(|face| Answer::Properties(face.all()))
            }
            Call::Position(owner) => self.owner(owner).and_then(|player| {
                let face = player.face.as_ref()?;
                let position = face.position(player.open.as_ref(), awake, player.rate);
                Some(Answer::Position(position))
            }),
        };
        answer.unwrap_or(Answer::Refused)
    }

    /// The configuration has changed.
    pub fn ears_configured(&mut self) {
        let now = self.clock.moment();
        if let Some(ears) = &mut self.ears {
            ears.bus.configure(&self.config.players, now);
            self.carry_out();
        }
    }

    /// Names come to the bus.
    pub fn owns(&mut self, slot: usize) {
        let face = self.slots[slot]
            .as_ref()
            .and_then(|seat| seat.player.face.as_ref());
        let Some(face) = face else { return };
        let (owner, names) = (face.owner.clone(), face.names.clone());
        for name in names {
            let (old, new) = (None, Some(owner.clone()));
            self.on_bus(BusEvent::Owned { name, old, new });
        }
    }

    /// They are gone.
    pub fn gone(&mut self, owner: &Owner, names: Vec<String>) {
        for name in names {
            let (old, new) = (Some(owner.clone()), None);
            self.on_bus(BusEvent::Owned { name, old, new });
        }
    }

    /// A player's face changes.
    pub fn show(&mut self, slot: usize, show: Show) {
        let awake = self.clock.awake();
        let Some(seat) = &mut self.slots[slot] else {
            return;
        };
        let player = &mut seat.player;
        let open = player.open.as_ref();
        let (rate, is_there) = (
            player.rate,
            show.of
                .is_none_or(|of| open.is_none_or(|open| open.playback == of)),
        );
        let Some(face) = player.face.as_mut().filter(|_| is_there) else {
            return;
        };
        let mut changed = face.show(show);
        if face.habits.pushes_position && !changed.is_empty() {
            let position = face.position(open, awake, rate);
            changed.insert("Position".into(), position);
        }
        let owner = face.owner.clone();
        if !changed.is_empty() && self.listens_to(&owner) {
            if self.is_denied(&owner) {
                self.complain(format!("{owner} is denied, and listened to"));
            }
            self.on_bus(BusEvent::Changed(owner, changed));
        }
    }

    /// A player says that it jumped.
    pub fn seeked(&mut self, slot: usize) {
        let awake = self.clock.awake();
        let Some(seat) = &self.slots[slot] else {
            return;
        };
        let player = &seat.player;
        let Some(face) = &player.face else { return };
        let position = face.position(player.open.as_ref(), awake, player.rate);
        let owner = face.owner.clone();
        if self.listens_to(&owner) {
            self.on_bus(BusEvent::Seeked(owner, Some(position)));
        }
    }

    fn listens_to(&self, owner: &Owner) -> bool {
        let ears = self.ears.as_ref();
        ears.is_some_and(|ears| ears.listening.contains(owner))
    }

    /// A position is wanted.
    pub fn asks(&mut self, id: &PlayerId) {
        let now = self.clock.moment();
        let mpv = self.slots.iter().flatten().map(|seat| &seat.player);
        let mpv = mpv.filter(|player| player.is_mpv() && player.ids.first() == Some(id));
        let number = mpv.map(|player| player.number).next();
        match (number, &mut self.ears) {
            (Some(number), _) => self.on_mpv(number, |mpv, _| mpv.ask()),
            (None, Some(ears)) => {
                ears.bus.asked(id, now);
                self.carry_out();
            }
            _ => {}
        }
    }

    /// The socket of an mpv is found.
    pub fn connects(&mut self, number: u32) {
        let Some(player) = self.mpv(number) else {
            return;
        };
        let id = player.ids[0].clone();
        let info = PlayerInfo {
            name: "mpv".into(),
            source: Source::Mpv,
            process: Some(player.process),
            ignored: None,
        };
        let Some(ears) = &mut self.ears else { return };
        if ears.mpv.contains_key(&number) {
            return;
        }
        let socket = Socket {
            conversation: Conversation::new(2, Some(folder(number).into())),
            busy: Duration::ZERO,
        };
        ears.mpv.insert(number, socket);
        let at = self.clock.moment();
        let signal = Signal::Appeared(info);
        self.observed(Observation {
            at,
            player: id,
            signal,
        });
        self.on_mpv(number, |_, _| ());
    }

    pub fn hangs_up(&mut self, number: u32) {
        let Some(ears) = &mut self.ears else { return };
        if ears.mpv.remove(&number).is_some() {
            let at = self.clock.moment();
            let player = PlayerId::new(&format!("mpv-{number}"));
            let signal = Signal::Vanished;
            self.observed(Observation { at, player, signal });
        }
    }

    fn mpv(&self, number: u32) -> Option<&Player> {
        let mut players = self.slots.iter().flatten().map(|seat| &seat.player);
        players.find(|player| player.number == number && player.is_mpv())
    }

    /// An mpv says something unasked.
    pub fn line(&mut self, slot: usize, line: Line) {
        let awake = self.clock.awake();
        let Some(seat) = &self.slots[slot] else {
            return;
        };
        let player = &seat.player;
        let entry = |entry: u64| i64::try_from(entry).ok();
        let event = match line {
            Line::StartFile(number) => MpvEvent::StartFile(entry(number)),
            Line::Loaded => MpvEvent::FileLoaded,
            Line::EndFile(number, reason) => MpvEvent::EndFile(entry(number), reason),
            Line::Seek => MpvEvent::Seek,
            Line::Restart => MpvEvent::PlaybackRestart,
            Line::Property(name) => property(player, name, awake),
        };
        let number = player.number;
        self.on_mpv(number, |mpv, now| mpv.handle(Message::Event(event), now));
    }

    /// Does something with a conversation, and passes on what comes of it.
    fn on_mpv(&mut self, number: u32, act: impl FnOnce(&mut Conversation, Moment)) {
        let (life, now) = (self.life, self.clock.moment());
        let hangs = self.hangs();
        let wait = if hangs { 2_500 } else { self.random.u64(1..8) };
        let Some(ears) = &mut self.ears else { return };
        let Some(socket) = ears.mpv.get_mut(&number) else {
            return;
        };
        let mpv = &mut socket.conversation;
        act(mpv, now);
        let mut signals = Vec::new();
        while let Some(told) = mpv.poll_signal() {
            signals.push(told);
        }
        let requests: Vec<Request> = mpv.take_requests().lines().filter_map(request).collect();
        if !requests.is_empty() {
            socket.busy = socket.busy.max(now.mono + ms(wait));
            let wait = socket.busy - now.mono;
            let heard = Heard::Served(number, requests);
            self.after(wait, Event::Ears(life, Box::new(heard)));
        }
        for (at, signal) in signals {
            let player = PlayerId::new(&format!("mpv-{number}"));
            self.observed(Observation { at, player, signal });
            if self.life != life {
                return;
            }
        }
        self.wake_ears();
    }

    fn served(&mut self, number: u32, requests: Vec<Request>) {
        let (life, awake) = (self.life, self.clock.awake());
        for request in requests {
            let Some(player) = self.mpv(number) else {
                return;
            };
            let message = match request {
                Request::Get(id, name) => Message::Reply(id, player.property(&name, awake)),
                Request::Observe(name) => Message::Event(property(player, &name, awake)),
            };
            self.on_mpv(number, |mpv, now| mpv.handle(message, now));
            if self.life != life {
                return;
            }
        }
    }
}

/// An observed property as it is now.
fn property(player: &Player, name: &str, awake: Duration) -> MpvEvent {
    let place = OBSERVED.iter().position(|known| *known == name);
    let number = place.map_or(0, |place| place as u64 + 1);
    MpvEvent::Property(number, player.property(name, awake))
}

/// A line to mpv: `{"command":["get_property","NAME"],"request_id":7}`, or `["observe_property",1,"NAME"]`.
fn request(line: &str) -> Option<Request> {
    let (command, number) = line.split_once("],\"request_id\":")?;
    let name = command.rsplit('"').nth(1)?.to_owned();
    if command.contains("get_property") {
        let number = number.trim_end_matches('}').parse().ok()?;
        return Some(Request::Get(number, name));
    }
    command
        .contains("observe_property")
        .then_some(Request::Observe(name))
}
