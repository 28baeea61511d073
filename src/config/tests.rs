use std::path::PathBuf;
use std::time::Duration;

use super::*;

fn variables(pairs: &[(&str, &str)]) -> Sources {
    Sources {
        file: PathBuf::from("/nonexistent/reeld/config.toml"),
        variables: pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        home: Some(PathBuf::from("/home/ann")),
        ..Sources::default()
    }
}

/// What loading says of a file with this text, with the file's name as `FILE`.
fn of_text(text: impl AsRef<[u8]>) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, text).unwrap();
    let sources = Sources {
        file: file.clone(),
        ..variables(&[])
    };
    load(&sources).map_err(|error| {
        error
            .to_string()
            .replace(&file.display().to_string(), "FILE")
    })
}

#[test]
fn without_a_file_the_defaults_are_in_force() {
    let loaded = load(&variables(&[])).unwrap();
    assert!(!loaded.file_exists);
    assert_eq!(loaded.config.debounce.settle, Duration::from_millis(1500));
    assert!((loaded.config.watched.movie_percent - 85.0).abs() < f64::EPSILON);
    assert_eq!(loaded.config.punchplay.base_url, "https://punchplay.tv");
}

#[test]
fn the_defaults_the_rules_and_the_type_know_the_same_keys() {
    let loaded = load(&variables(&[])).unwrap();
    let mut known: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    known.sort_unstable();
    let given: Vec<&str> = loaded.settings.keys().copied().collect();
    assert_eq!(given, known);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(
        &file,
        "[watched]\nmovie_percent = 90\nepisode_percent = 70.5\n",
    )
    .unwrap();
    let sources = Sources {
        file: file.clone(),
        ..variables(&[
            ("REELD__WATCHED__MOVIE_PERCENT", "95"),
            ("REELD__MPV__SOCKETS", "/tmp/a, ~/b*"),
            ("REELD__TRACK__ANIME", "off"),
            ("REELD__PUNCHPLAY__CLIENT_ID", "007"),
            ("REELD_LOG", "debug"),
            ("HOME", "/elsewhere"),
        ])
    };
    let loaded = load(&sources).unwrap();
    assert!((loaded.config.watched.movie_percent - 95.0).abs() < f64::EPSILON);
    assert!((loaded.config.watched.episode_percent - 70.5).abs() < f64::EPSILON);
    assert_eq!(loaded.config.mpv.sockets, ["/tmp/a", "/home/ann/b*"]);
    assert!(!loaded.config.track.anime);
    assert_eq!(loaded.config.punchplay.client_id, "007");
    assert_eq!(
        loaded.settings["watched.episode_percent"].place,
        Place::File(file, 3)
    );
}

