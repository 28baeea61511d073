//! Joins what a file's name says with what its folders say.

use std::mem::{swap, take};

use super::folders::{Folders, Kin};
use super::reading::Reading;
use super::token::{Mark, Text};
use super::{
    Ids, MediaType, ParsedName, extras, group, kinship, normalise, part, parts, private, title,
};

/// What a whole path says.
pub(super) fn read(name: &str, room: &mut Text) -> ParsedName {
    room.clear();
    let Some(parts) = normalise::parts(name, &mut room.text) else {
        return ParsedName::default();
    };
    if is_disc_file(&room.text, &parts) {
        room.text.clear();
    }
    let mut folders = Folders::default();
    for part in parts.into_iter().rev() {
        folders.add(part);
    }
    assemble(room, folders)
}

/// Whether a file is one of a disc's, whose folder alone has a name: `VIDEO_TS/VTS_01_1.VOB`, `BDMV/STREAM/00001.m2ts`.
fn is_disc_file(base: &str, folders: &[String]) -> bool {
    let is = |folder: &String, name: &str| folder.eq_ignore_ascii_case(name);
    match folders {
        [.., folder] if is(folder, "video_ts") => true,
        [.., outer, folder] if is(folder, "stream") && is(outer, "bdmv") => true,
        [.., folder] if is(folder, "bdmv") => true,
        _ => {
            base.get(..4)
                .is_some_and(|head| head.eq_ignore_ascii_case("vts_"))
                && base
                    .bytes()
                    .skip(4)
                    .all(|b| b.is_ascii_digit() || b == b'_')
        }
    }
}

/// What a title says: it has no folders, and a slash in it is its own.
pub(super) fn read_title(title: &str) -> ParsedName {
    let mut base = Text::whole(normalise::whole(title));
    assemble(&mut base, Folders::default())
}

/// `base` is the whole text of the name, and is left for its room.
fn assemble(base: &mut Text, mut folders: Folders) -> ParsedName {
    folders.context.titled = folders.named.is_some();
    folders.context.season = folders.season.first().copied();
    folders.context.anime = folders.anime;
    let mut reading = Reading::default();
    swap(&mut reading.text, base);
    reading.text.cut();
    part::read(&mut reading, &folders.context);
    folders.claim_shelf(&mut reading);
    folders.own_folder = folders
        .named
        .as_ref()
        .is_some_and(|folder| folder.title == reading.title && !folder.is_numbered());
    folders.counted = folders
        .named
        .as_ref()
        .is_some_and(|folder| folder.leading && folder.weak && folder.season.is_empty());
    let released = join(&mut reading, &mut folders);
    let parsed = finish(&mut reading, folders, released);
    swap(&mut reading.text, base);
    parsed
}

/// `1080p`, `720p`, `2160p`, `h264`, `x264`.
const REVERSED: [&str; 7] = ["p0801", "p027", "p0612", "462h", "462x", "462 h", "462 x"];

/// Whether the name is no name: a hash, a string of random letters, or the folder's name backwards.
pub(super) fn is_obscured(reading: &Reading) -> bool {
    let text = &reading.text;
    let raw = text.raw(0);
    let long = raw.len() >= 16 && text.len() == 1 && raw.bytes().all(|b| b.is_ascii_alphanumeric());
    let mixed = || {
        raw.bytes().any(|b| b.is_ascii_digit())
            || raw.bytes().filter(u8::is_ascii_uppercase).count() > 4
    };
    let reversed = || {
        REVERSED
            .iter()
            .any(|tail| text.keys(0, text.len()).contains(tail))
    };
    let numbers = text.tokens.iter().all(|t| {
        t.number.is_some()
            || t.len() > 4
                && text
                    .slice(t.start(), t.end())
                    .bytes()
                    .all(|b| b.is_ascii_digit())
    });
    let scrambled = text.len() > 1
        && (0..text.len()).all(|i| {
            text.raw(i).len() > 5
                && text.raw(i).bytes().any(|b| b.is_ascii_digit())
                && text.raw(i).bytes().any(|b| b.is_ascii_alphabetic())
        });
    let disc = matches!(text.key(0), "vts")
        || matches!(
            text.keys(0, text.len()),
            "video ts" | "index" | "movieobject"
        );
    long && mixed()
        || reversed()
        || scrambled
        || disc
        || numbers && !text.tokens.is_empty() && text.len() < 3
}

