//! Numbers that hold season and episode: `102`, `1013`, `0106`.

use super::absolute::twin_of;
use super::numbers::{Bare, Context, bare, is_counted, is_film};
use super::reading::Reading;
use super::token::{Mark, gap};

/// Most episodes a season is thought to have where `102` is read as season 1, episode 2.
const LONGEST_SEASON: u32 = 36;

/// Whether `102` is season 1, episode 2.
pub(super) fn is_packed(reading: &Reading, context: &Context, bare: &Bare) -> bool {
    let (season, episode) = (bare.first.value / 100, bare.first.value % 100);
    let aired =
        (bare.until..reading.text.len()).any(|i| reading.text.has(i, super::words::BROADCAST));
    let spaced = reading.text.text.contains(' ') && context.series != Some(true) && !aired;
    // "2401" only right before a sign of television, and not where it may be a year.
    let broadcast = !(19..=20).contains(&season)
        && season <= 40
        && (reading.text.has(bare.until, super::words::BROADCAST)
            || aired && reading.text.mark(bare.until) == Mark::Tech);
    let sizes = bare.first.digits == 3 || bare.first.digits == 4 && (bare.zero_led() || broadcast);
    let dashed = gap::is_dash(reading.text.gap_before(bare.from));
    sizes
        && season > 0
        && (1..=LONGEST_SEASON).contains(&episode)
        && !spaced
        && !reading.group
        && !reading.checksum
        && !(reading.anime || context.anime && context.season.is_none())
        && reading.season.is_empty()
        && (!dashed || aired)
        && context.season.is_none_or(|s| s == season)
}

/// `the.show.102-103.hdtv`
pub(super) fn packed_range(
    reading: &Reading,
    context: &Context,
    bare: &Bare,
) -> Option<(u32, Vec<u32>)> {
    let (first, last) = (*bare.values.first()?, *bare.values.last()?);
    let fits = bare.values.len() > 1
        && bare.first.digits == 3
        && first / 100 == last / 100
        && is_packed(reading, context, bare);
    fits.then(|| (first / 100, bare.values.iter().map(|n| n % 100).collect()))
}

/// `the.show.102.hdtv`, `Show.2005.211.name`.
pub(super) fn packed(reading: &Reading, context: &Context) -> Option<Bare> {
    let text = &reading.text;
    (1..text.len()).rev().find_map(|at| {
        let joined = text.gap_before(at) == gap::HYPHEN && text.number(at - 1).is_some();
        let bare =
            bare(reading, at).filter(|b| b.until == at + b.values.len().min(2) && !joined)?;
        let fits = matches!(bare.first.digits, 3 | 4)
            && bare.first.value > 99
            && (bare.values.len() == 1 || packed_range(reading, context, &bare).is_some())
            && is_packed(reading, context, &bare);
        if !fits
            || reading.opens(at)
            || is_counted(reading, at)
            || is_film(reading, context, at)
            || text.bracket_of(at).is_some()
        {
            return None;
        }
        let after_year = text.mark(at - 1) == Mark::Year;
        // "show.102.name" without a year anywhere
        let named = reading.year.is_none()
            && bare.first.digits == 3
            && text.gap_before(at) == gap::DOT
            && text.gap_after(at) == gap::DOT
            && text.tokens.get(at + 1).is_some_and(|t| t.number.is_none());
        let sure = context.season.is_some() || named;
        (after_year || sure || reading.ends_after(at) && reading.year.is_none()).then_some(bare)
    })
}

/// `0106`: season 1, episode 6.
pub(super) fn counted_from_zero(reading: &Reading, context: &Context) -> Option<Bare> {
    (0..reading.text.len()).find_map(|at| {
        let bare = bare(reading, at).filter(|b| {
            b.first.digits == 4 && b.zero_led() && b.first.value > 100 && b.values.len() == 1
        })?;
        let alone = reading.text.len() == 1;
        (is_packed(reading, context, &bare)
            && (alone || !reading.opens(at))
            && !is_film(reading, context, at))
        .then_some(bare)
    })
}

/// `Show.101.Name.2010.11.23`: a packed number beside the date.
pub(super) fn packed_before_date(reading: &mut Reading) {
    let date = reading.text.first_marked(0, &[Mark::Number]).unwrap_or(0);
    // "Precinct 110 - 2021-05-09" is called so.
    let spaced = reading.text.text.contains(' ');
    let found = (1..date).rev().find_map(|at| {
        let number = reading
            .text
            .number(at)
            .filter(|n| n.digits == 3 && n.value >= 100)?;
        let apart = !spaced || gap::is_dash(reading.text.gap_before(at));
        (apart && !reading.opens(at) && number.value % 100 <= LONGEST_SEASON)
            .then_some((at, number.value))
    });
    let Some((at, value)) = found else { return };
    reading.text.set(at, at + 1, Mark::Number);
    (reading.season, reading.episode) = (vec![value / 100], vec![value % 100]);
    if let Some(twin) = twin_of(reading, at + 1) {
        reading.text.set(twin.0, twin.0 + 1, Mark::Number);
    }
}
