//! One process, one player: mpv on its socket and mpv-mpris on the bus are the same playback seen twice.
//!
//! Observations of several **members** that are one player go out as one stream, under one id, the **face**. One member
//! is **active**: what it says passes, what the others say is only remembered, and they are shown as ignored. A member
//! on mpv's socket is preferred as soon as it knows what is open; of several on the bus (a process with two
//! connections) the one that plays, if the active one does not. If the active one goes, another takes over: where
//! both see the same location the playback simply goes on, under the same face, so nothing is stopped or started.
//!
//! The face changes only while nothing is open. It may outlive the member it was named after.
//!
//! Members are one player if their processes are the same, or one is no mpv and started the other, which is one (SMPlayer; a
//! player that starts others, or an mpv that starts one for its thumbnails, is not one with them). A member whose process
//! cannot be known (a sandbox) is one with an mpv that has the same location open, and no longer than that.
//!
//! Pure: no clock, no channel; kinship of processes is a parameter.

use std::collections::BTreeMap;

use crate::model::{
    EndReason, Item, Moment, Observation, PlayerId, PlayerInfo, Process, Signal, Source, Transport,
};

/// Seconds; lengths of items without a location that differ by less may be the same item.
const SAME_LENGTH: f64 = 2.0;

/// Whether the first process started the second.
pub type Started = Box<dyn Fn(Process, Process) -> bool + Send>;

/// Turns the observations of all watchers into those of players.
pub struct Merge {
    started: Started,
    members: BTreeMap<PlayerId, Member>,
    /// By face.
    groups: BTreeMap<PlayerId, Group>,
    out: Vec<Observation>,
}

/// What is known of a member, whether it is heard or not.
#[derive(Debug, Clone)]
struct Member {
    info: PlayerInfo,
    item: Option<Item>,
    transport: Option<Transport>,
    rate: f64,
    position: Option<(f64, Moment)>,
    no_position: bool,
}

#[derive(Debug)]
struct Group {
    /// In order of appearance; never empty.
    members: Vec<PlayerId>,
    active: PlayerId,
}

impl std::fmt::Debug for Merge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Merge")
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

impl Merge {
    /// No players yet.
    #[must_use]
    pub fn new(started: Started) -> Self {
        Self {
            started,
            members: BTreeMap::new(),
            groups: BTreeMap::new(),
            out: Vec::new(),
        }
    }

    /// Takes what a watcher saw; gives what is to be believed, in order.
    pub fn handle(&mut self, seen: Observation) -> Vec<Observation> {
        let Observation { at, player, signal } = seen;
        match signal {
            Signal::Appeared(info) => self.appeared(player, info, at),
            Signal::Vanished => self.vanished(&player, at),
            signal => self.said(player, signal, at),
        }
        std::mem::take(&mut self.out)
    }

    /// Which watcher's player answers when the position of `player` is wanted.
    #[must_use]
    pub fn route(&self, player: &PlayerId) -> PlayerId {
        let group = self.groups.get(player);
        group.map_or_else(|| player.clone(), |group| group.active.clone())
    }

    fn appeared(&mut self, id: PlayerId, info: PlayerInfo, at: Moment) {
        if info.ignored.is_some() {
            return self.ignored(id, info, at);
        }
        match self.members.get_mut(&id) {
            Some(member) => member.info = info.clone(),
            None => {
                self.members.insert(id.clone(), Member::new(info.clone()));
            }
        }
        if let Some(face) = self.face_of(&id) {
            if self.is_active(&face, &id) {
                self.tell(face.clone(), Signal::Appeared(info), at);
            }
            let face = self.unite(&id, face, at);
            self.prefer(&face, at);
            return;
        }
        let kin = self.kin_of(&id).and_then(|kin| self.face_of(&kin));
        if kin.as_ref() != Some(&id) {
            self.take_back_name(&id, at);
        }
        if let Some(face) = kin {
            self.join(&face, id, at);
        } else {
            let group = Group {
                members: vec![id.clone()],
                active: id.clone(),
            };
            self.groups.insert(id.clone(), group);
            self.tell(id, Signal::Appeared(info), at);
        }
    }

    /// Its watcher does not listen to it.
    fn ignored(&mut self, id: PlayerId, info: PlayerInfo, at: Moment) {
        let face = self.face_of(&id);
        self.leave(&id, at);
        self.members.remove(&id);
        if !self.groups.contains_key(&id) {
            self.tell(id, Signal::Appeared(info), at);
        }
        if let Some(face) = face {
            self.part(&face, at);
        }
    }

