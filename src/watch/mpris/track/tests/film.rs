//! What is found out about a file where the player says too little.

use super::*;

#[test]
fn a_file_is_looked_into_once_and_sound_in_a_films_clothes_is_sound() {
    let mut vlc = Player::new("vlc");
    vlc.hears(0, with(Transport::Playing, file("a.webm", Some(60.0))));
    assert_eq!(vlc.0.lookups(), [Lookup::Video("/v/a.webm".into())]);
    let found = |video| Found::Video("/v/a.webm".into(), video);
    vlc.0.found(found(Video::Yes), at(5));
    assert_eq!(vlc.said(), [""; 0]);
    vlc.0.found(found(Video::No), at(10));
    assert_eq!(vlc.said(), ["refined /v/a.webm() Some(60.0)"]);
    let open = |player: &Player| player.0.open.as_ref().unwrap().item.video;
    assert_eq!(open(&vlc), Video::No);
    let titled = Metadata {
        title: Some("A".into()),
        ..file("a.webm", Some(60.0))
    };
    vlc.hears(1000, only(titled));
    vlc.settle(1300);
    assert_eq!(open(&vlc), Video::No);
    assert_eq!(vlc.0.lookups(), []);
    vlc.hears(2000, only(file("b.mp3", Some(60.0))));
    assert_eq!(vlc.0.lookups(), []);
    let network = Metadata {
        url: Some("smb://nas/c.mkv".into()),
        ..file("", Some(60.0))
    };
    vlc.hears(3000, only(network));
    vlc.settle(3300);
    assert_eq!(vlc.0.lookups(), []);
}

#[test]
fn a_player_that_does_not_say_what_it_plays_is_known_by_the_film_it_has_open() {
    let untitled = |length| Metadata {
        length,
        ..Metadata::default()
    };
    let mut totem = Player::new("totem");
    totem.hears(0, with(Transport::Playing, untitled(Some(60.0))));
    assert_eq!(totem.settle(300), ["opened () Some(60.0)", "Playing"]);
    assert_eq!(totem.0.lookups(), [Lookup::OpenFilm]);
    totem.0.found(Found::OpenFilm("/v/a.mkv".into()), at(310));
    assert_eq!(totem.said(), ["refined /v/a.mkv() Some(60.0)"]);
    assert_eq!(totem.0.lookups(), [Lookup::Video("/v/a.mkv".into())]);
    totem.answers(20_000, 20.0);
    totem.hears(21_000, only(untitled(Some(90.0))));
    totem.answers(21_010, 0.1);
    assert_eq!(totem.settle(21_300), ["opened () Some(90.0)", "Playing"]);
    assert_eq!(totem.0.lookups(), [Lookup::OpenFilm]);
}

#[test]
fn another_film_in_a_player_that_does_not_say_what_it_plays_is_another_item() {
    type Hint = (&'static str, fn(&mut Player));
    let nothing = || Metadata {
        length: Some(60.0),
        ..Metadata::default()
    };
    let found = |path: &str| Found::OpenFilm(path.into());
    let mut totem = Player::playing("totem", nothing());
    totem.0.found(found("/v/1.mkv"), at(320));
    totem.said();
    totem.0.lookups();
    totem.answers(20_000, 20.0);
    totem.settle(20_500);
    assert_eq!(totem.0.lookups(), [], "it goes on");

    let hints: [Hint; 3] = [
        ("seekable", |totem| {
            let can_seek = true;
            let said = Properties {
                can_seek,
                ..Properties::default()
            };
            totem.0.changed(said, at(21_000));
        }),
        ("paused", |totem| {
            totem.0.changed(state(Transport::Paused), at(22_000));
        }),
        ("jumped", |totem| {
            totem.0.answered(Answer::Position(0.2), at(23_000));
        }),
    ];
    for ((hint, give), at_ms) in hints.into_iter().zip((21_500..).step_by(1000)) {
        give(&mut totem);
        totem.settle(at_ms);
        assert_eq!(totem.0.lookups(), [Lookup::OpenFilm], "{hint}");
    }
    totem.0.found(found("/v/1.mkv"), at(23_600));
    assert_eq!(totem.said(), [""; 0]);
    totem.0.found(found("/v/2.mkv"), at(23_700));
    assert_eq!(totem.said(), ["opened /v/2.mkv() Some(60.0)", "Paused"]);
    assert_eq!(totem.0.lookups(), [Lookup::Video("/v/2.mkv".into())]);
}

#[test]
fn a_look_that_came_while_both_films_or_none_were_open_is_taken_again_with_the_positions() {
    let nothing = || Metadata {
        length: Some(60.0),
        ..Metadata::default()
    };
    let found = |path: &str| Found::OpenFilm(path.into());
    let mut totem = Player::playing("totem", nothing());
    totem.0.found(found("/v/1.mkv"), at(320));
    let mut looks = |at_ms, finds: Option<&str>| {
        totem.0.asked();
        let looked = totem.0.lookups().contains(&Lookup::OpenFilm);
        if let Some(path) = finds {
            totem.0.found(found(path), at(at_ms));
        }
        (looked, totem.said())
    };
    // The first one: once more, as it may have been the film before.
    assert!(looks(10_000, Some("/v/1.mkv")).0);
    assert!(looks(15_000, Some("/v/1.mkv")).0);
    assert!(!looks(20_000, None).0, "settled");
    totem.0.answered(Answer::Position(40.0), at(20_000));
    totem.0.answered(Answer::Position(0.2), at(21_000));
    totem.settle(21_500);
    assert_eq!(totem.0.lookups(), [Lookup::OpenFilm]);
    let mut looks = |at_ms, finds: Option<&str>| {
        totem.0.asked();
        let looked = totem.0.lookups().contains(&Lookup::OpenFilm);
        if let Some(path) = finds {
            totem.0.found(found(path), at(at_ms));
        }
        (looked, totem.said())
    };
    // Both, three times, then the next one alone.
    for at_ms in [50_000, 80_000, 110_000] {
        assert!(looks(at_ms, None).0, "{at_ms}");
    }
    let (looked, said) = looks(140_000, Some("/v/2.mkv"));
    assert!(looked);
    assert_eq!(said, ["opened /v/2.mkv() Some(60.0)", "Playing"]);
    assert!(!looks(170_000, None).0, "settled");
}

#[test]
fn a_file_that_was_named_is_not_the_film_that_is_open() {
    let mut vlc = Player::playing("vlc", file("link.mkv", Some(60.0)));
    vlc.0.lookups();
    vlc.hears(1000, only(titled("A", Some(60.0))));
    vlc.settle(1300);
    assert_eq!(vlc.0.lookups(), []);
    vlc.0
        .found(Found::OpenFilm("/data/film.mkv".into()), at(1400));
    assert_eq!(vlc.said(), [""; 0]);
}
