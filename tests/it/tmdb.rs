//! Asking TMDB for ids, against its stand-in.

use std::sync::Arc;

use reeld::config::Config;
use reeld::model::{Date, Ids, Media, MediaType, Secret};
use reeld::service::http::{Http, Timeouts};
use reeld::service::numbering::{Step, Unplaced};
use reeld::service::tmdb::{Lookup, Tmdb};
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;

use crate::support::bench::{episode, film};
use crate::support::standin::{self, Fault, Reply, Server, TMDB_KEY, TMDB_TOKEN};

fn server() -> Server<standin::Tmdb> {
    Server::start(standin::Tmdb::default())
}

fn client(server: &Server<standin::Tmdb>, key: &str) -> Tmdb {
    let mut config: Config =
        toml::from_str(include_str!("../../src/config/defaults.toml")).unwrap();
    config.tmdb.base_url = server.url();
    config.tmdb.api_key = Secret::new(key);
    let http = Http::with_timeouts(Timeouts {
        connect: Duration::from_secs(3),
        whole: Duration::from_secs(3),
    });
    Tmdb::new(http, watch::channel(Arc::new(config)).1)
}

fn without_ids(media: Media) -> Media {
    Media {
        ids: Ids::default(),
        ..media
    }
}

fn titled(title: &str, year: u16) -> Media {
    Media {
        media_type: Some(MediaType::Movie),
        title: Some(title.to_owned()),
        year: Some(year),
        ..Media::default()
    }
}

#[tokio::test]
async fn both_kinds_of_key_find_a_film_and_a_series() {
    for key in [TMDB_TOKEN, TMDB_KEY] {
        let server = server();
        let tmdb = client(&server, key);
        assert!(tmdb.is_on());
        assert_eq!(tmdb.lookup(&without_ids(film())).await, Lookup::Found(550));
        assert_eq!(
            tmdb.lookup(&without_ids(episode(&[1]))).await,
            Lookup::Found(1396)
        );
        for request in server.requests() {
            assert_eq!(request["query"].get("api_key").is_some(), key == TMDB_KEY);
        }
        assert_eq!(
            server.with(|app| app.violations.clone()),
            Vec::<String>::new()
        );
    }
}

#[tokio::test]
async fn the_year_tells_namesakes_apart_and_may_be_off_by_one() {
    let server = server();
    let tmdb = client(&server, TMDB_TOKEN);
    assert_eq!(
        tmdb.lookup(&titled("Heat", 1986)).await,
        Lookup::Found(11091)
    );
    assert_eq!(tmdb.lookup(&titled("Heat", 1996)).await, Lookup::Found(949));
    assert_eq!(tmdb.lookup(&titled("Heat", 1990)).await, Lookup::Nothing);
    assert_eq!(tmdb.lookup(&titled("Hea", 1995)).await, Lookup::Nothing);
    assert_eq!(
        server.with(|app| app.violations.clone()),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn another_id_is_better_than_any_title() {
    let server = server();
    let tmdb = client(&server, TMDB_TOKEN);
    let mut media = titled("Some other name", 1970);
    media.ids.imdb = Some("tt0113277".to_owned());
    assert_eq!(tmdb.lookup(&media).await, Lookup::Found(949));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_key_that_is_not_taken_is_said_and_trouble_is_for_later() {
    let server = server();
    let refused = client(&server, "eyJ.another.token").lookup(&film()).await;
    assert!(matches!(&refused, Lookup::Refused { reason } if reason.contains("Invalid API key")));
    let tmdb = client(&server, TMDB_TOKEN);
    let throttled =
        Reply::json(429, &json!({ "status_message": "slow" })).header("Retry-After", "9");
    for (fault, wait) in [
        (Fault::Answer(throttled), Some(9)),
        (Fault::Answer(Reply::html(502)), None),
        (Fault::Answer(Reply::html(200)), None),
        (Fault::ResetBefore, None),
        (Fault::Hang, None),
    ] {
        server.fault("GET", fault, 1);
        let Lookup::Later { after, reason } = tmdb.lookup(&film()).await else {
            panic!("trouble is for later");
        };
        assert_eq!(after.map(|after| after.as_secs()), wait, "{reason}");
    }
}

/// Episodes of the series 1396 that have neither season nor number.
fn unplaced(edit: impl FnOnce(&mut Media)) -> Media {
    let mut media = Media {
        media_type: Some(MediaType::Episode),
        title: Some("Show".to_owned()),
        ..Media::default()
    };
    media.ids.tmdb = Some(1396);
    edit(&mut media);
    media
}

#[tokio::test]
async fn dates_and_absolute_numbers_are_found_in_a_few_calls() {
    let dated = |day: &str| unplaced(|media| media.date = Date::parse(day));
    let counted = |numbers: &[u32]| unplaced(|media| media.absolute_episode = numbers.to_vec());
    for (media, expected, calls) in [
        (dated("2009-03-15"), vec![Step::At(2, 4)], 2),
        (dated("2008-01-27"), vec![Step::At(1, 2)], 2),
        (dated("2009-03-16"), vec![Step::Nowhere], 3),
        (dated("2007-12-24"), vec![Step::Nowhere], 1),
        (counted(&[2]), vec![Step::At(1, 2)], 2),
        (counted(&[3]), vec![Step::At(2, 3)], 2),
        (
            counted(&[2, 3, 4]),
            vec![Step::At(1, 2), Step::At(2, 3), Step::At(2, 4)],
            3,
        ),
        (counted(&[6]), vec![Step::Nowhere], 1),
    ] {
        let server = server();
        let found = client(&server, TMDB_TOKEN).lookup(&media).await;
        let Lookup::Numbered(numbering) = found else {
            panic!("{media:?}: {found:?}");
        };
        let steps: Vec<Step> = Unplaced::of(&media)
            .into_iter()
            .map(|one| numbering.find(one))
            .collect();
        assert_eq!(
            (steps, server.requests().len()),
            (expected, calls),
            "{media:?}"
        );
        assert_eq!(
            server.with(|app| app.violations.clone()),
            Vec::<String>::new()
        );
    }
}

#[tokio::test]
async fn a_series_that_is_not_there_has_no_numbers_and_trouble_is_for_later() {
    let server = server();
    let tmdb = client(&server, TMDB_TOKEN);
    let media = unplaced(|media| {
        media.ids.tmdb = Some(7);
        media.absolute_episode = vec![1];
    });
    let Lookup::Numbered(numbering) = tmdb.lookup(&media).await else {
        panic!("an answer");
    };
    assert_eq!(numbering.find(Unplaced::Absolute(1)), Step::Nowhere);
    for fault in [
        Fault::Answer(Reply::html(502)),
        Fault::Answer(Reply::html(200)),
        Fault::Answer(Reply::json(200, &json!({ "seasons": 1 }))),
        Fault::ResetBefore,
    ] {
        server.fault("GET", fault, 1);
        assert!(matches!(tmdb.lookup(&media).await, Lookup::Later { .. }));
    }
    let refused = client(&server, "eyJ.another.token").lookup(&media).await;
    assert!(matches!(refused, Lookup::Refused { .. }));
}

#[tokio::test]
async fn without_a_key_nobody_is_asked() {
    let server = server();
    for key in ["", "  "] {
        let tmdb = client(&server, key);
        assert!(!tmdb.is_on());
        assert_eq!(tmdb.lookup(&film()).await, Lookup::Unasked);
    }
    let tmdb = client(&server, TMDB_TOKEN);
    assert_eq!(tmdb.lookup(&Media::default()).await, Lookup::Unasked);
    assert_eq!(server.requests().len(), 0);
}
