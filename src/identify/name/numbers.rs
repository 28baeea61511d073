//! Bare numbers, told apart by where they stand. Only looked at when nothing says what they are.

use super::absolute::{find_absolute, twin_of};
use super::group::is_index;
use super::packed::{counted_from_zero, is_packed, packed, packed_before_date, packed_range};
use super::reading::{Reading, extend_to, push};
use super::spoken::glued;
use super::token::{Mark, Number, Text, gap};
use super::words::{ANIME, COUNTED, PART, WHOLE};

/// Heights of a picture, which are no episodes when they stand alone in brackets.
const HEIGHTS: &[u32] = &[480, 540, 576, 720, 1080, 2160];
/// What the folders say about a file.
#[derive(Debug, Default, Clone)]
pub(super) struct Context {
    /// The place holds series (`true`) or films (`false`).
    pub series: Option<bool>,
    /// The place holds anime, which counts on.
    pub anime: bool,
    /// Season of the folder.
    pub season: Option<u32>,
    /// A folder names a show or film.
    pub titled: bool,
}

/// A bare number or range: first token, token behind, values.
pub(super) struct Bare {
    pub from: usize,
    pub until: usize,
    pub values: Vec<u32>,
    pub first: Number,
}

impl Bare {
    pub fn zero_led(&self) -> bool {
        self.first.digits >= 2 && self.first.value < 10_u32.pow(u32::from(self.first.digits) - 1)
    }
}

/// Finds the episode among the bare numbers.
pub(super) fn find(reading: &mut Reading, context: &Context) {
    let none = !reading.text.has_numbers()
        || (0..reading.text.len()).all(|at| reading.text.number(at).is_none());
    if none && !reading.text.may_have(ANIME)
        || reading.film
        || reading.extra.is_some() && reading.text.first_marked(0, &[Mark::Disc]).is_some()
    {
        return;
    }
    if !reading.episode.is_empty() {
        find_absolute(reading);
        return;
    }
    if reading.date.is_some() {
        packed_before_date(reading);
        return;
    }
    if find_crossed(reading, context) {
        return;
    }
    reading.anime |= is_signed(&reading.text);
    let first = if context.season.is_some() {
        leading(reading, context)
    } else {
        None
    };
    let rules = [
        after_dash,
        bracketed,
        before_bracket,
        leading,
        packed,
        counted_from_zero,
        before_technical,
        in_season,
    ];
    match first.or_else(|| rules.iter().find_map(|rule| rule(reading, context))) {
        Some(bare) => take(reading, context, bare),
        None => part_of_series(reading, context),
    }
}

/// `Show_225_[Group]`: nothing but a group behind the number, as anime is named.
fn is_signed(text: &Text) -> bool {
    let group = |at: &usize| {
        text.bracket_of(*at)
            .is_some_and(|b| b.kind == '[' && b.first == *at && b.last == *at + 1)
            && text.is_free(*at)
            && text.number(*at).is_none()
            && !is_index(text.key(*at))
    };
    let last = text.len().checked_sub(1).filter(group);
    last.and_then(|at| at.checked_sub(1)).is_some_and(|at| {
        text.number(at).is_some_and(|n| matches!(n.digits, 2 | 3))
            && text.gap_before(at) == gap::UNDERSCORE
    })
}

/// ` - 2.05 - Name`, ` - 2-05 - Name`, `2-05`: season and episode with a sign between.
fn find_crossed(reading: &mut Reading, context: &Context) -> bool {
    if reading.group || reading.checksum || reading.is_numbered() {
        return false;
    }
    let text = &reading.text;
    let found = (1..text.len()).find_map(|at| {
        let (season, episode) = (text.number(at)?, text.number(at + 1)?);
        let joint = text.gap_before(at + 1);
        let before = text.gap_before(at);
        let dashed = gap::is_dash(before) && gap::is_dash(text.gap_after(at + 1));
        let padded = season.digits == 1 && episode.digits == 2 && episode.value < 10;
        let fits = matches!(joint, gap::DOT | gap::HYPHEN)
            && season.digits <= 2
            && episode.digits == 2
            && season.value > 0
            && episode.value > 0
            && !is_film(reading, context, at)
            && (dashed && (season.digits == 1 || joint == gap::DOT)
                || padded && joint == gap::HYPHEN && reading.ends_after(at + 1));
        fits.then_some((at, season.value, episode.value))
    });
    let Some((at, season, episode)) = found else {
        return false;
    };
    reading.text.set(at, at + 2, Mark::Number);
    (reading.season, reading.episode) = (vec![season], vec![episode]);
    reading.weak = true;
    true
}

