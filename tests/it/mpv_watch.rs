//! The mpv watcher against real mpvs.

mod sockets;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reeld::model::{Item, Location, PlayerId, Signal, Transport, Video};
use rustix::process::{Pid, kill_process};
use serde_json::json;

use crate::support::media::{film, song, tagged_film};
use crate::support::mpv::{Desk, Mpv, check_order, story};
use crate::support::players::{self, is_installed};
use crate::support::watcher::{Watcher, config};

fn tools_are_there() -> bool {
    is_installed("mpv") && is_installed("ffmpeg")
}

async fn until_told(watcher: &mut Watcher, player: &str, last: &str) {
    watcher
        .until(last, |all| {
            story(all, player).last().is_some_and(|told| told == last)
        })
        .await;
}

async fn vanished(watcher: &mut Watcher, player: &str) {
    until_told(watcher, player, "vanished").await;
    check_order(watcher, player);
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn items(watcher: &Watcher, player: &str) -> Vec<Item> {
    let items = watcher
        .signals(player)
        .into_iter()
        .filter_map(|signal| match signal {
            Signal::Opened(item) | Signal::Refined(item) => Some(*item),
            _ => None,
        });
    items.collect()
}

/// Asks until mpv is somewhere in there.
async fn is_at(watcher: &mut Watcher, mpv: &Mpv, from: f64, to: f64) -> f64 {
    let before = watcher.seen.len();
    watcher.ask(&mpv.name()).await;
    let mut found = 0.0;
    let next = watcher
        .signal(&mpv.name(), before, "a position", |signal| {
            matches!(signal, Signal::Position { .. })
        })
        .await;
    if let Signal::Position { seconds, .. } = watcher.seen[next - 1].signal {
        found = seconds;
    }
    assert!(
        (from..to).contains(&found),
        "{found}\n{}",
        watcher.transcript()
    );
    found
}

#[tokio::test]
async fn a_film_played_to_its_end_is_one_playback() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    let film = tagged_film(desk.path(), "Heat.1995.mkv", 2);
    let mut watcher = desk.watcher();
    watcher.scanned().await;
    let mpv = desk.mpv(&["Heat.1995.mkv"]);
    vanished(&mut watcher, &mpv.name()).await;
    let expected = [
        "appeared",
        "opened Heat.1995.mkv",
        "playing",
        "ended",
        "vanished",
    ];
    assert_eq!(story(&watcher, &mpv.name()), expected);
    let item = items(&watcher, &mpv.name()).pop().unwrap();
    assert_eq!(item.location, Some(Location::Path(text(&film).to_owned())));
    assert!((item.duration.unwrap() - 2.0).abs() < 0.2);
    assert_eq!(item.title.as_deref(), Some("Heat"));
    assert_eq!(item.tags.get("date"), Some("1995"));
    assert_eq!(item.chapters.len(), 2);
    assert_eq!(item.chapters[1].title, "End Credits");
    assert!((item.chapters[1].start - 1.0).abs() < 0.1);
    assert_eq!(item.video, Video::Yes);
    assert!(!item.network);
    let Signal::Appeared(info) = &watcher.signals(&mpv.name())[0] else {
        panic!("{}", watcher.transcript());
    };
    assert_eq!(info.process.unwrap().pid, mpv.pid());
}

#[tokio::test]
async fn files_of_a_playlist_follow_each_other_and_what_cannot_be_opened_is_passed_over() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 1);
    film(desk.path(), "b.mkv", 1);
    fs::write(
        desk.path().join("list.m3u"),
        "a.mkv\nnone.mkv\nb.mkv\na.mkv\n",
    )
    .unwrap();
    let mut watcher = desk.watcher();
    let mpv = desk.mpv(&["list.m3u"]);
    vanished(&mut watcher, &mpv.name()).await;
    let expected = [
        "appeared",
        "opened a.mkv",
        "playing",
        "ended",
        "opened b.mkv",
        "playing",
        "ended",
        "opened a.mkv",
        "playing",
        "ended",
        "vanished",
    ];
    assert_eq!(story(&watcher, &mpv.name()), expected);
}

