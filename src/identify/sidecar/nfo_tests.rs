use super::*;
use crate::identify::sidecar::understand;

fn film(title: &str, year: Option<u16>, ids: Ids) -> Option<Fact> {
    Some(Fact::Film(Media {
        media_type: Some(MediaType::Movie),
        title: Some(title.into()),
        year,
        ids,
        confidence: 0.95,
        ..Media::default()
    }))
}

fn ids(tmdb: u64, imdb: &str, tvdb: u64) -> Ids {
    let some = |id: u64| (id > 0).then_some(id);
    Ids {
        tmdb: some(tmdb),
        imdb: (!imdb.is_empty()).then(|| imdb.to_owned()),
        tvdb: some(tvdb),
    }
}

#[test]
fn films_are_read_as_they_were_written_over_the_years() {
    for (why, text, wanted) in [
        (
            "Kodi 18 and later; the default is of the same type twice",
            r#"<?xml version="1.0" encoding="UTF-8"?><movie><title>Heat</title><originaltitle>Heat</originaltitle><year>1995</year>
               <uniqueid type="tmdb">1</uniqueid><uniqueid type="tmdb" default="true">949</uniqueid><uniqueid type="imdb">tt0113277</uniqueid>
               <set><name>None</name></set><actor><name>Al Pacino</name><tmdbid>1158</tmdbid></actor></movie>"#,
            film("Heat", Some(1995), ids(949, "tt0113277", 0)),
        ),
        (
            "old Kodi: the id is IMDb's",
            "<movie><title>Heat</title><premiered>1995-12-15</premiered><id>tt0113277</id></movie>",
            film("Heat", Some(1995), ids(0, "tt0113277", 0)),
        ),
        (
            "Emby and Jellyfin",
            "<movie><title>Heat</title><year>1995</year><imdbid>tt0113277</imdbid><tmdbid>949</tmdbid><id IMDB='tt0113277' TMDB='949'>x</id></movie>",
            film("Heat", Some(1995), ids(949, "tt0113277", 0)),
        ),
        (
            "a named number",
            r#"<movie><title>Heat</title><id moviedb="tmdb">949</id></movie>"#,
            film("Heat", None, ids(949, "", 0)),
        ),
        (
            "a bare number may be anybody's",
            "<movie><title>Heat</title><id>949</id></movie>",
            film("Heat", None, Ids::default()),
        ),
        (
            "a link behind the XML",
            "<movie><title>Heat</title></movie>\nhttps://www.themoviedb.org/movie/949",
            film("Heat", None, ids(949, "", 0)),
        ),
        (
            "what is no id is none",
            r#"<movie><title>Heat</title><year>soon</year><uniqueid type="tmdb">0</uniqueid><uniqueid type="imdb">949</uniqueid></movie>"#,
            film("Heat", None, Ids::default()),
        ),
        (
            "of unknown type, but by its looks IMDb's",
            "<movie><title>Heat</title><uniqueid type='unknown'>tt0113277</uniqueid></movie>",
            film("Heat", None, ids(0, "tt0113277", 0)),
        ),
        (
            "Radarr, with the links that it adds",
            r#"<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<movie><title>Heat</title><sorttitle>Heat 1995</sorttitle><ratings><rating name="tmdb" max="10" default="true"><value>7.9</value></rating></ratings>
<runtime>170</runtime><uniqueid type="imdb">tt0113277</uniqueid><uniqueid type="tmdb" default="true">949</uniqueid><year>1995</year>
<fileinfo><streamdetails><video><codec>h264</codec></video></streamdetails></fileinfo></movie>
https://www.themoviedb.org/movie/949
https://www.imdb.com/title/tt0113277"#,
            film("Heat", Some(1995), ids(949, "tt0113277", 0)),
        ),
        (
            "tinyMediaManager: an empty original title, ids in a list of their own, a set with an id",
            r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><!--created on 2024-01-01 by tinyMediaManager 4.3-->
<movie><title>Heat</title><originaltitle/><year>1995</year><set><name>None</name><tmdbid>7</tmdbid></set><id>tt0113277</id><tmdbid>949</tmdbid>
<uniqueid default="false" type="tmdb">949</uniqueid><uniqueid default="true" type="imdb">tt0113277</uniqueid><ids><entry><key>tmdb</key><value>1</value></entry></ids></movie>"#,
            film("Heat", Some(1995), ids(949, "tt0113277", 0)),
        ),
        (
            "Emby: entities, a lock, and ids in elements of their own",
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><movie><plot><![CDATA[<b>x</b>]]></plot><lockdata>false</lockdata><title>Tom &amp; Jerry&nbsp;&ndash; Caf&eacute;</title><productionyear>1995</productionyear><year>1995</year><imdb_id>tt0113277</imdb_id><tmdb_id>949</tmdb_id></movie>",
            film("Tom & Jerry – Café", Some(1995), ids(949, "tt0113277", 0)),
        ),
        (
            "MediaElch: both ids in one element",
            r#"<movie><title>Heat</title><year>0</year><premiered>1995-12-15</premiered><id TMDB="949">tt0113277</id></movie>"#,
            film("Heat", Some(1995), ids(949, "tt0113277", 0)),
        ),
        (
            "declared as one thing, written as another",
            "<?xml version=\"1.0\" encoding=\"utf-16\"?><movie><title>Heat</title></movie>",
            film("Heat", None, Ids::default()),
        ),
    ] {
        assert_eq!(understand(text.as_bytes()), wanted, "{why}");
    }
}

