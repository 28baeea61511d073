//! Who is believed: claims in order of trust, each filling what the better ones left open.
//!
//! A claim that contradicts a better one adds nothing where it does, and costs confidence: as much as it was sure of
//! itself, and more where the two can hardly mean the same thing.

use std::mem::{swap, take};

use super::{Evidence, FLOOR, Identity, Verdict};
use crate::model::{Ids, Item, Location, Media, MediaType, title_key};

/// What one source claims.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Claim {
    /// Which source.
    pub source: &'static str,
    /// Where there may be several: which file.
    pub detail: Option<String>,
    /// What it says; `confidence` is how sure that makes us.
    pub media: Media,
    /// It is no film or episode at all (trailer, sample), and why.
    pub extra: Option<String>,
    /// Why it is hardly sure of itself.
    pub doubt: Option<&'static str>,
    /// What it means by it is called so on this disk.
    pub also: Option<String>,
    /// For what it speaks.
    pub reach: Reach,
}

/// For what a claim speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// This very video.
    #[default]
    Own,
    /// Everything in a folder: a video that calls itself otherwise is likely to be another.
    Folder,
    /// Often an advertisement: heard where it agrees.
    Hint,
    /// The folder it lies in, called otherwise: believed if nobody else has spoken for the name.
    Around,
    /// Something else beside it: shown, not heard.
    Another,
}

/// What two claims do not agree on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Dispute {
    about: &'static str,
    /// What it costs, if the worse claim is quite sure.
    cost: f32,
}

/// They can hardly mean the same thing.
const HARD: f32 = 0.6;
/// One of them is wrong in a detail that matters.
const MEDIUM: f32 = 0.3;
/// The same thing, called otherwise.
const SOFT: f32 = 0.1;

/// Weighs claims, best first.
pub fn weigh(item: &Item, claims: &mut [Claim]) -> Identity {
    let extra = claims.iter().find_map(|claim| claim.extra.clone());
    let mut identity = Identity {
        media: Media::default(),
        verdict: Verdict::Track,
        evidence: Vec::with_capacity(claims.len()),
    };
    let media = &mut identity.media;
    let mut merged = Merged::new(media);
    for claim in claims {
        identity.evidence.push(merged.add(claim));
    }
    let certainty = merged.certainty;
    if media.media_type == Some(MediaType::Movie) && !media.ids.is_empty() && media.title.is_some()
    {
        media.confidence = media.confidence.max(0.9);
    }
    media.confidence *= certainty;
    identity.verdict = extra.map_or_else(|| verdict(media), Verdict::Ignore);
    if media.title.is_none() {
        media.title = fallback_title(item);
    }
    identity
}

/// What is to be done with what is thought to be this; extras are not asked about here.
pub fn verdict(media: &Media) -> Verdict {
    if media.media_type.is_none() || media.title.is_none() {
        return Verdict::Local("unidentified".into());
    }
    if media.confidence < FLOOR {
        let hundredths = (f64::from(media.confidence) * 100.0).round_ties_even() as u8;
        return Verdict::Local(format!(
            "not sure enough what it is (0.{hundredths:02} < {FLOOR})"
        ));
    }
    let which = has_numbers(media) || media.date.is_some();
    if media.media_type == Some(MediaType::Episode) && !which {
        return Verdict::Local("it is not clear which episode it is".into());
    }
    Verdict::Track
}

/// What the claims so far make.
struct Merged<'a> {
    media: &'a mut Media,
    certainty: f32,
    /// The title's other names, normalised.
    also: Vec<String>,
    /// The title is one that a whole folder is given.
    of_folder: bool,
    /// How many called it so, or nearly so.
    titled: u8,
    /// Somebody has claimed something.
    heard: bool,
}

impl<'a> Merged<'a> {
    fn new(media: &'a mut Media) -> Self {
        Self {
            media,
            certainty: 1.0,
            also: Vec::new(),
            of_folder: false,
            titled: 0,
            heard: false,
        }
    }

    /// Whether a title is known to be another name of the same.
    fn knows(&self, title: Option<&str>) -> bool {
        !self.also.is_empty() && title.is_some_and(|title| self.also.contains(&title_key(title)))
    }