#[tokio::test]
async fn a_kept_open_end_is_told_and_what_comes_after_it() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 5);
    let mut watcher = desk.watcher();
    let mpv = desk.mpv(&["--keep-open=yes", "--speed=4", "a.mkv"]);
    until_told(&mut watcher, &mpv.name(), "paused").await;
    is_at(&mut watcher, &mpv, 4.5, 5.5).await;
    mpv.command(&[json!("seek"), json!(1), json!("absolute+exact")]);
    until_told(&mut watcher, &mpv.name(), "jumped to 1").await;
    mpv.set("pause", false);
    until_told(&mut watcher, &mpv.name(), "paused").await;
    mpv.quit();
    vanished(&mut watcher, &mpv.name()).await;
    let expected = [
        "appeared",
        "opened a.mkv",
        "rate 4",
        "playing",
        "reached the end",
        "paused",
        "jumped to 1",
        "playing",
        "reached the end",
        "paused",
        "was stopped",
        "vanished",
    ];
    assert_eq!(story(&watcher, &mpv.name()), expected);
}

#[tokio::test]
async fn a_loop_is_a_jump_in_the_same_playback() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 1);
    let mut watcher = desk.watcher();
    let mpv = desk.mpv(&["--loop-file=1", "a.mkv"]);
    vanished(&mut watcher, &mpv.name()).await;
    let mut story = story(&watcher, &mpv.name());
    // The jump may be told before or after it plays again.
    story.dedup();
    story.retain(|told| told != "playing");
    let expected = [
        "appeared",
        "opened a.mkv",
        "jumped to 0",
        "ended",
        "vanished",
    ];
    assert_eq!(story, expected);
}

#[tokio::test]
async fn pause_resume_jump_and_speed_come_with_positions() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 60);
    let mut watcher = desk.watcher();
    let mpv = desk.mpv(&["a.mkv"]);
    until_told(&mut watcher, &mpv.name(), "playing").await;
    is_at(&mut watcher, &mpv, 0.0, 5.0).await;
    mpv.set("pause", true);
    until_told(&mut watcher, &mpv.name(), "paused").await;
    let Some(Signal::Transport { position, .. }) = watcher
        .signals(&mpv.name())
        .into_iter()
        .rfind(|signal| matches!(signal, Signal::Transport { .. }))
    else {
        panic!("{}", watcher.transcript());
    };
    let paused_at = position.expect("a pause comes with its position");
    let still_at = is_at(&mut watcher, &mpv, 0.0, 20.0).await;
    assert!((paused_at - still_at).abs() < 0.2, "{paused_at} {still_at}");
    mpv.command(&[json!("seek"), json!(40), json!("absolute+exact")]);
    until_told(&mut watcher, &mpv.name(), "jumped to 40").await;
    mpv.set("pause", false);
    until_told(&mut watcher, &mpv.name(), "playing").await;
    mpv.set("speed", 2.0);
    until_told(&mut watcher, &mpv.name(), "rate 2").await;
    is_at(&mut watcher, &mpv, 40.0, 59.0).await;
    mpv.quit();
    vanished(&mut watcher, &mpv.name()).await;
    let expected = [
        "appeared",
        "opened a.mkv",
        "playing",
        "paused",
        "jumped to 40",
        "playing",
        "rate 2",
        "was stopped",
        "vanished",
    ];
    assert_eq!(story(&watcher, &mpv.name()), expected);
}

#[tokio::test]
async fn an_idle_mpv_is_stopped_and_can_be_given_files() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 30);
    film(desk.path(), "b.mkv", 30);
    let mut watcher = desk.watcher();
    let mpv = desk.mpv(&["--idle=yes"]);
    until_told(&mut watcher, &mpv.name(), "stopped").await;
    mpv.command(&[json!("loadfile"), json!("a.mkv")]);
    until_told(&mut watcher, &mpv.name(), "playing").await;
    mpv.command(&[json!("loadfile"), json!("b.mkv")]);
    watcher
        .until("b.mkv", |all| {
            story(all, &mpv.name()).contains(&"opened b.mkv".to_owned())
        })
        .await;
    until_told(&mut watcher, &mpv.name(), "playing").await;
    mpv.command(&[json!("stop")]);
    until_told(&mut watcher, &mpv.name(), "stopped").await;
    mpv.quit();
    vanished(&mut watcher, &mpv.name()).await;
    let expected = [
        "appeared",
        "stopped",
        "opened a.mkv",
        "playing",
        "was stopped",
        "opened b.mkv",
        "playing",
        "was stopped",
        "stopped",
        "vanished",
    ];
    assert_eq!(story(&watcher, &mpv.name()), expected);
}