/// `abc123xyz`, or the name of an index alone: where the folder is called as releases are, that says what it is.
fn is_random(text: &Text) -> bool {
    let raw = text.raw(0);
    let has = |kind: fn(&u8) -> bool| raw.bytes().any(|b| kind(&b));
    let mixed = raw.len() > 7 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    text.len() == 1 && (mixed || group::is_index(text.key(0)))
}

/// A scene's short name under its full one: `grp-shw.s01e02` under `The.Show.S01E02.720p-GRP`.
fn is_abbreviated(base: &Reading, folder: &Reading) -> bool {
    let (Some(short), Some(full)) = (&base.title, &folder.title) else {
        return base.title.is_none();
    };
    let lower = !short.chars().any(char::is_uppercase) && !base.text.text.contains(' ');
    lower && short.len() < full.len() && !similar(short, full)
}

/// A group's name in front of the folder's title: `grp-the.show.s01e02`.
fn is_prefixed(base: &Reading, folder: &Reading) -> bool {
    let (Some(long), Some(title)) = (&base.title, &folder.title) else {
        return false;
    };
    long.len() > title.len() && long.contains('-') && squeezed(long).ends_with(&squeezed(title))
}

pub(super) fn squeezed(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    normalise::fold_into(title, &mut out);
    out
}

/// Same letters and digits, or one begins with the other.
fn similar(a: &str, b: &str) -> bool {
    let (a, b) = (squeezed(a), squeezed(b));
    a.starts_with(&b) || b.starts_with(&a)
}

/// Tells whether the folder is called as releases are.
fn join(base: &mut Reading, folders: &mut Folders) -> bool {
    let release = folders
        .named
        .as_ref()
        .is_some_and(|folder| folder.has_episode() && !folder.weak);
    let film_release = folders
        .named
        .as_ref()
        .is_some_and(|folder| folder.year.is_some() && !folder.is_numbered());
    let released = folders
        .named
        .as_ref()
        .is_some_and(|folder| folder.text.first_marked(0, &[Mark::Tech]).is_some());
    if let Some(mut folder) = folders.named.take() {
        let hidden = is_obscured(base) || released && is_random(&base.text);
        let shelved = folders.extra.is_some();
        if release
            && (!base.has_episode()
                || base.weak
                || hidden
                || base.episode == folder.episode
                    && (is_abbreviated(base, &folder) || is_prefixed(base, &folder)))
        {
            let extra = base.extra;
            *base = *folder;
            base.extra = extra.or(base.extra);
            base.ids = Ids::default();
        } else if base.is_numbered() || !folders.season.is_empty() {
            season_of_a_year(base, &mut folder);
            let of_folder = take(&mut folder.season);
            if base.season.is_empty() && folders.season.is_empty() && !folder.has_episode() {
                base.season = of_folder;
            }
            if !folders.season.is_empty() {
                name_in_season(base, &folder, folders.context.series == Some(true));
            }
            join_episode(base, *folder, hidden);
        } else {
            join_film(base, *folder, film_release, hidden, shelved);
        }
    } else if base.title.is_some() && base.leading {
        split_leading(base);
    }
    base.title = base.title.take().or(folders.season_title.take());
    released
}

/// `Show Season 2014/05`: in a folder of numbered files that is a season, not a title.
fn season_of_a_year(base: &Reading, folder: &mut Reading) {
    let title = folder.title.as_deref();
    let show = title.and_then(|title| title.strip_suffix(" Season"));
    if let (Some(show), Some(year), true, true) = (
        show,
        folder.year,
        folder.season.is_empty(),
        base.season.is_empty(),
    ) {
        folder.title = Some(show.to_owned());
        folder.season = vec![year.into()];
        folder.year = None;
    }
}

