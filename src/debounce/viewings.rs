//! The memory of viewings: is this play the continuation of one, a re-watch, or nothing new?

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::identify::NOT_THE_LAST;
use crate::model::{Item, Media, Moment, Playback, Viewing, ViewingId, ViewingKey, title_key};

/// Why a play after completion that does not begin at the beginning is kept here.
pub const ALREADY_WATCHED: &str = "already watched; this play did not begin at the beginning";

/// Why a viewing is not gone on with that was read after it had been gone on with as another one.
pub const SUPERSEDED: &str = "went on as another viewing before this one could be read";

/// As many are remembered; the oldest go first. A completed one is only needed to tell a re-watch from the credits.
const REMEMBERED: usize = 5_000;

/// A start before this fraction of the length, after completion, is a re-watch.
pub const BEGINNING: f64 = 0.10;

/// The same of what was taken back: whoever slept through half of it goes on where that was. What is later is its credits.
const CREDITS: f64 = 0.75;

/// All viewings that are remembered.
#[derive(Debug, Clone, Default)]
pub struct Viewings {
    known: BTreeMap<ViewingId, Viewing>,
    /// When those began that began in this run, boot time; the wall clock may be set.
    begun: BTreeMap<ViewingId, Duration>,
    /// Known late, and gone on with as another viewing meanwhile.
    superseded: BTreeSet<ViewingId>,
}

/// What a play of a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Goes on with this viewing.
    Continue(ViewingId),
    /// A new viewing: the first, or a re-watch.
    New,
    /// A piece of something already watched: kept on this machine.
    Piece,
    /// A loop in the playback that completed it, or its credits though a re-watch has begun elsewhere.
    Nothing,
}

