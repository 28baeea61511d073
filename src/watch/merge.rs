//! One process, one player: mpv on its socket and mpv-mpris on the bus are the same playback seen twice.
//!
//! Observations of several **members** that are one player go out as one stream, under one id, the **face**. One member
//! is **active**: what it says passes, what the others say is only remembered, and they are shown as ignored. A member
//! on mpv's socket is preferred as soon as it knows what is open, one in a process of its own only once it has played
//! (it may be there for thumbnails); of several on the bus (a process with two connections) the one that plays, if the
//! active one does not. If the active one goes, another takes over: where both see the same location the playback simply
//! goes on, under the same face, so nothing is stopped or started.
//!
//! The face changes only while nothing is open. It may outlive the member it was named after.
//!
//! Members are one player if their processes are the same, or one is no mpv and started the other, which is one (SMPlayer; a
//! player that starts others, or an mpv that starts one for its thumbnails, is not one with them). A member whose process
//! cannot be known (a sandbox) is one with an mpv that has the same location open, and no longer than that; not while it
//! plays and the mpv is paused.
//!
//! A player whose watcher ignores it is no member, and the mpv that would be one with it is **hidden**: remembered and
//! shown as ignored until the player is watched again.
//!
//! Pure: no clock, no channel; kinship of processes is a parameter.

mod member;

use std::collections::BTreeMap;

use self::member::{Member, is_face_of, is_mpv};
use crate::model::{Item, Moment, Observation, PlayerId, PlayerInfo, Process, Signal, Source};

/// Whether the first process started the second.
pub type Started = Box<dyn Fn(Process, Process) -> bool + Send>;

