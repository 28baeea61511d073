use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::model::{Date, Moment, Random, SessionId, ViewingId};
use crate::service::numbering::{Episode, Numbering, Numberings, Season};

const STAMP: Wall = Wall(1_795_312_800_250);

fn film(action: Action, watched: bool) -> Lifecycle {
    Lifecycle {
        action,
        at: Moment {
            mono: Duration::ZERO,
            boot: Duration::ZERO,
            wall: STAMP,
        },
        viewing: ViewingId(1),
        session: SessionId::random(&mut Random::seeded(1)),
        media: Media {
            media_type: Some(MediaType::Movie),
            title: Some("Fight Club".to_owned()),
            ..Media::default()
        },
        position: 1800.0,
        duration: 7200.0,
        watched,
        player: "mpv".to_owned(),
        file_name: None,
    }
}

fn episode(action: Action, watched: bool, season: &[u32], episodes: &[u32]) -> Lifecycle {
    let mut event = film(action, watched);
    event.media.media_type = Some(MediaType::Episode);
    event.media.season = season.to_vec();
    event.media.episode = episodes.to_vec();
    event
}

fn context() -> Context {
    Context {
        ids: Ids {
            tmdb: Some(550),
            ..Ids::default()
        },
        ..Context::default()
    }
}

/// Every request that an event leads to, in order.
fn requests(event: &Lifecycle) -> Vec<(String, Value)> {
    let send = |call: &Call| match freeze(event, call, STAMP, &context()) {
        Prepared::Send(frozen) => (
            format!("{} {}", frozen.method, frozen.path),
            serde_json::from_str(&frozen.body).unwrap(),
        ),
        other => panic!("not sent: {other:?}"),
    };
    calls(event).iter().map(send).collect()
}

#[test]
fn a_film_moves_its_resume_point() {
    for action in [
        Action::Start,
        Action::Progress,
        Action::Pause,
        Action::Resume,
        Action::Stop,
    ] {
        assert_eq!(
            requests(&film(action, false)),
            [(
                "POST /profile/playback".to_owned(),
                json!({ "mediaId": "MV_550", "progress": 25, "updatedAt": "2026-11-22T02:00:00.250Z" }),
            )],
            "{action:?}"
        );
    }
}

#[test]
fn an_episode_is_put_on_the_list_and_then_patched() {
    let resume =
        json!({ "mediaId": "TV_550", "progress": 25, "updatedAt": "2026-11-22T02:00:00.250Z" });
    let start = episode(Action::Start, false, &[1], &[2]);
    assert_eq!(
        requests(&start),
        [("POST /profile/playback".to_owned(), resume)]
    );
    for action in [
        Action::Progress,
        Action::Pause,
        Action::Resume,
        Action::Stop,
    ] {
        assert_eq!(
            requests(&episode(action, false, &[1], &[2])),
            [(
                "PATCH /profile/playback".to_owned(),
                json!({
                    "mediaId": "TV_550", "progress": 25, "updatedAt": "2026-11-22T02:00:00.250Z",
                    "season": 1, "episode": 2,
                }),
            )],
            "{action:?}"
        );
    }
}

#[test]
fn a_completed_film_is_history_and_then_at_its_end() {
    let body =
        json!({ "mediaId": "MV_550", "progress": 100, "updatedAt": "2026-11-22T02:00:00.250Z" });
    assert_eq!(
        requests(&film(Action::Stop, true)),
        [
            ("POST /profile/history".to_owned(), body.clone()),
            ("POST /profile/playback".to_owned(), body),
        ]
    );
}

#[test]
fn every_episode_of_a_file_is_one_entry_of_the_history() {
    let body = |episode: u32| {
        json!({
            "mediaId": "TV_550", "progress": 100, "updatedAt": "2026-11-22T02:00:00.250Z",
            "season": 3, "episode": episode,
        })
    };
    assert_eq!(
        requests(&episode(Action::Stop, true, &[3], &[8, 7, 8])),
        [
            ("POST /profile/history".to_owned(), body(7)),
            ("POST /profile/history".to_owned(), body(8)),
            ("PATCH /profile/playback".to_owned(), body(8)),
        ]
    );
}

#[test]
fn only_a_stop_that_completes_writes_history_and_only_it_says_100() {
    for action in [
        Action::Start,
        Action::Progress,
        Action::Pause,
        Action::Resume,
    ] {
        assert_eq!(
            calls(&film(action, true)),
            [Call::ResumePoint],
            "{action:?}"
        );
    }
    let mut event = film(Action::Stop, false);
    for (position, expected) in [(7200.0, 99), (7190.0, 99), (0.0, 0), (f64::NAN, 0)] {
        event.position = position;
        assert_eq!(requests(&event)[0].1["progress"], expected, "{position}");
    }
}

