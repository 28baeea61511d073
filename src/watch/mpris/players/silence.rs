//! What a player did not answer in time: it is asked again, ever later, and no more after some minutes. A machine that is just
//! starting is slow to answer once; without a second question what plays would be known only when the player next says something.

use std::time::Duration;

use crate::watch::mpris::track::Read;

/// After each unanswered question.
const AGAIN: [Duration; 8] = [
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
    Duration::from_secs(32),
    Duration::from_secs(64),
    Duration::from_secs(128),
    Duration::from_secs(256),
];

/// Of one player.
#[derive(Debug, Default)]
pub struct Silence {
    /// The most that was not answered.
    asked: Option<Read>,
    times: usize,
    /// On `Moment::mono`.
    due: Option<Duration>,
}

impl Silence {
    /// This was not answered by now.
    pub fn grows(&mut self, read: Read, now: Duration) {
        self.asked = self.asked.max(Some(read));
        self.due = AGAIN.get(self.times).map(|wait| now + *wait);
        self.times += 1;
    }

    /// This was answered.
    pub fn ends(&mut self, read: Read) {
        if self.asked <= Some(read) {
            *self = Self::default();
        }
    }

    /// When something is to be asked again.
    pub fn deadline(&self) -> Option<Duration> {
        self.due
    }

    /// Takes what is to be asked again by now.
    pub fn timeout(&mut self, now: Duration) -> Option<Read> {
        self.due.take_if(|due| *due <= now)?;
        self.asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_answered_is_asked_ever_more_rarely_and_then_no_more() {
        let mut silence = Silence::default();
        let mut now = Duration::ZERO;
        let mut waits = Vec::new();
        silence.grows(Read::Position, now);
        while let Some(due) = silence.deadline() {
            assert_eq!(silence.timeout(now), None, "not before its time");
            waits.push((due - now).as_secs());
            now = due;
            assert_eq!(silence.timeout(now), Some(Read::Position));
            assert_eq!(silence.deadline(), None, "once each");
            silence.grows(Read::Position, now);
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256]);
    }

    #[test]
    fn an_answer_ends_it_if_it_says_as_much_as_was_asked() {
        let mut silence = Silence::default();
        silence.grows(Read::All, Duration::ZERO);
        silence.ends(Read::Position);
        assert_eq!(silence.timeout(Duration::MAX), Some(Read::All));
        silence.grows(Read::Position, Duration::ZERO);
        silence.ends(Read::All);
        assert_eq!(silence.timeout(Duration::MAX), None);
        silence.grows(Read::Position, Duration::ZERO);
        assert_eq!(silence.deadline(), Some(Duration::from_secs(2)));
    }
}
