//! Whether a file is of the work that its folder is of: by their words, or because a scene's short name stands for them.

use super::is_part;
use super::normalise::fold_into;
use super::path::squeezed;
use super::reading::Reading;
use super::spoken::{ROMANS, index};
use super::token::{Mark, Text};
use crate::identify::weigh::telling_words;
use crate::model::title_key;

/// Whether a file whose own words are these may be the film its folder is of. A film's folder also holds what is about
/// the film, and folders of many films may look like one's.
pub(super) fn is_of(base: &Reading, folder: &Reading) -> bool {
    let (Some(title), Some(own)) = (&folder.title, &base.title) else {
        return true;
    };
    if is_sequel(title, own) {
        return false;
    }
    let other = folder.alternative.as_deref().unwrap_or_default();
    let of_folder = [telling_words(title), telling_words(other)].concat();
    let own_words = telling_words(own);
    let within = |few: &[String], many: &[String]| few.iter().all(|word| many.contains(word));
    let foreign = |text: &str| text.chars().any(|c| c.is_alphabetic() && c >= '\u{250}');
    !own_words.is_empty() && within(&own_words, &of_folder)
        || of_folder.len() > 1 && within(&of_folder, &own_words)
        || is_blank(own)
        || stands_for(&base.text, own, title)
        || foreign(own) != foreign(title)
}

/// Whether of two films of nearly the same words one has another number: `Toy Story 2` beside `Toy Story`.
pub(super) fn is_sequel(a: &str, b: &str) -> bool {
    let (a_key, b_key) = (squeezed(a), squeezed(b));
    let ((a, a_counts), (b, b_counts)) = (counted(a), counted(b));
    a_key != b_key && a_counts != b_counts && (a.starts_with(&b) || b.starts_with(&a))
}

/// The telling words of a title in one, without its numbers, and these. `Episode IV` and `Part 2` count nothing: the one is
/// the name of the first film, the other may be a piece of it.
fn counted(title: &str) -> (String, Vec<u32>) {
    let (mut rest, mut counts, mut before) = (String::new(), Vec::new(), String::new());
    for word in title.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’')) {
        let key = title_key(word);
        let roman = index(ROMANS, &key).filter(|value| *value > 1);
        let digits = key.parse().ok().filter(|_| !is_part(&before));
        match roman.or(digits).filter(|_| before != "episode") {
            Some(value) => counts.push(value),
            None => rest.extend(telling_words(word)),
        }
        before = key;
    }
    (rest, counts)
}

/// Whether one title is the other, or continues it at a word's end.
pub(super) fn continues(a: &str, b: &str) -> bool {
    let (a_key, b_key) = (squeezed(a), squeezed(b));
    let (short, long) = if a_key.len() < b_key.len() {
        (a_key, b)
    } else {
        (b_key, a)
    };
    let mut so_far = String::new();
    let mut words = long.split(|c: char| !c.is_alphanumeric());
    while so_far.len() < short.len()
        && let Some(word) = words.next()
    {
        fold_into(word, &mut so_far);
    }
    so_far == short || squeezed(long) == short
}

/// Little words that English has not.
const FOREIGN: &[&str] = &[
    "der", "die", "das", "des", "dem", "und", "ein", "eine", "im", "zum", "zur", "auf", "von",
    "mit", "le", "la", "les", "du", "de", "et", "un", "une", "dans", "au", "aux", "el", "los",
    "las", "del", "il", "lo", "gli", "della", "di", "che", "os", "uma", "het", "een", "och", "og",
    "det",
];

/// Whether a title shows that it is not English: by its script or accents, a little word, or Japanese syllables.
pub fn is_foreign(title: &str) -> bool {
    let letter = |c: char| c.is_alphabetic() && !c.is_ascii();
    let mut words = title.split(|c: char| !c.is_alphanumeric());
    title.contains(letter)
        || words.any(|word| FOREIGN.contains(&word.to_ascii_lowercase().as_str()))
        || is_romaji(title)
}

/// `Shingeki no Kyojin`: Japanese syllables alone in two words or more, or in two with a particle behind the first word.
fn is_romaji(title: &str) -> bool {
    let words: Vec<String> = title
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let letters: usize = words.iter().map(String::len).sum();
    let whole = words.len() > 1 && letters > 5 && words.iter().all(|word| of_syllables(word));
    let mixed = || {
        let particle = |word: &String| matches!(word.as_str(), "no" | "na" | "wo" | "wa" | "ga");
        let full = |word: &&String| word.len() > 2 && of_syllables(word);
        words.iter().skip(1).any(particle) && words.iter().filter(full).count() > 1
    };
    whole || mixed()
}