    /// A worse claim adds what is missing where both can mean the same thing.
    fn add(&mut self, claim: &mut Claim) -> Evidence {
        let (source, said) = (claim.source, said(claim));
        let evidence = |disputes| Evidence {
            source,
            said,
            disputes,
        };
        if !self.heard && claim.reach == Reach::Own {
            self.heard = true;
            self.titled = u8::from(claim.media.title.is_some());
            self.also.extend(claim.also.as_deref().map(title_key));
            swap(self.media, &mut claim.media);
            return evidence(None);
        }
        self.heard = true;
        let known = self.knows(claim.media.title.as_deref());
        let mut dispute = dispute(self.media, &claim.media, known);
        if claim.reach == Reach::Around && known {
            // Of its year, or on its shelf: the same in another language, far more often than misplaced.
            dispute.iter_mut().for_each(|dispute| dispute.cost = MEDIUM);
        }
        let about = dispute.map(|dispute| dispute.about);
        let evidence = match claim.reach {
            Reach::Another => return evidence(about.or(Some("title"))),
            Reach::Hint if dispute.is_some() => return evidence(about),
            Reach::Around if dispute.is_some() && self.titled > 1 => return evidence(about),
            _ => evidence(about),
        };
        if let Some(dispute) = dispute {
            let sure = if self.of_folder && dispute.cost >= HARD {
                1.0
            } else {
                claim.media.confidence
            };
            self.certainty *= 1.0 - dispute.cost * sure;
        }
        if self.of_folder && about == Some("title") && !film(self.media) {
            // What lies in a series' folder tells which episode it is, whatever it calls the series.
            take_numbers(self.media, &mut claim.media);
        }
        if dispute.is_none_or(|dispute| dispute.cost < HARD) {
            if self.media.title.is_none() && claim.media.title.is_some() {
                self.of_folder = claim.reach == Reach::Folder;
            }
            self.titled = (self.titled + u8::from(claim.media.title.is_some())).min(2);
            self.also.extend(claim.also.as_deref().map(title_key));
            fill(self.media, &mut claim.media, about);
        }
        evidence
    }
}

fn film(media: &Media) -> bool {
    media.media_type == Some(MediaType::Movie)
}

/// Where there are none.
fn take_numbers(best: &mut Media, next: &mut Media) -> bool {
    let open = !has_numbers(best) && best.date.is_none();
    if open {
        if !next.season.is_empty() {
            best.season = take(&mut next.season);
        }
        best.episode = take(&mut next.episode);
        best.absolute_episode = take(&mut next.absolute_episode);
        best.date = next.date;
    }
    open
}

fn fill(best: &mut Media, next: &mut Media, disputed: Option<&str>) {
    best.confidence = best.confidence.max(next.confidence);
    best.media_type = best.media_type.or(next.media_type);
    best.title = best.title.take().or(next.title.take());
    best.alternative_title = best
        .alternative_title
        .take()
        .or(next.alternative_title.take());
    best.year = best.year.or(next.year);
    let counted_anew = best.absolute_episode.is_empty() && next.season.is_empty();
    if !take_numbers(best, next) && disputed != Some("episode") {
        if best.season.is_empty() && best.absolute_episode.is_empty() {
            best.season = take(&mut next.season);
        }
        // A file of several episodes beside which only the first is described.
        if next.episode.len() > best.episode.len() && next.episode.starts_with(&best.episode) {
            best.episode = take(&mut next.episode);
        }
        if counted_anew {
            best.absolute_episode = take(&mut next.absolute_episode);
        }
    }
    best.episode_title = best.episode_title.take().or(next.episode_title.take());
    best.part = best.part.or(next.part);
    best.anime |= next.anime;
    if disputed != Some("ids") {
        best.ids.fill_from(&next.ids);
    }
}

/// `known`: the next one's title is known to be another name of the same.
fn dispute(best: &Media, next: &Media, known: bool) -> Option<Dispute> {
    let dispute = |about, cost| Some(Dispute { about, cost });
    if differ(&best.media_type, &next.media_type) {
        return dispute("type", HARD);
    }
    let film = film(best) || best.media_type.is_none() && film(next);
    let years_apart = match (best.year, next.year) {
        (Some(a), Some(b)) if film => Some(a.abs_diff(b)),
        _ => None,
    };
    let ids = compare_ids(&best.ids, &next.ids);
    if !same_title(best, next) {
        let of_it = years_apart.is_some_and(|years| years <= 1)
            || same_numbers(best, next) == Some(true)
            // A folder names the series, a file the episode: they do not compete.
            || !film && has_numbers(best) != has_numbers(next);
        let same_anyway = ids == Some(true) || of_it && (known || may_be_same(best, next));
        return dispute("title", if same_anyway { SOFT } else { HARD });
    }
    if years_apart.is_some_and(|years| years > 1) && ids != Some(true) {
        return dispute("year", HARD);
    }
    if ids == Some(false) {
        return dispute("ids", MEDIUM);
    }
    if same_numbers(best, next) == Some(false) {
        return dispute("episode", MEDIUM);
    }
    None
}

fn differ<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
    a.is_some() && b.is_some() && a != b
}

fn compare_ids(a: &Ids, b: &Ids) -> Option<bool> {
    if differ(&a.tmdb, &b.tmdb) || differ(&a.imdb, &b.imdb) || differ(&a.tvdb, &b.tvdb) {
        return Some(false);
    }
    let shared = a.tmdb.is_some() && b.tmdb.is_some()
        || a.imdb.is_some() && b.imdb.is_some()
        || a.tvdb.is_some() && b.tvdb.is_some();
    shared.then_some(true)
}

/// Which episode it is, by number.
pub fn has_numbers(media: &Media) -> bool {
    !media.episode.is_empty() || !media.absolute_episode.is_empty()
}

