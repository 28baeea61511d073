//! The debouncer: observations and time in, lifecycle events out. No clock, no channel, no I/O.
//!
//! ```text
//!  player ──► playback (Playing) ──► session (Session) ──► viewing (Viewings)
//!  one        one file in it,        one live stretch,     one watching of one film or episode,
//!  process    load to end            start … stop          over as many sessions as it takes
//! ```
//!
//! **Order.** `handle` first lets everything fall due that was due before the observation, then applies it, so the result
//! does not depend on how late the caller is. Time is the observation's own stamp.
//!
//! **What survives.** Every event leaves as a `Step`: the event, the viewing and the session's journal entry as they are
//! after it. A step is taken (`advance`) only after it was remembered; while that fails, live steps of a session collapse to
//! the newest and stops are held. What is lost with the process is what happened since the last step: at most one beat.
//!
//! **Invariants**, checked after every operation in the property tests: at most one `watched` event per viewing; `stop` is last
//! in its session; stamps increase within a session; `0 ≤ position ≤ duration`; played ≤ elapsed × rate and ≤ the length; no
//! event without a title.

mod due;
mod end;
mod identity;
mod journal;
mod laps;
mod player;
mod position;
mod release;
mod report;
mod rules;
mod session;
mod start;
mod steps;
mod viewings;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod restarts;
#[cfg(test)]
mod rig;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

pub use release::Released;
pub use rules::Rules;
pub use viewings::{ALREADY_WATCHED, key_of, location_hash};

use crate::identify::{Identity, Verdict};
use crate::model::{
    Media, Moment, Observation, PlayerId, PlayerInfo, Random, SessionId, Signal, Span, Step,
    Transport, Viewing, ViewingId,
};
use player::{Player, bank, playing_in};
use session::{Playing, Session};
use steps::Steps;
use viewings::Viewings;

/// A jump between the clocks of this size is a suspend.
const SUSPEND: Duration = Duration::from_secs(5);
/// A machine that was about to sleep and is awake (mono) after this stays so, whether or not anybody says it.
const SLEEPS_WITHIN: Duration = Duration::from_secs(30);
/// A wall clock that steps back by more than this ends the sessions, whose stamps must increase.
const STEP_BACK: Duration = Duration::from_secs(30);

/// See the module's documentation.
#[derive(Debug)]
pub struct Debouncer {
    rules: Rules,
    random: Random,
    boot_id: u64,
    players: BTreeMap<PlayerId, Player>,
    viewings: Viewings,
    steps: Steps,
    asks: VecDeque<PlayerId>,
    /// Sessions of a former run, not yet adopted.
    orphans: Vec<Span>,
    /// When they are closed, mono; set once every watcher has finished its first scan.
    close_orphans: Option<Duration>,
    /// It is yet to be seen whether they have ended, and for whom they were.
    orphans_wait: bool,
    /// The last moment seen.
    last: Moment,
    /// Every watcher has finished its first scan.
    scanned: bool,
    /// The machine is about to sleep: nothing is started before this, mono.
    drowsy_until: Option<Duration>,
    /// Off: players are followed, nothing is started.
    tracking: bool,
    /// The daemon ends: nothing is started any more.
    over: bool,
}

/// What `status`, `players` and `explain` show of a player.
#[derive(Debug, Clone, PartialEq)]
pub struct PlayerView<'a> {
    /// Its id.
    pub id: &'a PlayerId,
    /// Who it is.
    pub info: &'a PlayerInfo,
    /// What it does.
    pub transport: Transport,
    /// What is in it, as far as it was identified.
    pub media: Option<&'a Media>,
    /// Fraction 0–1.
    pub progress: Option<f64>,
    /// The viewing of its open session.
    pub viewing: Option<ViewingId>,
    /// Why there is none.
    pub why_not: Option<String>,
}

impl Debouncer {
    /// `boot_id` names this boot; `viewings` and `open` are what a former run left behind.
    #[must_use]
    pub fn new(
        rules: Rules,
        random: Random,
        boot_id: u64,
        viewings: Vec<Viewing>,
        open: Vec<Span>,
        now: Moment,
    ) -> Self {
        Self {
            rules,
            random,
            boot_id,
            players: BTreeMap::new(),
            viewings: Viewings::new(viewings),
            steps: Steps::default(),
            asks: VecDeque::new(),
            orphans: open,
            close_orphans: None,
            orphans_wait: false,
            last: now,
            scanned: false,
            drowsy_until: None,
            tracking: true,
            over: false,
        }
    }

