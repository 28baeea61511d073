//! Asking TMDB for what deliveries wait for: ids, and season and number of what is known by its date or an absolute number.
//!
//! **When.** Whatever changes what waits (a new delivery, a login, an answer) leads to a look at it in the same pump. One title
//! is asked for at a time. When all that waits has been asked for in vain, it rests for a day, or until something else waits.
//! **What survives.** An id that is found goes into the outbox's memory of ids, durably. What is not found, and the numbers
//! of series, are remembered here for a day, and not across restarts: a restart asks once more, and a delivery that was
//! placed is frozen at once.
//! **Trouble.** TMDB's own wish, else a growing delay, or the network's return. A refused key rests until the configuration
//! changes, and `status` says so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, info, warn};

use super::{Edges, Engine, Output};
use crate::model::{DeliveryId, Ids, Media, Moment, Wall};
use crate::outbox::{TitleKey, Wanted};
use crate::service::numbering::{Numberings, Step, Unplaced};
use crate::service::tmdb::{Cache, Lookup};

/// First and longest delay after trouble.
const AGAIN: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(3600));
/// As long as the cache believes that a title is not there.
const REST: Duration = Duration::from_secs(24 * 3600);
/// Titles that are looked at in one go.
const MOST: usize = 1000;

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Lookups {
    cache: Cache,
    numberings: Arc<Numberings>,
    asking: bool,
    pause: Pause,
    failures: u32,
    /// Titles that were asked for in vain since TMDB last answered them: the others come first.
    troubled: BTreeSet<TitleKey>,
    /// Episodes of known series that TMDB does not place.
    unplaceable: usize,
    /// The key is not accepted, in TMDB's words.
    refused: Option<String>,
}

/// What is known of what a delivery waits for.
enum Known {
    /// The title's id.
    Id(u64),
    /// Season and number of all its episodes.
    Numbers,
    /// Asked for in vain, of late.
    Missing,
    Unasked,
}

/// Why nothing is asked now.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// No reason.
    #[default]
    None,
    /// All that waits (how many, and the last) was asked for in vain; until this boot time.
    AskedAll((usize, DeliveryId), Duration),
    /// TMDB could not be asked; until this boot time, and until which it wants to be left alone.
    Trouble(Duration, Option<Duration>),
    /// It wants to be left alone until this boot time.
    Asked(Duration),
}

impl Lookups {
    /// Something changed for the better: try at once, unless TMDB itself asked for patience.
    pub fn nudge(&mut self) {
        self.failures = 0;
        if let Pause::Trouble(_, asked) = self.pause {
            self.pause = asked.map_or(Pause::None, Pause::Asked);
        }
    }

    /// Another key or address: everything is new.
    pub fn reconfigured(&mut self) {
        *self = Self {
            asking: self.asking,
            numberings: Arc::clone(&self.numberings),
            ..Self::default()
        };
    }

    /// TMDB could not be reached, and something waits for it.
    pub fn unreachable(&self) -> bool {
        matches!(self.pause, Pause::Trouble(..))
    }

    /// What is wrong, for people.
    pub fn problem(&self) -> Option<String> {
        let reason = self.refused.as_ref()?;
        Some(format!(
            "TMDB does not accept the key ({reason}): ids are not looked up. Hint: correct `tmdb.api_key` in the configuration"
        ))
    }

    /// What TMDB cannot say, for people.
    pub fn gap(&self) -> Option<String> {
        let count = self.unplaceable;
        (count > 0).then(|| {
            format!(
                "{count} at Discovr wait for season and episode: TMDB has none, or several, for that day or number. Hint: they go out when it has one; a rule with `map` places numbers that are counted through all seasons; `reeld queue drop` gives them up"
            )
        })
    }

    /// What is known of the numbers of series.
    pub fn numberings(&self) -> Arc<Numberings> {
        Arc::clone(&self.numberings)
    }

    /// Where the user says that episodes of a series are.
    pub fn take_word(&mut self, series: u64, word: &[(Unplaced, (u32, u32))]) {
        Arc::make_mut(&mut self.numberings).take_word(series, word);
    }

    /// The user has said something else since.
    pub fn forget_word(&mut self) {
        Arc::make_mut(&mut self.numberings).forget_word();
    }

