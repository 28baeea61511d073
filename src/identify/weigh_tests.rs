use super::*;
use crate::identify::rules::Rules;
use crate::identify::sidecar::{Place, Sidecar, understand};
use crate::identify::{identify, named};

fn beside(file: &str, text: &str) -> Sidecar {
    let place = match file {
        "movie.nfo" => Place::Film,
        "tvshow.nfo" => Place::Show,
        "season.nfo" => Place::Season,
        _ => Place::Own,
    };
    Sidecar {
        file: file.into(),
        place,
        above: 0,
        fact: understand(text.as_bytes()).unwrap(),
    }
}

fn told(name: &str, files: &[(&str, &str)]) -> String {
    let sidecars: Vec<Sidecar> = files
        .iter()
        .map(|(file, text)| beside(file, text))
        .collect();
    let identity = identify(&named(name), &sidecars, &Rules::default());
    let sent = match identity.verdict {
        Verdict::Track => "sent",
        Verdict::Local(_) => "kept",
        Verdict::Ignore(_) => "ignored",
    };
    let disputes: Vec<&str> = identity
        .evidence
        .iter()
        .filter_map(|e| e.disputes)
        .collect();
    format!("{} → {sent} {}", words(&identity.media), disputes.join(" "))
        .trim()
        .to_owned()
}

