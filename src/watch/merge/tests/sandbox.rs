//! Players in a sandbox, whose process nobody knows: they are told by what they play.

use super::*;

#[test]
fn a_sandboxed_player_is_known_by_what_it_plays() {
    let mut scene = Scene::new();
    scene.step(
        BUS,
        info(Source::Mpris, None),
        &["mpris:mpv appeared on Mpris"],
    );
    scene.step(MPV, info(Source::Mpv, Some(7)), &["mpv-7 appeared on Mpv"]);
    scene.step(MPV, Signal::Opened(item("/a")), &["mpv-7 opened /a"]);
    scene.step(BUS, Signal::Opened(item("/b")), &["mpris:mpv opened /b"]);
    scene.step(
        BUS,
        Signal::Opened(item("/a")),
        &[
            "mpris:mpv opened /a",
            "mpris:mpv ignored: watched through its mpv socket",
        ],
    );
    scene.step(BUS, playing(), &[]);
}

/// A sandboxed player and an mpv that both have `/a` open and play it.
fn one_by_place() -> Scene {
    let mut scene = Scene::new();
    scene.quietly(MPV, info(Source::Mpv, Some(7)));
    scene.quietly(MPV, Signal::Opened(item("/a")));
    scene.quietly(MPV, playing());
    scene.quietly(BUS, info(Source::Mpris, None));
    scene.quietly(BUS, Signal::Opened(item("/a")));
    scene.quietly(BUS, playing());
    scene
}

#[test]
fn a_sandboxed_player_that_opens_something_else_is_a_player_of_its_own_again() {
    let mut scene = one_by_place();
    scene.step(
        BUS,
        Signal::Opened(item("/b")),
        &[
            "mpris:mpv appeared on Mpris",
            "mpris:mpv opened /b",
            "mpris:mpv rate 1",
            "mpris:mpv Playing None",
        ],
    );
    let position = |seconds| Signal::Position {
        seconds,
        seeked: false,
    };
    scene.step(BUS, position(5.0), &["mpris:mpv at 5"]);
    scene.step(MPV, position(9.0), &["mpv-7 at 9"]);
    scene.step(
        MPV,
        Signal::Opened(item("/b")),
        &[
            "mpv-7 opened /b",
            "mpris:mpv ignored: watched through its mpv socket",
        ],
    );
}

#[test]
fn a_sandboxed_player_is_not_hidden_by_an_mpv_that_goes_on_to_something_else() {
    let mut scene = one_by_place();
    scene.step(
        MPV,
        Signal::Opened(item("/b")),
        &[
            "mpv-7 opened /b",
            "mpris:mpv appeared on Mpris",
            "mpris:mpv opened /a",
            "mpris:mpv rate 1",
            "mpris:mpv Playing Some(1.0)",
        ],
    );
    scene.step(BUS, Signal::Vanished, &["mpris:mpv vanished"]);
}

#[test]
fn a_sandboxed_player_does_not_speak_for_a_process_whose_socket_went() {
    let mut scene = one_by_place();
    scene.quietly("mpris:mpv.7", info(Source::Mpris, Some(7)));
    scene.step(
        MPV,
        Signal::Vanished,
        &[
            "mpv-7 appeared on Mpris",
            "mpv-7 Ended(Stopped)",
            "mpris:mpv ignored: the same player as mpv-7",
            "mpris:mpv.7 ignored: the same player as mpv-7",
            "mpris:mpv appeared on Mpris",
            "mpris:mpv opened /a",
            "mpris:mpv rate 1",
            "mpris:mpv Playing Some(2.0)",
        ],
    );
}

#[test]
fn a_socket_that_comes_back_is_not_the_sandboxed_player_left_under_its_name() {
    let mut scene = one_by_place();
    scene.quietly(MPV, Signal::Vanished);
    scene.quietly("mpris:mpv.7", info(Source::Mpris, Some(7)));
    scene.quietly("mpris:mpv.7", Signal::Opened(item("/b")));
    scene.step(
        MPV,
        info(Source::Mpv, Some(7)),
        &[
            "mpv-7 vanished",
            "mpris:mpv appeared on Mpris",
            "mpris:mpv opened /a",
            "mpris:mpv rate 1",
            "mpris:mpv Playing Some(4.0)",
            "mpv-7 ignored: the same player as mpris:mpv.7",
        ],
    );
}

/// What came of it at all, by player.
fn spoken(scene: &mut Scene, player: &str, signal: Signal) -> Vec<String> {
    scene.second += 1;
    let out = scene.merge.handle(Observation {
        at: at(scene.second),
        player: PlayerId::new(player),
        signal,
    });
    short(&out)
}

#[test]
fn a_sandboxed_player_that_plays_what_a_paused_mpv_has_open_is_another_player() {
    let mut scene = Scene::new();
    scene.quietly(MPV, info(Source::Mpv, Some(7)));
    scene.quietly(MPV, Signal::Opened(item("/a")));
    scene.quietly(MPV, paused());
    scene.quietly("mpris:vlc", named("VLC", Source::Mpris, None));
    scene.quietly("mpris:vlc", Signal::Opened(item("/a")));
    let said = spoken(&mut scene, "mpris:vlc", playing());
    assert!(
        said.contains(&"mpris:vlc appeared on Mpris".to_owned()),
        "{said:?}"
    );
    assert!(said.contains(&"mpris:vlc opened /a".to_owned()), "{said:?}");
    let here = Signal::Position {
        seconds: 5.0,
        seeked: false,
    };
    scene.step("mpris:vlc", here.clone(), &["mpris:vlc at 5"]);
    // Also where the mpv played first.
    let mut scene = one_by_place();
    scene.step(BUS, here.clone(), &[]);
    let said = spoken(&mut scene, MPV, paused());
    assert!(
        said.contains(&"mpris:mpv appeared on Mpris".to_owned()),
        "{said:?}"
    );
    scene.step(BUS, here, &["mpris:mpv at 5"]);
    // Paused as well: it was the mpv's own bus that was late.
    let said = spoken(&mut scene, BUS, paused());
    let one = "mpris:mpv ignored: watched through its mpv socket".to_owned();
    assert!(said.contains(&one), "{said:?}");
}

#[test]
fn an_mpv_that_something_built_of_a_browser_started_is_not_its_own_whatever_it_calls_itself() {
    for (id, is_own) in [
        ("mpris:chromium", false),
        ("mpris:zen-1", false),
        ("mpris:firefox#3", false),
        ("mpris:io.github.celluloid_player.Celluloid", true),
    ] {
        let mut scene = Scene::new();
        let mut ignored = PlayerInfo {
            name: "FreeTube".into(),
            source: Source::Mpris,
            process: Some(process(1)),
            ignored: Some("a browser".into()),
        };
        scene.quietly(id, Signal::Appeared(ignored.clone()));
        let said = spoken(&mut scene, "mpv-2", info(Source::Mpv, Some(2)));
        assert_eq!(said[0].contains("plays for"), is_own, "{id}: {said:?}");
        // Allowed, it is a player beside the mpv.
        ignored.ignored = None;
        let said = spoken(&mut scene, id, Signal::Appeared(ignored));
        assert_eq!(said.len() > 1, is_own, "{id}: {said:?}");
    }
}
