//! Trailers, samples and other extras, which are not tracked.

use super::Extra;
use super::reading::Reading;
use super::token::{Firsts, Mark, Text, Token, gap};
use super::words::{self, ASIDE, EXTRA, LANGUAGE};

/// Words that end an extra's name, as the libraries name them: `Film-trailer`, `show.s01e01.sample`.
const ENDINGS: &[(&str, Extra)] = &[
    ("trailer", Extra::Trailer),
    ("trailers", Extra::Trailer),
    ("teaser", Extra::Trailer),
    ("sample", Extra::Sample),
    ("featurette", Extra::Featurette),
    ("featurettes", Extra::Featurette),
    ("interview", Extra::Interview),
    ("interviews", Extra::Interview),
    ("behindthescenes", Extra::BehindTheScenes),
    ("behind the scenes", Extra::BehindTheScenes),
    ("making of", Extra::BehindTheScenes),
    ("deleted", Extra::DeletedScene),
    ("deleted scene", Extra::DeletedScene),
    ("deleted scenes", Extra::DeletedScene),
    ("deletedscene", Extra::DeletedScene),
    ("scene", Extra::Other),
    ("short", Extra::Other),
    ("other", Extra::Other),
    ("bloopers", Extra::Other),
    ("gag reel", Extra::Other),
    ("extras", Extra::Other),
    ("extra", Extra::Other),
    ("clip", Extra::Other),
    ("blooper", Extra::Other),
    ("theme music", Extra::Other),
];

/// Folders of extras.
const FOLDERS: &[(&str, Extra)] = &[
    ("trailers", Extra::Trailer),
    ("trailer", Extra::Trailer),
    ("sample", Extra::Sample),
    ("samples", Extra::Sample),
    ("featurettes", Extra::Featurette),
    ("featurette", Extra::Featurette),
    ("interviews", Extra::Interview),
    ("behind the scenes", Extra::BehindTheScenes),
    ("making of", Extra::BehindTheScenes),
    ("deleted scenes", Extra::DeletedScene),
    ("extras", Extra::Other),
    ("extra", Extra::Other),
    ("bonus", Extra::Other),
    ("other", Extra::Other),
    ("scenes", Extra::Other),
    ("shorts", Extra::Other),
    ("clips", Extra::Other),
    ("backdrops", Extra::Other),
    ("bonus disc", Extra::Other),
    ("bonus features", Extra::Other),
    ("special features", Extra::Other),
    ("bloopers", Extra::Other),
    ("gag reel", Extra::Other),
    ("outtakes", Extra::Other),
    ("creditless", Extra::Other),
    ("nc", Extra::Other),
    ("sps", Extra::Other),
    ("ncop", Extra::Other),
    ("nced", Extra::Other),
    ("ncop nced", Extra::Other),
    ("theme music", Extra::Other),
];

/// What a folder of extras holds.
pub(super) fn folder(key: &str) -> Option<Extra> {
    FOLDERS
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, extra)| *extra)
}

/// Finds what the end of a name says, and the numbered extras of anime and of films.
pub(super) fn find(reading: &mut Reading) {
    find_bonus(reading);
    let text = &reading.text;
    let last = text.len().checked_sub(1).filter(|i| ends_extra(text, *i));
    let found = last.and_then(|_| {
        ENDINGS
            .iter()
            .find_map(|(words, extra)| ending(reading, words).map(|from| (from, *extra)))
    });
    // "sample-the.film.2016": the scene's samples
    let sample = text.key(0) == "sample" && text.gap_before(1) == gap::HYPHEN && text.len() > 2;
    if sample {
        reading.text.set(0, 1, Mark::Noise);
        reading.extra = Some(Extra::Sample);
        return;
    }
    let (from, until, extra) = match found {
        Some((from, extra)) => (from, text.len(), Some(extra)),
        None => inside(reading).map_or((0, 0, None), |(from, until, extra)| {
            (from, until, Some(extra))
        }),
    };
    if let Some(extra) = extra {
        reading.text.set(from, until, Mark::Tech);
        reading.extra = Some(extra);
        return;
    }
    if !(reading.group || reading.checksum) {
        return;
    }
    let anime = (1..text.len()).find(|i| anime_extra(reading, *i));
    if let Some(at) = anime {
        reading.text.set(at, at + 1, Mark::Tech);
        let trailer = matches!(head(reading.text.key(at)), "pv" | "teaser" | "trailer");
        reading.extra = Some(if trailer {
            Extra::Trailer
        } else {
            Extra::Other
        });
    }
}

