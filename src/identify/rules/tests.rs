use super::*;
use crate::identify::{identify, named};

fn rules(text: &str) -> Rules {
    parse(text, Some(std::path::Path::new("/home/ann")))
        .unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn said(name: &str, text: &str) -> String {
    let identity = identify(&named(name), &[], &rules(text));
    let verdict = match identity.verdict {
        Verdict::Track => "track".to_owned(),
        Verdict::Local(why) => format!("local ({why})"),
        Verdict::Ignore(why) => format!("ignore ({why})"),
    };
    format!(
        "{} → {verdict}",
        super::super::weigh::words(&identity.media)
    )
}

#[test]
fn rules_do_what_they_say() {
    for (why, rule, name, wanted) in [
        (
            "a folder with everything in it",
            "when = { path = \"~/Home\" }\nignore = true",
            "/home/ann/Home/a/Heat (1995).mkv",
            "type=movie title=Heat year=1995 → ignore (your rule in line 1 says so)",
        ),
        (
            "and nothing that only begins like it",
            "when = { path = \"~/Home\" }\nignore = true",
            "/home/ann/Homes/Heat (1995).mkv",
            "type=movie title=Heat year=1995 → track",
        ),
        (
            "a glob",
            "when = { path = \"*/courses/*\" }\nignore = true",
            "/srv/courses/x/Heat (1995).mkv",
            "type=movie title=Heat year=1995 → ignore (your rule in line 1 says so)",
        ),
        (
            "a regex and a year",
            "when = { regex = \"(?i)heat\", year = 1995 }\nset = { title = \"Hitze\", tmdb = 949 }",
            "/v/Heat (1995).mkv",
            "type=movie title=Hitze tmdb=949 → track",
        ),
        (
            "a film has no date of its own",
            "when = { title = \"fahrenheit\" }\nset = { type = \"movie\", title = \"Fahrenheit 11/9\", year = 2018 }",
            "/v/Fahrenheit 2018-09-11.mkv",
            "type=movie title=Fahrenheit 11/9 year=2018 → track",
        ),
        (
            "counted on, without a season",
            "when = { path = \"/v/second\" }\nshift = { season = 1, episode = -12 }",
            "/v/second/[Grp] Show - 13 [1080p].mkv",
            "type=episode title=Show season=2 episode=1 absolute=13 → track",
        ),
        (
            "another year",
            "when = { regex = \"(?i)heat\", year = 1986 }\nset = { tmdb = 949 }",
            "/v/Heat (1995).mkv",
            "type=movie title=Heat year=1995 → track",
        ),
        (
            "an id replaces what the path says",
            "when = { title = \"heat!\" }\nset = { tmdb = 949 }",
            "/v/Heat (1995) {tmdb-1} {imdb-tt0113277}.mkv",
            "type=movie title=Heat year=1995 tmdb=949 → track",
        ),
        (
            "the same title keeps the ids",
            "when = { title = \"heat\" }\nset = { title = \"HEAT\", year = 1996 }",
            "/v/Heat (1995) {tmdb-949}.mkv",
            "type=movie title=HEAT year=1996 tmdb=949 → track",
        ),
        (
            "numbers counted through become a season's",
            "when = { title = \"One Piece\" }\nset = { tmdb = 37854 }\nmap = [{ from = 1, to = 61, season = 1 }, { from = 62, season = 2 }]",
            "[Grp] One Piece - 63 [1080p].mkv",
            "type=episode title=One Piece season=2 episode=2 absolute=63 tmdb=37854 → track",
        ),
        (
            "the second half of a range begins where it is told to",
            "when = { title = \"Show\" }\nmap = [{ from = 26, to = 50, season = 2, episode = 11 }]",
            "[Grp] Show - 27 [1080p].mkv",
            "type=episode title=Show season=2 episode=12 absolute=27 → track",
        ),
        (
            "a season is no count through all",
            "when = { title = \"Show\" }\nmap = [{ from = 1, season = 9 }]",
            "Show S01E02.mkv",
            "type=episode title=Show season=1 episode=2 → track",
        ),
        (
            "shifted, several at once",
            "when = { title = \"Show\", season = 1 }\nshift = { season = 1, episode = -12 }",
            "Show S01E13E14.mkv",
            "type=episode title=Show season=2 episode=1,2 → track",
        ),
        (
            "never below nothing",
            "when = { title = \"Show\" }\nshift = { episode = -12 }",
            "Show S01E05.mkv",
            "type=episode title=Show season=1 episode=5 → track",
        ),
        (
            "nor to nothing, and then not half of it",
            "when = { title = \"Show\" }\nset = { season = 2 }\nshift = { episode = -12 }",
            "Show E12.mkv",
            "type=episode title=Show episode=12 → track",
        ),
        (
            "a trailer of the same title stays one",
            "when = { title = \"Heat\" }\nset = { tmdb = 949 }",
            "/v/Heat (1995)/Heat (1995)-trailer.mp4",
            "type=movie title=Heat year=1995 → ignore (a trailer, not the film or episode itself)",
        ),
        (
            "a series of the same title does not become the film",
            "when = { title = \"Heat\" }\nset = { type = \"movie\", tmdb = 949 }",
            "Heat.S01E01.mkv",
            "type=episode title=Heat season=1 episode=1 → track",
        ),
        (
            "a film of the same title does not become the series",
            "when = { title = \"Heat\", type = \"episode\" }\nset = { tmdb = 1 }",
            "Heat.1995.mkv",
            "type=movie title=Heat year=1995 → track",
        ),
        (
            "a film that looks like an episode",
            "when = { path = \"/v/*1x02*\" }\nset = { type = \"movie\", title = \"The Trial\", year = 1962 }",
            "/v/Trial 1x02.mkv",
            "type=movie title=The Trial year=1962 → track",
        ),
        (
            "what is called by its name is no extra",
            "when = { path = \"/v/*\" }\nset = { title = \"The Sample\", year = 2001 }",
            "/v/sample.mkv",
            "type=movie title=The Sample year=2001 → track",
        ),
        (
            "the first that fits, and no other",
            "when = { title = \"Heat\" }\nset = { year = 1986 }\n[[rule]]\nwhen = { title = \"Heat\" }\nignore = true",
            "Heat.1995.mkv",
            "type=movie title=Heat year=1986 → track",
        ),
    ] {
        assert_eq!(said(name, &format!("[[rule]]\n{rule}")), wanted, "{why}");
    }
}

#[test]
fn a_rule_that_says_what_kind_of_work_it_is_trusts_a_name_like_a_private_films() {
    for (why, rule, name, wanted) in [
        (
            "as nothing says otherwise",
            "when = { title = \"nothing\" }\nset = { year = 1 }",
            "/v/Christmas 2019.mkv",
            "type=movie title=Christmas year=2019 → local (not sure enough what it is (0.30 < 0.5))",
        ),
        (
            "a folder of films",
            "when = { path = \"/v\" }\nset = { type = \"movie\" }",
            "/v/Christmas 2019.mkv",
            "type=movie title=Christmas year=2019 → track",
        ),
        (
            "its year",
            "when = { title = \"christmas\" }\nset = { year = 2018 }",
            "/v/Christmas 2019.mkv",
            "type=movie title=Christmas year=2018 → track",
        ),
        (
            "a lone title stays a guess",
            "when = { path = \"/v\" }\nset = { type = \"movie\" }",
            "/v/Harbour.mkv",
            "type=movie title=Harbour → local (not sure enough what it is (0.40 < 0.5))",
        ),
    ] {
        let rule = format!("[[rule]]\n{rule}");
        assert_eq!(said(name, &rule), wanted, "{why}");
    }
    let identity = identify(&named("Christmas 2019.mkv"), &[], &Rules::default());
    let name = identity.evidence.first().map(|name| name.said.as_str());
    assert_eq!(
        name,
        Some("type=movie title=Christmas year=2019, called as private films are")
    );
}

#[test]
fn a_rule_that_makes_one_thing_of_everything_is_noticed() {
    for (rule, wanted) in [
        ("when = { path = \"**\" }\nset = { tmdb = 1 }", true),
        ("when = { regex = \".\" }\nset = { tmdb = 1 }", true),
        (
            "when = { path = \"/**\" }\nset = { title = \"Heat\" }",
            false,
        ),
        ("when = { path = \"/v\" }\nset = { tmdb = 1 }", false),
        (
            "when = { path = \"**\", title = \"heat\" }\nset = { tmdb = 1 }",
            false,
        ),
        (
            "when = { path = \"**\", type = \"movie\" }\nset = { tmdb = 1 }",
            false,
        ),
    ] {
        let lines = rules(&format!("[[rule]]\n{rule}")).for_everything();
        assert_eq!(!lines.is_empty(), wanted, "{rule}");
    }
}

#[test]
fn what_a_rule_could_not_do_is_said() {
    for (rule, name, wanted) in [
        (
            "when = { title = \"Show\" }\nmap = [{ from = 1, to = 12, season = 1 }]",
            "[Grp] Show - 25 [1080p].mkv",
            "line 1: map (no range holds all of its numbers)",
        ),
        (
            "when = { title = \"Show\" }\nshift = { episode = -12 }",
            "Show S01E12.mkv",
            "line 1: shift season=+0 episode=-12 (not shifted: a number would be less than 1)",
        ),
        (
            "when = { title = \"Show\" }\nmap = [{ from = 1, to = 61, season = 1 }, { from = 62, season = 2 }]",
            "Show S01E62.mkv",
            "line 1: map (not mapped: it has a season of its own)",
        ),
    ] {
        let identity = identify(&named(name), &[], &rules(&format!("[[rule]]\n{rule}")));
        let said = identity.evidence.first().map(|e| e.said.as_str());
        assert_eq!(said, Some(wanted), "{name}");
    }
}

#[test]
fn a_title_of_the_files_name_is_matched_where_another_source_has_won() {
    let nfo = b"<tvshow><title>Haus des Geldes</title><uniqueid type='tmdb' default='true'>71446</uniqueid></tvshow>";
    let place = "/tv/Money Heist/Season 1/Money.Heist.S01E02.mkv";
    let beside = [crate::identify::sidecar::Sidecar {
        file: "tvshow.nfo".into(),
        place: crate::identify::sidecar::Place::Show,
        above: 1,
        fact: crate::identify::sidecar::understand(nfo).unwrap(),
    }];
    let rules = rules("[[rule]]\nwhen = { title = \"money heist\" }\nset = { tmdb = 5 }");
    let identity = identify(&named(place), &beside, &rules);
    assert_eq!(identity.media.ids.tmdb, Some(5));
    assert_eq!(identity.verdict, Verdict::Track);
}

#[test]
fn a_title_told_by_a_player_alone_is_matched_too() {
    let item = Item {
        title: Some("Folge 12: Abschied".into()),
        ..Item::default()
    };
    let rules = rules(
        "[[rule]]\nwhen = { title = \"folge 12: abschied\" }\nset = { title = \"Dark\", type = \"episode\", season = 1 }",
    );
    let identity = identify(&item, &[], &rules);
    assert_eq!(identity.media.title.as_deref(), Some("Dark"));
    assert_eq!(identity.evidence.first().map(|e| e.source), Some("rule"));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (text, line, words) in [
        ("[[rule]]\nwhen = { }\nignore = true", 1, "when needs"),
        ("\n\n[[rule]]\nwhen = { title = \"x\" }", 3, "does nothing"),
        (
            "[[rule]]\nwhen = { title = \"x\" }\nset = { tmdb = 1 }\nignore = true",
            1,
            "needs no set",
        ),
        (
            "[[rule]]\nwhen = { title = \"!\" }\nignore = true",
            1,
            "no letter",
        ),
        (
            "[[rule]]\nwhen = { regex = \"(\" }\nignore = true",
            1,
            "when.regex",
        ),
        (
            "[[rule]]\nwhen = { path = \"a[\" }\nignore = true",
            1,
            "must begin with",
        ),
        (
            "[[rule]]\nwhen = { path = \"/a[\" }\nignore = true",
            1,
            "no glob",
        ),
        (
            "[[rule]]\nwhen = { title = \"x\" }\nset = { imdb = \"137523\" }",
            1,
            "set.imdb",
        ),
        (
            "[[rule]]\nwhen = { title = \"x\" }\nset = { tmdb = 0 }",
            1,
            "greater than 0",
        ),
        (
            "[[rule]]\nwhen = { title = \"x\" }\nmap = [{ from = 5, to = 1, season = 1 }]",
            1,
            "less than",
        ),
        (
            "[[rule]]\nwhen = { title = \"x\" }\nset = { tmdv = 1 }",
            3,
            "tmdv",
        ),
        (
            "[[rule]]\nwhen = { title = \"x\" }\nset = { type = \"film\" }",
            3,
            "film",
        ),
        (
            "[[rule]]\nwhen = { regex = \"(a{1000}){1000}\" }\nignore = true",
            1,
            "when.regex",
        ),
        ("[[rules]]\n", 1, "rules"),
        ("[[rule]\n", 1, ""),
    ] {
        let faults = parse(text, None).map(|_| ()).expect_err(text);
        let [fault] = &faults[..] else {
            panic!("{faults:?}")
        };
        assert!(
            fault.line == line && fault.problem.contains(words),
            "{text}: {fault:?}"
        );
    }
    assert!(parse("# nothing yet\n", None).is_ok_and(|rules| rules.is_empty()));
}

#[test]
fn rules_that_can_hardly_be_meant_are_pointed_at() {
    let one = "set = { tmdb = 1 }";
    let rule = |when: &str, does: &str| format!("[[rule]]\nwhen = {{ {when} }}\n{does}\n");
    for (first, second, wanted) in [
        (
            rule("title = 'Heat'", one),
            rule("title = 'heat'", "ignore = true"),
            vec![4],
        ),
        (
            rule("title = 'Heat'", one),
            rule("title = 'Heat', year = 1995", one),
            vec![4],
        ),
        (
            rule("title = 'Heat', year = 1995", one),
            rule("title = 'Heat'", one),
            vec![],
        ),
        (
            rule("path = '/v'", one),
            rule("path = '/v/w', title = 'x'", one),
            vec![4],
        ),
        (rule("path = '/v'", one), rule("path = '/vw'", one), vec![]),
        (
            rule("path = '/v/*.mkv'", one),
            rule("path = '/v/*.avi'", one),
            vec![],
        ),
        (rule("regex = 'a'", one), rule("regex = 'a'", one), vec![4]),
        (
            rule("title = 'Heat'", "set = { type = 'movie' }"),
            rule("title = 'Heat'", one),
            vec![],
        ),
        (
            rule(
                "title = 'x'",
                "map = [{ from = 10, season = 2 }, { from = 1, to = 10, season = 1 }]",
            ),
            rule(
                "title = 'y'",
                "map = [{ from = 1, to = 9, season = 1 }, { from = 10, season = 2 }]",
            ),
            vec![1],
        ),
    ] {
        let doubts = rules(&(first.clone() + &second)).doubts();
        let lines: Vec<usize> = doubts.iter().map(|doubt| doubt.line).collect();
        assert_eq!(lines, wanted, "{first}{second}");
    }
}

#[test]
fn a_rule_that_is_written_is_read_as_it_was_meant() {
    let media = Media {
        media_type: Some(MediaType::Movie),
        title: Some("Say \"Cheese\" \\ Tea".into()),
        year: Some(1999),
        ..Media::default()
    };
    let ids = Ids {
        tmdb: Some(7),
        ..Ids::default()
    };
    let text = write::with_rule("", &media, &ids).unwrap().text;
    let mut identity = Identity {
        media,
        verdict: Verdict::Local("unsure".into()),
        evidence: Vec::new(),
    };
    rules(&text).apply(&Item::default(), &[], &mut identity);
    assert_eq!(identity.media.ids.tmdb, Some(7), "{text}");
    assert_eq!(identity.verdict, Verdict::Track);
}

#[test]
fn a_rule_is_written_where_it_is_applied_or_not_at_all() {
    use write::{Unwritten, with_rule};
    let heat = Media {
        media_type: Some(MediaType::Movie),
        title: Some("Heat".into()),
        year: Some(1995),
        ..Media::default()
    };
    let ids = |tmdb| Ids {
        tmdb: Some(tmdb),
        ..Ids::default()
    };
    let first = with_rule("# mine\n", &heat, &ids(1000)).unwrap().text;
    assert!(first.starts_with("# mine\n\n[[rule]]\nwhen = "), "{first}");
    let second = with_rule(&first, &heat, &ids(949)).unwrap();
    let mut identity = identify(&named("Heat.1995.mkv"), &[], &Rules::default());
    rules(&second.text).apply(&Item::default(), &[], &mut identity);
    assert_eq!(identity.media.ids.tmdb, Some(949), "{}", second.text);
    for (text, wanted) in [
        (
            "[[rule]]\nwhen = { title = \"Alien\" }\nignore = true",
            Ok(false),
        ),
        (
            "[[rule]]\nwhen = { path = \"/v\" }\nset = { tmdb = 1 }",
            Ok(true),
        ),
        (
            "\n[[rule]]\nwhen = { title = \"heat\" }\nignore = true",
            Err(Unwritten::Behind(2)),
        ),
        (
            "[[rule]]\nwhen = { path = \"/v\" }\nset = { title = \"Heat\" }",
            Err(Unwritten::Behind(1)),
        ),
        (
            "rule = [{ when = { title = \"heat\" }, set = { tmdb = 1 } }]",
            Err(Unwritten::Behind(1)),
        ),
    ] {
        let written = with_rule(text, &heat, &ids(949));
        assert_eq!(
            written.map(|written| written.behind_paths),
            wanted,
            "{text}"
        );
    }
    let untyped = Media {
        media_type: None,
        ..heat
    };
    assert_eq!(with_rule("", &untyped, &ids(1)), Err(Unwritten::Unnamed));
}