/// `Show - Part 3 - Name` among series is its third episode.
fn part_of_series(reading: &mut Reading, context: &Context) {
    let text = &reading.text;
    // "Season 1/Chapter 2 - Name"; in a series' folder too
    if (context.season.is_some() || context.series == Some(true) && context.titled)
        && (text.has(0, PART) || text.key(0) == "chapter")
        && let Some(number) = text.number(1)
    {
        reading.text.set(0, 2, Mark::Number);
        reading.episode = vec![number.value];
        reading.weak = true;
        return;
    }
    if context.series != Some(true) || reading.year.is_some() && !reading.bracketed_year {
        return;
    }
    let found = (1..text.len()).find(|i| {
        text.has(*i, PART)
            && text.is_free(*i)
            && text
                .number(i + 1)
                .is_some_and(|n| Some(n.value) == reading.part)
    });
    if let Some(at) = found
        && let Some(part) = reading.part
    {
        reading.text.set(at, at + 2, Mark::Number);
        reading.episode = vec![part];
        reading.weak = true;
    }
}

fn take(reading: &mut Reading, context: &Context, bare: Bare) {
    reading.leading = reading.opens(bare.from);
    if reading.leading && is_shelf_number(reading, context) {
        reading.text.set(bare.from, bare.until, Mark::Noise);
        reading.leading = false;
        return;
    }
    reading.between = bare.values.len() == 1
        && bare.until == bare.from + 2
        && reading.text.number(bare.from) == Some(bare.first);
    reading.text.set(bare.from, bare.until, Mark::Number);
    // "24 END"
    if matches!(reading.text.key(bare.until), "end" | "fin") && reading.ends_after(bare.until) {
        reading.text.set(bare.until, bare.until + 1, Mark::Tech);
    }
    reading.weak = true;
    let (season, episode) = (bare.first.value / 100, bare.first.value % 100);
    let single = bare.values.len() == 1;
    let of_folder =
        context.season.is_some_and(|s| s == season && s > 0) && reading.season.is_empty();
    let twin = single.then(|| twin_of(reading, bare.until)).flatten();
    if let Some((at, other)) = twin {
        reading.text.set(at, at + 1, Mark::Number);
        if other == episode && season > 0 && bare.first.digits == 3 {
            (reading.season, reading.episode) = (vec![season], vec![episode]);
        } else {
            (reading.episode, reading.absolute) = (
                vec![bare.first.value.min(other)],
                vec![bare.first.value.max(other)],
            );
        }
    } else if let Some((season, episodes)) = packed_range(reading, context, &bare) {
        (reading.season, reading.episode) = (vec![season], episodes);
    } else if single
        && bare.first.digits >= 3
        && (of_folder && episode > 0 || is_packed(reading, context, &bare))
        || single
            && bare.first.digits == 4
            && !reading.group
            && (!reading.leading || reading.text.len() == 1)
            && is_packed(reading, context, &bare)
    {
        (reading.season, reading.episode) = (vec![season], vec![episode]);
    } else {
        reading.episode = bare.values;
    }
}

/// `01 - Film (2008)`: the number of a film on a shelf.
fn is_shelf_number(reading: &Reading, context: &Context) -> bool {
    reading.year.is_some()
        && context.season.is_none()
        && context.series != Some(true)
        && !reading.group
        && reading.season.is_empty()
}

/// The number at a token, with the range it opens.
pub(super) fn bare(reading: &Reading, at: usize) -> Option<Bare> {
    let text = &reading.text;
    let first = text.number(at).filter(|n| n.digits <= 4)?;
    let decimal = |i: usize| text.gap_before(i) == gap::DOT;
    let mut values = vec![first.value];
    let mut until = at + 1;
    if let Some(next) = text.number(until) {
        let joint = text.gap_before(until);
        let range = joint == gap::HYPHEN || joint == gap::TILDE || joint == gap::SPACE | gap::TILDE;
        let fits = next.value > first.value
            && next.value - first.value <= super::MOST_EPISODES as u32
            && next.digits >= first.digits;
        // "07 - 08 [720p]"
        let dashed = gap::is_dash(joint)
            && next.value == first.value + 1
            && next.digits == first.digits
            && first.digits >= 2
            && reading.ends_after(until);
        if (range || dashed) && fits {
            extend_to(&mut values, next.value);
            until += 1;
        } else if fits
            && joint & gap::BRACKET == 0
            && (joint & (gap::PLUS | gap::AMPERSAND) != 0
                || joint & gap::COMMA != 0 && first.digits >= 2 && next.value == first.value + 1)
        {
            push(&mut values, next.value);
            until += 1;
        } else if decimal(until) && next.digits == 1 && first.digits >= 2 {
            // "02.5" stands between 2 and 3.
            until += 1;
        }
    }
    // "493-498.&.500-507"
    while values.len() > 1
        && text.gap_before(until) & (gap::AMPERSAND | gap::PLUS) != 0
        && let (Some(next), Some(last)) = (text.number(until), text.number(until + 1))
        && text.gap_before(until + 1) == gap::HYPHEN
        && next.value < last.value
        && last.value - next.value <= super::MOST_EPISODES as u32
    {
        push(&mut values, next.value);
        extend_to(&mut values, last.value);
        until += 2;
    }
    Some(Bare {
        from: at,
        until,
        values,
        first,
    })
}

