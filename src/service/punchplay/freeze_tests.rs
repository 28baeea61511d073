use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::model::{Moment, Random, SessionId, ViewingId};

fn film() -> Lifecycle {
    Lifecycle {
        action: Action::Progress,
        at: Moment {
            mono: Duration::ZERO,
            boot: Duration::ZERO,
            wall: Wall(1_795_312_800_250),
        },
        viewing: ViewingId(1),
        session: SessionId::random(&mut Random::seeded(1)),
        media: Media {
            media_type: Some(MediaType::Movie),
            title: Some("Fight Club".to_owned()),
            ..Media::default()
        },
        position: 1800.4,
        duration: 7200.0,
        watched: false,
        player: "mpv".to_owned(),
        file_name: Some("Fight.Club.1999.mkv".to_owned()),
    }
}

fn episode(change: impl FnOnce(&mut Media)) -> Lifecycle {
    let mut event = film();
    event.media = Media {
        media_type: Some(MediaType::Episode),
        title: Some("Show".to_owned()),
        ..Media::default()
    };
    change(&mut event.media);
    event
}

fn prepared(event: &Lifecycle, context: &Context) -> Prepared {
    let id = EventId::random(&mut Random::seeded(2));
    freeze(event, id, event.at.wall, context)
}

fn body_with(event: &Lifecycle, context: &Context) -> Value {
    match prepared(event, context) {
        Prepared::Send(frozen) => serde_json::from_str(&frozen.body).unwrap(),
        other => panic!("not sent: {other:?}"),
    }
}

fn body(event: &Lifecycle) -> Value {
    body_with(event, &Context::default())
}

fn skipped(event: &Lifecycle) -> String {
    match prepared(event, &Context::default()) {
        Prepared::Skip(reason) => reason,
        other => panic!("not skipped: {other:?}"),
    }
}