/// In a season's folder the show's folder tells which part of the name is the show, and whether any is.
fn name_in_season(base: &mut Reading, folder: &Reading, series: bool) {
    let (Some(title), Some(show)) = (&base.title, &folder.title) else {
        return;
    };
    // "Specials/OVA 1"
    if matches!(
        squeezed(title).as_str(),
        "ova" | "oad" | "special" | "sp" | "title" | "track"
    ) {
        base.title = None;
        return;
    }
    if base.episode_title.is_some() || !base.has_episode() || base.leading || base.group {
        return;
    }
    let split = title
        .split_once(" - ")
        .filter(|(head, _)| squeezed(head) == squeezed(show));
    if let Some((head, name)) = split {
        // "Show - Name (2x05)"
        (base.title, base.episode_title) = (Some(head.to_owned()), Some(name.to_owned()));
    } else if series && !base.weak && !similar(title, show) && base.year.is_none() {
        // "Name - S02E05"
        base.episode_title = base.title.take();
    }
}

/// An episode in its show's folder.
fn join_episode(base: &mut Reading, folder: Reading, hidden: bool) {
    let same = base
        .title
        .as_ref()
        .zip(folder.title.as_ref())
        .is_some_and(|(a, b)| similar(a, b));
    let technical = folder.text.first_marked(0, &[Mark::Tech]).is_some();
    let short = technical && (is_abbreviated(base, &folder) || is_prefixed(base, &folder));
    if same || folder.title.is_some() && short {
        base.country = base.country.or(folder.country);
    }
    if folder.title.is_some() && short {
        base.title = folder.title;
    } else if folder.title.is_some()
        && (base.title.is_none() || base.leading || !base.has_episode() || hidden)
    {
        if !same && !hidden {
            base.episode_title = base.title.take().or(base.episode_title.take());
        }
        base.title = folder.title;
        base.alternative = folder.alternative;
        base.country = folder.country;
        base.year = folder.year.or(base.year);
    } else if same {
        base.year = base.year.or(folder.year);
    }
}

/// A film in a folder of its own; where only the folder has a year, the folder is right, but not on a sequel.
/// An extra on its shelf is the film's, whatever it is called.
fn join_film(base: &mut Reading, folder: Reading, film_release: bool, hidden: bool, shelved: bool) {
    let same = base
        .title
        .as_ref()
        .zip(folder.title.as_ref())
        .is_some_and(|(a, b)| kinship::continues(a, b) && !kinship::is_sequel(a, b));
    let technical = folder.text.first_marked(0, &[Mark::Tech]).is_some();
    if technical && is_prefixed(base, &folder) {
        base.title = folder.title.clone();
    }
    let abbreviated = technical && is_abbreviated(base, &folder);
    base.bracketed_year |= same && folder.bracketed_year;
    // With a year of its own it is a film of its own, also about another; and films are called "The Trailer" too.
    if base.year.is_none() && extras::about(&folder.text).is_none() {
        base.extra = base.extra.or(extras::about(&base.text));
    }
    if !(shelved || hidden || same || abbreviated || kinship::is_of(base, &folder)) {
        return;
    }
    let short = abbreviated && base.text.text.contains('-');
    if base.title.is_none()
        || hidden
        || base.year.is_none() && film_release
        || short && base.year.is_none()
    {
        let accents = folder.title.as_ref().is_some_and(|title| !title.is_ascii());
        let longer = base
            .title
            .as_ref()
            .zip(folder.title.as_ref())
            .is_some_and(|(a, b)| a.len() > b.len() && !technical);
        if !same || accents || !longer {
            base.title = folder.title;
            base.alternative = folder.alternative;
        }
        base.year = folder.year.or(base.year);
        base.weak = false;
    }
}

/// `003. Show - Name` without a show's folder.
fn split_leading(base: &mut Reading) {
    let Some(title) = base.title.take() else {
        return;
    };
    match title.split_once(" - ") {
        Some((show, name)) if base.has_episode() => {
            base.episode_title = Some(name.trim().to_owned());
            base.title = Some(show.trim().to_owned());
        }
        _ => base.title = Some(title),
    }
}