/// Consonants, and the vowels that may stand behind them; the longer first.
const SYLLABLES: &[(&str, &str)] = &[
    ("ky", "auo"),
    ("gy", "auo"),
    ("sh", "aiueo"),
    ("ch", "aiueo"),
    ("ny", "auo"),
    ("hy", "auo"),
    ("by", "auo"),
    ("py", "auo"),
    ("my", "auo"),
    ("ry", "auo"),
    ("ts", "u"),
    ("k", "aiueo"),
    ("g", "aiueo"),
    ("s", "aueo"),
    ("z", "aueo"),
    ("j", "aiuo"),
    ("t", "aeo"),
    ("d", "aeo"),
    ("n", "aiueo"),
    ("h", "aieo"),
    ("f", "u"),
    ("b", "aiueo"),
    ("p", "aiueo"),
    ("m", "aiueo"),
    ("y", "auo"),
    ("r", "aiueo"),
    ("w", "ao"),
    ("", "aiueo"),
];

fn of_syllables(word: &str) -> bool {
    let mut rest = word;
    while !rest.is_empty() {
        // A doubled consonant
        if let [first, second, ..] = rest.as_bytes()
            && (first == second && !b"aeioun".contains(first) || rest.starts_with("tch"))
        {
            rest = rest.get(1..).unwrap_or_default();
        }
        let syllable = SYLLABLES.iter().find_map(|(consonant, vowels)| {
            let vowel = rest.strip_prefix(consonant)?;
            vowel.strip_prefix(|c: char| vowels.contains(c))
        });
        rest = match syllable.or_else(|| rest.strip_prefix('n')) {
            Some(behind) => behind,
            None => return false,
        };
    }
    true
}

/// Words that name no work.
fn is_blank(title: &str) -> bool {
    let key = title_key(title);
    let letters = key.trim_end_matches(|c: char| c.is_ascii_digit());
    letters.chars().count() < 2
        || matches!(
            letters,
            "movie"
                | "film"
                | "video"
                | "cd"
                | "disc"
                | "disk"
                | "dvd"
                | "part"
                | "title"
                | "main"
                | "feature"
        )
}

/// `grp-thr` for `The Harbour`: in small letters and without spaces, one of its pieces has the title's letters in their
/// order, beginning with that of a word.
fn stands_for(text: &Text, own: &str, title: &str) -> bool {
    if text.text.contains(' ') || own.chars().any(char::is_uppercase) {
        return false;
    }
    let letters = title_key(title);
    let initials: Vec<char> = title
        .split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| word.chars().next())
        .flat_map(char::to_lowercase)
        .collect();
    let piece_stands = |piece: &str| {
        let piece = title_key(piece);
        let mut rest = letters.chars();
        piece.chars().count() > 1
            && piece
                .chars()
                .next()
                .is_some_and(|first| initials.contains(&first))
            && piece.chars().all(|c| rest.any(|other| other == c))
    };
    text.text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|piece| !piece.is_empty())
        .any(piece_stands)
}

/// Ids before the number of an episode are the series'; those behind it may be the episode's.
pub(super) fn ids_before_number(text: &Text) -> bool {
    let lower = text.text.to_ascii_lowercase();
    let id = ["tmdb", "tvdb", "imdb"]
        .iter()
        .filter_map(|name| lower.find(name))
        .min();
    let number = text
        .first_marked(0, &[Mark::Number])
        .and_then(|at| text.tokens.get(at))
        .map(|token| token.start());
    id.zip(number).is_some_and(|(id, number)| id < number)
}

#[cfg(test)]
mod tests {
    use crate::identify::name::parse;

    #[test]
    fn japanese_is_known_by_its_syllables() {
        for (title, wanted) in [
            ("Shingeki no Kyojin", true),
            ("Kusuriya no Hitorigoto", true),
            ("Majo no Tabitabi", true),
            ("Nippon Chinbotsu", true),
            ("Ore dake Level Up na Ken", true),
            ("Jumanji", false),
            ("No Time to Die", false),
            ("Bocchi", false),
            ("Heat", false),
            ("Casino", false),
            ("Dune", false),
            ("The Insider", false),
            ("Other", false),
        ] {
            assert_eq!(super::is_romaji(title), wanted, "{title}");
        }
    }