    fn known(&self, media: &Media, now: Wall) -> Known {
        let mut unplaced = Unplaced::of(media);
        let Some(series) = media.ids.tmdb.filter(|_| !unplaced.is_empty()) else {
            return match self.cache.get(media, now) {
                Some(Some(id)) => Known::Id(id),
                Some(None) => Known::Missing,
                None => Known::Unasked,
            };
        };
        unplaced.retain(|one| self.numberings.word(series, *one).is_none());
        if unplaced.is_empty() {
            return Known::Numbers;
        }
        let Some(numbering) = self.numberings.fresh(series, now) else {
            return Known::Unasked;
        };
        let mut missing = false;
        for unplaced in unplaced {
            match numbering.find_for(media, unplaced) {
                Step::At(..) => {}
                Step::Nowhere => missing = true,
                Step::AskSeries | Step::AskSeason(_) => return Known::Unasked,
            }
        }
        if missing {
            Known::Missing
        } else {
            Known::Numbers
        }
    }

    /// One title that TMDB cannot answer does not hold the others up.
    fn in_turn(&mut self, mut wanted: Vec<Wanted>) -> Vec<Wanted> {
        if wanted.iter().all(|one| self.troubled.contains(&one.title)) {
            self.troubled.clear();
        }
        wanted.sort_by_key(|one| self.troubled.contains(&one.title));
        wanted
    }

    /// Why an episode waits whose series is known, for people.
    pub fn why_unplaced(&self, media: &Media, series: u64, now: Wall) -> Option<String> {
        let unplaced = Unplaced::of(media);
        let one = unplaced
            .iter()
            .find(|one| self.numberings.place(series, **one, media).is_none())?;
        let what = match one {
            Unplaced::Aired(date) => format!("the episode of {date}"),
            Unplaced::Absolute(number) => format!("episode {number}, counted without a season,"),
        };
        let numbering = self.numberings.fresh(series, now);
        let nowhere = numbering.is_some_and(|known| known.find_for(media, *one) == Step::Nowhere);
        Some(if nowhere {
            format!(
                "{what} cannot be told from what TMDB says of the series: a rule with `map` in rules.toml says where it is"
            )
        } else {
            format!(
                "season and number of {what} are not known: set `tmdb.api_key`, or write a rule with `map` in rules.toml"
            )
        })
    }

    fn may_ask(&self, waiting: (usize, DeliveryId), now: Moment) -> bool {
        if self.asking || self.refused.is_some() {
            return false;
        }
        match self.pause {
            Pause::None => true,
            Pause::AskedAll(before, until) => before != waiting || until <= now.boot,
            Pause::Trouble(until, _) | Pause::Asked(until) => until <= now.boot,
        }
    }

    /// What TMDB said. The id, if it found one.
    fn answered(&mut self, media: &Media, lookup: Lookup, now: Moment) -> Option<u64> {
        self.asking = false;
        self.pause = Pause::None;
        let found = match lookup {
            Lookup::Found(id) => Some(id),
            Lookup::Nothing | Lookup::Unasked => None,
            Lookup::Numbered(numbering) => {
                self.failures = 0;
                if let Some(series) = media.ids.tmdb {
                    Arc::make_mut(&mut self.numberings).learn(series, *numbering, now.wall);
                }
                return None;
            }
            Lookup::Later { after, reason } => {
                self.put_off(after, &reason, now);
                return None;
            }
            Lookup::Refused { reason } => {
                warn!(
                    "TMDB does not accept the key: {reason}. Hint: correct `tmdb.api_key` in the configuration"
                );
                self.refused = Some(reason);
                return None;
            }
        };
        self.failures = 0;
        self.cache.put(media, now.wall, found);
        if self.cache.get(media, now.wall).is_none() {
            // Cannot be remembered: must not be asked for again at once.
            self.pause = Pause::Asked(now.boot + AGAIN.1);
        }
        found
    }

    fn put_off(&mut self, after: Option<Duration>, reason: &str, now: Moment) {
        let delay = AGAIN.0.saturating_mul(1 << self.failures.min(7));
        let delay = delay.min(AGAIN.1);
        self.failures = self.failures.saturating_add(1);
        info!("TMDB could not be asked: {reason}; again later");
        let own = now.boot + delay;
        let asked = after.map(|after| now.boot + after.min(REST));
        self.pause = match asked {
            Some(asked) if asked > own => Pause::Asked(asked),
            asked => Pause::Trouble(own, asked),
        };
    }
}