/// The parts of a body that the test is about.
fn part(body: &Value, keys: &[&str]) -> Value {
    keys.iter()
        .filter_map(|key| Some(((*key).to_owned(), body.get(key)?.clone())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn a_film_says_what_is_known_and_nothing_else() {
    let mut event = film();
    assert_eq!(
        body(&event),
        json!({
            "media_type": "movie",
            "title": "Fight Club",
            "event_id": EventId::random(&mut Random::seeded(2)).to_string(),
            "playback_session_id": event.session.to_string(),
            "event_created_at": 1_795_312_800_250_i64,
            "progress": 0.2501,
            "position_seconds": 1800,
            "duration_seconds": 7200,
            "client_version": env!("CARGO_PKG_VERSION"),
        })
    );
    event.media.year = Some(1999);
    event.media.anime = true;
    // What only an episode has is not sent, whatever the media says.
    event.media.season = vec![1];
    event.media.episode = vec![2, 3];
    event.media.episode_title = Some("x".to_owned());
    event.media.ids.imdb = Some("tt0137523".to_owned());
    let context = Context {
        ids: Ids {
            tmdb: Some(550),
            imdb: None,
            tvdb: Some(0),
        },
        device_id: "device".to_owned(),
        send_file_name: true,
        ..Context::default()
    };
    let body = body_with(&event, &context);
    assert_eq!(
        part(
            &body,
            &[
                "year",
                "anime",
                "season",
                "episode",
                "episode_end",
                "multi_episode",
                "episode_title",
                "tmdb_id",
                "imdb_id",
                "tvdb_id",
                "device_id",
                "raw_filename",
            ]
        ),
        json!({
            "year": 1999, "anime": true, "tmdb_id": 550, "imdb_id": "tt0137523",
            "device_id": "device", "raw_filename": "Fight.Club.1999.mkv",
        })
    );
}

#[test]
fn the_request_is_made_for_the_action() {
    for (action, path) in [
        (Action::Start, "/api/platform/v1/playback/start"),
        (Action::Progress, "/api/platform/v1/playback/progress"),
        (Action::Pause, "/api/platform/v1/playback/pause"),
        (Action::Resume, "/api/platform/v1/playback/resume"),
        (Action::Stop, "/api/platform/v1/playback/stop"),
    ] {
        let event = Lifecycle { action, ..film() };
        let Prepared::Send(frozen) = prepared(&event, &Context::default()) else {
            panic!("a film can be sent");
        };
        assert_eq!(
            (frozen.method.as_str(), frozen.path.as_str()),
            ("POST", path)
        );
        let verdict = part(&body(&event), &["watched", "watched_threshold"]);
        let expected = if action == Action::Stop {
            json!({ "watched": false, "watched_threshold": 1.0 })
        } else {
            json!({})
        };
        assert_eq!(verdict, expected, "{action:?}");
    }
}

#[test]
fn an_episode_is_numbered_by_these_rules() {
    let numbers = |change: fn(&mut Media)| {
        part(
            &body(&episode(change)),
            &[
                "season",
                "episode",
                "episode_end",
                "multi_episode",
                "absolute_episode",
                "episode_title",
            ],
        )
    };
    for (name, change, expected) in [
        (
            "one episode",
            (|m| (m.season, m.episode) = (vec![1], vec![2])) as fn(&mut Media),
            json!({ "season": 1, "episode": 2 }),
        ),
        (
            "a special",
            |m| (m.season, m.episode) = (vec![0], vec![0]),
            json!({ "season": 0, "episode": 0 }),
        ),
        (
            "three in one file",
            |m| (m.season, m.episode) = (vec![1], vec![3, 1, 2]),
            json!({ "season": 1, "episode": 1, "episode_end": 3, "multi_episode": true }),
        ),
        (
            "two that do not follow on each other",
            |m| (m.season, m.episode) = (vec![1], vec![1, 3]),
            json!({ "season": 1, "episode": 1 }),
        ),
        (
            "an absolute number",
            |m| m.absolute_episode = vec![1071],
            json!({ "absolute_episode": 1071 }),
        ),
        (
            "anime without a season: its number is of no season",
            |m| (m.episode, m.absolute_episode) = (vec![1071], vec![1071]),
            json!({ "absolute_episode": 1071 }),
        ),
        (
            "two of them in a file",
            |m| (m.episode, m.absolute_episode) = (vec![12, 13], vec![12, 13]),
            json!({ "absolute_episode": 12, "multi_episode": true }),
        ),
        (
            "anime with a season and both numbers",
            |m| (m.season, m.episode, m.absolute_episode) = (vec![2], vec![5], vec![18]),
            json!({ "season": 2, "episode": 5, "absolute_episode": 18 }),
        ),
        (
            "a daily show",
            |m| {
                m.date = Some(Date {
                    year: 2026,
                    month: 3,
                    day: 1,
                })
            },
            json!({ "episode_title": "2026-03-01" }),
        ),
        (
            "a daily show with a title",
            |m| {
                m.date = Some(Date {
                    year: 2026,
                    month: 3,
                    day: 1,
                });
                m.episode_title = Some("Guest".to_owned());
            },
            json!({ "episode_title": "2026-03-01 Guest" }),
        ),
        (
            "a numbered episode with a date",
            |m| {
                (m.season, m.episode) = (vec![1], vec![2]);
                m.date = Some(Date {
                    year: 2026,
                    month: 3,
                    day: 1,
                });
                m.episode_title = Some("Pilot".to_owned());
            },
            json!({ "season": 1, "episode": 2, "episode_title": "Pilot" }),
        ),
        (
            "the highest number",
            |m| m.episode = vec![u32::MAX],
            json!({ "episode": u32::MAX }),
        ),
    ] {
        assert_eq!(numbers(change), expected, "{name}");
    }
}

#[test]
fn a_stop_counts_only_if_it_completes() {
    let stop = |position: f64, watched: bool| {
        let event = Lifecycle {
            action: Action::Stop,
            position,
            watched,
            ..film()
        };
        part(
            &body(&event),
            &[
                "progress",
                "position_seconds",
                "watched",
                "watched_threshold",
            ],
        )
    };
    assert_eq!(
        stop(7200.0, true),
        json!({ "progress": 1.0, "position_seconds": 7200, "watched": true })
    );
    assert_eq!(
        stop(6120.0, true),
        json!({ "progress": 0.85, "position_seconds": 6120, "watched": true })
    );
    assert_eq!(
        stop(3600.0, false),
        json!({ "progress": 0.5, "position_seconds": 3600, "watched": false, "watched_threshold": 1.0 })
    );
    for position in [7128.0, 7199.9, 7200.0] {
        assert_eq!(
            stop(position, false),
            json!({ "progress": 0.99, "position_seconds": 7128, "watched": false, "watched_threshold": 1.0 }),
            "{position}"
        );
    }
}

#[test]
fn nothing_absurd_leaves_whatever_the_numbers_are() {
    for (position, duration) in [
        (f64::NAN, 7200.0),
        (f64::INFINITY, 7200.0),
        (-5.0, 7200.0),
        (9000.0, 7200.0),
        (0.2, 0.3),
        (0.0, 0.0),
        (1.0, f64::NAN),
    ] {
        for action in [Action::Progress, Action::Stop] {
            let body = body(&Lifecycle {
                action,
                position,
                duration,
                ..film()
            });
            let number = |key: &str| body[key].as_u64().unwrap();
            let progress = body["progress"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&progress), "{position} of {duration}");
            assert!(number("duration_seconds") >= 1);
            assert!(number("position_seconds") <= number("duration_seconds"));
        }
    }
}

#[test]
fn long_texts_are_cut_and_paths_never_leave() {
    let mut event = film();
    event.media.title = Some("é".repeat(600));
    event.file_name = Some("/home/ann/Videos/C:\\a.mkv".to_owned());
    let context = Context {
        send_file_name: true,
        ..Context::default()
    };
    let body = body_with(&event, &context);
    assert_eq!(body["title"].as_str().unwrap().chars().count(), 500);
    assert_eq!(body["raw_filename"], "a.mkv");
    assert_eq!(super::tests::body(&event).get("raw_filename"), None);
    event.file_name = Some("/".to_owned());
    assert_eq!(body_with(&event, &context).get("raw_filename"), None);
}

#[test]
fn a_number_without_a_season_is_told_with_it_once_it_is_known() {
    let event = episode(|media| {
        media.episode = vec![5];
        media.ids.tmdb = Some(87108);
    });
    let unplaced = body(&event);
    assert_eq!(
        (unplaced.get("season"), &unplaced["episode"]),
        (None, &json!(5))
    );
    let mut context = Context::default();
    std::sync::Arc::make_mut(&mut context.numberings)
        .take_word(87108, &[(Unplaced::Absolute(5), (1, 5))]);
    let placed = body_with(&event, &context);
    assert_eq!(
        (&placed["season"], &placed["episode"]),
        (&json!(1), &json!(5))
    );
    assert_eq!(placed.get("absolute_episode"), None);
}

#[test]
fn what_cannot_be_expressed_is_skipped_with_the_reason() {
    let mut event = film();
    event.media.media_type = None;
    assert_eq!(skipped(&event), "nobody could tell what it is");
    for title in [None, Some(""), Some(" \t")] {
        event = film();
        event.media.title = title.map(str::to_owned);
        assert_eq!(skipped(&event), "it has no title");
    }
    assert_eq!(
        skipped(&episode(|_| ())),
        "nobody could tell which episode it is"
    );
}

#[test]
fn the_same_event_is_frozen_to_the_same_bytes() {
    assert_eq!(
        prepared(&film(), &Context::default()),
        prepared(&film(), &Context::default())
    );
}