pub(super) fn is_counted(reading: &Reading, at: usize) -> bool {
    at.checked_sub(1).is_some_and(|i| {
        reading.text.has(i, COUNTED | PART)
            && reading.text.is_free(i)
            && reading.text.gap_before(at) & gap::BRACKET == 0
            && !gap::is_dash(reading.text.gap_before(at))
    })
}

/// Whether nothing of the title can come behind.
fn closes(reading: &Reading, until: usize) -> bool {
    let last = until.saturating_sub(1);
    let word = matches!(
        reading.text.key(until),
        "end"
            | "final"
            | "fin"
            | "vostfr"
            | "vf"
            | "oad"
            | "ova"
            | "v2"
            | "v3"
            | "special"
            | "batch"
    ) || reading.text.has(until, WHOLE);
    reading.ends_after(last)
        || gap::is_dash(reading.text.gap_after(last))
        || matches!(reading.text.mark(until), Mark::Year | Mark::Noise)
        || word
}

/// A film by its place or by a year in brackets behind a number.
pub(super) fn is_film(reading: &Reading, context: &Context, at: usize) -> bool {
    if reading.group
        || reading.checksum
        || context.season.is_some()
        || context.series == Some(true)
        || !reading.season.is_empty()
    {
        return false;
    }
    // A group in brackets at the end tells anime all the same: "Title - 10 (2016) [Group]".
    let group = gap::is_dash(reading.text.gap_before(at))
        && reading.text.brackets.iter().any(|b| {
            b.kind == '[' && b.first > at && b.last > b.first && reading.text.is_free(b.first)
        });
    context.series == Some(false)
        || !group
            && reading.year.is_some()
            && reading.text.first_marked(at, &[Mark::Year]).is_some()
}

/// `Title - 05`, `Title - 05v2 - Name`, `Title - (01-04)`.
fn after_dash(reading: &Reading, context: &Context) -> Option<Bare> {
    dashed(reading, context, true).or_else(|| dashed(reading, context, false))
}

/// A number behind a dash; with nothing of a title behind it, or with a name at once.
fn dashed(reading: &Reading, context: &Context, closed: bool) -> Option<Bare> {
    let text = &reading.text;
    let dashed = |at: &usize| text.gap_before(*at) & gap::HYPHEN != 0;
    (1..text.len()).filter(dashed).find_map(|at| {
        let bare = bare(reading, at)?;
        let half_dash = text.tokens.get(at - 1).is_some_and(|t| t.number.is_none())
            && text.gap_before(at) == gap::HYPHEN
            && bare.first.digits >= 2
            && text.gap_after(bare.until - 1) & (gap::SPACE | gap::EDGE | gap::HYPHEN) != 0
            && (bare.first.digits > 2 || bare.zero_led());
        if !(gap::is_dash(text.gap_before(at)) || half_dash)
            || reading.opens(at)
            || is_film(reading, context, at)
        {
            return None;
        }
        let shown = reading.group
            || context.series == Some(true)
            || context.season.is_some()
            || !reading.season.is_empty();
        let long = bare.first.digits >= 2 || shown || gap::is_dash(text.gap_after(bare.until - 1));
        let open = bare.first.digits >= 2 && (shown || bare.first.digits == 3 || bare.zero_led());
        let fits = if closed {
            long && closes(reading, bare.until)
        } else {
            open
        };
        fits.then_some(bare)
    })
}

