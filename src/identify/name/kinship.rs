//! Whether a file is of the work that its folder is of: by their words, or because a scene's short name stands for them.

use super::reading::Reading;
use super::token::{Mark, Text};
use crate::identify::weigh::telling_words;
use crate::model::title_key;

/// Whether a file whose own words are these may be the film its folder is of. A film's folder also holds what is about
/// the film, and folders of many films may look like one's.
pub(super) fn is_of(base: &Reading, folder: &Reading) -> bool {
    let (Some(title), Some(own)) = (&folder.title, &base.title) else {
        return true;
    };
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

/// Words that name no work.
fn is_blank(title: &str) -> bool {
    let key = title_key(title);
    let letters = key.trim_end_matches(|c: char| c.is_ascii_digit());
    letters.is_empty()
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