fn ends_extra(text: &Text, last: usize) -> bool {
    let key = text.key(last);
    if key.ends_with(|c: char| c.is_ascii_digit()) {
        words::word(text_letters(key)) & EXTRA != 0
    } else {
        text.has(last, EXTRA)
    }
}

/// What such words say that stand behind the year or the technical part, where no title is any more, or right before
/// the year. Behind the number of an episode stands the episode's title, which may be any of them.
fn inside(reading: &Reading) -> Option<(usize, usize, Extra)> {
    let text = &reading.text;
    if !text.may_have(ASIDE) {
        return None;
    }
    let begins = |at: &usize| text.has(*at, ASIDE);
    let first = (1..text.len()).find(begins)?;
    let marked = |marks: &[Mark]| text.first_marked(0, marks).unwrap_or(text.len());
    let (number, technical) = (marked(&[Mark::Number]), marked(&[Mark::Tech]));
    let title_ends = number.min(technical).min(marked(&[Mark::Year]));
    let open = |at: usize| title_ends > 0 && at > title_ends && (at < number || at > technical);
    (first..text.len()).filter(begins).find_map(|at| {
        let (words, extra) = INSIDE.iter().find(|(words, _)| {
            if !words.starts_with(text.key(at)) {
                return false;
            }
            let until = at + words.split(' ').count();
            text.keys(at, until) == *words && (at..until).all(|i| text.is_free(i))
        })?;
        let until = at + words.split(' ').count();
        let sample = *extra == Extra::Sample && at > title_ends && !text.is_free(at - 1);
        let named = !matches!(text.key(at - 1), "the" | "a" | "an")
            && text.keys(0, until) != "the long long trailer";
        let closes = match extra {
            Extra::Trailer => closed(text, at, until),
            Extra::Featurette => (text.mark(until) == Mark::Year).then_some(until),
            _ => None,
        };
        if let Some(until) = closes.filter(|_| named && at < number) {
            return Some((at, until, *extra));
        }
        let doubled = words.contains(' ') && *extra == Extra::Trailer;
        (open(at) || sample || doubled).then_some((at, until, *extra))
    })
}

/// `Film Trailer German Deutsch (2021)`, `Film Trailer #2 [HD]`, `Show - Trailer 02`: where the trailer's language and
/// number end, if the year or nothing stands behind. `Trailer Park of Terror` has more; `Hobo Trailer 02` and
/// `[Group] Hobo Trailer - 02` are episodes, and `03 - Trailer 2` is one's title.
fn closed(text: &Text, at: usize, until: usize) -> Option<usize> {
    let sharp = |i: usize| text.key(i).starts_with('#');
    let counted = |i: usize| sharp(i) || text.number(i).is_some_and(|n| n.digits <= 2);
    let goes_with = |i: usize| {
        text.mark(i) == Mark::Tech
            || text.has(i, LANGUAGE)
            || counted(i)
            || matches!(text.key(i), "hd" | "ov" | "omu" | "omeu")
    };
    let end = (until..text.len())
        .find(|i| !goes_with(*i))
        .unwrap_or(text.len());
    let apart = gap::is_dash(text.gap_before(at)) && text.number(at - 1).is_none();
    let which = counted(until) && !gap::is_dash(text.gap_before(until));
    let sure = apart || which && (until + 1 < end || sharp(until));
    (text.mark(end) == Mark::Year || until < end && end == text.len() && sure).then_some(end)
}