impl<E: Edges> Engine<E> {
    /// Goes through what waits: tells the outbox what is known by now, and asks for the first that is not.
    pub(super) fn look_up(&mut self, now: Moment) {
        let Some(waiting) = self.waiting_for_tmdb() else {
            self.lookups.unplaceable = 0;
            self.lookups.pause = match self.lookups.pause {
                Pause::Asked(until) => Pause::Asked(until),
                _ => Pause::None,
            };
            return;
        };
        if !self.lookups.may_ask(waiting, now) {
            return;
        }
        // Whose id is found may still wait for its numbers.
        for _ in 0..2 {
            if !self.go_through(now) || self.lookups.asking {
                break;
            }
        }
        if !self.lookups.asking
            && let Some(waiting) = self.waiting_for_tmdb()
        {
            self.lookups.pause = Pause::AskedAll(waiting, now.boot + REST);
        }
    }

    /// Whether something was known that the outbox did not know.
    fn go_through(&mut self, now: Moment) -> bool {
        let Some(wanted) = self.storage.wanted(&mut self.edges, MOST, now) else {
            return false;
        };
        let (mut news, mut unplaceable) = (false, 0);
        for wanted in self.lookups.in_turn(wanted) {
            match self.lookups.known(&wanted.media, now.wall) {
                Known::Id(id) => {
                    self.learn(wanted.title, id, now);
                    news = true;
                }
                Known::Numbers => {
                    self.storage.let_go(&mut self.edges, wanted.title, now);
                    news = true;
                }
                Known::Missing if wanted.media.ids.tmdb.is_some() => unplaceable += 1,
                Known::Missing => {}
                Known::Unasked => {
                    debug!(title = wanted.media.title, "TMDB is asked");
                    self.lookups.asking = true;
                    self.outputs.push_back(Output::LookUp {
                        title: wanted.title,
                        media: wanted.media,
                    });
                    break;
                }
            }
        }
        self.lookups.unplaceable = unplaceable;
        if news {
            self.hand_out(now);
        }
        news
    }

    /// Takes TMDB's answer.
    pub(super) fn looked(&mut self, title: TitleKey, media: &Media, lookup: Lookup, now: Moment) {
        debug!(title = media.title, ?lookup, "TMDB has answered");
        let numbered = matches!(lookup, Lookup::Numbered(_));
        match lookup {
            Lookup::Later { .. } => self.lookups.troubled.insert(title),
            _ => self.lookups.troubled.remove(&title),
        };
        if let Some(id) = self.lookups.answered(media, lookup, now) {
            self.learn(title, id, now);
        }
        if numbered {
            self.storage.let_go(&mut self.edges, title, now);
        }
    }

    fn learn(&mut self, title: TitleKey, id: u64, now: Moment) {
        let ids = Ids {
            tmdb: Some(id),
            ..Ids::default()
        };
        self.storage.learn(&mut self.edges, title, &ids, now);
    }

    /// When TMDB is asked again.
    pub(super) fn lookups_timeout(&self) -> Option<(Duration, &'static str)> {
        self.waiting_for_tmdb()?;
        let until = match self.lookups.pause {
            _ if self.lookups.asking || self.lookups.refused.is_some() => return None,
            Pause::None => return None,
            Pause::AskedAll(_, until) | Pause::Trouble(until, _) | Pause::Asked(until) => until,
        };
        Some((until, "TMDB is asked again"))
    }

    /// What waits for ids, if TMDB may be asked for them.
    fn waiting_for_tmdb(&self) -> Option<(usize, DeliveryId)> {
        if self.config.tmdb.api_key.expose().trim().is_empty() {
            return None;
        }
        self.storage.outbox()?.waiting_for_ids()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MediaType, Wall};

    const WAITING: (usize, DeliveryId) = (1, DeliveryId(7));

    fn at(seconds: u64) -> Moment {
        let time = Duration::from_secs(seconds);
        Moment {
            mono: time,
            boot: time,
            wall: Wall(1_795_312_800_000).plus(time),
        }
    }

    fn film(title: &str) -> Media {
        Media {
            media_type: Some(MediaType::Movie),
            title: Some(title.into()),
            ..Media::default()
        }
    }