#[test]
fn an_original_title_is_another_title_of_the_same() {
    let text = "<movie><title>The Lives of Others</title><originaltitle>Das Leben der Anderen</originaltitle></movie>";
    let Some(Fact::Film(film)) = understand(text.as_bytes()) else {
        panic!("no film");
    };
    assert_eq!(
        film.alternative_title.as_deref(),
        Some("Das Leben der Anderen")
    );
}

#[test]
fn the_guide_to_a_series_episodes_tells_its_ids_where_it_is_no_link() {
    for (guide, wanted) in [
        (
            r#"{"tmdb": "1396", "tvdb": "81189"}"#,
            ids(1396, "", 81_189),
        ),
        (
            "{&quot;tmdb&quot;:1396,&quot;imdb&quot;:&quot;tt0903747&quot;,&quot;tvmaze&quot;:null}",
            ids(1396, "tt0903747", 0),
        ),
        (r#"{"tmdb": ["1396"], "tvdb": -1}"#, Ids::default()),
        (
            "<url cache=\"81189.xml\">https://example.org/81189</url>",
            Ids::default(),
        ),
        ("{\"tmdb\": \"1396\"", Ids::default()),
    ] {
        let text = format!(
            "<tvshow><title>Breaking Bad</title><episodeguide>{guide}</episodeguide></tvshow>"
        );
        let Some(Fact::Show(show)) = understand(text.as_bytes()) else {
            panic!("no series: {guide}");
        };
        assert_eq!(show.ids, wanted, "{guide}");
    }
}

#[test]
fn series_have_ids_and_episodes_have_numbers() {
    let Some(Fact::Show(show)) = understand(
        b"<tvshow><title>Severance</title><id>371980</id><year>2022</year><uniqueid type='tmdb'>95396</uniqueid></tvshow>",
    ) else {
        panic!("no series");
    };
    assert_eq!(show.ids, ids(95396, "", 371_980));
    let Some(Fact::Show(show)) = understand(
        br#"<?xml version="1.0" encoding="utf-8"?><tvshow><title>Severance</title><id>371980</id><episodeguide>{"tvdb":"371980"}</episodeguide>
        <uniqueid type="tvdb" default="true">371980</uniqueid><uniqueid type="tmdb">95396</uniqueid><uniqueid type="imdb">tt11280740</uniqueid><namedseason number="1">One</namedseason></tvshow>"#,
    ) else {
        panic!("no series of Sonarr's");
    };
    assert_eq!(show.ids, ids(95396, "tt11280740", 371_980));
    for (text, season, episodes, date, title) in [
        (
            "<xbmcmultiepisode><episodedetails><title>A</title><season>2</season><episode>1</episode></episodedetails><episodedetails><title>B</title><season>2</season><episode>2</episode></episodedetails></xbmcmultiepisode>",
            vec![2],
            vec![1, 2],
            None,
            Some("A / B"),
        ),
        (
            "<episodedetails><title>A</title><showtitle>S</showtitle><season>2</season><episode>1</episode><aired>2025-01-17</aired><uniqueid type='tmdb'>1</uniqueid></episodedetails>",
            vec![2],
            vec![1],
            None,
            Some("A"),
        ),
        (
            "<episodedetails><title>A</title><season>2</season><episode>2</episode></episodedetails><episodedetails><title>B</title><season>2</season><episode>1</episode></episodedetails>",
            vec![2],
            vec![1, 2],
            None,
            Some("A / B"),
        ),
        (
            "<episodedetails><season>0</season><episode>3</episode><episodenumberend>5</episodenumberend></episodedetails>",
            vec![0],
            vec![3, 4, 5],
            None,
            None,
        ),
        (
            "<episodedetails><title>A</title><season>-1</season><episode>-1</episode><aired>2021-03-17</aired></episodedetails>",
            vec![],
            vec![],
            Some("2021-03-17"),
            Some("A"),
        ),
        (
            "<episodedetails><season>1</season><episode>1</episode><episodenumberend>4000000000</episodenumberend></episodedetails>",
            vec![1],
            vec![1],
            None,
            None,
        ),
    ] {
        let Some(Fact::Episodes(media)) = understand(text.as_bytes()) else {
            panic!("no episode: {text}");
        };
        assert_eq!((media.season, media.episode), (season, episodes), "{text}");
        assert_eq!(
            media.date.map(|date| date.to_string()).as_deref(),
            date,
            "{text}"
        );
        assert_eq!(media.episode_title.as_deref(), title, "{text}");
        assert!(media.ids.is_empty(), "an episode's ids are not the series'");
    }
}

#[test]
fn seasons_links_and_other_things_are_told_apart() {
    for (text, wanted) in [
        (
            "<season><seasonnumber>3</seasonnumber></season>",
            Some(Fact::Season(3)),
        ),
        (
            "<musicvideo><title>x</title></musicvideo>",
            Some(Fact::Other("a music video")),
        ),
        (
            "    ▄▄▄▄ RELEASE ▄▄▄▄\n iMDB....: http://www.imdb.com/title/tt0113277/\n",
            Some(Fact::Links(vec![Link::Imdb("tt0113277".into())])),
        ),
        ("just words", None),
        ("", None),
        ("<album><title>x</title></album>", None),
    ] {
        assert_eq!(understand(text.as_bytes()), wanted, "{text}");
    }
}

/// A small generator with a fixed start, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides.max(1)).unwrap()).unwrap()
    }
}