/// Words that name an extra within a name. The longer first; each begins with an `ASIDE`.
const INSIDE: &[(&str, Extra)] = &[
    ("official teaser trailer", Extra::Trailer),
    ("theatrical teaser trailer", Extra::Trailer),
    ("official trailer", Extra::Trailer),
    ("official teaser", Extra::Trailer),
    ("theatrical trailer", Extra::Trailer),
    ("teaser trailer", Extra::Trailer),
    ("trailer", Extra::Trailer),
    ("teaser", Extra::Trailer),
    ("sample", Extra::Sample),
    ("featurette", Extra::Featurette),
    ("making of", Extra::BehindTheScenes),
    ("behind the scenes", Extra::BehindTheScenes),
    ("deleted scenes", Extra::DeletedScene),
    ("deleted scene", Extra::DeletedScene),
    ("alternate ending", Extra::DeletedScene),
    ("alternate endings", Extra::DeletedScene),
    ("interviews", Extra::Interview),
    ("interview", Extra::Interview),
    ("tv spots", Extra::Trailer),
    ("tv spot", Extra::Trailer),
    ("bande annonce", Extra::Trailer),
    ("zwiastun", Extra::Trailer),
    ("fragman", Extra::Trailer),
    ("трейлер", Extra::Trailer),
    ("тизер", Extra::Trailer),
    ("予告編", Extra::Trailer),
    ("予告", Extra::Trailer),
    ("预告片", Extra::Trailer),
    ("預告片", Extra::Trailer),
    ("预告", Extra::Trailer),
    ("예고편", Extra::Trailer),
    ("gag reel", Extra::Other),
    ("blooper reel", Extra::Other),
    ("bloopers", Extra::Other),
    ("outtakes", Extra::Other),
    ("special features", Extra::Other),
    ("bonus features", Extra::Other),
    ("bonus disc", Extra::Other),
    ("bonus", Extra::Other),
    ("extras disc", Extra::Other),
    ("extra disc", Extra::Other),
    ("extras", Extra::Other),
    ("clip", Extra::Other),
];

/// What the title of a file in a film's folder says that it is of the film.
pub(super) fn about(text: &Text) -> Option<Extra> {
    let technical = text.first_marked(0, &[Mark::Tech]).unwrap_or(text.len());
    (0..technical).find_map(|at| {
        ABOUT
            .iter()
            .find(|(word, _)| text_letters(text.key(at)) == *word)
            .map(|(_, extra)| *extra)
    })
}

const ABOUT: &[(&str, Extra)] = &[
    ("trailer", Extra::Trailer),
    ("teaser", Extra::Trailer),
    ("sample", Extra::Sample),
    ("featurette", Extra::Featurette),
    ("interview", Extra::Interview),
    ("interviews", Extra::Interview),
    ("making", Extra::BehindTheScenes),
    ("deleted", Extra::DeletedScene),
    ("bloopers", Extra::Other),
    ("bonus", Extra::Other),
    ("clip", Extra::Other),
    ("commentary", Extra::Other),
    ("outtakes", Extra::Other),
    ("reel", Extra::Other),
    ("scenes", Extra::Other),
];

/// Where an ending begins: after a hyphen, a dot behind the technical part, or as the whole name.
fn ending(reading: &Reading, words: &str) -> Option<usize> {
    let text = &reading.text;
    let count = words.split(' ').count();
    let from = text.len().checked_sub(count)?;
    let glued = text
        .key(text.len() - 1)
        .trim_end_matches(|c: char| c.is_ascii_digit());
    let matches =
        text.keys(from, text.len()) == words || count == 1 && glued == words && glued.len() > 4;
    if !matches {
        return None;
    }
    let whole = from == 0;
    let joint = text.gap_before(from);
    let hyphen = joint & gap::HYPHEN != 0;
    let sure = matches!(
        words,
        "trailer" | "sample" | "featurette" | "behindthescenes" | "teaser" | "deleted scenes"
    );
    let behind = (0..from).any(|i| matches!(text.mark(i), Mark::Tech | Mark::Year | Mark::Number));
    let word = matches!(
        words,
        "short" | "other" | "scene" | "deleted" | "interview" | "extra" | "clip" | "blooper"
    );
    let tight = hyphen
        && !gap::is_dash(joint)
        && text
            .raw(from)
            .chars()
            .next()
            .is_some_and(char::is_lowercase);
    let bracketed = text
        .bracket_of(from)
        .is_some_and(|b| b.first == from && from > 0);
    // "S00E05 - Behind the Scenes", "S01E01 - The Trailer": an episode may be called so.
    let before = from - usize::from(from > 0);
    let opens = gap::is_dash(joint) && text.mark(before) == Mark::Number;
    let named = words != "sample"
        && reading.has_episode()
        && (opens || matches!(text.key(before), "the" | "a" | "an"));
    let fits = if named {
        false
    } else if word {
        tight
    } else {
        whole || hyphen || sure && behind || bracketed
    };
    fits.then_some(from)
}

