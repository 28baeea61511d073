//! A simulated evening for tests: players that really advance, a clock that really passes, answers to every ask.

use std::collections::BTreeMap;
use std::time::Duration;

use super::rules::test_rules;
use super::*;
use crate::identify::Verdict;
use crate::model::{
    Action, EndReason, Item, Lifecycle, Location, MediaType, PlayerInfo, Process, Signal, Source,
    Transport, Video, Wall,
};

/// A player as it truly is.
#[derive(Debug, Clone)]
pub struct Truth {
    pub item: Item,
    pub position: f64,
    pub rate: f64,
    pub state: Transport,
    pub answers: bool,
    pub pid: u32,
}

/// Debouncer, players and time.
pub struct Rig {
    pub d: Debouncer,
    pub now: Moment,
    pub players: BTreeMap<PlayerId, Truth>,
    pub events: Vec<Lifecycle>,
    pub steps: Vec<Step>,
    /// Names the boot that later daemons run in.
    pub boot_id: u64,
    next_pid: u32,
}

pub fn film(path: &str, length: f64) -> Item {
    Item {
        location: Some(Location::Path(path.into())),
        duration: Some(length),
        video: Video::Yes,
        ..Item::default()
    }
}

/// `/films/Heat (1995).mkv` is the film "Heat (1995)"; `/shows/X - 3.mkv` the third episode of X; `/odd/…` unknown.
pub fn identity(item: &Item) -> Identity {
    let path = item
        .location
        .as_ref()
        .map_or("", |location| location.as_str());
    let stem = path
        .rsplit('/')
        .next()
        .unwrap_or("")
        .trim_end_matches(".mkv")
        .to_owned();
    let mut media = Media {
        title: Some(stem.clone()),
        confidence: 0.9,
        ..Media::default()
    };
    let mut verdict = Verdict::Track;
    if path.starts_with("/shows/") {
        let (title, number) = stem.rsplit_once(" - ").unwrap_or((&stem, "1"));
        media.media_type = Some(MediaType::Episode);
        media.title = Some(title.to_owned());
        media.season = vec![1];
        media.episode = vec![number.parse().unwrap_or(1)];
    } else if path.starts_with("/odd/") {
        verdict = Verdict::Local("unidentified".into());
    } else {
        media.media_type = Some(MediaType::Movie);
    }
    Identity {
        media,
        verdict,
        evidence: Vec::new(),
    }
}

pub fn start_of_time() -> Moment {
    Moment {
        mono: Duration::from_secs(1000),
        boot: Duration::from_secs(1000),
        wall: Wall(1_780_000_000_000),
    }
}

impl Rig {
    pub fn new() -> Self {
        Self::with(test_rules(), 1)
    }

    pub fn with(rules: Rules, seed: u64) -> Self {
        let now = start_of_time();
        let mut d = Debouncer::new(rules, Random::seeded(seed), 7, vec![], vec![], now);
        d.scanned(now);
        Self {
            d,
            now,
            players: BTreeMap::new(),
            events: vec![],
            steps: vec![],
            boot_id: 7,
            next_pid: 100,
        }
    }

    /// The daemon is killed, and started again after `away`; the players go on.
    pub fn restart(&mut self, away: f64, rules: Rules) {
        self.begin_anew(away, rules);
        self.announce_all();
        self.d.scanned(self.now);
        self.drain();
    }

    /// The same, and no player is seen at the first scan.
    pub fn restart_unseen(&mut self, away: f64) {
        self.begin_anew(away, super::rules::test_rules());
        self.d.scanned(self.now);
        self.drain();
    }

    /// The same, and what a former run left can be read only after `after` more seconds, but for what the history tells.
    pub fn restart_and_recall(&mut self, away: f64, after: f64) {
        let left = self.remembered();
        self.restart_knowing_what_ended(away);
        self.wait(after);
        self.recall(left);
    }

    /// The daemon starts again, and of what it left can read only what the history says of what was watched, and of pieces of it.
    pub fn restart_knowing_what_ended(&mut self, away: f64) {
        let is_over =
            |viewing: &Viewing| viewing.completed.is_some() || viewing.local_only.is_some();
        self.steps.retain(|step| is_over(&step.viewing));
        self.restart(away, super::rules::test_rules());
    }

