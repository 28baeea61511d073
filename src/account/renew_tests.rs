use super::*;
use crate::model::Wall;

const NOW: Wall = Wall(1_795_312_800_000);

fn old() -> Tokens {
    Tokens {
        access: Some(Secret::new("a1")),
        access_expires_at: NOW,
        access_life: USUAL_LIFE,
        refresh: Secret::new("r1"),
        refresh_expires_at: Some(Wall(5)),
    }
}

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        body: body.to_owned(),
        at: NOW,
        ..Answer::default()
    }
}

#[test]
fn a_rotated_pair_replaces_the_old_one_whole() {
    let body = r#"{"access_token":"a2","refresh_token":"r2","expires_in":600,"scope":"x"}"#;
    let new = refreshed(&answer(200, body), &old()).unwrap();
    assert_eq!(new.access, Some(Secret::new("a2")));
    assert_eq!(new.refresh, Secret::new("r2"));
    assert_eq!(new.access_expires_at, NOW.plus(Duration::from_secs(600)));
    assert_eq!(new.refresh_expires_at, Some(Wall(5)));
}

#[test]
fn the_old_refresh_token_stays_only_when_the_answer_has_none() {
    let new = refreshed(&answer(200, r#"{"access_token":"a2"}"#), &old()).unwrap();
    assert_eq!(new.refresh, Secret::new("r1"));
    assert_eq!(new.access_life, USUAL_LIFE);
}

#[test]
fn only_words_end_a_login_and_never_a_status() {
    let error = |code: &str| format!(r#"{{"error":"{code}"}}"#);
    for (status, body, ends) in [
        (400, error("invalid_grant"), true),
        (401, error("invalid_client"), true),
        (400, error("unauthorized_client"), true),
        (400, error("invalid_request"), false),
        (400, String::new(), false),
        (401, String::new(), false),
        (401, error("invalid_token"), false),
        (403, error("invalid_grant"), false),
        (403, "<html>invalid_grant</html>".to_owned(), false),
        (404, error("not_found"), false),
        (429, error("invalid_grant"), false),
        (500, error("invalid_grant"), false),
        (503, "no available server".to_owned(), false),
        (200, "<html>".to_owned(), false),
        (200, r#"{"refresh_token":"r2"}"#.to_owned(), false),
    ] {
        let refused = refreshed(&answer(status, &body), &old()).unwrap_err();
        let ended = matches!(refused, Unavailable::NeedsLogin(_));
        assert_eq!(ended, ends, "{status} {body}");
    }
}

#[test]
fn a_throttled_refresh_waits_long_though_nobody_says_how_long() {
    let Err(Unavailable::Later { after, fault, .. }) = refreshed(&answer(429, ""), &old()) else {
        panic!("429 is for later");
    };
    assert_eq!((after, fault), (Some(AFTER_THROTTLED), Fault::Throttled));
}

#[test]
fn scopes_come_as_a_list_or_as_words() {
    assert_eq!(scopes(Some(&json!("a b"))), ["a", "b"]);
    assert_eq!(scopes(Some(&json!(["a", "b"]))), ["a", "b"]);
    assert_eq!(scopes(Some(&json!(7))), Vec::<String>::new());
    assert_eq!(scopes(None), Vec::<String>::new());
}

#[test]
fn a_new_session_token_lives_whatever_the_clocks_say() {
    let life = |expires_at: i64| {
        let body = format!(r#"{{"sessionToken":"s","expiresAt":{expires_at}}}"#);
        let new = minted(&answer(200, &body), &old()).unwrap();
        new.access_life
    };
    let now = NOW.0 / 1000;
    assert_eq!(life(now + 1200), Duration::from_secs(1200));
    for wrong in [now - 3600, now, now + 5] {
        assert_eq!(life(wrong), SESSION_LIFE);
    }
}

#[test]
fn a_dead_login_at_discovr_is_known_wherever_its_word_stands() {
    for body in [
        r#"{"code":"TOKEN_INVALID"}"#,
        r#"{"error":{"code":"TOKEN_EXPIRED"}}"#,
        r#"{"error":"SESSION_EXPIRED"}"#,
        r#"{"message":"TOKEN_INVALID"}"#,
    ] {
        let refused = minted(&answer(401, body), &old()).unwrap_err();
        assert!(matches!(refused, Unavailable::NeedsLogin(_)), "{body}");
    }
}