    fn vanished(&mut self, id: &PlayerId, at: Moment) {
        let face = self.face_of(id);
        self.leave(id, at);
        self.members.remove(id);
        if !self.groups.contains_key(id) {
            self.tell(id.clone(), Signal::Vanished, at);
        }
        if let Some(face) = face {
            self.part(&face, at);
        }
    }

    fn said(&mut self, id: PlayerId, signal: Signal, at: Moment) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        member.remember(&signal, at);
        let Some(mut face) = self.face_of(&id) else {
            return;
        };
        let known_by_what_it_plays = matches!(
            signal,
            Signal::Opened(_) | Signal::Refined(_) | Signal::Ended(_)
        );
        if self.is_active(&face, &id) {
            self.tell(face.clone(), signal, at);
        }
        if known_by_what_it_plays {
            face = self.unite(&id, face, at);
            self.part(&face, at);
        }
        self.prefer(&face, at);
    }

    /// Adds a member to a group that is already there.
    fn join(&mut self, face: &PlayerId, id: PlayerId, at: Moment) {
        if let Some(group) = self.groups.get_mut(face) {
            group.members.push(id.clone());
        }
        if !self.prefer(face, at) {
            self.show_twin(face, &id, at);
        }
    }

    /// Takes a member out of its group; another takes over if it was the active one.
    fn leave(&mut self, id: &PlayerId, at: Moment) {
        let Some(face) = self.face_of(id) else { return };
        let Some(group) = self.groups.get_mut(&face) else {
            return;
        };
        group.members.retain(|member| member != id);
        let next = (group.members.iter()).min_by_key(|member| {
            let member = self.members.get(*member);
            // One that was only known by what the gone one played comes last.
            member.map(|m| {
                let is_on_bus = m.info.source == Source::Mpris;
                (is_on_bus, m.info.process.is_none(), !m.plays())
            })
        });
        match next.cloned() {
            Some(next) if group.active == *id => {
                let open = self.members.get(id).and_then(|member| member.item.clone());
                self.activate(&face, next, open, at);
            }
            Some(_) => {}
            None => {
                self.groups.remove(&face);
                if *id != face {
                    self.tell(face, Signal::Vanished, at);
                }
            }
        }
    }

    /// Makes a member that is better to listen to than the active one the active one.
    fn prefer(&mut self, face: &PlayerId, at: Moment) -> bool {
        let Some(group) = self.groups.get(face) else {
            return false;
        };
        let Some(active) = self.members.get(&group.active) else {
            return false;
        };
        let better = group.members.iter().find_map(|id| {
            let member = self.members.get(id)?;
            (member.is_better_than(active)).then(|| (id.clone(), member.info.source))
        });
        let open = active.item.clone();
        match (better, open) {
            (None, _) => return false,
            (Some((better, Source::Mpv)), None) => self.rename(face, better, at),
            (Some((better, _)), open) => self.activate(face, better, open, at),
        }
        true
    }

    /// Lets those go who belonged to a player for what they had open, and have something else open now, or whose mpv
    /// is gone while others of its process stay.
    fn part(&mut self, face: &PlayerId, at: Moment) {
        let Some(group) = self.groups.get(face) else {
            return;
        };
        let of = |id: &PlayerId| self.members.get(id);
        let has_parted = |id: &&PlayerId| {
            let others = group.members.iter().filter(|other| other != id);
            *id != face
                && others.clone().count() > 0
                && of(id).is_some_and(|member| {
                    let is_mpv = |other: &Member| other.info.source == Source::Mpv;
                    let has_opened = member.item.is_some();
                    member.info.process.is_none()
                        && !others.filter_map(of).any(|other| {
                            is_mpv(other) && (!has_opened || member.plays_what_plays(other))
                        })
                })
        };
        let parted: Vec<PlayerId> = group.members.iter().filter(has_parted).cloned().collect();
        for id in parted {
            self.set_free(id, at);
        }
    }

    /// It is a player of its own again.
    fn set_free(&mut self, id: PlayerId, at: Moment) {
        self.leave(&id, at);
        let group = Group {
            members: vec![id.clone()],
            active: id.clone(),
        };
        self.groups.insert(id.clone(), group);
        let face = self.unite(&id, id.clone(), at);
        if face == id {
            self.activate(&face, id, None, at);
        }
    }

    /// Lets another member speak under the same face, going on from what was open.
    fn activate(&mut self, face: &PlayerId, id: PlayerId, open: Option<Item>, at: Moment) {
        if let Some(group) = self.groups.get_mut(face) {
            group.active = id.clone();
        }
        let Some(member) = self.members.get(&id).cloned() else {
            return;
        };
        self.tell(face.clone(), Signal::Appeared(member.info.clone()), at);
        for signal in member.state(open.as_ref(), at) {
            self.tell(face.clone(), signal, at);
        }
        self.show_twins(face, at);
    }

    /// Others were left under the id of a member that went, and it is here again, without them.
    fn take_back_name(&mut self, id: &PlayerId, at: Moment) {
        if let Some(active) = self.groups.get(id).map(|group| group.active.clone()) {
            self.rename(id, active, at);
        }
    }

    /// The player is shown under the id of the member that speaks for it from now on.
    fn rename(&mut self, old: &PlayerId, id: PlayerId, at: Moment) {
        let Some(mut group) = self.groups.remove(old) else {
            return;
        };
        group.active = id.clone();
        let is_left = group.members.contains(old);
        self.groups.insert(id.clone(), group);
        if !is_left {
            self.tell(old.clone(), Signal::Vanished, at);
        }
        self.activate(&id.clone(), id, None, at);
    }

    /// Two groups may turn out to be one player, by a process known late or by what an unknown process plays.
    fn unite(&mut self, id: &PlayerId, face: PlayerId, at: Moment) -> PlayerId {
        let Some(other) = self
            .kin_of(id)
            .filter(|kin| self.face_of(kin) != Some(face.clone()))
        else {
            return face;
        };
        let is_mpv = (self.members.get(id)).is_some_and(|member| member.info.source == Source::Mpv);
        let (stays, goes) = if is_mpv { (id, &other) } else { (&other, id) };
        let (Some(stays), Some(goes)) = (self.face_of(stays), self.face_of(goes)) else {
            return face;
        };
        let gone = self
            .groups
            .remove(&goes)
            .map_or_else(Vec::new, |group| group.members);
        if !gone.contains(&goes) {
            self.tell(goes, Signal::Vanished, at);
        }
        if let Some(group) = self.groups.get_mut(&stays) {
            group.members.extend(gone);
        }
        self.show_twins(&stays, at);
        stays
    }

    /// Another member that is the same player.
    fn kin_of(&self, id: &PlayerId) -> Option<PlayerId> {
        let this = self.members.get(id)?;
        let by_process = |other: &Member| this.info.process.and(other.info.process).is_some();
        let kin = |other: &Member| match this.info.process.zip(other.info.process) {
            Some((a, b)) => {
                a == b
                    || this.is_face_of(other) && (self.started)(a, b)
                    || other.is_face_of(this) && (self.started)(b, a)
            }
            None => this.plays_what_plays(other),
        };
        let free = |other: &PlayerId| {
            let unknown = if this.info.process.is_none() {
                id
            } else {
                other
            };
            !self.is_with_an_mpv(unknown)
        };
        let mut others = self.members.iter().filter(|(other, _)| *other != id);
        others
            .find(|(other, member)| kin(member) && (by_process(member) || free(other)))
            .map(|(other, _)| other.clone())
    }

    /// Whether one that is known by what it plays is known to be some mpv already.
    fn is_with_an_mpv(&self, id: &PlayerId) -> bool {
        let group = self.face_of(id).and_then(|face| self.groups.get(&face));
        let is_mpv = |id| {
            let member: Option<&Member> = self.members.get(id);
            member.is_some_and(|member| member.info.source == Source::Mpv)
        };
        group.is_some_and(|group| group.members.iter().any(is_mpv))
    }

    fn face_of(&self, id: &PlayerId) -> Option<PlayerId> {
        let group = self
            .groups
            .iter()
            .find(|(_, group)| group.members.contains(id));
        group.map(|(face, _)| face.clone())
    }

    fn is_active(&self, face: &PlayerId, id: &PlayerId) -> bool {
        self.groups
            .get(face)
            .is_some_and(|group| group.active == *id)
    }

    fn show_twins(&mut self, face: &PlayerId, at: Moment) {
        let members = self.groups.get(face).map(|group| group.members.clone());
        for id in members.unwrap_or_default() {
            self.show_twin(face, &id, at);
        }
    }

    /// Shows a member as ignored, unless the player is shown under its id.
    fn show_twin(&mut self, face: &PlayerId, id: &PlayerId, at: Moment) {
        let active = self
            .groups
            .get(face)
            .and_then(|group| self.members.get(&group.active));
        let (Some(active), Some(member)) = (active, self.members.get(id)) else {
            return;
        };
        if id == face {
            return;
        }
        let socket = active.info.source == Source::Mpv && member.info.source == Source::Mpris;
        let why = if socket {
            "watched through its mpv socket".to_owned()
        } else {
            format!("the same player as {face}")
        };
        let info = PlayerInfo {
            ignored: Some(why),
            ..member.info.clone()
        };
        self.tell(id.clone(), Signal::Appeared(info), at);
    }

    fn tell(&mut self, player: PlayerId, signal: Signal, at: Moment) {
        self.out.push(Observation { at, player, signal });
    }
}