    fn later(after: Option<u64>) -> Lookup {
        Lookup::Later {
            after: after.map(Duration::from_secs),
            reason: "503".into(),
        }
    }

    /// The first second, from `now` on, at which TMDB may be asked.
    fn asks_at(lookups: &Lookups, now: u64) -> u64 {
        (now..)
            .find(|second| lookups.may_ask(WAITING, at(*second)))
            .unwrap()
    }

    #[test]
    fn while_tmdb_is_away_it_is_asked_ever_more_rarely_and_at_least_every_hour() {
        let mut lookups = Lookups::default();
        let (mut now, mut waits) = (1000, Vec::new());
        for _ in 0..10 {
            lookups.asking = true;
            assert_eq!(lookups.answered(&film("Heat"), later(None), at(now)), None);
            assert!(lookups.unreachable());
            let next = asks_at(&lookups, now);
            waits.push(next - now);
            now = next;
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        // An answer, and everything begins anew.
        lookups.answered(&film("Heat"), Lookup::Found(949), at(now));
        assert!(lookups.may_ask(WAITING, at(now)));
        lookups.answered(&film("Alien"), later(None), at(now));
        assert_eq!(asks_at(&lookups, now), now + 30);
    }

    #[test]
    fn the_network_back_is_used_at_once_but_what_tmdb_asks_for_is_kept() {
        let mut lookups = Lookups::default();
        lookups.answered(&film("Heat"), later(None), at(1000));
        assert!(!lookups.may_ask(WAITING, at(1001)));
        lookups.nudge();
        assert!(lookups.may_ask(WAITING, at(1001)));

        lookups.answered(&film("Heat"), later(Some(90)), at(1001));
        lookups.nudge();
        assert_eq!(asks_at(&lookups, 1001), 1091);
        let mut less = Lookups::default();
        less.answered(&film("Heat"), later(Some(10)), at(1000));
        assert!(asks_at(&less, 1000) > 1010, "its own wait is longer");
        less.nudge();
        assert_eq!(asks_at(&less, 1000), 1010);
        lookups.answered(&film("Heat"), later(Some(10_000_000)), at(1091));
        assert_eq!(asks_at(&lookups, 1091), 1091 + 86_400, "a day at most");
    }

    #[test]
    fn a_title_that_tmdb_cannot_answer_does_not_hold_the_others_up() {
        let mut lookups = Lookups::default();
        let wanted = || -> Vec<Wanted> {
            let of = |number| Wanted {
                title: TitleKey(number),
                media: film("x"),
            };
            (1..=3).map(of).collect()
        };
        let mut first = |troubled: Option<u64>| {
            lookups.troubled.extend(troubled.map(TitleKey));
            lookups.in_turn(wanted()).first().map(|one| one.title.0)
        };
        assert_eq!(first(None), Some(1));
        assert_eq!(first(Some(1)), Some(2));
        assert_eq!(first(Some(2)), Some(3));
        assert_eq!(first(Some(3)), Some(1), "all were tried");
    }

    #[test]
    fn a_refused_key_rests_until_the_settings_change() {
        let mut lookups = Lookups::default();
        let refused = Lookup::Refused {
            reason: "Invalid API key".into(),
        };
        lookups.answered(&film("Heat"), refused, at(1000));
        lookups.nudge();
        assert!(!lookups.may_ask(WAITING, at(10_000_000)));
        assert!(lookups.problem().unwrap().contains("Invalid API key"));
        lookups.reconfigured();
        assert!(lookups.may_ask(WAITING, at(1001)));
        assert_eq!(lookups.problem(), None);
    }

    #[test]
    fn what_was_asked_in_vain_rests_for_a_day_or_until_something_else_waits() {
        let mut lookups = Lookups::default();
        lookups.answered(&film("Nobody Knows"), Lookup::Nothing, at(1000));
        lookups.pause = Pause::AskedAll(WAITING, at(1000).boot + REST);
        assert!(!lookups.may_ask(WAITING, at(1001)));
        assert!(lookups.may_ask((2, DeliveryId(8)), at(1001)));
        assert!(lookups.may_ask(WAITING, at(1000 + 86_400)));
        lookups.asking = true;
        assert!(
            !lookups.may_ask((2, DeliveryId(8)), at(1001)),
            "one at a time"
        );
    }
}