#[test]
fn what_cannot_be_expressed_is_skipped_and_never_waits_for_an_id() {
    let skip = |event: &Lifecycle| {
        let reasons: Vec<String> = calls(event)
            .iter()
            .map(
                |call| match freeze(event, call, STAMP, &Context::default()) {
                    Prepared::Skip(reason) => reason,
                    other => panic!("not skipped: {other:?}"),
                },
            )
            .collect();
        assert!(
            reasons.iter().all(|reason| *reason == reasons[0]),
            "{reasons:?}"
        );
        reasons[0].clone()
    };
    assert_eq!(calls(&episode(Action::Progress, true, &[0], &[1])), []);
    for action in [Action::Stop] {
        for (event, reason) in [
            (episode(action, true, &[0], &[1]), "specials"),
            (episode(action, true, &[1], &[0]), "specials"),
            (episode(action, true, &[1], &[0, 1]), "specials"),
            (episode(action, true, &[1], &[]), "season and number"),
            (episode(action, true, &[], &[]), "season and number"),
            (episode(action, true, &[1, 2], &[1]), "several seasons"),
        ] {
            assert!(skip(&event).contains(reason), "{event:?}");
        }
    }
    let counted = episode(Action::Stop, true, &[], &[1071]);
    for call in calls(&counted) {
        let frozen = freeze(&counted, &call, STAMP, &Context::default());
        assert_eq!(frozen, Prepared::NeedsId, "a rule or TMDB may place it");
    }
    let mut unknown = film(Action::Stop, true);
    unknown.media.media_type = None;
    assert!(skip(&unknown).contains("nobody could tell"));
}

#[test]
fn without_a_tmdb_id_a_delivery_waits() {
    let event = film(Action::Stop, true);
    for call in calls(&event) {
        let imdb_only = Context {
            ids: Ids {
                imdb: Some("tt0137523".to_owned()),
                ..Ids::default()
            },
            ..Context::default()
        };
        assert_eq!(freeze(&event, &call, STAMP, &imdb_only), Prepared::NeedsId);
    }
    let mut known = event;
    known.media.ids.tmdb = Some(7);
    assert_eq!(
        media_id(&known.media, &Ids::default()).as_deref(),
        Some("MV_7")
    );
    assert_eq!(
        media_id(&known.media, &context().ids).as_deref(),
        Some("MV_550")
    );
    known.media.ids.tmdb = Some(0);
    assert_eq!(media_id(&known.media, &Ids::default()), None);
}

/// Series 550 has a season of two and one of three that counts on.
fn numbered() -> Context {
    let season = |number, episodes, aired| Season {
        number,
        episodes,
        aired: Date::parse(aired),
    };
    let episode = |number, aired| Episode {
        number,
        aired: Date::parse(aired),
        name: String::new(),
    };
    let mut numbering = Numbering::default();
    numbering.learn_seasons(vec![season(1, 2, "2020-01-06"), season(2, 3, "2021-03-15")]);
    numbering.learn_season(1, vec![episode(1, "2020-01-06"), episode(2, "2020-01-07")]);
    numbering.learn_season(
        2,
        vec![
            episode(3, "2021-03-15"),
            episode(4, "2021-03-16"),
            episode(5, "2021-03-17"),
        ],
    );
    let mut numberings = Numberings::default();
    numberings.learn(550, numbering, STAMP);
    Context {
        numberings: Arc::new(numberings),
        ..context()
    }
}

fn unplaced(edit: impl Fn(&mut Media)) -> Lifecycle {
    let mut event = episode(Action::Stop, true, &[], &[]);
    edit(&mut event.media);
    event
}

#[test]
fn a_date_and_absolute_numbers_go_where_the_series_has_them() {
    let told = |event: &Lifecycle| -> Vec<(String, u64, u64)> {
        let calls = calls(event);
        let frozen = calls
            .iter()
            .map(|call| freeze(event, call, STAMP, &numbered()));
        frozen
            .map(|prepared| {
                let Prepared::Send(frozen) = prepared else {
                    panic!("not sent: {prepared:?}");
                };
                let body: Value = serde_json::from_str(&frozen.body).unwrap();
                let number = |key: &str| body[key].as_u64().unwrap();
                (frozen.path, number("season"), number("episode"))
            })
            .collect()
    };
    let (history, playback) = (
        "/profile/history".to_owned(),
        "/profile/playback".to_owned(),
    );
    let dated = unplaced(|media| media.date = Date::parse("2021-03-17"));
    assert_eq!(
        told(&dated),
        [(history.clone(), 2, 5), (playback.clone(), 2, 5)]
    );
    let counted = unplaced(|media| media.absolute_episode = vec![3, 2]);
    assert_eq!(
        told(&counted),
        [(history.clone(), 1, 2), (history, 2, 3), (playback, 2, 3)],
        "one entry an episode"
    );
}

#[test]
fn until_then_they_wait() {
    for event in [
        unplaced(|media| media.date = Date::parse("2021-03-17")),
        unplaced(|media| media.date = Date::parse("2021-03-18")),
        unplaced(|media| media.absolute_episode = vec![1071]),
    ] {
        let unknown_series = Context {
            ids: Ids::default(),
            ..numbered()
        };
        for call in calls(&event) {
            for context in [Context::default(), context(), unknown_series.clone()] {
                assert_eq!(freeze(&event, &call, STAMP, &context), Prepared::NeedsId);
            }
        }
    }
    let beyond = unplaced(|media| media.absolute_episode = vec![6]);
    for call in calls(&beyond) {
        assert_eq!(
            freeze(&beyond, &call, STAMP, &numbered()),
            Prepared::NeedsId
        );
    }
}