#[test]
fn secrets_of_the_service_manager_lie_between_file_and_environment() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tmdb.api_key"), "k3y\n").unwrap();
    let sources = Sources {
        credentials: Some(folder.path().to_owned()),
        ..variables(&[])
    };
    let key = load(&sources).unwrap().config.tmdb.api_key;
    assert_eq!(key.expose(), "k3y");
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_key_value_file_and_line() {
    let cases = [
        (
            "[watched]\n\nmovie_percent = 850\n",
            "watched.movie_percent = 850 in FILE, line 3: must be a number from 1 to 100",
        ),
        (
            "[watched]\nmovie_procent = 80\n",
            "watched.movie_procent in FILE, line 2: there is no such key; did you mean watched.movie_percent?",
        ),
        (
            "[wached]\nmovie_percent = 80\n",
            "wached in FILE, line 1: there is no such key; did you mean watched?",
        ),
        (
            "[zebra]\n",
            "zebra in FILE, line 1: there is no such key; `reeld config show --defaults` shows every key",
        ),
        (
            "punchplay = true\n",
            "punchplay in FILE, line 1: punchplay is a section; write [punchplay] above its keys",
        ),
        (
            "[punchplay]\nenabled = \"yes\"\n",
            "punchplay.enabled = \"yes\" in FILE, line 2: must be true or false",
        ),
        (
            "[punchplay]\nclient_id = 7\n",
            "punchplay.client_id = 7 in FILE, line 2: must be a text in quotes",
        ),
        (
            "[punchplay]\nbase_url = \"http://punchplay.tv\"\n",
            "punchplay.base_url = \"http://punchplay.tv\" in FILE, line 2: must be an https:// address, or http:// on a loopback address",
        ),
        (
            "[debounce]\nsettle = \"soon\"\n",
            "debounce.settle = \"soon\" in FILE, line 2: must be a duration like \"5s\" or \"1m 30s\", from 100ms to 1m",
        ),
        (
            "[debounce]\nprogress_every = 30\n",
            "debounce.progress_every = 30 in FILE, line 2: must be a duration like \"5s\" or \"1m 30s\", from 100ms to 1h",
        ),
        (
            "[debounce]\nstart_after = \"0s\"\n",
            "debounce.start_after = \"0s\" in FILE, line 2: must be a duration like \"5s\" or \"1m 30s\", from 100ms to 10m",
        ),
        (
            "[mpv]\nsockets = \"/tmp/mpv\"\n",
            "mpv.sockets = \"/tmp/mpv\" in FILE, line 2: must be a list of texts in quotes, like [\"a\", \"b*\"]",
        ),
        (
            "[players]\ndeny = [\"a\", 2]\n",
            "players.deny = [\"a\", 2] in FILE, line 2: must be a list of texts in quotes, like [\"a\", \"b*\"]",
        ),
        (
            "[players]\ndeny = [\"[\"]\n",
            "players.deny = [\"[\"] in FILE, line 2: must be a list of globs; in \"[\", invalid range pattern",
        ),
        (
            "[tmdb]\napi_key = 4711\n",
            "tmdb.api_key = [redacted] in FILE, line 2: must be a text in quotes",
        ),
        (
            "[track]\nmovies = 1979-05-27\n",
            "track.movies = 1979-05-27 in FILE, line 2: must be true or false",
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(of_text(text).unwrap_err(), wanted, "{text}");
    }
}

#[test]
fn a_file_that_is_no_toml_says_on_which_line() {
    for (text, line) in [
        ("[watched\n", 1),
        ("[watched]\nmovie_percent\n", 2),
        ("\n\n[watched]\nmovie_percent = = 2\n", 4),
        ("[a]\nb = 1\nb = 2\n", 3),
    ] {
        let error = of_text(text).unwrap_err();
        let wanted = format!("FILE, line {line}: this is not TOML: ");
        assert!(error.starts_with(&wanted), "{text:?}: {error}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once_from_the_top() {
    let error =
        of_text("[watched]\nmovie_percent = 0\n[debounce]\nsettle = \"\"\nsetle = \"1s\"\n")
            .unwrap_err();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 3, "{error}");
    assert!(lines[0].starts_with("watched.movie_percent = 0 in FILE, line 2"));
    assert!(lines[1].starts_with("debounce.settle = \"\" in FILE, line 4"));
    assert!(lines[2].starts_with("debounce.setle in FILE, line 5"));
}

#[test]
fn hostile_files_are_refused_in_a_bounded_way() {
    let huge = "#".repeat(2 * 1024 * 1024);
    assert_eq!(
        of_text(huge).unwrap_err(),
        "FILE: is larger than 1 MiB; that is no configuration"
    );
    assert_eq!(
        of_text(b"[watched]\nx = \"\xff\"\n").unwrap_err(),
        "FILE: line 2 is not UTF-8"
    );
    let long_value = format!("[punchplay]\nenabled = \"{}\"\n", "x".repeat(5000));
    assert!(of_text(long_value).unwrap_err().len() < 300);
    let long_key = format!("[punchplay]\n{} = 1\n", "x".repeat(5000));
    assert!(of_text(long_key).unwrap_err().len() < 300);
    let deep = format!("a = {}{}", "[".repeat(50_000), "]".repeat(50_000));
    of_text(deep).unwrap_err();
}

#[test]
fn a_file_named_by_hand_must_be_there() {
    let sources = Sources {
        required: true,
        ..variables(&[])
    };
    let error = load(&sources).unwrap_err().to_string();
    assert!(
        error.starts_with("/nonexistent/reeld/config.toml: cannot be opened: No such file"),
        "{error}"
    );
}

#[test]
fn a_wrong_variable_is_named() {
    for (name, value, wanted) in [
        (
            "REELD__DEBOUNCE__SETTLE",
            "soon",
            "debounce.settle = \"soon\" in the environment, REELD__DEBOUNCE__SETTLE: must be a duration like \"5s\" or \"1m 30s\", from 100ms to 1m",
        ),
        (
            "REELD__WATCHED__MOVIE_PERCENT",
            "most",
            "watched.movie_percent = \"most\" in the environment, REELD__WATCHED__MOVIE_PERCENT: must be a number from 1 to 100",
        ),
        (
            "REELD__WATCHED__MOVIE",
            "80",
            "watched.movie in the environment, REELD__WATCHED__MOVIE: there is no such key; `reeld config show --defaults` shows every key",
        ),
    ] {
        let error = load(&variables(&[(name, value)])).unwrap_err();
        assert_eq!(error.to_string(), wanted);
    }
}

#[test]
fn a_base_url_is_https_or_loopback() {
    let url = rule("punchplay.base_url").unwrap();
    for good in [
        "https://punchplay.tv",
        "https://example.org:8443/below/",
        "http://127.0.0.1:8080",
        "http://localhost:1",
        "http://[::1]:80",
    ] {
        assert_eq!(url.check(&good.into()), Ok(()), "{good}");
    }
    for bad in [
        "",
        "punchplay.tv",
        "http://10.0.0.1",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://user:pass@punchplay.tv",
        "https://punchplay.tv/?a=b",
        "https://punchplay.tv/#x",
        "unix:/run/x",
    ] {
        assert!(url.check(&bad.into()).is_err(), "{bad}");
    }
}

#[test]
fn an_unusable_configuration_as_an_error_for_people() {
    let error = load(&variables(&[("REELD__TRACK__MOVIES", "maybe")])).unwrap_err();
    assert_eq!(
        crate::error::CliError::from(error).to_string(),
        "Error: the configuration cannot be used\n\
         Why: track.movies = \"maybe\" in the environment, REELD__TRACK__MOVIES: must be true or false\n\
         Hint: mend it and look with `reeld config check`; `reeld config show --defaults` shows every key"
    );
}