impl Viewings {
    pub fn new(remembered: Vec<Viewing>) -> Self {
        let known = remembered.into_iter().map(|viewing| (viewing.id, viewing));
        Self {
            known: known.collect(),
            ..Self::default()
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Viewing> {
        self.known.values()
    }

    pub fn get(&self, id: ViewingId) -> Option<&Viewing> {
        self.known.get(&id)
    }

    pub fn get_mut(&mut self, id: ViewingId) -> Option<&mut Viewing> {
        self.known.get_mut(&id)
    }

    /// A viewing begins, at this boot time.
    pub fn begin(&mut self, viewing: Viewing, at: Duration) {
        self.begun.insert(viewing.id, at);
        self.insert(viewing);
    }

    pub fn insert(&mut self, viewing: Viewing) {
        self.known.insert(viewing.id, viewing);
        if self.known.len() > REMEMBERED {
            let oldest = self
                .known
                .values()
                .min_by_key(|viewing| viewing.updated_at)
                .map(|viewing| viewing.id);
            if let Some(id) = oldest {
                self.known.remove(&id);
                self.begun.remove(&id);
            }
        }
    }

    /// Remembers what was not known while some of it may have been gone on with as other viewings: those get what it had come to.
    pub fn insert_late(&mut self, late: Vec<Viewing>) {
        let ours = self.ids();
        for mut viewing in late {
            let Some(known) = self.known.get_mut(&viewing.id) else {
                self.insert_unknown(viewing, &ours);
                continue;
            };
            // Known by the history alone, which does not say where it was played, and may have been behind.
            known.played_in = known.played_in.take().or(viewing.played_in.take());
            let_go(known, &viewing);
            if known.updated_at < viewing.updated_at || viewing.is_taken_back() {
                self.add(viewing);
            }
        }
    }

    /// Remembers viewings as another witness tells them, who may have been heard late: what is known already can only become more,
    /// and what one of them took back stays so.
    pub fn revive(&mut self, told: impl Iterator<Item = Viewing>) {
        let ours = self.ids();
        for viewing in told {
            match self.known.contains_key(&viewing.id) {
                true => self.add(viewing),
                false => self.insert_unknown(viewing, &ours),
            }
        }
    }

    fn ids(&self) -> BTreeSet<ViewingId> {
        self.known.keys().copied().collect()
    }

    fn insert_unknown(&mut self, mut late: Viewing, ours: &BTreeSet<ViewingId>) {
        if late.completed.is_none() && !is_aside(&late) {
            self.leave_to_heir(&mut late, ours);
        }
        self.insert(late);
    }

    fn add(&mut self, told: Viewing) {
        let Some(known) = self.known.get_mut(&told.id) else {
            return;
        };
        if known.is_taken_back() || told.is_taken_back() {
            return known.take_back();
        }
        let_go(known, &told);
        known.played = known.played.max(told.played).min(known.duration);
        known.reached |= told.reached;
        known.completed = known.completed.or(told.completed);
        if known.updated_at < told.updated_at {
            known.updated_at = told.updated_at;
            known.position = told.position;
        }
    }

    fn leave_to_heir(&mut self, late: &mut Viewing, ours: &BTreeSet<ViewingId>) {
        let heir = self.known.values_mut().find(|heir| {
            ours.contains(&heir.id)
                && heir.key.same_as(&late.key)
                && heir.started_at >= late.started_at
                && !is_aside(heir)
        });
        let Some(heir) = heir else { return };
        heir.played = (heir.played + late.played).min(heir.duration);
        heir.reached |= late.reached;
        late.reached = false;
        self.superseded.insert(late.id);
    }

    /// Another viewing has gone on with it: it is not gone on with, nor completed.
    pub fn is_superseded(&self, id: ViewingId) -> bool {
        self.superseded.contains(&id)
    }

    /// Puts aside for good what is superseded and not in `open` any more.
    pub fn put_aside(&mut self, open: &BTreeSet<ViewingId>) -> Vec<Viewing> {
        let over: Vec<ViewingId> = self.superseded.difference(open).copied().collect();
        let aside = over.into_iter().filter_map(|id| {
            self.superseded.remove(&id);
            let viewing = self.known.get_mut(&id)?;
            viewing.local_only = Some(SUPERSEDED.to_owned());
            Some(viewing.clone())
        });
        aside.collect()
    }

    /// What a play of `key` from `fraction` of the length is, in a playback that belongs to `part_of` and was last
    /// `sought` in at that boot time.
    pub fn decide(
        &self,
        key: &ViewingKey,
        fraction: f64,
        part_of: Option<ViewingId>,
        sought: Option<Duration>,
    ) -> Decision {
        let Some(latest) = self.latest(key) else {
            return Decision::New;
        };
        let here = part_of.and_then(|id| self.get(id));
        let here = here.filter(|here| here.key.same_as(key));
        let is_over = here.is_some_and(|here| match here.id == latest.id {
            true => !is_under_way(latest),
            // A re-watch begun elsewhere has no part in it, unless sought in since.
            false => sought < Some(self.begun_at(latest.id)),
        });
        if is_over {
            Decision::Nothing
        } else if is_under_way(latest) {
            Decision::Continue(latest.id)
        } else if fraction < before_credits(latest) {
            Decision::New
        } else {
            Decision::Piece
        }
    }

    /// The viewing of `key` that was played last in this file and process, if a former run completed it there. Where that went with
    /// the database, any process will do that is older than the completion; none where the clock is behind that, and dates none.
    pub fn completed_in(
        &self,
        key: &ViewingKey,
        playback: &Playback,
        now: Moment,
    ) -> Option<&Viewing> {
        let process = playback.process?;
        let of_it = |viewing: &&Viewing| !is_aside(viewing) && viewing.key.same_as(key);
        let played_here = |viewing: &&Viewing| {
            let played_in = viewing.played_in.as_ref();
            played_in.is_some_and(|before| before.is_beside(playback))
        };
        let known = self.known.values().filter(of_it).filter(played_here);
        if let Some(last) = known.max_by_key(|viewing| viewing.started_at) {
            return Some(last).filter(|viewing| viewing.completed.is_some());
        }
        let latest = self.latest(key)?;
        let completed = latest.completed?;
        let older = process.started_at(now) < completed && completed <= now.wall;
        let unknown = latest.played_in.is_none() && latest.key.location == playback.location;
        (unknown && older).then_some(latest)
    }

    /// A play of it that starts before this fraction of the length is none of what was watched of it.
    pub fn begins_before(&self, key: &ViewingKey) -> f64 {
        self.latest(key).map_or(1.0, before_credits)
    }

    /// Whether something of it is under way.
    pub fn is_begun(&self, key: &ViewingKey) -> bool {
        self.latest(key).is_some_and(is_under_way)
    }

    /// Whether this run has seen its beginning.
    pub fn began_here(&self, id: ViewingId) -> bool {
        self.begun.contains_key(&id)
    }

    /// Boot time; what an earlier run began is older than whatever this one sees.
    fn begun_at(&self, id: ViewingId) -> Duration {
        self.begun.get(&id).copied().unwrap_or_default()
    }

    fn latest(&self, key: &ViewingKey) -> Option<&Viewing> {
        self.known
            .values()
            .filter(|viewing| {
                let is_aside = is_aside(viewing) && !viewing.is_taken_back();
                !is_aside && !self.is_superseded(viewing.id) && viewing.key.same_as(key)
            })
            .max_by_key(|viewing| {
                // By the wall it may seem older than what it follows: what an earlier run began is older than all of this one.
                let begun = self.begun.get(&viewing.id);
                (is_under_way(viewing), begun, viewing.started_at)
            })
    }
}

/// One witness may not have heard that the user has said what it was: once let go it is told, and not kept again.
fn let_go(known: &mut Viewing, told: &Viewing) {
    let kept = known.local_only.as_deref();
    let is_kept = kept.is_some_and(|why| why != NOT_THE_LAST) && !is_aside(known);
    if is_kept && told.local_only.is_none() {
        known.local_only = None;
        known.media.clone_from(&told.media);
        known.key.clone_from(&told.key);
    }
}

/// Begun, and neither watched nor taken back.
fn is_under_way(viewing: &Viewing) -> bool {
    viewing.completed.is_none() && !viewing.is_taken_back()
}

fn before_credits(latest: &Viewing) -> f64 {
    match latest.is_taken_back() {
        true => CREDITS,
        false => BEGINNING,
    }
}

/// Of something watched, and not from its beginning.
pub fn is_piece(viewing: &Viewing) -> bool {
    viewing.local_only.as_deref() == Some(ALREADY_WATCHED)
}

/// It is no watching of its own: not gone on with, and not completed.
pub fn is_aside(viewing: &Viewing) -> bool {
    is_piece(viewing)
        || viewing.is_taken_back()
        || viewing.local_only.as_deref() == Some(SUPERSEDED)
}

/// By what a playback of `item`, identified as `media`, is known again.
pub fn key_of(media: &Media, item: &Item) -> ViewingKey {
    ViewingKey {
        media_type: media.media_type,
        ids: media.ids.clone(),
        title: media.full_title().map(title_key).unwrap_or_default(),
        year: media.year,
        season: media.season.clone(),
        episode: media.episode.clone(),
        absolute_episode: media.absolute_episode.clone(),
        date: media.date,
        part: None,
        location: location_hash(item),
    }
}

/// Hash of path or URL, or of title and length where a player gives neither. Stable across versions: it is stored.
pub fn location_hash(item: &Item) -> u64 {
    let text = match &item.location {
        Some(location) => location.as_str().to_owned(),
        None => format!(
            "{}\0{:.0}",
            item.title.as_deref().unwrap_or(""),
            item.duration.unwrap_or(0.0)
        ),
    };
    // FNV-1a: four lines, and no dependency whose next version may hash otherwise.
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{MediaType, Process, Wall};

    fn film(title: &str, year: Option<u16>) -> ViewingKey {
        let media = Media {
            media_type: Some(MediaType::Movie),
            title: Some(title.into()),
            year,
            ..Media::default()
        };
        key_of(&media, &Item::default())
    }

    fn viewing(id: u64, key: ViewingKey, completed: bool, started: i64) -> Viewing {
        Viewing {
            id: ViewingId(id),
            key,
            media: Media::default(),
            player: "mpv".into(),
            started_at: Wall(started),
            updated_at: Wall(started),
            position: 0.0,
            duration: 1000.0,
            played: 0.0,
            reached: completed,
            completed: completed.then_some(Wall(started)),
            local_only: None,
            played_in: None,
        }
    }

    #[test]
    fn a_play_continues_a_viewing_is_a_rewatch_a_piece_or_a_loop() {
        let heat = film("Heat", Some(1995));
        let open = Viewings::new(vec![viewing(1, heat.clone(), false, 1)]);
        let done = Viewings::new(vec![viewing(1, heat.clone(), true, 1)]);
        let again = Viewings::new(vec![
            viewing(1, heat.clone(), true, 1),
            viewing(2, heat.clone(), false, 2),
        ]);
        let twice = Viewings::new(vec![
            viewing(1, heat.clone(), true, 1),
            viewing(2, heat.clone(), true, 2),
        ]);
        for (name, memory, fraction, here, expected) in [
            ("never seen", &Viewings::default(), 0.5, None, Decision::New),
            (
                "open, from anywhere",
                &open,
                0.9,
                None,
                Decision::Continue(ViewingId(1)),
            ),
            (
                "open, from the start",
                &open,
                0.0,
                None,
                Decision::Continue(ViewingId(1)),
            ),
            ("done, from the start", &done, 0.05, None, Decision::New),
            ("done, credits", &done, 0.95, None, Decision::Piece),
            (
                "done here, looped",
                &done,
                0.0,
                Some(ViewingId(1)),
                Decision::Nothing,
            ),
            (
                "done here, and a rewatch open elsewhere",
                &again,
                0.95,
                Some(ViewingId(1)),
                Decision::Nothing,
            ),
            (
                "done here, looped, and rewatched elsewhere",
                &twice,
                0.0,
                Some(ViewingId(1)),
                Decision::Nothing,
            ),
        ] {
            let decided = memory.decide(&heat, fraction, here, None);
            assert_eq!(decided, expected, "{name}");
        }
        let joined = again.decide(&heat, 0.5, Some(ViewingId(1)), Some(Duration::ZERO));
        assert_eq!(joined, Decision::Continue(ViewingId(2)), "sought since");
        let begun = twice.decide(&heat, 0.0, Some(ViewingId(1)), Some(Duration::ZERO));
        assert_eq!(begun, Decision::New, "sought since");
    }

    #[test]
    fn an_unfinished_viewing_that_is_heard_of_late_is_left_to_the_one_that_went_on() {
        let heat = film("Heat", Some(1995));
        let mut late = viewing(1, heat.clone(), false, 1);
        late.played = 400.0;
        let mut heir = viewing(2, heat.clone(), false, 2);
        heir.played = 300.0;
        for tell in [
            |known: &mut Viewings, late: Viewing| known.revive([late].into_iter()),
            |known: &mut Viewings, late: Viewing| known.insert_late(vec![late]),
        ] {
            let mut known = Viewings::new(vec![heir.clone()]);
            tell(&mut known, late.clone());
            assert!(known.is_superseded(late.id));
            assert_eq!(known.get(heir.id).unwrap().played, 700.0);
            let on = known.decide(&heat, 0.7, None, None);
            assert_eq!(on, Decision::Continue(heir.id));
        }
        // Of two that are heard of together neither went on with the other here.
        let mut known = Viewings::default();
        known.revive([late.clone(), heir].into_iter());
        assert!(!known.is_superseded(late.id));
    }

    #[test]
    fn what_was_let_go_is_not_kept_again_whichever_witness_is_heard_first() {
        let told = viewing(1, film("Ronin", None), true, 1);
        let mut kept = told.clone();
        kept.local_only = Some("unidentified".into());
        let mut piece = told.clone();
        piece.local_only = Some(ALREADY_WATCHED.into());
        for (first, second, still_kept) in [
            (&kept, &told, false),
            (&told, &kept, false),
            (&piece, &told, true),
        ] {
            for tell in [
                |known: &mut Viewings, late: Viewing| known.revive([late].into_iter()),
                |known: &mut Viewings, late: Viewing| known.insert_late(vec![late]),
            ] {
                let mut known = Viewings::new(vec![first.clone()]);
                tell(&mut known, second.clone());
                let local_only = &known.get(told.id).unwrap().local_only;
                assert_eq!(local_only.is_some(), still_kept, "{local_only:?}");
            }
        }
    }

    #[test]
    fn what_the_user_has_said_is_not_forgotten_because_the_history_was_heard_first() {
        let heat = film("Heat", Some(1995));
        let mut kept = viewing(1, heat.clone(), false, 1);
        kept.local_only = Some("unidentified".into());
        let mut released = kept.clone();
        released.local_only = None;
        released.media.confidence = 1.0;
        released.media.ids.tmdb = Some(949);
        let mut known = Viewings::default();
        // It has gone on before the database could be read.
        kept.updated_at = Wall(2);
        known.revive([kept].into_iter());
        known.insert_late(vec![released]);
        let viewing = known.get(ViewingId(1)).unwrap();
        assert_eq!(viewing.local_only, None);
        assert_eq!(viewing.media.ids.tmdb, Some(949));
    }

    #[test]
    fn where_nobody_knows_what_completed_it_a_process_did_that_is_older_unless_the_clock_is_behind()
    {
        let evening = Wall(1_795_312_800_000);
        let heat = film("Heat", Some(1995));
        let done = Viewings::new(vec![viewing(1, heat.clone(), true, evening.0)]);
        // For an hour, in a boot of two hours.
        let playback = Playback {
            boot_id: 1,
            process: Some(Process {
                pid: 1,
                started: 360_000,
            }),
            location: heat.location,
            entry: None,
        };
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        for (name, wall, older) in [
            ("right", evening.plus(hours(0)), true),
            (
                "right, and the process is younger",
                evening.plus(hours(2)),
                false,
            ),
            ("in 1970", Wall(0).plus(hours(2)), false),
        ] {
            let now = Moment {
                mono: hours(2),
                boot: hours(2),
                wall,
            };
            let completed = done.completed_in(&heat, &playback, now);
            assert_eq!(completed.is_some(), older, "{name}");
        }
    }

    #[test]
    fn an_unknown_year_matches_any_and_a_different_one_does_not() {
        assert!(film("Heat", None).same_as(&film("heat!", Some(1995))));
        assert!(!film("Heat", Some(1986)).same_as(&film("Heat", Some(1995))));
    }
}
