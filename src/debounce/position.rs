//! Where a playback is: the last good sample, carried on by monotonic time × rate.

use std::time::Duration;

/// Media that was really played: from, to, in seconds. Empty where `to ≤ from`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Played {
    /// Seconds.
    pub from: f64,
    /// Seconds.
    pub to: f64,
    /// Where it was played from for certain: what the clock alone told before `from` may be confirmed by now.
    pub since: f64,
}

impl Played {
    const NOTHING: Self = Self::between(0.0, 0.0);

    pub const fn between(from: f64, to: f64) -> Self {
        let since = from;
        Self { from, to, since }
    }

    /// Seconds of media.
    pub fn length(self) -> f64 {
        (self.to - self.from).max(0.0)
    }

    /// Seconds of it that lie past a mark, with those that count only now.
    pub fn past(self, mark: f64) -> f64 {
        (self.to - self.since.max(mark)).max(0.0)
    }
}

/// What a new sample says about the time since the last one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampled {
    /// Played until the sample (or until the jump).
    pub played: Played,
    /// It is not where it should be: somebody sought.
    pub jumped: bool,
}

/// The anchor. Time is `Moment::mono`, which does not run in suspend.
#[derive(Debug, Clone, PartialEq)]
pub struct Anchor {
    sample: Option<(f64, Duration)>,
    /// What the player told last; the sample may have been carried on since.
    told: Option<f64>,
    running: bool,
    rate: f64,
    /// The player cannot tell, or tells the same whatever time passes: counted on from the last sample, or from 0, by
    /// the clock alone.
    estimated: bool,
    /// The player was asked and did not answer: where it was known to be last, and since when it is silent (mono). It may
    /// hang, and play nothing.
    unanswered: Option<(f64, Duration)>,
    /// It has answered since: it was played from here on.
    confirmed: Option<f64>,
}

/// A player that is silent for so long after it was asked for its position is taken to hang.
const HANGS: Duration = Duration::from_secs(60);

/// For so long after it was silent its end is believed without an answer: one that is just ending answers late, or not at all.
const LATE: Duration = Duration::from_secs(10);

/// Positions jump by themselves a little (key frames, coarse clocks); players differ in how much.
const TOLERANCE: f64 = 3.0;
/// Seconds; what moves less than this does not move.
const STILL: f64 = 0.5;

impl Anchor {
    pub fn new() -> Self {
        Self {
            sample: None,
            told: None,
            running: false,
            rate: 1.0,
            estimated: false,
            unanswered: None,
            confirmed: None,
        }
    }

    pub fn running(&self) -> bool {
        self.running
    }

    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Seconds, as seen last; where it stands if it does not run.
    pub fn last(&self) -> Option<f64> {
        self.sample.map(|(seconds, _)| seconds)
    }

    pub fn known(&self) -> bool {
        self.sample.is_some()
    }

    /// The position is the player's word, carried on a little; not the clock's alone. Of one that owes an answer it is
    /// the clock's: what it plays counts once it has answered.
    pub fn sure(&self) -> bool {
        !self.estimated && self.unanswered.is_none()
    }

    /// Its position is the clock's alone.
    pub fn is_estimated(&self) -> bool {
        self.estimated
    }

    /// It is good enough to tell that a film has come to its end: the clock's for a short while at most.
    pub fn tells_the_end(&self, now: Duration) -> bool {
        !self.estimated && !self.is_late(now)
    }

    /// It owes an answer for longer than one that is just ending does.
    fn is_late(&self, now: Duration) -> bool {
        let is_late = |(_, since)| now.saturating_sub(since) > LATE;
        self.unanswered.is_some_and(is_late)
    }

    /// The player says by itself that it ends, which one that hangs does not: it was about to answer, and has played until now.
    pub fn ends_by_itself(&mut self, now: Duration) {
        if !self.is_late(now) {
            self.confirmed = self.unanswered.take().map(|(position, _)| position);
        }
    }

    /// The player was asked, and did not answer in time.
    pub fn unanswered(&mut self, now: Duration) {
        if let Some((position, _)) = self.sample {
            self.unanswered.get_or_insert((position, now));
        }
    }

    /// Where a player was known to be that has not answered for long.
    fn hung(&self, now: Duration) -> Option<f64> {
        let (position, since) = self.unanswered?;
        (now.saturating_sub(since) > HANGS).then_some(position)
    }

    /// As `position`; of a player that hangs where it was known to be last.
    pub fn known_position(&self, now: Duration, duration: Option<f64>) -> Option<f64> {
        self.hung(now).or_else(|| self.position(now, duration))
    }

    /// Seconds, within the length; `None` before the first sample.
    pub fn position(&self, now: Duration, duration: Option<f64>) -> Option<f64> {
        let (position, at) = self.sample?;
        let elapsed = if self.running {
            now.saturating_sub(at).as_secs_f64() * self.rate
        } else {
            0.0
        };
        Some((position + elapsed).clamp(0.0, duration.unwrap_or(f64::MAX)))
    }