#[test]
fn sources_complete_each_other_and_contradictions_are_noticed() {
    let heat =
        "<movie><title>Heat</title><year>1995</year><uniqueid type='tmdb'>949</uniqueid></movie>";
    let casino =
        "<movie><title>Casino</title><year>1995</year><uniqueid type='tmdb'>524</uniqueid></movie>";
    let papel =
        "<tvshow><title>Haus des Geldes</title><uniqueid type='tmdb'>71446</uniqueid></tvshow>";
    let show = "<tvshow><title>Severance</title><year>2022</year><uniqueid type='tmdb'>95396</uniqueid></tvshow>";
    let episode = "<episodedetails><showtitle>Severance</showtitle><season>2</season><episode>1</episode><title>Hello</title><uniqueid type='tmdb'>5</uniqueid></episodedetails>";
    for (why, name, files, wanted) in [
        (
            "a film with its file",
            "/v/Heat (1995)/Heat.mkv",
            vec![("movie.nfo", heat)],
            "type=movie title=Heat year=1995 tmdb=949 → sent",
        ),
        (
            "a name that says nothing",
            "/v/downloads/film.mkv",
            vec![("film.nfo", heat)],
            "type=movie title=Heat year=1995 tmdb=949 → sent title",
        ),
        (
            "an id in the path is stronger than the file",
            "/v/Heat (1995) {tmdb-1}/Heat.mkv",
            vec![("movie.nfo", heat)],
            "type=movie title=Heat year=1995 tmdb=1 → sent ids",
        ),
        (
            "a film of the same year as its folder, called otherwise",
            "/v/Heat (1995) {tmdb-949}/Hitze.1995.1080p.mkv",
            vec![],
            "type=movie title=Hitze year=1995 tmdb=949 → sent title",
        ),
        (
            "the same, but its own file agrees with its name",
            "/v/Heat (1995) {tmdb-949}/Casino.1995.1080p.mkv",
            vec![("Casino.1995.1080p.nfo", casino)],
            "type=movie title=Casino year=1995 tmdb=524 → sent title",
        ),
        (
            "the same, and its own file agrees with the folder",
            "/v/Heat (1995) {tmdb-949}/Casino.1995.1080p.mkv",
            vec![("Casino.1995.1080p.nfo", heat)],
            "type=movie title=Heat year=1995 tmdb=949 → sent title",
        ),
        (
            "a series in a season's folder of one with ids, called otherwise",
            "/anime/Sea {tvdb-1}/Season 1/[Kumo] Other - 05 [1080p].mkv",
            vec![],
            "type=episode title=Other season=1 episode=5 tvdb=1 → sent title",
        ),
        (
            "a series' file in another language",
            "/v/mh/Money.Heist.S01E02.mkv",
            vec![("tvshow.nfo", papel)],
            "type=episode title=Haus des Geldes season=1 episode=2 tmdb=71446 → kept title",
        ),
        (
            "another film altogether",
            "/v/Alien (1979)/Alien (1979).mkv",
            vec![("movie.nfo", heat)],
            "type=movie title=Heat year=1995 tmdb=949 → kept title",
        ),
        (
            "a remake of the same name",
            "/v/Heat (1986).mkv",
            vec![("movie.nfo", heat)],
            "type=movie title=Heat year=1995 tmdb=949 → kept year",
        ),
        (
            "the same film in another language, which its folder is called by",
            "/v/Hitze (1995)/Hitze (1995).mkv",
            vec![("movie.nfo", heat)],
            "type=movie title=Heat year=1995 tmdb=949 → sent title",
        ),
        (
            "another film of the same year",
            "/v/Heat (1995).mkv",
            vec![(
                "movie.nfo",
                "<movie><title>Casino</title><year>1995</year><uniqueid type='tmdb'>524</uniqueid></movie>",
            )],
            "type=movie title=Casino year=1995 tmdb=524 → kept title",
        ),
        (
            "a folder of many things",
            "/home/ann/Downloads/birthday.mp4",
            vec![("movie.nfo", heat)],
            "type=movie title=Heat year=1995 tmdb=949 → kept title",
        ),
        (
            "one that a camera named",
            "/home/ann/Downloads/VID_20240314_201512.mp4",
            vec![("movie.nfo", heat)],
            "type=movie title=Heat year=1995 tmdb=949 → kept type",
        ),
        (
            "a file of its own, in the library's language: its numbers agree",
            "/tv/Money Harbour S02E01.mkv",
            vec![(
                "e.nfo",
                "<episodedetails><showtitle>Haus des Geldes</showtitle><season>2</season><episode>1</episode></episodedetails>",
            )],
            "type=episode title=Haus des Geldes season=2 episode=1 → sent title",
        ),
        (
            "one with other numbers is not its own",
            "/tv/Severance S02E01.mkv",
            vec![(
                "e.nfo",
                "<episodedetails><showtitle>Better Call Saul</showtitle><season>3</season><episode>1</episode></episodedetails>",
            )],
            "type=episode title=Better Call Saul season=3 episode=1 → kept title",
        ),
        (
            "a film's folder and file in one language, its video's name in another",
            "/v/Heat (1995)/Hitze.1995.mkv",
            vec![("movie.nfo", heat)],
            "type=movie title=Heat year=1995 tmdb=949 → sent title",
        ),
        (
            "another film in its folder",
            "/v/Heat (1995)/Alien.1979.mkv",
            vec![("movie.nfo", heat)],
            "type=movie title=Heat year=1995 tmdb=949 → kept title",
        ),
        (
            "a series' folder and file in one language, its episode's name in another",
            "/tv/Severance/Trennung S02E01.mkv",
            vec![("tvshow.nfo", show)],
            "type=episode title=Severance year=2022 season=2 episode=1 tmdb=95396 → sent title",
        ),
        (
            "nor is a link in a folder of many",
            "/home/ann/Downloads/Ronin.1998.mkv",
            vec![("movie.nfo", "https://www.themoviedb.org/movie/949")],
            "type=movie title=Ronin year=1998 → sent title",
        ),
        (
            "an episode with its series: its own id is nobody's business",
            "/tv/Severance/Season 2/Severance S02E01.mkv",
            vec![("e.nfo", episode), ("tvshow.nfo", show)],
            "type=episode title=Severance year=2022 season=2 episode=1 episode_title=Hello tmdb=95396 → sent",
        ),
        (
            "a series called otherwise on the disk",
            "/tv/Trennung/Trennung S02E01.mkv",
            vec![("tvshow.nfo", show)],
            "type=episode title=Severance year=2022 season=2 episode=1 tmdb=95396 → sent title",
        ),
        (
            "beside a file of another series",
            "/home/ann/Downloads/Trennung S02E01.mkv",
            vec![("tvshow.nfo", show)],
            "type=episode title=Severance year=2022 season=2 episode=1 tmdb=95396 → kept title",
        ),
        (
            "other numbers in the file",
            "/tv/Severance/Severance S02E03.mkv",
            vec![("e.nfo", episode)],
            "type=episode title=Severance season=2 episode=1 episode_title=Hello → sent episode",
        ),
        (
            "two episodes, of which one is described",
            "/tv/Severance/Severance S02E01E02.mkv",
            vec![("e.nfo", episode)],
            "type=episode title=Severance season=2 episode=1,2 episode_title=Hello → sent",
        ),
        (
            "a season told by the folder's file",
            "/tv/Severance/Erste/Severance E05.mkv",
            vec![(
                "season.nfo",
                "<season><seasonnumber>1</seasonnumber></season>",
            )],
            "type=episode title=Severance season=1 episode=5 → sent",
        ),
        (
            "a film in the folder of a series",
            "/tv/Severance/The Making of Severance (2023).mkv",
            vec![("tvshow.nfo", show)],
            "type=movie title=The Making of Severance year=2023 → sent",
        ),
        (
            "a link of IMDb beside an episode may be the episode's",
            "/tv/Severance S02E01.mkv",
            vec![("e.nfo", "http://www.imdb.com/title/tt0000001/")],
            "type=episode title=Severance season=2 episode=1 → sent",
        ),
        (
            "and beside a film is the film's",
            "/v/Heat.1995.mkv",
            vec![("Heat.nfo", "http://www.imdb.com/title/tt0113277/")],
            "type=movie title=Heat year=1995 imdb=tt0113277 → sent",
        ),
        (
            "a link to a series gives its id",
            "/tv/Severance S02E01.mkv",
            vec![(
                "e.nfo",
                "https://www.themoviedb.org/tv/95396/season/2/episode/1",
            )],
            "type=episode title=Severance season=2 episode=1 tmdb=95396 → sent",
        ),
        (
            "an id of a series is no id of a film",
            "/v/Heat.1995.mkv",
            vec![("Heat.nfo", "https://www.themoviedb.org/tv/95396")],
            "type=episode title=Heat.1995.mkv tmdb=95396 → kept type",
        ),
        (
            "a music video",
            "/v/Video.mkv",
            vec![("Video.nfo", "<musicvideo><title>x</title></musicvideo>")],
            "type=movie title=Video → ignored",
        ),
        (
            "a series' folder is not enough",
            "/tv/Severance/Season 2/video.mkv",
            vec![("tvshow.nfo", show)],
            "type=episode title=Severance year=2022 season=2 episode_title=video tmdb=95396 → kept",
        ),
        (
            "a bare title",
            "/v/Heat.mkv",
            vec![],
            "type=movie title=Heat → kept",
        ),
        (
            "an extra",
            "/v/Heat (1995)/Trailers/Heat.mkv",
            vec![("movie.nfo", heat)],
            "type=movie title=Heat year=1995 tmdb=949 → ignored",
        ),
    ] {
        assert_eq!(told(name, &files), wanted, "{why}");
    }
}