    /// What a former run left can be read at last.
    pub fn recall(&mut self, (viewings, open): (Vec<Viewing>, Vec<Span>)) {
        self.d.recall(viewings, open, self.now);
        self.d.weighed();
        self.drain();
    }

    /// The user takes the last watch back, and that is remembered.
    pub fn take_back(&mut self) {
        let id = self.completions().last().unwrap();
        self.d.take_back(id, self.now);
        let viewing = self.d.viewing(id).unwrap().clone();
        self.drain();
        self.steps.push(super::release::remembering(viewing));
    }

    /// The viewings that were completed, in their order.
    pub fn completions(&self) -> impl Iterator<Item = ViewingId> {
        let watched = self.events.iter().filter(|event| event.watched);
        watched.map(|event| event.viewing)
    }

    /// What this run would leave behind.
    pub fn remembered(&self) -> (Vec<Viewing>, Vec<Span>) {
        let mut viewings: BTreeMap<ViewingId, Viewing> = BTreeMap::new();
        let mut open: BTreeMap<_, Span> = BTreeMap::new();
        for step in &self.steps {
            viewings.insert(step.viewing.id, step.viewing.clone());
            match &step.journal {
                crate::model::Journal::Open(span) => {
                    open.insert(span.session, (**span).clone());
                }
                crate::model::Journal::Closed(session) => {
                    open.remove(session);
                }
                crate::model::Journal::Same => {}
            }
        }
        (
            viewings.into_values().collect(),
            open.into_values().collect(),
        )
    }

    fn begin_anew(&mut self, away: f64, rules: Rules) {
        let (viewings, open) = self.remembered();
        self.pass(away);
        let random = Random::seeded(self.now.mono.as_millis() as u64);
        self.d = Debouncer::new(rules, random, self.boot_id, viewings, open, self.now);
    }

    /// All players are seen.
    pub fn announce_all(&mut self) {
        let ids: Vec<_> = self.players.keys().cloned().collect();
        for id in ids {
            self.announce(&id);
        }
        self.drain();
    }

    /// A player is there, and tells nothing yet.
    pub fn appear(&mut self, id: &PlayerId) {
        let truth = self.players[id].clone();
        let process = Some(Process {
            pid: truth.pid,
            started: 1,
        });
        let info = PlayerInfo {
            name: "mpv".into(),
            source: match id.to_string().starts_with("mpv") {
                true => Source::Mpv,
                false => Source::Mpris,
            },
            process,
            ignored: None,
        };
        self.say(id, Signal::Appeared(info));
    }

    fn announce(&mut self, id: &PlayerId) {
        self.appear(id);
        let truth = self.players[id].clone();
        self.say(id, Signal::Rate(truth.rate));
        self.say(id, Signal::Opened(Box::new(truth.item.clone())));
        self.d.identified(id, identity(&truth.item), self.now);
        self.say(
            id,
            Signal::Transport {
                state: truth.state,
                position: Some(truth.position),
            },
        );
    }

    /// Opens a file in a player (a new one if there is none of that name) and plays it from `position`.
    pub fn open_at(&mut self, player: &str, item: Item, position: f64) {
        let id = PlayerId::new(player);
        let fresh = !self.players.contains_key(&id);
        let pid = self.next_pid;
        self.next_pid += 1;
        let truth = Truth {
            item,
            position,
            rate: 1.0,
            state: Transport::Playing,
            answers: true,
            pid,
        };
        let old = self.players.insert(id.clone(), truth);
        if let Some(old) = old {
            let truth = self.players.get_mut(&id).unwrap();
            truth.pid = old.pid;
            truth.rate = old.rate;
        }
        if fresh {
            return self.announce(&id);
        }
        let item = self.players[&id].item.clone();
        self.say(&id, Signal::Opened(Box::new(item.clone())));
        self.d.identified(&id, identity(&item), self.now);
        self.say(
            &id,
            Signal::Transport {
                state: Transport::Playing,
                position: Some(position),
            },
        );
    }

    pub fn open(&mut self, item: Item) {
        self.open_at("mpv-1", item, 0.0);
    }

    pub fn say(&mut self, id: &PlayerId, signal: Signal) {
        self.d.handle(Observation {
            at: self.now,
            player: id.clone(),
            signal,
        });
        self.drain();
    }

