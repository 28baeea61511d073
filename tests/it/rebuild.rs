//! The running daemon with a state folder whose database is gone: what the history owes is told, once.

use std::fs;
use std::time::Duration;

use reeld::history::{Entry, History};
use reeld::model::*;
use rustix::process::Signal;

use crate::support::evening::Evening;

/// A film that was watched an hour ago, as the history tells it.
fn watched(accounts: Vec<AccountKey>) -> Entry {
    let now = reeld::clock::now();
    let at = Moment {
        wall: now.wall.minus(Duration::from_secs(3600)),
        ..now
    };
    let media = Media {
        media_type: Some(MediaType::Movie),
        title: Some("Heat".into()),
        year: Some(1995),
        ids: Ids {
            tmdb: Some(949),
            ..Ids::default()
        },
        confidence: 0.9,
        ..Media::default()
    };
    let mut random = Random::seeded(1);
    let viewing = Viewing {
        id: ViewingId::random(&mut random),
        key: ViewingKey {
            media_type: media.media_type,
            ids: media.ids.clone(),
            title: "heat".into(),
            year: media.year,
            ..ViewingKey::default()
        },
        media: media.clone(),
        player: "mpv".into(),
        started_at: at.wall,
        updated_at: at.wall,
        position: 6000.0,
        duration: 6000.0,
        played: 6000.0,
        reached: true,
        completed: Some(at.wall),
        local_only: None,
        played_in: None,
    };
    let event = Lifecycle {
        action: Action::Stop,
        at,
        viewing: viewing.id,
        session: SessionId::random(&mut random),
        media,
        position: 6000.0,
        duration: 6000.0,
        watched: true,
        player: "mpv".into(),
        file_name: None,
    };
    Entry::of(&viewing, &event, &accounts)
}

#[test]
fn a_daemon_whose_database_is_gone_tells_each_service_what_the_history_owes_and_only_once() {
    let mut evening = Evening::unlinked();
    let logins = [
        evening.punchplay.with(|app| app.issue_login("ann")),
        evening.discovr_login("ann", "p1"),
    ];
    let accounts = logins.iter().map(|login| login.account.clone()).collect();
    evening.link(logins);
    let paths = evening.home.paths();
    let history = History::at(&paths.history);
    history.append(&watched(accounts)).unwrap();
    for round in 0..3 {
        evening.start();
        // What may have been sent before waits for half a minute, should it still land.
        evening.until("both have it", Duration::from_secs(90), |evening| {
            let there = evening.story() == "stop*";
            there && evening.discovr.with(|app| app.history.len()) == 1
        });
        let text = || fs::read_to_string(&paths.history).unwrap();
        evening.until("both receipts are written", Duration::from_secs(30), |_| {
            text().matches("\"receipt\"").count() == 2
        });
        let shown = evening.json(&["history", "--json"]);
        assert_eq!(shown[0]["deliveries"][0]["state"], "delivered");
        assert_eq!(evening.json(&["queue", "--json"]).len(), 0);
        evening.end_daemon(if round == 1 {
            Signal::KILL
        } else {
            Signal::TERM
        });
        fs::remove_dir_all(paths.state_dir.join("store")).unwrap();
    }
    assert_eq!(evening.story(), "stop*");
    assert_eq!(evening.discovr.with(|app| app.history.len()), 1);
    evening.assert_clean();
}