/// `released`: the folder is called as releases are.
fn finish(base: &mut Reading, folders: Folders, released: bool) -> ParsedName {
    let series = folders.context.series.filter(|_| !folders.private);
    let among_films = series == Some(false);
    let private = private::is_private(base, series, released);
    let in_season = !folders.season.is_empty() && folders.context.series != Some(false);
    let episode = !base.film && (base.is_numbered() || in_season || base.special);
    let kin = if folders.ids.is_empty() {
        Kin::Other
    } else {
        folders.kin(base, episode, in_season || base.group)
    };
    let season = if base.season.is_empty() && episode && base.date.is_none() {
        folders.season.clone()
    } else {
        take(&mut base.season)
    };
    // Subtitled (VOSTFR, fansub) are films and Western series too.
    let anime =
        base.group || base.checksum || base.anime && episode && season.is_empty() || folders.anime;
    let anime = anime && (episode || !base.bracketed_year || folders.anime);
    let mut absolute = take(&mut base.absolute);
    if absolute.is_empty() && anime && season.is_empty() {
        absolute.clone_from(&base.episode);
    }
    let shelved_with = if kin == Kin::Renamed {
        folders.work()
    } else {
        None
    };
    let of_folder = if kin == Kin::Same {
        folders.ids
    } else {
        Ids::default()
    };
    let on_folder = !of_folder.is_empty();
    let before_number = !base.ids.is_empty() && kinship::ids_before_number(&base.text);
    // What stands on the folder of a series is the series'; on the file of an episode it might be the episode's.
    let ids = match (episode, on_folder) {
        (true, true) => of_folder,
        _ => {
            let mut ids = take(&mut base.ids);
            ids.fill_from(&of_folder);
            ids
        }
    };
    let media_type = if episode {
        Some(MediaType::Episode)
    } else {
        base.title.as_ref().map(|_| MediaType::Movie)
    };
    let lone =
        !episode && base.year.is_none() && base.text.first_marked(0, &[Mark::Tech]).is_none();
    // "Show.Part.3.Name.720p" is an episode of a short series, or a film: nobody can say.
    let piece = !episode
        && base.year.is_none()
        && base.part.is_some()
        && !base.title.as_deref().is_some_and(parts::ends_in_number);
    let of_series = !(episode || among_films)
        && base
            .part
            .is_some_and(|part| parts::may_be_series(&base.text, part));
    // "The Office (2005) (US)": whose country is told has namesakes in others, as series have.
    let of_country = !(episode || among_films || folders.own_folder)
        && title::has_country(&base.text)
        && base.text.first_marked(0, &[Mark::Tech]).is_none();
    let timed = |title: &String| base.date.is_some() && !title.contains(char::is_alphabetic);
    // "S01E01 - Pilot" with no folder that names the series: the text is the episode's.
    let nowhere = base.leading
        && base.date.is_none()
        && base.episode_title.is_none()
        && !(base.group || base.anime || folders.context.titled);
    // "2023-08-12 Beach": as people keep their own; a show's name comes first, or its folder lies among series.
    let kept = base.leading
        && base.date.is_some()
        && base.episode.is_empty()
        && series != Some(true)
        && base.text.first_marked(0, &[Mark::Tech]).is_none();
    // "02 - Ownership/03 - Borrowing": lessons, or tracks
    let lesson = folders.counted && base.leading && base.weak && series != Some(true) && !anime;
    let recorded = base.leading && base.title.as_ref().is_some_and(timed);
    // Bytes that are no text were replaced: nobody knows a work by that.
    let illegible = base
        .title
        .as_ref()
        .is_some_and(|title| !title.is_ascii() && title.contains('\u{fffd}'));
    // "The Office (UK)" and "The Office (US)" are two series of one name.
    let with_country = || {
        let country = base.country.filter(|_| episode)?;
        base.title
            .as_ref()
            .map(|title| format!("{title} ({country})"))
    };
    let alternative_title = base.alternative.take().or_else(with_country);
    ParsedName {
        media_type,
        title: base.title.take(),
        alternative_title,
        year: base.year.or(folders.year.filter(|_| !episode)),
        season,
        episode: take(&mut base.episode),
        absolute_episode: absolute,
        date: base.date,
        episode_title: base.episode_title.take().filter(|_| episode),
        part: base.part.or(folders.part.filter(|_| !episode)),
        anime,
        extra: base.extra.or(folders.extra),
        weak: base.weak || lone || piece || private || recorded,
        private: private || recorded,
        nameless: private
            || recorded
            || illegible
            || nowhere
            || base.between
            || kept
            || lesson
            || base.unsure && !among_films
            || of_series
            || of_country,
        ids,
        ids_are_series: episode && (on_folder || before_number),
        shelved_with,
    }
}