/// Turns the observations of all watchers into those of players.
pub struct Merge {
    started: Started,
    /// Those in no group are hidden.
    members: BTreeMap<PlayerId, Member>,
    /// Those whose watchers ignore them.
    ignored: BTreeMap<PlayerId, PlayerInfo>,
    /// By face.
    groups: BTreeMap<PlayerId, Group>,
    out: Vec<Observation>,
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
            ignored: BTreeMap::new(),
            groups: BTreeMap::new(),
            out: Vec::new(),
        }
    }

    /// Takes what a watcher saw; gives what is to be believed, in order.
    pub fn handle(&mut self, seen: Observation) -> Vec<Observation> {
        let Observation { at, player, signal } = seen;
        match signal {
            Signal::Appeared(info) if info.ignored.is_some() => self.ignored(player, info, at),
            Signal::Appeared(info) => {
                self.ignored.remove(&player);
                self.appeared(player.clone(), info.clone(), at);
                self.reveal(&player, &info, at);
            }
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
        match self.members.get_mut(&id) {
            Some(member) => member.info = info.clone(),
            None => {
                self.members.insert(id.clone(), Member::new(info.clone()));
            }
        }
        if let Some(last) = (self.why_hidden(&id)).and_then(|why| self.hidden(&id, why)) {
            return self.withdraw(vec![(id, last)], at);
        }
        if let Some(face) = self.face_of(&id) {
            if self.is_active(&face, &id) {
                self.show(&face, at);
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

    /// Its watcher does not listen to it, and nobody to its own mpv.
    fn ignored(&mut self, id: PlayerId, info: PlayerInfo, at: Moment) {
        self.ignored.insert(id.clone(), info.clone());
        let shown = self
            .members
            .keys()
            .filter(|other| **other != id && self.face_of(other).is_some());
        let hidden = shown.filter_map(|other| {
            let last = self.hidden(other, self.why_hidden(other)?)?;
            Some((other.clone(), last))
        });
        let mut gone: Vec<(PlayerId, Signal)> = hidden.collect();
        gone.insert(0, (id.clone(), Signal::Appeared(info)));
        self.withdraw(gone, at);
        self.members.remove(&id);
    }

    fn vanished(&mut self, id: &PlayerId, at: Moment) {
        self.ignored.remove(id);
        self.withdraw(vec![(id.clone(), Signal::Vanished)], at);
        self.members.remove(id);
    }

    /// How a member is shown that is hidden.
    fn hidden(&self, id: &PlayerId, why: String) -> Option<Signal> {
        let member = self.members.get(id)?;
        Some(Signal::Appeared(PlayerInfo {
            ignored: Some(why),
            ..member.info.clone()
        }))
    }

    /// Its own mpv need not be hidden any more.
    fn reveal(&mut self, of: &PlayerId, player: &PlayerInfo, at: Moment) {
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            let is_hidden = self.face_of(&id).is_none();
            let member = self.members.get(&id).map(|member| &member.info);
            if is_hidden
                && member.is_some_and(|mpv| self.is_own_mpv((of, player), mpv))
                && self.why_hidden(&id).is_none()
            {
                self.set_free(id.clone(), at);
                if let Some(face) = self.face_of(&id) {
                    self.prefer(&face, at);
                }
            }
        }
    }

    /// Of which ignored player it is the mpv, and why that one is ignored.
    fn why_hidden(&self, id: &PlayerId) -> Option<String> {
        let mpv = &self.members.get(id)?.info;
        let mut ignored = self.ignored.iter();
        let (_, player) = ignored.find(|player| self.is_own_mpv(*player, mpv))?;
        let why = player.ignored.as_deref()?;
        Some(format!("plays for {}: {why}", player.name))
    }

    /// Whether one is the mpv behind the other one's windows, in its process or started by it.
    fn is_own_mpv(&self, (id, player): (&PlayerId, &PlayerInfo), mpv: &PlayerInfo) -> bool {
        let processes = player.process.zip(mpv.process);
        is_face_of(id, player, mpv)
            && processes.is_some_and(|(a, b)| a == b || (self.started)(a, b))
    }

    /// Takes members out of the play, each with its last word; whoever stays of their players goes on.
    fn withdraw(&mut self, gone: Vec<(PlayerId, Signal)>, at: Moment) {
        let faces: Vec<PlayerId> = gone.iter().filter_map(|(id, _)| self.face_of(id)).collect();
        for (id, _) in &gone {
            self.leave(id, at);
        }
        for (id, last) in gone {
            if !self.groups.contains_key(&id) {
                self.tell(id, last, at);
            }
        }
        for face in faces {
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
            Signal::Opened(_) | Signal::Refined(_) | Signal::Ended(_) | Signal::Transport { .. }
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

    /// Takes a member out of its group; another takes over if it was the active one. What only stood by that one is a
    /// player of its own then.
    fn leave(&mut self, id: &PlayerId, at: Moment) {
        let Some(face) = self.face_of(id) else { return };
        let Some(group) = self.groups.get_mut(&face) else {
            return;
        };
        group.members.retain(|member| member != id);
        if !group.members.is_empty() && group.active != *id {
            return;
        }
        let gone = self.members.get(id);
        let of = |other: &PlayerId| self.members.get(other);
        let heirs = group.members.iter().filter(|other| {
            let stands_by = |(other, gone): (&Member, &Member)| other.stands_by(gone);
            !of(other).zip(gone).is_some_and(stands_by)
        });
        let next = heirs.min_by_key(|heir| {
            // One that was only known by what the gone one played comes last.
            of(heir).map(|m| {
                let is_on_bus = m.info.source == Source::Mpris;
                (is_on_bus, m.info.process.is_none(), !m.plays())
            })
        });
        // And not at all where it would hide one whose process is known.
        let is_known = |id: &PlayerId| of(id).is_some_and(|m| m.info.process.is_some());
        let next = next.filter(|next| is_known(next) || !group.members.iter().any(is_known));
        if let Some(next) = next.cloned() {
            let open = gone.and_then(|member| member.item.clone());
            return self.activate(&face, next, open, at);
        }
        let left = self.groups.remove(&face).map(|group| group.members);
        if *id != face {
            self.tell(face, Signal::Vanished, at);
        }
        for other in left.unwrap_or_default() {
            self.set_free(other, at);
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
        let Some((better, source)) = better else {
            return false;
        };
        match (source, active.item.clone()) {
            (Source::Mpv, None) => self.rename(face, better, at),
            (_, open) => self.activate(face, better, open, at),
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
        self.show(face, at);
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
        let kin =
            |other_id: &PlayerId, other: &Member| match this.info.process.zip(other.info.process) {
                Some((a, b)) => {
                    a == b
                        || self.is_own_mpv((id, &this.info), &other.info)
                        || self.is_own_mpv((other_id, &other.info), &this.info)
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
        let others = self.members.iter().filter(|(other, member)| {
            *other != id
                && kin(other, member)
                && (by_process(member) || free(other))
                && self.face_of(other).is_some()
        });
        let nearest = others.min_by_key(|(_, member)| !by_process(member));
        nearest.map(|(other, _)| other.clone())
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

    /// Shows a player as the active member sees it, by the name of the one with the windows.
    fn show(&mut self, face: &PlayerId, at: Moment) {
        let Some(group) = self.groups.get(face) else {
            return;
        };
        let of = |id: &PlayerId| self.members.get(id).map(|member| &member.info);
        let Some(mut info) = of(&group.active).cloned() else {
            return;
        };
        let windows = group
            .members
            .iter()
            .filter_map(of)
            .find(|info| !is_mpv(info));
        if let Some(windows) = windows.filter(|_| is_mpv(&info)) {
            info.name.clone_from(&windows.name);
        }
        self.tell(face.clone(), Signal::Appeared(info), at);
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

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