/// `[04]`, `(01-26)`, `[401]`.
fn bracketed(reading: &Reading, context: &Context) -> Option<Bare> {
    let text = &reading.text;
    text.brackets.iter().find_map(|bracket| {
        let bare = bare(reading, bracket.first)?;
        let alone = bare.until == bracket.last;
        let batch = bare.until < bracket.last
            && (bare.until..bracket.last).all(|i| {
                matches!(
                    text.key(i),
                    "end" | "fin" | "final" | "tv" | "全集" | "合集" | "完" | "batch" | "bd"
                ) || text.mark(i) == Mark::Tech
            });
        let long = bare.first.digits >= 2 || reading.group;
        let height = HEIGHTS.contains(&bare.first.value) && context.season.is_none();
        // "x264-GRP[42]"
        let behind = !reading.group
            && text.first_marked(0, &[Mark::Tech]).is_some_and(|i| {
                i < bracket.first && text.bracket_of(i).is_none() && !reading.opens(i)
            });
        let fits = !behind
            && (alone || batch)
            && long
            && !height
            && !reading.opens(bracket.first)
            && !is_film(reading, context, bracket.first);
        fits.then_some(bare)
    })
}

/// `[Group] Title 04 [1080p]`: the last number before the first bracket behind the title.
fn before_bracket(reading: &Reading, context: &Context) -> Option<Bare> {
    let text = &reading.text;
    let fansub = || {
        text.may_have(ANIME) && (0..text.len()).any(|i| matches!(text.key(i), "vostfr" | "fansub"))
    };
    if !(reading.group || reading.checksum || reading.anime || fansub()) {
        return None;
    }
    if let Some(bare) = glued_ova(reading) {
        return Some(bare);
    }
    let end = text
        .first_marked(0, &[Mark::Tech])
        .filter(|i| !reading.opens(*i))
        .unwrap_or(text.len());
    let fits = |bare: &Bare| {
        let lone = reading.checksum && !reading.group && text.mark(bare.until) == Mark::Noise;
        let special = matches!(text.key(bare.from - 1), "ova" | "oad" | "ona");
        let long = (bare.first.digits >= 2 || bare.values.len() > 1 || lone || special)
            && bare.values != [0];
        let decimal = text.gap_before(bare.from) == gap::DOT
            && text
                .tokens
                .get(bare.from - 1)
                .is_some_and(|t| t.number.is_some());
        long && !decimal
            && !is_counted(reading, bare.from)
            && !reading.opens(bare.from)
            && closes(reading, bare.until)
            && !is_film(reading, context, bare.from)
    };
    let candidates = || {
        (1..text.len())
            .rev()
            .filter_map(|at| bare(reading, at))
            .filter(fits)
            .filter(|b| text.bracket_of(b.from).is_none())
    };
    let range = candidates().rfind(|b| b.values.len() > 1);
    range
        .or_else(|| candidates().find(|b| b.from < end))
        .or_else(|| candidates().next_back())
}

/// `[Group] Title OVA2 [1080p]`
fn glued_ova(reading: &Reading) -> Option<Bare> {
    let text = &reading.text;
    if !text.may_have(ANIME) || !reading.season.is_empty() {
        return None;
    }
    (1..text.len()).find_map(|at| {
        let number = glued(text, at, ANIME).filter(|n| n.digits < 3 && n.value > 0)?;
        let counts = is_ova(text.key(at)) && text.is_free(at) && closes(reading, at + 1);
        counts.then(|| Bare {
            from: at,
            until: at + 1,
            values: vec![number.value],
            first: number,
        })
    })
}

/// `ova`, with or without its number.
pub(super) fn is_ova(key: &str) -> bool {
    let letters = key.trim_end_matches(|c: char| c.is_ascii_digit());
    matches!(letters, "ova" | "oad" | "ona")
}