/// `NCOP1`, `NCED2v2`, `PV2`, `Menu`: openings, endings and the like; also `[IV02]` in the place of the number.
fn anime_extra(reading: &Reading, at: usize) -> bool {
    let first = reading.text.first(at);
    if !(b"ncpoemilt".contains(&first) && reading.text.is_free(at)) {
        return false;
    }
    let letters = head(reading.text.key(at));
    let alone = reading.text.bracket_of(at).is_some_and(|b| {
        b.first == at && (b.last == at + 1 || reading.text.number(at + 1).is_some())
    });
    let capital = head(reading.text.raw(at)).chars().all(char::is_uppercase);
    let counted = letters.len() < reading.text.key(at).len();
    let last = reading.ends_after(at) || reading.text.number(at + 1).is_some();
    let apart = gap::is_dash(reading.text.gap_before(at));
    // "Show - 12 - Ending": an episode is called so.
    let numbered =
        reading.text.number(at - 1).is_some() || reading.text.mark(at - 1) == Mark::Number;
    matches!(letters, "ncop" | "nced" | "creditless")
        || capital && matches!(letters, "pv" | "cm")
        || capital && (counted || apart) && matches!(letters, "op" | "ed") && last
        || apart && !numbered && matches!(letters, "opening" | "ending") && last
        || matches!(letters, "menu" | "preview") && last
        || alone
            && matches!(
                letters,
                "event" | "iv" | "logo" | "pv" | "cm" | "menu" | "teaser" | "trailer"
            )
}

/// What stands before the first digit.
fn head(key: &str) -> &str {
    key.split(|c: char| c.is_ascii_digit())
        .next()
        .unwrap_or(key)
}

fn text_letters(key: &str) -> &str {
    key.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// `Film-x02-Making_Of` is a bonus, `Series-f21-Film` a film of a series.
fn find_bonus(reading: &mut Reading) {
    let text = &reading.text;
    if !(text.may_be_long(3) && text.may_open_with(const { Firsts::of(b"fx") })) {
        return;
    }
    let short = |t: &Token| matches!(t.first(), b'f' | b'x') && t.len() == 3 && t.has_digit();
    if !text.tokens.iter().any(short) {
        return;
    }
    let numbered = |i: usize, letter: char| {
        let short = |t: &Token| short(t) && char::from(t.first()) == letter;
        if !text.tokens.get(i).is_some_and(short) {
            return false;
        }
        let hyphen = text.gap_before(i) & gap::HYPHEN != 0 && !gap::is_dash(text.gap_before(i));
        let digits = text
            .key(i)
            .strip_prefix(letter)
            .filter(|_| hyphen)
            .unwrap_or("");
        digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) && text.is_free(i)
    };
    let film = (1..text.len()).find(|i| numbered(*i, 'f'));
    let bonus = (1..text.len()).find(|i| numbered(*i, 'x'));
    if let Some(at) = film.filter(|at| at + 1 < text.len()) {
        reading.text.set(at, at + 1, Mark::Disc);
        reading.title_from = Some(at + 1);
    }
    if let Some(at) = bonus {
        reading.text.set(at, at + 1, Mark::Disc);
        reading.extra = Some(Extra::Other);
    }
}