impl Member {
    fn new(info: PlayerInfo) -> Self {
        Self {
            info,
            item: None,
            transport: None,
            rate: 1.0,
            position: None,
            no_position: false,
        }
    }

    fn is_mpv(&self) -> bool {
        self.info.source == Source::Mpv || self.info.name.eq_ignore_ascii_case("mpv")
    }

    /// Whether the other may be the mpv behind this one's windows.
    fn is_face_of(&self, other: &Self) -> bool {
        !self.is_mpv() && other.is_mpv()
    }

    fn plays(&self) -> bool {
        let runs = matches!(
            self.transport,
            Some(Transport::Playing | Transport::Buffering)
        );
        runs && self.item.is_some()
    }

    /// Of two that have the same open the one stays that speaks: they do not pause at the very same moment.
    fn is_better_than(&self, active: &Self) -> bool {
        match (self.info.source, active.info.source) {
            (Source::Mpv, Source::Mpris) => self.item.is_some() || active.item.is_none(),
            (Source::Mpris, Source::Mpris) => {
                let is_same = |(a, b)| is_same(a, b);
                let same = (self.item.as_ref().zip(active.item.as_ref())).is_some_and(is_same);
                self.plays() && !active.plays() && !same
            }
            (_, Source::Mpv) => false,
        }
    }