/// `01 - Name`, `01. Name`, `[Group] 06 Title`, `01` in a season's folder.
fn leading(reading: &Reading, context: &Context) -> Option<Bare> {
    let text = &reading.text;
    let at = (0..text.len()).find(|i| !matches!(text.mark(*i), Mark::Noise | Mark::Tech))?;
    if let Some(bare) = season_first(reading, context, at) {
        return Some(bare);
    }
    let bare = bare(reading, at).filter(|b| {
        text.bracket_of(at).is_none()
            || context.season.is_some() && reading.alone_in_bracket(at, b.until)
    })?;
    let behind = text.gap_after(bare.until - 1);
    let named = bare.until < text.len() && text.is_free(bare.until);
    let in_season = context.season.is_some() || !reading.season.is_empty();
    if !named {
        let shown = in_season || context.series == Some(true) && context.titled;
        let only = bare.until >= text.len()
            || text.mark(bare.until) == Mark::Tech
            || behind & gap::BRACKET != 0;
        let number = shown
            || context.titled
                && (bare.zero_led() || reading.group)
                && context.series != Some(false);
        let short = bare.first.digits <= 3 || context.season == Some(bare.first.value / 100);
        return (only && number && short && (bare.until - at == 1 || bare.values.len() > 1))
            .then_some(bare);
    }
    let listed = gap::is_dash(behind)
        || behind & gap::DOT != 0 && behind & gap::SPACE != 0
        || behind == gap::DOT && bare.zero_led()
        || behind == gap::HYPHEN && bare.first.digits >= 2 && text.number(bare.until).is_none();
    let packed = bare.first.digits == 4 && context.season == Some(bare.first.value / 100);
    let long = packed || bare.first.digits >= 2 && bare.first.digits <= 3 || bare.values.len() > 1;
    let sure = in_season && context.titled && (bare.first.digits >= 2 || listed);
    let shelved = bare.zero_led()
        && (reading.group
            || context.titled && context.series != Some(false)
            || behind & (gap::UNDERSCORE | gap::SPACE) != 0);
    // "1. The Quiet Harbour (2016)", "1 - The Quiet Harbour (2016)"
    let apart = behind == gap::DOT | gap::SPACE || gap::is_dash(behind);
    let listed_film = apart && bare.first.digits <= 2 && reading.bracketed_year;
    (listed && long
        || listed_film
        || sure
        || shelved
        || listed && context.titled && context.series == Some(true))
    .then_some(bare)
}

/// `2-05 Name`, `2.05 Name` in the folder of season 2.
fn season_first(reading: &Reading, context: &Context, at: usize) -> Option<Bare> {
    let text = &reading.text;
    let season = text
        .number(at)
        .filter(|n| context.season == Some(n.value) && n.digits <= 2)?;
    let second = text.number(at + 1).filter(|n| n.digits == 2)?;
    let joined =
        matches!(text.gap_before(at + 1), gap::HYPHEN | gap::DOT) && text.number(at + 2).is_none();
    // A padded number opens a range: "02-03 Name".
    (joined && (season.digits == 1 || second.value < season.value)).then_some(Bare {
        from: at,
        until: at + 2,
        values: vec![second.value],
        first: second,
    })
}

/// `Show.12.720p`, `Show.02.Name`, `Show 13-16`.
fn before_technical(reading: &Reading, context: &Context) -> Option<Bare> {
    let text = &reading.text;
    if reading.year.is_some() && context.season.is_none() && reading.season.is_empty() {
        return None;
    }
    (1..text.len()).find_map(|at| {
        // Few titles end in such a number, and some series have come that far.
        let long =
            |n: Number| n.digits == 4 && (1000..1400).contains(&n.value) && reading.ends_after(at);
        let bare =
            bare(reading, at).filter(|b| (2..=3).contains(&b.first.digits) || long(b.first))?;
        let decimal = matches!(text.gap_before(at), gap::DOT)
            && text.tokens.get(at - 1).is_some_and(|t| t.number.is_some());
        let joined = text.gap_before(at) & (gap::HYPHEN | gap::COMMA | gap::COLON) != 0;
        if reading.opens(at)
            || is_counted(reading, at)
            || decimal
            || joined
            || is_film(reading, context, at)
            || text.bracket_of(at).is_some()
        {
            return None;
        }
        let ends = reading.ends_after(bare.until - 1);
        let before_tech = text.mark(bare.until) == Mark::Tech
            && bare.until < text.len()
            && (bare.first.digits == 2
                || bare.first.digits == 3 && text.gap_before(at) == gap::SPACE);
        let range = bare.values.len() > 1 && ends;
        let led = bare.zero_led()
            && bare.first.value > 0
            && (bare.first.digits == 2 || ends && bare.first.value != 7);
        (before_tech || range || led || bare.first.digits == 4).then_some(bare)
    })
}

/// Any number in a season's folder or behind a season.
fn in_season(reading: &Reading, context: &Context) -> Option<Bare> {
    let text = &reading.text;
    let behind_season = |at: usize| {
        !reading.season.is_empty()
            && at
                .checked_sub(1)
                .is_some_and(|i| text.mark(i) == Mark::Number)
    };
    let place = context.season.is_some() || context.series == Some(true) && context.titled;
    (1..text.len()).rev().find_map(|at| {
        let bare = bare(reading, at)
            .filter(|b| b.first.digits <= 3 || place && !(1900..2035).contains(&b.first.value))?;
        let beside = behind_season(at) && bare.first.digits >= 2;
        let ends = place && closes(reading, bare.until) && !reading.opens(at);
        let fits = (beside || ends)
            && !is_counted(reading, at)
            && text.bracket_of(at).is_none()
            && text.gap_before(at) & gap::HYPHEN == 0;
        fits.then_some(bare)
    })
}
