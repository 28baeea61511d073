//! The item that was told last, and how what is read now relates to it.

use std::time::Duration;

use crate::model::{Item, Moment};

/// Seconds; a position this close to the expected one goes on from it.
const GOES_ON: f64 = 10.0;

/// The item that was told last, and what is remembered with it.
#[derive(Debug)]
pub struct Open {
    pub item: Item,
    pub url: Option<String>,
    pub track: Option<String>,
    /// Its location is that of the film that the process has open.
    pub by_film: bool,
    /// The last position and when it was one.
    pub sample: Option<(f64, Duration)>,
    /// A position other than 0 was seen.
    pub moved: bool,
    /// A position read while it is open whether this is still the same item.
    pub probe: Option<(f64, Duration)>,
    /// Since when it plays.
    pub playing: Option<Duration>,
    /// It was told that positions are not known.
    pub unknown: bool,
    /// When to look for the length again, and how often that was done.
    pub again: Option<Duration>,
    pub tries: usize,
    /// The length of the item before, where it may linger.
    pub distrusted: Option<f64>,
}

impl Open {
    pub fn plays_longer_than(&self, time: Duration, now: Moment) -> bool {
        self.playing
            .is_some_and(|since| now.mono.saturating_sub(since) > time)
    }

    /// Whether the probed position goes on from the ones before. Not if there is none of either.
    pub fn goes_on(&self, rate: f64) -> bool {
        self.probe
            .is_some_and(|(probe, at)| self.continues(probe, at, rate))
    }

    /// The same of a position at that time.
    pub fn continues(&self, position: f64, now: Duration, rate: f64) -> bool {
        let Some((before, at)) = self.sample else {
            return false;
        };
        let run = now.saturating_sub(at).as_secs_f64() * rate;
        let expected = if self.playing.is_some() {
            before + run
        } else {
            before
        };
        (position - expected).abs() <= GOES_ON
    }
}

/// How what is read now relates to what was told.
#[derive(Debug, PartialEq, Eq)]
pub enum Relation {
    Same,
    /// Another item unless the position goes on.
    Perhaps,
    Another,
}

/// Whether both are known and not the same.
pub fn differ<T>(a: Option<T>, b: Option<T>, differ: impl Fn(T, T) -> bool) -> bool {
    a.zip(b).is_some_and(|(a, b)| differ(a, b))
}