#[tokio::test]
async fn a_killed_mpv_vanishes_without_an_end() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 30);
    let mut watcher = desk.watcher();
    let mpv = desk.mpv(&["a.mkv"]);
    until_told(&mut watcher, &mpv.name(), "playing").await;
    mpv.signal(rustix::process::Signal::KILL);
    vanished(&mut watcher, &mpv.name()).await;
    let expected = ["appeared", "opened a.mkv", "playing", "vanished"];
    assert_eq!(story(&watcher, &mpv.name()), expected);
}

#[tokio::test]
async fn music_and_covers_have_no_moving_picture() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    song(desk.path(), "song.flac", 2);
    let mut watcher = desk.watcher();
    let mpv = desk.mpv(&["song.flac"]);
    vanished(&mut watcher, &mpv.name()).await;
    let items = items(&watcher, &mpv.name());
    assert!(!items.is_empty(), "{}", watcher.transcript());
    for item in items {
        assert_eq!(item.video, Video::No, "{}", watcher.transcript());
    }
}

#[tokio::test]
async fn skipping_through_a_playlist_never_mixes_two_files() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    let seed = film(desk.path(), "0.mkv", 30);
    let names: Vec<String> = (0..30).map(|n| format!("{n}.mkv")).collect();
    for name in &names[1..] {
        fs::hard_link(&seed, desk.path().join(name)).unwrap();
    }
    let args: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut watcher = desk.watcher();
    let mpv = desk.mpv(&args);
    until_told(&mut watcher, &mpv.name(), "playing").await;
    for _ in 0..29 {
        mpv.command(&[json!("playlist-next")]);
    }
    watcher
        .until("the last file", |all| {
            story(all, &mpv.name()).contains(&"opened 29.mkv".to_owned())
        })
        .await;
    mpv.quit();
    vanished(&mut watcher, &mpv.name()).await;
    let opened: Vec<String> = story(&watcher, &mpv.name())
        .into_iter()
        .filter_map(|told| told.strip_prefix("opened ").map(str::to_owned))
        .collect();
    let mut in_order = opened.clone();
    in_order.sort_by_key(|name| names.iter().position(|known| known == name));
    in_order.dedup();
    assert_eq!(opened, in_order, "{}", watcher.transcript());
}

#[tokio::test]
async fn names_that_are_long_or_not_utf8_are_told() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    let made = film(desk.path(), "made.mkv", 30);
    let strange = desk
        .path()
        .join(OsStr::from_bytes(b"Film \xff\xfe\n\".mkv"));
    fs::rename(made, &strange).unwrap();
    let mut watcher = desk.watcher();
    let mpv = desk.mpv(&["--idle=yes", "--"]);
    until_told(&mut watcher, &mpv.name(), "stopped").await;
    // JSON cannot name it: it is opened through its folder.
    mpv.command(&[json!("loadfile"), json!(text(desk.path()))]);
    until_told(&mut watcher, &mpv.name(), "playing").await;
    let item = items(&watcher, &mpv.name()).pop().unwrap();
    let location = item.location.unwrap();
    assert!(
        location
            .as_str()
            .ends_with("/Film \u{fffd}\u{fffd}\n\".mkv"),
        "{location:?}"
    );
    let long = format!(
        "av://lavfi:testsrc=size=32x32,{}null",
        "null,".repeat(13_000)
    );
    mpv.command(&[json!("loadfile"), json!(long)]);
    watcher
        .until("the long name", |all| {
            items(all, &mpv.name())
                .iter()
                .any(|item| item.location == Some(Location::Url(long.clone())))
        })
        .await;
}

#[tokio::test]
async fn an_mpv_that_stands_still_is_followed_when_it_goes_on() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 60);
    let mpv = desk.mpv(&["a.mkv"]);
    let mut first = desk.watcher();
    until_told(&mut first, &mpv.name(), "playing").await;
    mpv.signal(rustix::process::Signal::STOP);
    let mut second = desk.watcher();
    second.scanned().await;
    assert_eq!(story(&second, &mpv.name()), [""; 0]);
    mpv.signal(rustix::process::Signal::CONT);
    until_told(&mut second, &mpv.name(), "playing").await;
    is_at(&mut first, &mpv, 0.0, 60.0).await;
}