#[test]
fn what_lies_above_another_series_folder_is_not_heard() {
    let show = "<tvshow><title>Foo</title><uniqueid type='tmdb'>5</uniqueid></tvshow>";
    let above = |above| Sidecar {
        above,
        ..beside("tvshow.nfo", show)
    };
    let of = |name: &str, sidecar| {
        let identity = identify(&named(name), &[sidecar], &Rules::default());
        (
            identity.media.title,
            identity.media.ids.tmdb,
            identity.verdict,
        )
    };
    let path = "/Shows/Breaking Bad/Season 1/Breaking.Bad.S01E01.mkv";
    assert_eq!(
        of(path, above(2)),
        (Some("Breaking Bad".into()), None, Verdict::Track)
    );
    // Above a season's folder it is the series', which it may call so in another language.
    let foo = "/tv/x/Season 1/La.Casa.del.Mar.S01E01.mkv";
    assert_eq!(
        of(foo, above(1)),
        (Some("Foo".into()), Some(5), Verdict::Track)
    );
    let path = "/tv/Foo/Season 1/Foo.S01E01.mkv";
    assert_eq!(
        of(path, above(1)),
        (Some("Foo".into()), Some(5), Verdict::Track)
    );
}

#[test]
fn ids_are_of_what_their_folder_is_of() {
    for (name, wanted) in [
        ("/m/Heat (1995) {tmdb-949}/Heat.mkv", Some(949)),
        ("/m/Heat (1995) {tmdb-949}/abc-heat.1080p.mkv", Some(949)),
        ("/m/Heat (1995) {tmdb-949}/Alien (1979).mkv", None),
        ("/m/Collection {tmdb-10}/Heat (1995)/Heat.mkv", None),
        ("/m/Show {tmdb-1396}/Movies/Show The Movie (2010).mkv", None),
        ("/tv/Show {tmdb-1396}/Season 1/Show S01E01.mkv", Some(1396)),
        ("/tv/Show {tmdb-1396}/Season 1/01 - Pilot.mkv", Some(1396)),
        (
            "/tv/Show {tmdb-1396}/Show.S01.1080p-GRP/grp-show.s01e01.mkv",
            Some(1396),
        ),
        ("/tv/Other {tmdb-1396}/Show/Season 1/Show S01E01.mkv", None),
        ("/tv/Show {tmdb-1396} - S01E01.mkv", Some(1396)),
        ("/tv/Show S01E01 {tmdb-62085}.mkv", None),
        // Of the year, or on the shelf, whatever it is called
        (
            "/tv/Star Trek - The Next Generation {tmdb-655}/Season 1/TNG S01E02.mkv",
            Some(655),
        ),
        ("/m/Seven (1995) {tmdb-807}/Se7en.1995.1080p.mkv", Some(807)),
        (
            "/m/Der Pate (1972) {tmdb-238}/The.Godfather.1972.mkv",
            Some(238),
        ),
        (
            "/tv/Attack on Titan {tmdb-1429}/Season 1/[G] Shingeki no Kyojin - 05.mkv",
            Some(1429),
        ),
        ("/m/Heat (1995) {tmdb-949}/Hitze.1995.mkv", Some(949)),
        ("/v/Dark {tmdb-1}/Season 1/Twilight.S01E02.mkv", Some(1)),
        ("/m/Heat {tmdb-949}.mkv", Some(949)),
    ] {
        let identity = identify(&named(name), &[], &Rules::default());
        assert_eq!(identity.media.ids.tmdb, wanted, "{name}");
    }
}