    pub fn set(&mut self, player: &str, state: Transport) {
        let id = PlayerId::new(player);
        let Some(truth) = self.players.get_mut(&id) else {
            return;
        };
        truth.state = state;
        let position = Some(truth.position);
        self.say(&id, Signal::Transport { state, position });
    }

    pub fn pause(&mut self) {
        self.set("mpv-1", Transport::Paused);
    }

    pub fn resume(&mut self) {
        self.set("mpv-1", Transport::Playing);
    }

    pub fn seek(&mut self, player: &str, to: f64, told: bool) {
        let id = PlayerId::new(player);
        let Some(truth) = self.players.get_mut(&id) else {
            return;
        };
        truth.position = to.clamp(0.0, truth.item.duration.unwrap_or(f64::MAX));
        let seconds = truth.position;
        if told {
            self.say(
                &id,
                Signal::Position {
                    seconds,
                    seeked: true,
                },
            );
        }
    }

    pub fn speed(&mut self, player: &str, rate: f64) {
        let id = PlayerId::new(player);
        let Some(truth) = self.players.get_mut(&id) else {
            return;
        };
        truth.rate = rate;
        self.say(&id, Signal::Rate(rate));
    }

    pub fn end(&mut self, player: &str, reason: EndReason) {
        self.say(&PlayerId::new(player), Signal::Ended(reason));
    }

    pub fn quit(&mut self, player: &str) {
        let id = PlayerId::new(player);
        self.players.remove(&id);
        self.say(&id, Signal::Vanished);
    }

    fn pass(&mut self, seconds: f64) {
        self.now = self.now.after(Duration::from_secs_f64(seconds));
        for truth in self
            .players
            .values_mut()
            .filter(|truth| truth.state == Transport::Playing)
        {
            let end = truth.item.duration.unwrap_or(f64::MAX);
            truth.position = (truth.position + seconds * truth.rate).min(end);
        }
    }

    /// Lets time pass, with everything that falls due on the way.
    pub fn wait(&mut self, seconds: f64) {
        let until = self.now.mono + Duration::from_secs_f64(seconds);
        for _ in 0..100_000 {
            let next = self
                .d
                .poll_timeout()
                .map(|(at, _)| at)
                .filter(|at| *at < until);
            let step = next.unwrap_or(until).saturating_sub(self.now.mono);
            self.pass(step.as_secs_f64());
            self.now.mono = next.unwrap_or(until).max(self.now.mono);
            self.d.timeout(self.now);
            self.drain();
            if next.is_none() {
                return;
            }
        }
        panic!("the debouncer's timers do not come to rest");
    }

    /// The machine sleeps: only the boot clock and the wall go on.
    pub fn sleep(&mut self, seconds: f64) {
        let by = Duration::from_secs_f64(seconds);
        self.now = Moment {
            mono: self.now.mono,
            boot: self.now.boot + by,
            wall: self.now.wall.plus(by),
        };
    }

    pub fn drain(&mut self) {
        while let Some(id) = self.d.poll_ask() {
            let Some(truth) = self.players.get(&id).filter(|truth| truth.answers) else {
                continue;
            };
            let signal = Signal::Position {
                seconds: truth.position,
                seeked: false,
            };
            self.d.handle(Observation {
                at: self.now,
                player: id,
                signal,
            });
        }
        while let Some(step) = self.d.peek().cloned() {
            self.d.advance();
            self.events.extend(step.event.clone());
            self.steps.push(step);
        }
    }

    /// `start 5 · pause 60 · stop 900 watched`: actions, whole seconds, and the latch.
    pub fn story(&self) -> String {
        let mut told: Vec<String> = Vec::new();
        for event in self
            .events
            .iter()
            .filter(|event| event.action != Action::Progress)
        {
            let watched = if event.watched { " watched" } else { "" };
            told.push(format!(
                "{} {:.0}{watched}",
                event.action.as_str(),
                event.position
            ));
        }
        told.join(" · ")
    }

    pub fn watches(&self) -> usize {
        self.events.iter().filter(|event| event.watched).count()
    }

    pub fn count(&self, action: Action) -> usize {
        self.events
            .iter()
            .filter(|event| event.action == action)
            .count()
    }
}