    /// A position was seen. `sought` = the player said that it jumped.
    pub fn sample(
        &mut self,
        seconds: f64,
        sought: bool,
        now: Duration,
        duration: Option<f64>,
    ) -> Sampled {
        let seconds = seconds.clamp(0.0, duration.unwrap_or(f64::MAX));
        let before = self.sample.replace((seconds, now));
        let hung = self.hung(now).is_some();
        let owed = self.unanswered.take().filter(|_| !hung);
        self.confirmed = None;
        let told_before = self.told.replace(seconds);
        let was_estimated = std::mem::replace(&mut self.estimated, false);
        let Some((from, at)) = before else {
            return Sampled {
                played: Played::NOTHING,
                jumped: false,
            };
        };
        let elapsed = if self.running {
            now.saturating_sub(at).as_secs_f64() * self.rate
        } else {
            0.0
        };
        let expected = (from + elapsed).min(duration.unwrap_or(f64::MAX));
        let tolerance = if sought { 1.0 } else { TOLERANCE } * self.rate.max(1.0);
        let jumped = (seconds - expected).abs() > tolerance;
        // A clock that stands still while it plays tells nothing; until it moves it is not believed again.
        let still = !sought && told_before.is_some_and(|told| (seconds - told).abs() < STILL);
        if still && (jumped || was_estimated) {
            self.estimated = true;
            return Sampled {
                played: Played::NOTHING,
                jumped: false,
            };
        }
        let to = if jumped && hung {
            from
        } else if jumped {
            expected
        } else {
            seconds.clamp(from, expected.max(from))
        };
        let since = owed.filter(|_| !jumped).map_or(from, |(known, _)| known);
        Sampled {
            played: Played { from, to, since },
            jumped,
        }
    }

    /// Carries the anchor on to now, where no sample can be had any more.
    pub fn carry(&mut self, now: Duration, duration: Option<f64>) -> Played {
        let (Some((from, _)), Some(to)) = (self.sample, self.position(now, duration)) else {
            return Played::NOTHING;
        };
        self.sample = Some((to, now));
        let since = self.confirmed.take().unwrap_or(from);
        Played { from, to, since }
    }

    /// Goes on from here at this time: the machine slept.
    pub fn put(&mut self, seconds: f64, now: Duration) {
        self.sample = Some((seconds, now));
    }

    /// The player cannot tell: count from 0, or from what is known.
    pub fn estimate(&mut self, now: Duration) {
        self.sample.get_or_insert((0.0, now));
        self.estimated = true;
        self.unanswered = None;
    }

    /// Starts or stops the clock; carry on first.
    pub fn run(&mut self, running: bool) {
        self.running = running;
    }

    /// Changes the speed; carry on first. Nonsense is taken as 1.
    pub fn set_rate(&mut self, rate: f64) {
        self.rate = if rate.is_finite() && rate > 0.0 {
            rate.min(100.0)
        } else {
            1.0
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_that_stands_still_while_it_plays_is_an_estimate_until_it_moves() {
        let mut anchor = Anchor::new();
        anchor.run(true);
        anchor.set_rate(30.0);
        anchor.sample(5.0, false, at(0.0), Some(400.0));
        anchor.carry(at(2.0), Some(400.0));
        for time in [5.0, 35.0, 65.0] {
            let seen = anchor.sample(5.0, false, at(time), Some(400.0));
            assert_eq!((seen.played.length(), seen.jumped), (0.0, false));
            assert!(anchor.estimated, "{time}");
        }
        anchor.sample(35.0, false, at(66.0), Some(400.0));
        assert!(!anchor.estimated);
    }

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn running_from(position: f64, rate: f64) -> Anchor {
        let mut anchor = Anchor::new();
        anchor.sample(position, false, at(0.0), None);
        anchor.set_rate(rate);
        anchor.run(true);
        anchor
    }

    #[test]
    fn a_sample_where_it_should_be_is_no_jump_and_counts_as_played() {
        let mut anchor = running_from(100.0, 1.0);
        let seen = anchor.sample(130.4, false, at(30.0), Some(1000.0));
        assert_eq!(
            seen,
            Sampled {
                played: Played::between(100.0, 130.0),
                jumped: false
            }
        );
    }

    #[test]
    fn a_jump_counts_only_what_was_played_before_it() {
        let mut anchor = running_from(100.0, 1.0);
        let seen = anchor.sample(800.0, false, at(10.0), Some(1000.0));
        assert_eq!(
            seen,
            Sampled {
                played: Played::between(100.0, 110.0),
                jumped: true
            }
        );
        assert_eq!(anchor.position(at(15.0), Some(1000.0)), Some(805.0));
    }

    #[test]
    fn tolerance_grows_with_the_rate() {
        assert!(
            running_from(0.0, 1.0)
                .sample(14.0, false, at(10.0), None)
                .jumped
        );
        assert!(
            !running_from(0.0, 2.0)
                .sample(24.0, false, at(10.0), None)
                .jumped
        );
    }

    #[test]
    fn a_position_beyond_the_end_is_the_end() {
        let mut anchor = running_from(0.0, 1.0);
        anchor.sample(400.2, false, at(400.0), Some(400.128));
        assert_eq!(anchor.position(at(500.0), Some(400.128)), Some(400.128));
    }

    #[test]
    fn a_stalled_player_does_not_count_as_playing() {
        let mut anchor = running_from(100.0, 1.0);
        let seen = anchor.sample(100.5, false, at(2.0), None);
        assert!((seen.played.length() - 0.5).abs() < 1e-9 && !seen.jumped);
    }
}