    /// What a former run left behind, where it could not be read at the start.
    pub fn recall(&mut self, viewings: Vec<Viewing>, open: Vec<Span>, now: Moment) {
        let gone_on = self.pieces_of(&viewings);
        self.leave_pieces_of(&viewings, now);
        self.viewings.insert_late(viewings);
        let ours: Vec<_> = self
            .players
            .values()
            .filter_map(|player| player.session())
            .map(|session| session.id)
            .collect();
        let known: Vec<_> = self.orphans.iter().map(|span| span.session).collect();
        let new = |span: &Span| !ours.contains(&span.session) && !known.contains(&span.session);
        let before = self.orphans.len();
        self.orphans.extend(open.into_iter().filter(new));
        self.orphans_wait |= self.orphans.len() > before;
        if self.scanned && self.orphans.len() > before {
            self.close_orphans = Some(now.mono + journal::ADOPT_WITHIN);
        }
        for (viewing, piece) in gone_on {
            self.join_piece(viewing, piece, now);
        }
    }

    /// What `recall` told of as open may be gone on with: whoever knows more has said what is over (`forget_sessions`) or must end
    /// (`close_orphans`). Until then it is only closed.
    pub fn weighed(&mut self) {
        self.orphans_wait = false;
    }

    /// Takes an observation.
    pub fn handle(&mut self, observation: Observation) {
        let now = observation.at;
        self.timeout(now);
        self.apply(&observation.player, observation.signal, now);
        self.evaluate(&observation.player, now);
    }

    fn apply(&mut self, id: &PlayerId, signal: Signal, now: Moment) {
        if let Signal::Appeared(info) = signal {
            return self.appeared(id, info, now);
        }
        if !self.players.contains_key(id) {
            return;
        }
        if is_word_of_an_end(&signal)
            && let Some(playing) = playing_in(&mut self.players, id)
        {
            playing.anchor.ends_by_itself(now.mono);
        }
        match signal {
            Signal::Appeared(_) => {}
            Signal::Vanished => {
                self.adopt_at_its_end(id, now);
                self.end_session(id, false, now);
                self.players.remove(id);
            }
            Signal::Opened(item) => self.opened(id, *item, now),
            Signal::Refined(item) => self.refined(id, *item, now),
            Signal::Transport { state, position } => self.transport(id, state, position, now),
            Signal::Rate(rate) => self.rate(id, rate, now),
            Signal::Position { seconds, seeked } => self.position(id, seconds, seeked, now),
            Signal::PositionUnknown => self.position_unknown(id, now),
            Signal::Ended(reason) => self.ended(id, reason, now),
            Signal::ReachedEnd => {
                self.adopt_at_its_end(id, now);
                self.end_session(id, true, now);
            }
        }
    }

    /// The item in a player was identified (or identified better).
    pub fn identified(&mut self, id: &PlayerId, identity: Identity, now: Moment) {
        self.timeout(now);
        self.take_identity(id, identity, now);
        self.evaluate(id, now);
    }

    /// Every watcher has finished its first scan: what has not been adopted soon is closed.
    pub fn scanned(&mut self, now: Moment) {
        self.scanned = true;
        self.close_orphans = (!self.orphans.is_empty()).then(|| now.mono + journal::ADOPT_WITHIN);
    }

    /// Lets everything fall due that is due by now.
    pub fn timeout(&mut self, now: Moment) {
        self.check_clocks(now);
        // This is asked with every input, and mostly nothing is. What a former run left open may be adopted at any time.
        let is_due = |player| self.next_due(player).is_some_and(|(at, _)| at <= now.mono);
        if !self.orphans.is_empty() || self.players.values().any(is_due) {
            let ids: Vec<PlayerId> = self.players.keys().cloned().collect();
            for id in ids {
                self.evaluate(&id, now);
            }
        }
        if self.close_orphans.is_some_and(|at| at <= now.mono) {
            for id in self.players.keys().cloned().collect::<Vec<_>>() {
                self.adopt_at_its_end(&id, now);
            }
            self.close_all_orphans();
        }
    }