/// `None` where they cannot be compared: counted through all seasons here, by seasons there.
fn same_numbers(a: &Media, b: &Media) -> Option<bool> {
    if a.episode.is_empty() || b.episode.is_empty() || a.season.is_empty() != b.season.is_empty() {
        return None;
    }
    let begin_alike = a.episode.starts_with(&b.episode) || b.episode.starts_with(&a.episode);
    Some(a.season == b.season && begin_alike)
}

fn same_title(a: &Media, b: &Media) -> bool {
    if a.title.is_none() || b.title.is_none() || a.title == b.title {
        return true;
    }
    let (a, b) = (title_keys(a), title_keys(b));
    a.iter().any(|key| b.contains(key))
}

/// Titles that differ may yet be one work's: written in other scripts, or with a word in common.
fn may_be_same(a: &Media, b: &Media) -> bool {
    let (Some(a), Some(b)) = (&a.title, &b.title) else {
        return true;
    };
    let latin = |title: &str| title.chars().any(|c| c.is_alphabetic() && c < '\u{250}');
    latin(a) != latin(b) || share_a_word(a, b)
}

/// A word in common, or written together where the other is not.
pub fn share_a_word(a: &str, b: &str) -> bool {
    let of_b = telling_words(b);
    let (a_key, b_key) = (title_key(a), title_key(b));
    let within = |long: &str, short: &str| short.chars().count() > 3 && long.contains(short);
    telling_words(a).iter().any(|word| of_b.contains(word))
        || within(&a_key, &b_key)
        || within(&b_key, &a_key)
}

/// The words of a title, normalised. Those that nearly every title has say nothing, nor do the numbers of sequels.
pub fn telling_words(title: &str) -> Vec<String> {
    title
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'))
        .map(title_key)
        .filter(|word| !COMMON.contains(&word.as_str()))
        .filter(|word| word.chars().any(char::is_alphabetic))
        .collect()
}

const COMMON: &[&str] = &[
    "a", "an", "and", "at", "das", "de", "der", "die", "du", "el", "en", "et", "for", "from", "il",
    "in", "la", "le", "les", "los", "movie", "of", "on", "part", "season", "series", "the", "to",
    "und", "with",
];

/// Everything it is called, normalised.
pub fn title_keys(media: &Media) -> Vec<String> {
    [&media.title, &media.alternative_title]
        .into_iter()
        .flatten()
        .map(|title| title_key(title))
        .collect()
}

fn fallback_title(item: &Item) -> Option<String> {
    let from_path = match &item.location {
        Some(Location::Path(path)) => path.rsplit('/').next().map(str::to_owned),
        _ => None,
    };
    item.title
        .clone()
        .or(from_path)
        .filter(|title| !title.trim().is_empty())
}

fn said(claim: &Claim) -> String {
    let mut out = String::with_capacity(96);
    out.extend(claim.detail.iter().map(|file| format!("{file}: ")));
    put_words(&claim.media, &mut out);
    if let Some(extra) = &claim.extra {
        space(&mut out);
        out.push_str(extra);
    }
    if let Some(doubt) = claim.doubt {
        out.extend([", ", doubt]);
    }
    out
}

/// `title=Heat year=1995` …: everything that is known.
pub fn words(media: &Media) -> String {
    let mut out = String::new();
    put_words(media, &mut out);
    out
}

fn put_words(media: &Media, out: &mut String) {
    put(out, "type", media.media_type.map(MediaType::as_str));
    put(out, "title", media.title.as_deref());
    put(out, "also", media.alternative_title.as_deref());
    put_number(out, "year", media.year.map(u64::from));
    put_numbers(out, "season", &media.season);
    put_numbers(out, "episode", &media.episode);
    put_numbers(out, "absolute", &media.absolute_episode);
    if let Some(date) = media.date {
        put(out, "date", Some(&date.to_string()));
    }
    put(out, "episode_title", media.episode_title.as_deref());
    put_number(out, "tmdb", media.ids.tmdb);
    put(out, "imdb", media.ids.imdb.as_deref());
    put_number(out, "tvdb", media.ids.tvdb);
}

fn put(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        space(out);
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    }
}

fn put_number(out: &mut String, name: &str, value: Option<u64>) {
    if let Some(value) = value {
        put(out, name, Some(""));
        push_number(out, value);
    }
}

fn put_numbers(out: &mut String, name: &str, values: &[u32]) {
    for (at, value) in values.iter().enumerate() {
        if at == 0 {
            put(out, name, Some(""));
        } else {
            out.push(',');
        }
        push_number(out, (*value).into());
    }
}

/// As `{value}` writes it, which takes its time.
fn push_number(out: &mut String, value: u64) {
    if value >= 10 {
        push_number(out, value / 10);
    }
    out.push(char::from(b'0' + (value % 10) as u8));
}

fn space(out: &mut String) {
    if !matches!(out.as_bytes().last(), None | Some(b' ')) {
        out.push(' ');
    }
}

#[cfg(test)]
#[path = "weigh_tests.rs"]
mod tests;
