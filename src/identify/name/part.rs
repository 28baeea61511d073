//! Reads one part of a path, pass by pass; what an earlier pass has claimed no later one takes.

use super::numbers::{self, Context};
use super::reading::Reading;
use super::token::Text;
use super::{date, episode, extras, group, spoken, technical, title, year};

/// Everything one part says.
pub(super) fn read(text: Text, context: &Context) -> Reading {
    let mut reading = Reading {
        text,
        ..Reading::default()
    };
    technical::mark_noise(&mut reading);
    technical::mark_technical(&mut reading.text);
    date::find(&mut reading);
    episode::find(&mut reading);
    spoken::find(&mut reading, context.series == Some(false));
    if !reading.has_episode() {
        date::find_worded(&mut reading, context.series == Some(true));
    }
    year::find(&mut reading);
    group::find(&mut reading);
    technical::settle(&mut reading);
    extras::find(&mut reading);
    numbers::find(&mut reading, context);
    title::find(&mut reading);
    reading
}