    fn remember(&mut self, signal: &Signal, at: Moment) {
        match signal {
            Signal::Opened(item) => {
                self.item = Some((**item).clone());
                self.position = None;
                self.no_position = false;
            }
            Signal::Refined(item) => self.item = Some((**item).clone()),
            Signal::Transport { state, position } => {
                self.position = position
                    .or(self.position_at(at))
                    .map(|seconds| (seconds, at));
                self.transport = Some(*state);
            }
            Signal::Rate(rate) => {
                self.position = self.position_at(at).map(|seconds| (seconds, at));
                self.rate = *rate;
            }
            Signal::Position { seconds, .. } => {
                self.position = Some((*seconds, at));
                self.no_position = false;
            }
            Signal::PositionUnknown => self.no_position = true,
            Signal::Ended(_) => self.item = None,
            Signal::Appeared(_) | Signal::Vanished | Signal::ReachedEnd => {}
        }
    }

    fn position_at(&self, now: Moment) -> Option<f64> {
        let (seconds, at) = self.position?;
        let run = match self.transport {
            Some(Transport::Playing) => now.mono.saturating_sub(at.mono).as_secs_f64() * self.rate,
            _ => 0.0,
        };
        Some(seconds + run)
    }

    /// Its present state as signals, after a stream in which `open` is open.
    fn state(&self, open: Option<&Item>, now: Moment) -> Vec<Signal> {
        let Some(item) = self.item.clone().map(Box::new) else {
            return open
                .map(|_| Signal::Ended(EndReason::Stopped))
                .into_iter()
                .collect();
        };
        let goes_on = open.is_some_and(|open| is_same(open, &item));
        // Where the same goes on, the positions so far are better than one that nobody asked for.
        let position = self.position_at(now).filter(|_| !goes_on);
        let mut signals = vec![if goes_on {
            Signal::Refined(item)
        } else {
            Signal::Opened(item)
        }];
        signals.push(Signal::Rate(self.rate));
        signals.extend((self.transport).map(|state| Signal::Transport { state, position }));
        if self.no_position {
            signals.push(Signal::PositionUnknown);
        }
        signals
    }

    /// Whether one is an mpv, the other one's process is not known, and both have the same location open.
    fn plays_what_plays(&self, other: &Self) -> bool {
        let mpv = |member: &Self| member.info.source == Source::Mpv;
        let unknown = |member: &Self| !mpv(member) && member.info.process.is_none();
        let place = |member: &Self| member.item.as_ref().and_then(|item| item.location.clone());
        (mpv(self) && unknown(other) || unknown(self) && mpv(other))
            && place(self).is_some()
            && place(self) == place(other)
    }
}

fn is_same(a: &Item, b: &Item) -> bool {
    match (&a.location, &b.location) {
        (Some(a), Some(b)) => a == b,
        _ => (a.duration.zip(b.duration)).is_some_and(|(a, b)| (a - b).abs() < SAME_LENGTH),
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