    #[test]
    fn a_file_is_its_folders_film_only_if_it_may_be_called_so() {
        for (name, title, year) in [
            ("/m/Heat (1995)/heat-1080p-grp.mkv", "Heat", Some(1995)),
            ("/m/Heat (1995)/abc-heat.mkv", "Heat", Some(1995)),
            (
                "/m/The Harbour (1995)/grp-thr.mkv",
                "The Harbour",
                Some(1995),
            ),
            ("/m/Heat (1995)/movie.mkv", "Heat", Some(1995)),
            ("/m/Heat (1995)/cd1.avi", "Heat", Some(1995)),
            (
                "/m/Heat.1995.1080p.x264-GRP/qzx-1080p.mkv",
                "Heat",
                Some(1995),
            ),
            ("/m/Heat (1995)/Ronin.mkv", "Ronin", None),
            ("/m/Alien (1979)/Aliens.mkv", "Aliens", None),
            ("/m/Heat (1995)/Heat 2.mkv", "Heat 2", None),
            ("/m/Heat 3 (1995)/Heat 2.mkv", "Heat 2", None),
            (
                "/m/The Heat (1984)/Heat.2.The.Day.1080p.mkv",
                "Heat 2 The Day",
                None,
            ),
            (
                "/m/Heat (1995)/Heat Episode IV - The Sea.mkv",
                "Heat Episode IV - The Sea",
                Some(1995),
            ),
            ("/m/Marvel (2008-2019)/Thor.mkv", "Thor", None),
            (
                "/m/Marvel (2008-2019)/Captain Marvel.mkv",
                "Captain Marvel",
                None,
            ),
            ("/m/Family (2019)/Christmas.mkv", "Christmas", None),
            ("/m/Videos 2024/birthday.mp4", "birthday", None),
        ] {
            let read = parse(name);
            assert_eq!(
                (read.title.as_deref(), read.year),
                (Some(title), year),
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_about_a_film_is_an_extra_and_a_series_called_so_is_none() {
        for (name, extra) in [
            ("/m/Heat (1995)/Al Pacino Interview.mkv", true),
            ("/m/Heat (1995)/Bonus Disc.mkv", true),
            ("/m/Heat (1995)/deleted scenes reel.mkv", true),
            ("/m/Heat (1995)/clip.mp4", true),
            ("/m/Heat (1995)/theatrical teaser trailer.mp4", true),
            ("/m/Heat (1995)/commentary.mkv", true),
            ("Heat.1995.Trailer.1080p.mkv", true),
            ("Heat.1995.Gag.Reel.1080p.mkv", true),
            ("Heat 1995 Bloopers.mkv", true),
            ("Heat.1995.Bonus.Disc.1080p.BluRay.x264-GRP.mkv", true),
            ("Heat.1995.Special.Features.mkv", true),
            ("Heat (1995) Alternate Ending.mkv", true),
            ("Heat (1995) Interview with the Cast.mkv", true),
            ("Heat.1995.TV.Spot.mkv", true),
            ("Heat 1995 Bande-annonce.mkv", true),
            ("Heat 1995 трейлер.mkv", true),
            ("Heat 1995 予告編.mkv", true),
            ("Heat 1995 예고편.mp4", true),
            ("/m/Heat (1995)/Heat_trailer.mkv", true),
            ("/m/Heat (1995)/Heat.trailer.mkv", true),
            ("/m/Heat (1995)/Heat Trailer 2.mp4", true),
            ("/m/Heat (1995) {tmdb-949}/heat teaser2.mkv", true),
            ("/m/Heat (1995)/Heat_sample.mkv", true),
            ("/m/Heat (1995)/Heat (1995)-extra.mkv", true),
            ("/m/Heat (1995)/Robbery-clip.mkv", true),
            ("/m/Heat (1995)/Heat.1080p.DTS.Commentary.mkv", false),
            ("/m/The Trailer (1995)/The Trailer.mkv", false),
            ("The Long, Long Trailer (1954).mkv", false),
            ("[G] Harbour - NCED2v2 [BD].mkv", true),
            ("[G] Harbour NCOP1a [BD].mkv", true),
            ("[G] Harbour - OP1v2 [BD].mkv", true),
            ("[G] Harbour [IV02][1080p].mkv", true),
            ("[G] Harbour [Event][1080p].mkv", true),
            ("[G] Harbour [Logo][1080p].mkv", true),
            ("[G] Harbour [CM 02][1080p].mkv", true),
            ("[G] Harbour [02][1080p].mkv", false),
            ("/anime/Harbour/SPs/[G] Harbour [12][1080p].mkv", true),
            ("/anime/Harbour/NC/[G] Harbour [1][1080p].mkv", true),
            ("Interview.with.the.Harbour.1994.1080p.mkv", false),
            ("Clip.2012.1080p.mkv", false),
            ("The Extras 2005.mkv", false),
            ("Heat (1995) - Trailer 2.mkv", true),
            ("Heat.1995.Featurette.The.Making.Of.mkv", true),
            ("Heat.1995.Making.Of.1080p.mkv", true),
            ("Heat (1995) Behind the Scenes.mkv", true),
            ("heat.1995.sample-grp.mkv", true),
            ("Show.S01E01.sample-grp.mkv", true),
            ("Deadpool.Wolverine.Teaser.2024.mkv", true),
            ("Heat Official Teaser Trailer #1 (1995).mp4", true),
            ("/TV/Harbour/Season 1/Extras/Gag.mkv", true),
            ("/TV/Harbour/Extras/S01E01 Gag.mkv", true),
            ("/TV/Extras/Season 1/Extras.S01E01.mkv", false),
            ("/TV/Extras/Extras.S01E01.mkv", false),
            ("/TV/Bonus/Season 1/S01E02.mkv", false),
            ("/TV/Shorts/Season 1/02.mkv", false),
            ("Harbour.S01E05.The.Trailer.1080p.mkv", false),
            ("Harbour.S01E05.Behind.the.Scenes.720p.mkv", false),
            ("Trailer Park Harbour (2016).mkv", false),
            ("The Teaser (2016).mkv", false),
            ("The.Sample.2016.1080p.mkv", false),
        ] {
            let read = parse(name);
            assert_eq!(read.extra.is_some(), extra, "{name}: {read:?}");
        }
        let series = parse("/TV/Extras/Season 1/Extras.S01E01.mkv");
        assert_eq!(series.title.as_deref(), Some("Extras"));
    }
}