/// Kept under `tests/traces` by `tests/record-traces`.
#[tokio::test]
async fn what_passes_over_the_socket_gives_the_same_again_when_it_is_run_again() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    let mut watcher = desk.watcher();
    let films = [12, 30].map(players::film);
    let mut mpv = desk.mpv(&films.each_ref().map(|film| text(film)));
    let name = mpv.name();
    let playing = |signal: &Signal| matches!(signal, Signal::Transport { state, .. } if *state == Transport::Playing);
    let at = watcher.signal(&name, 0, "playing", playing).await;
    watcher.listen(Duration::from_secs(2)).await;
    watcher.ask(&name).await;
    mpv.set("pause", true);
    watcher.listen(Duration::from_secs(2)).await;
    mpv.set("pause", false);
    let at = watcher.signal(&name, at, "the resume", playing).await;
    mpv.command(&[json!("seek"), json!(3)]);
    let second = |signal: &Signal| match signal {
        Signal::Opened(item) => item.location == Some(Location::Path(text(&films[1]).to_owned())),
        _ => false,
    };
    let at = watcher.signal(&name, at, "the next film", second).await;
    watcher.signal(&name, at, "playing on", playing).await;
    watcher.listen(Duration::from_secs(3)).await;
    watcher.ask(&name).await;
    watcher.listen(Duration::from_secs(1)).await;
    mpv.quit();
    mpv.wait();
    vanished(&mut watcher, &name).await;
    watcher.save_of("mpv-socket-viewing", &name);
}

#[tokio::test]
async fn an_mpv_that_makes_thumbnails_is_nobodys_player() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 20);
    let mut watcher = desk.watcher();
    // As thumbfast starts it.
    let encoding = ["--ovc=rawvideo", "--of=image2", "--ofopts=update=1"];
    let mut args = vec!["--idle", "--pause", "--keep-open=always", "--o=a.bgra"];
    args.extend(encoding);
    args.push("a.mkv");
    let mpv = desk.mpv(&args);
    let id = PlayerId::new(&mpv.name());
    let is_ignored = |signal: &Signal| matches!(signal, Signal::Appeared(info) if info.ignored.as_ref().is_some_and(|why| why.contains("thumbnails")));
    watcher
        .until("why it is ignored", |all| {
            all.seen
                .iter()
                .any(|seen| seen.player == id && is_ignored(&seen.signal))
        })
        .await;
}

/// Players start others, which inherit the connection: thumbnails, downloaders.
#[tokio::test]
async fn one_that_is_killed_is_gone_though_what_it_started_holds_the_connection() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 60);
    let mut watcher = desk.watcher();
    watcher.scanned().await;
    let mut mpv = desk.mpv(&["a.mkv"]);
    until_told(&mut watcher, &mpv.name(), "playing").await;
    let note = desk.path().join("child");
    let child = "echo $$ > child.new && mv child.new child && exec sleep 120";
    mpv.command(&[json!("run"), json!("sh"), json!("-c"), json!(child)]);
    let number = number_in(&note).await;
    let sleeper = Pid::from_raw(number).unwrap();
    let open = fs::read_dir(format!("/proc/{number}/fd")).unwrap();
    let is_socket = |target: PathBuf| target.to_string_lossy().starts_with("socket:");
    let inherited = open.filter(|fd| {
        let fd = fd.as_ref().unwrap();
        fs::read_link(fd.path()).is_ok_and(is_socket)
    });
    let inherited = inherited.count();
    mpv.signal(rustix::process::Signal::KILL);
    mpv.wait();
    vanished(&mut watcher, &mpv.name()).await;
    kill_process(sleeper, rustix::process::Signal::KILL).unwrap();
    assert!(
        inherited > 0,
        "mpv keeps its connections to itself: nothing is shown"
    );
}

/// The number in a file that is being written.
async fn number_in(note: &Path) -> i32 {
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        if let Ok(text) = fs::read_to_string(note) {
            return text.trim().parse().unwrap();
        }
        assert!(Instant::now() < patience, "the child never ran");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