#[test]
fn a_title_tag_is_heard_where_it_agrees() {
    let of = |name: &str, tags: &[(&str, &str)]| {
        let tags = tags.iter().map(|(k, v)| ((*k).into(), (*v).into()));
        let item = Item {
            tags: crate::model::Tags(tags.collect()),
            ..named(name)
        };
        let identity = identify(&item, &[], &Rules::default());
        let disputes = identity.evidence.iter().filter_map(|e| e.disputes);
        format!(
            "{} {} {:?}",
            words(&identity.media),
            identity.verdict == Verdict::Track,
            disputes.collect::<Vec<_>>()
        )
    };
    for (name, tags, wanted) in [
        (
            "/v/Heat.mkv",
            vec![("title", "Heat (1995)")],
            "type=movie title=Heat year=1995 true []",
        ),
        (
            "/v/qwerty.mkv",
            vec![("title", "Heat (1995)")],
            "type=movie title=qwerty false [\"title\"]",
        ),
        (
            "/v/t2.mkv",
            vec![("title", "Heat"), ("tmdb", "movie/949")],
            "type=movie title=Heat tmdb=949 true [\"title\"]",
        ),
    ] {
        assert_eq!(of(name, &tags), wanted, "{name}");
    }
}

#[test]
fn what_is_not_sure_enough_is_told_to_two_places() {
    for thousandths in 0..500_u16 {
        let media = Media {
            media_type: Some(MediaType::Movie),
            title: Some("Heat".into()),
            confidence: f32::from(thousandths) / 1000.0,
            ..Media::default()
        };
        let wanted = format!("({:.2} < 0.5)", media.confidence);
        assert!(
            matches!(verdict(&media), Verdict::Local(why) if why.ends_with(&wanted)),
            "{wanted}"
        );
    }
}