#[test]
fn files_with_pieces_cut_doubled_and_swapped_never_panic() {
    const SEEDS: [&[u8]; 4] = [
        br#"<?xml version="1.0"?><movie><title>Heat &amp; Dust &#x41;</title><year>1995</year><uniqueid type="tmdb" default="true">949</uniqueid><id IMDB="tt0113277" moviedb='tmdb'>9</id></movie>"#,
        b"<episodedetails><title><![CDATA[A]]></title><season>1</season><episode>2</episode><episodenumberend>3</episodenumberend><aired>2011-04-17</aired></episodedetails><!-- x -->",
        b"\xff\xfe<\0m\0o\0v\0i\0e\0>\0<\0t\0i\0t\0l\0e\0>\0a\0",
        b"iMDB: http://www.imdb.com/title/tt0113277/ https://www.themoviedb.org/tv/1396/season/1/episode/2 http://thetvdb.com/?tab=series&id=81189 \xe9",
    ];
    let seed = 0x5eed_0003;
    let mut dice = Dice(seed);
    for round in 0..8_000 {
        let mut bytes = SEEDS[round % SEEDS.len()].to_vec();
        for _ in 0..=dice.roll(6) {
            let at = dice.roll(bytes.len() + 1);
            match dice.roll(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, u8::try_from(dice.roll(256)).unwrap()),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                _ => {
                    let other = SEEDS[dice.roll(SEEDS.len())];
                    let from = dice.roll(other.len());
                    bytes.splice(at..at, other[from..].iter().copied().take(20));
                }
            }
        }
        let read = std::panic::catch_unwind(|| understand(&bytes));
        assert!(
            read.is_ok(),
            "seed {seed}, round {round}: {:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
}

#[test]
fn a_title_that_nobody_can_read_is_none_and_the_ids_stay() {
    let text = b"<?xml version='1.0' encoding='koi8-r'?><movie><title>\xed\xcf\xd3\xd4</title><year>1992</year><tmdbid>949</tmdbid></movie>";
    let Some(Fact::Film(film)) = understand(text) else {
        panic!("no film");
    };
    assert_eq!(
        (film.title, film.year, film.ids.tmdb),
        (None, Some(1992), Some(949))
    );
}
