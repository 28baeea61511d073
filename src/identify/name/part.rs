//! Reads one part of a path, pass by pass; what an earlier pass has claimed no later one takes.

use super::numbers::{self, Context};
use super::reading::Reading;
use super::{date, episode, extras, group, spoken, technical, title, year};

/// Finds everything that one part says, whose text is cut.
pub(super) fn read(reading: &mut Reading, context: &Context) {
    technical::mark_noise(reading);
    technical::mark_technical(&mut reading.text);
    date::find(reading);
    episode::find(reading);
    spoken::find(reading, context.series == Some(false));
    if !reading.has_episode() {
        date::find_worded(reading, context.series == Some(true));
    }
    year::find(reading);
    group::find(reading);
    technical::settle(reading);
    extras::find(reading);
    numbers::find(reading, context);
    title::find(reading);
}