    /// When `timeout` is to be called, on `Moment::mono`, and for what; `None` while nothing can fall due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Duration, &'static str)> {
        let players = self
            .players
            .values()
            .filter_map(|player| self.next_due(player));
        let orphans = self
            .close_orphans
            .map(|at| (at, "sessions of the last run are closed"));
        players.chain(orphans).min_by_key(|(at, _)| *at)
    }

    fn next_due(&self, player: &Player) -> Option<(Duration, &'static str)> {
        let playing = player.playing.as_ref()?;
        if let Some(session) = &playing.session {
            let reached = self.can_complete_paused(playing, session);
            let (at, due) = session.next_due(&self.rules, playing.anchor.running(), reached);
            return (at != Duration::MAX).then(|| (at, due.reason()));
        }
        let at = playing.start_due(&self.rules)?;
        if self.why_not(player).is_some() {
            return None;
        }
        Some((
            at.max(self.drowsy_until.unwrap_or_default()),
            "a start is due",
        ))
    }

    /// The next step, oldest first.
    #[must_use]
    pub fn peek(&self) -> Option<&Step> {
        self.steps.peek()
    }

    /// The step that `peek` showed has been remembered: here it is.
    pub fn advance(&mut self) -> Option<Step> {
        self.steps.advance()
    }

    /// The step that `peek` showed could not be remembered: it stays, and live ones behind it collapse.
    pub fn held(&mut self) {
        self.steps.hold();
    }

    /// The next player whose position is wanted.
    pub fn poll_ask(&mut self) -> Option<PlayerId> {
        self.asks.pop_front()
    }

    /// The machine is about to sleep: every session ends here, and none begins until it has slept, or has not for a while.
    pub fn sleeping(&mut self, now: Moment) {
        self.timeout(now);
        self.end_all_sessions(now, now);
        self.drowsy_until = Some(now.mono + SLEEPS_WITHIN);
    }

    /// It has slept, or will not.
    pub fn woke(&mut self, now: Moment) {
        self.drowsy_until = None;
        self.timeout(now);
    }

    /// Every session ends here, and what a former run left open; what goes on playing begins another at the next chance.
    pub fn cut(&mut self, now: Moment) {
        self.timeout(now);
        self.close_all_orphans();
        let watching = self
            .players
            .iter()
            .filter(|(_, player)| player.session().is_some());
        let ids: Vec<PlayerId> = watching.map(|(id, _)| id.clone()).collect();
        self.end_all_sessions(now, now);
        for id in ids {
            if let Some(playing) = playing_in(&mut self.players, &id) {
                playing.lead = self.rules.start_after;
            }
        }
    }

    /// Sessions with steps that could not be remembered yet.
    pub fn held_sessions(&self) -> Vec<SessionId> {
        self.steps.sessions()
    }

    /// Stops that could not be remembered yet.
    pub fn held_stops(&self) -> impl Iterator<Item = &Step> {
        self.steps.stops()
    }

    /// The daemon ends: every session does.
    pub fn shutdown(&mut self, now: Moment) {
        self.timeout(now);
        self.end_all_sessions(now, now);
        self.tracking = false;
        self.over = true;
    }

    /// Switches tracking off (every session ends) or on, for as long as the daemon has not ended. What is played while it is
    /// off counts for nothing.
    pub fn set_tracking(&mut self, on: bool, now: Moment) {
        self.timeout(now);
        if !on {
            self.end_all_sessions(now, now);
        }
        self.tracking = on && !self.over;
        for (id, player) in &mut self.players {
            if let Some(playing) = &mut player.playing {
                let _uncounted = playing.anchor.carry(now.mono, playing.item.duration);
                playing.restart_stretch(now);
                if on {
                    self.asks.push_back(id.clone());
                }
            }
        }
    }

    /// Rules have changed.
    pub fn reconfigure(&mut self, rules: Rules, now: Moment) {
        self.timeout(now);
        for player in self.players.values_mut() {
            if let Some(playing) = &mut player.playing {
                // What was played counts by the rules that were in force.
                let played = playing.anchor.carry(now.mono, playing.item.duration);
                bank(&mut self.viewings, playing, played, &self.rules);
                playing.settled_as_nothing = false;
            }
        }
        self.rules = rules;
    }

    /// True while some player has an open session.
    #[must_use]
    pub fn watching(&self) -> bool {
        self.players
            .values()
            .any(|player| player.session().is_some())
    }

    /// True while this player has an open session.
    #[must_use]
    pub fn watches(&self, id: &PlayerId) -> bool {
        let player = self.players.get(id);
        player.is_some_and(|player| player.session().is_some())
    }

    /// How many players are not ignored.
    #[must_use]
    pub fn followed(&self) -> usize {
        let players = self.players.values();
        players
            .filter(|player| player.info.ignored.is_none())
            .count()
    }

    /// True if nothing is open, held or waiting to be adopted: nothing is lost if memory of the store is dropped.
    #[must_use]
    pub fn idle(&self) -> bool {
        !self.watching() && self.steps.is_empty() && self.orphans.is_empty()
    }

    /// All viewings that are remembered.
    pub fn viewings(&self) -> impl Iterator<Item = &Viewing> {
        self.viewings.iter()
    }

    /// A viewing that is remembered.
    #[must_use]
    pub fn viewing(&self, id: ViewingId) -> Option<&Viewing> {
        self.viewings.get(id)
    }

    /// The user says that a viewing was not watched. What plays of it now begins here: credits are a piece of it, and nothing more.
    pub fn take_back(&mut self, id: ViewingId, now: Moment) {
        let Some(viewing) = self.viewings.get_mut(id) else {
            return;
        };
        viewing.take_back();
        let is_of_it = |playing: &Playing| {
            let session = playing.session.as_ref();
            playing.part_of == Some(id) || session.is_some_and(|session| session.viewing == id)
        };
        let players = self.players.iter().filter(|(_, player)| {
            let playing = player.playing.as_ref();
            playing.is_some_and(is_of_it)
        });
        for player in players.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.end_session(&player, false, now);
            if let Some(playing) = playing_in(&mut self.players, &player) {
                let _uncounted = playing.anchor.carry(now.mono, playing.item.duration);
                playing.part_of = None;
                playing.restart_stretch(now);
            }
        }
    }

    /// All players, for people.
    pub fn players(&self) -> impl Iterator<Item = PlayerView<'_>> {
        self.players.iter().map(|(id, player)| {
            // What an ignored one had open last is nobody's business, and may be long gone.
            let shown = player.info.ignored.is_none();
            let playing = player.playing.as_ref().filter(|_| shown);
            let session = player.session();
            PlayerView {
                id,
                info: &player.info,
                transport: player.transport.unwrap_or(Transport::Stopped),
                media: session
                    .map(|session| &session.media)
                    .or(playing.and_then(|playing| playing.media.as_ref())),
                progress: playing.and_then(|playing| {
                    let duration = playing.item.duration.filter(|duration| *duration > 0.0)?;
                    Some(playing.position(self.last)? / duration)
                }),
                viewing: session.map(|session| session.viewing),
                why_not: if session.is_some() {
                    None
                } else {
                    self.why_not(player)
                },
            }
        })
    }

    /// Why a player's present playback is not tracked; `None` if it is, or will be once it has played long enough.
    fn why_not(&self, player: &Player) -> Option<String> {
        if let Some(why) = self.refused(player) {
            return Some(why);
        }
        if !self.tracking {
            return Some("tracking is paused".into());
        }
        let Some(playing) = &player.playing else {
            return Some("nothing is open".into());
        };
        if playing.verdict.is_none() || playing.media.is_none() {
            return Some("not identified yet".into());
        }
        if playing.settled_as_nothing {
            return Some("already watched in this playback".into());
        }
        (!playing.anchor.known()).then(|| "its position is not known yet".into())
    }

    /// Why nothing of a player's present playback is ever to be told, by all that is known of it.
    fn refused(&self, player: &Player) -> Option<String> {
        if let Some(why) = &player.info.ignored {
            return Some(why.clone());
        }
        let playing = player.playing.as_ref()?;
        if let Some(why) = self.rules.refuse_item(&playing.item) {
            return Some(why);
        }
        match (&playing.verdict, &playing.media) {
            (Some(Verdict::Ignore(why)), _) => Some(why.clone()),
            (Some(_), Some(media)) => self.rules.refuse_media(media),
            _ => None,
        }
    }

    /// Whether the pause it is in may complete the viewing; not where it is only left, and played on in another player.
    fn can_complete_paused(&self, playing: &Playing, session: &Session) -> bool {
        let here = playing.anchor.last().filter(|_| session.paused);
        here.is_some_and(|seconds| seconds >= playing.threshold(&self.rules))
            && (self.viewings.get(session.viewing))
                .is_some_and(|viewing| steps::completes(viewing, &self.rules))
    }

    /// Suspend and steps of the wall clock end sessions before them.
    fn check_clocks(&mut self, now: Moment) {
        let before = self.last;
        if now.mono < before.mono {
            return;
        }
        self.last = now;
        let slept = now.slept_since(&before) >= SUSPEND;
        if slept || self.drowsy_until.is_some_and(|until| until <= now.mono) {
            self.drowsy_until = None;
        }
        let expected = before.wall.plus(now.boot.saturating_sub(before.boot));
        let stepped_back = expected.since(now.wall) > STEP_BACK;
        if slept {
            // When it fell asleep was not said; how long it was awake is known, and players go by that as well.
            let awake = now.mono.saturating_sub(before.mono);
            let asleep = Moment {
                mono: now.mono,
                boot: before.boot + awake,
                wall: before.wall.plus(awake),
            };
            self.end_all_sessions(asleep, now);
        } else if stepped_back {
            self.end_all_sessions(
                Moment {
                    wall: expected,
                    ..now
                },
                now,
            );
        }
    }
}

/// Whether only a player that lives says this of what it plays: that it is over. One that is killed vanishes without a word.
fn is_word_of_an_end(signal: &Signal) -> bool {
    matches!(
        signal,
        Signal::Opened(_)
            | Signal::Ended(_)
            | Signal::Transport {
                state: Transport::Stopped,
                ..
            }
    )
}
