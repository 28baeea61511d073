//! The MPRIS watcher on a bus that comes and goes, with players that misbehave.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reeld::model::{Location, PlayerId, Signal, Transport, Video};
use zbus::Variant;

use crate::support::bus::PrivateBus;
use crate::support::fake_player::{FakePlayer, metadata};
use crate::support::media;
use crate::support::players::is_installed;
use crate::support::watcher::{Watcher, config};

fn appeared(name: &str) -> impl Fn(&Signal) -> bool {
    let name = name.to_owned();
    move |signal| matches!(signal, Signal::Appeared(info) if info.name == name && info.ignored.is_none())
}

fn ignored(signal: &Signal) -> bool {
    matches!(signal, Signal::Appeared(info) if info.ignored.is_some())
}

fn opened(path: &str) -> impl Fn(&Signal) -> bool {
    let path = Location::Path(path.to_owned());
    move |signal| matches!(signal, Signal::Opened(item) if item.location.as_ref() == Some(&path))
}

fn playing(path: &str) -> [(&'static str, Variant<'static>); 3] {
    let url = Variant::from(path.to_owned());
    [
        ("PlaybackStatus", "Playing".into()),
        (
            "Metadata",
            metadata(&[
                ("xesam:url", url),
                ("mpris:length", 5_400_000_000i64.into()),
            ]),
        ),
        ("Position", 1_000_000i64.into()),
    ]
}

/// A bus, and the watcher on it after its first scan.
async fn scene() -> Option<(tempfile::TempDir, PrivateBus, Watcher)> {
    if !is_installed("socat") {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let bus = PrivateBus::start(folder.path());
    let mut watcher = Watcher::start(bus.address());
    watcher.scanned().await;
    Some((folder, bus, watcher))
}

#[tokio::test]
async fn players_that_are_there_at_the_start_are_told_of_before_the_scan_is_done() {
    if !is_installed("socat") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let bus = PrivateBus::start(folder.path());
    let vlc = FakePlayer::start(&bus, "vlc").await;
    vlc.quietly(&playing("/v/a.mkv"));
    let _hung = {
        let hung = FakePlayer::start(&bus, "hung").await;
        hung.mute(true);
        hung
    };
    let mut watcher = Watcher::start(bus.address());
    watcher.scanned().await;
    assert!(watcher.signals("mpris:vlc").iter().any(opened("/v/a.mkv")));
    assert!(watcher.signals("mpris:hung").iter().any(appeared("hung")));
    assert_eq!(watcher.scans, 1);
}

#[tokio::test]
async fn values_of_any_type_are_read() {
    let Some((_folder, bus, mut watcher)) = scene().await else {
        return;
    };
    let lengths: [Variant<'static>; 5] = [
        5_400_000_000i64.into(),
        5_400_000_000u64.into(),
        5_400_000_000.0f64.into(),
        "5400000000".into(),
        Variant::new(Variant::from(5_400_000_000i64)),
    ];
    for (n, length) in lengths.into_iter().enumerate() {
        let name = format!("fake{n}");
        let player = FakePlayer::start(&bus, &name).await;
        let map = metadata(&[
            ("mpris:length", length),
            ("mpris:trackid", "not a path".into()),
            ("xesam:url", "file:///v/%C3%84.mkv".into()),
            ("xesam:artist", "A Series".into()),
            ("xesam:trackNumber", "4".into()),
        ]);
        player
            .set(&[("PlaybackStatus", "Playing".into()), ("Metadata", map)])
            .await;
        let id = format!("mpris:{name}");
        watcher
            .signal(&id, 0, "an item", |signal| match signal {
                Signal::Opened(item) => {
                    item.location == Some(Location::Path("/v/Ä.mkv".into()))
                        && item.duration == Some(5400.0)
                        && item.tags.get("xesam:artist") == Some("A Series")
                }
                _ => false,
            })
            .await;
    }
}

#[tokio::test]
async fn a_player_that_never_answers_appears_under_its_bus_name_and_holds_nobody_up() {
    let Some((_folder, bus, mut watcher)) = scene().await else {
        return;
    };
    let hung = FakePlayer::connect(&bus).await;
    hung.mute(true);
    hung.own("hung").await;
    let vlc = FakePlayer::start(&bus, "vlc").await;
    let before = Instant::now();
    vlc.set(&playing("/v/a.mkv")).await;
    watcher
        .signal("mpris:vlc", 0, "the film", opened("/v/a.mkv"))
        .await;
    watcher.ask("mpris:hung").await;
    watcher.ask("mpris:vlc").await;
    watcher
        .signal("mpris:vlc", 0, "its position", |s| {
            matches!(s, Signal::Position { .. })
        })
        .await;
    assert!(
        before.elapsed() < Duration::from_secs(1),
        "{:?}",
        before.elapsed()
    );
    watcher
        .signal("mpris:hung", 0, "the hung one", appeared("hung"))
        .await;
    // When it shows life it is read after all, and introduces itself.
    hung.mute(false);
    hung.set(&playing("/v/b.mkv")).await;
    watcher
        .signal("mpris:hung", 0, "its film", opened("/v/b.mkv"))
        .await;
    watcher
        .signal("mpris:hung", 0, "its name", appeared("Fake"))
        .await;
}

#[tokio::test]
async fn a_player_that_refuses_things_is_read_as_far_as_it_goes() {
    let Some((_folder, bus, mut watcher)) = scene().await else {
        return;
    };
    let player = FakePlayer::connect(&bus).await;
    player.identity(None);
    player.refuse("GetAll");
    player.refuse("Position");
    player.quietly(&playing("/v/a.mkv"));
    player.own("odd").await;
    let at = watcher
        .signal("mpris:odd", 0, "the film", opened("/v/a.mkv"))
        .await;
    watcher
        .signal("mpris:odd", at, "that it has no position", |s| {
            *s == Signal::PositionUnknown
        })
        .await;
}

#[tokio::test]
async fn a_change_without_its_value_is_looked_up() {
    let Some((_folder, bus, mut watcher)) = scene().await else {
        return;
    };
    let player = FakePlayer::start(&bus, "vlc").await;
    watcher
        .signal("mpris:vlc", 0, "the player", appeared("Fake"))
        .await;
    player.quietly(&playing("/v/a.mkv"));
    let nothing = std::collections::BTreeMap::<&str, Variant<'_>>::new();
    player
        .says(&("org.mpris.MediaPlayer2.Player", nothing, vec!["Metadata"]))
        .await;
    watcher
        .signal("mpris:vlc", 0, "the film", opened("/v/a.mkv"))
        .await;
}

#[tokio::test]
async fn two_names_of_one_connection_are_one_player_until_the_last_is_gone() {
    let Some((_folder, bus, mut watcher)) = scene().await else {
        return;
    };
    let vlc = FakePlayer::start(&bus, "vlc").await;
    vlc.own("vlc.instance4711").await;
    vlc.set(&playing("/v/a.mkv")).await;
    watcher
        .signal("mpris:vlc", 0, "the film", opened("/v/a.mkv"))
        .await;
    vlc.disown("vlc").await;
    vlc.set(&playing("/v/b.mkv")).await;
    watcher
        .signal("mpris:vlc", 0, "the next film", opened("/v/b.mkv"))
        .await;
    vlc.disown("vlc.instance4711").await;
    watcher
        .signal("mpris:vlc", 0, "its end", |s| *s == Signal::Vanished)
        .await;
    assert!(
        watcher
            .seen
            .iter()
            .all(|seen| seen.player == PlayerId::new("mpris:vlc"))
    );
}

#[tokio::test]
async fn who_is_denied_is_told_of_once_and_never_spoken_to() {
    let Some((_folder, bus, mut watcher)) = scene().await else {
        return;
    };
    let denied = [
        "playerctld",
        "kdeconnect.mpris_000001",
        "firefox.instance_1_23",
        "spotify",
    ];
    for name in denied {
        let player = FakePlayer::start(&bus, name).await;
        let short = name.split('.').next().unwrap();
        let id = format!("mpris:{short}");
        watcher.signal(&id, 0, "that it is ignored", ignored).await;
        player.set(&playing("/v/a.mkv")).await;
        player.seeked(&(1i64,)).await;
        watcher.listen(Duration::from_millis(50)).await;
        assert_eq!(watcher.signals(&id).len(), 1, "{:?}", watcher.signals(&id));
        assert_eq!(player.asked(), [""; 0], "{name}");
    }
}

#[tokio::test]
async fn a_change_of_the_configuration_decides_anew() {
    let Some((_folder, bus, mut watcher)) = scene().await else {
        return;
    };
    let vlc = FakePlayer::start(&bus, "vlc").await;
    vlc.identity(Some("VLC media player"));
    vlc.quietly(&playing("/v/a.mkv"));
    let firefox = FakePlayer::start(&bus, "firefox.instance_1_2").await;
    firefox.quietly(&playing("https://video.example/a"));
    watcher
        .signal("mpris:vlc", 0, "the film", opened("/v/a.mkv"))
        .await;
    watcher
        .signal("mpris:firefox", 0, "that it is ignored", ignored)
        .await;

    let mut changed = config();
    changed.players.deny = vec!["vlc*".into()];
    changed.players.allow = vec!["firefox".into()];
    watcher.config.send(Arc::new(changed)).unwrap();
    watcher
        .signal("mpris:vlc", 0, "that it is ignored", ignored)
        .await;
    let is_open = |signal: &Signal| matches!(signal, Signal::Opened(_));
    watcher
        .signal("mpris:firefox", 0, "the page", is_open)
        .await;
    let heard = watcher.seen.len();
    vlc.set(&playing("/v/b.mkv")).await;
    watcher.listen(Duration::from_millis(100)).await;
    assert!(
        watcher.seen[heard..]
            .iter()
            .all(|seen| seen.player != PlayerId::new("mpris:vlc"))
    );

    watcher.config.send(Arc::new(config())).unwrap();
    watcher
        .signal("mpris:vlc", heard, "the film", opened("/v/b.mkv"))
        .await;
    watcher
        .signal("mpris:firefox", heard, "that it is ignored", ignored)
        .await;
}

#[tokio::test]
async fn ids_are_not_given_to_another_process_and_an_mpv_is_hinted_at() {
    let Some((_folder, bus, mut watcher)) = scene().await else {
        return;
    };
    let hint = Arc::clone(&watcher.rescan);
    let mpv = FakePlayer::start(&bus, "mpv").await;
    watcher
        .signal("mpris:mpv", 0, "the player", appeared("Fake"))
        .await;
    tokio::time::timeout(Duration::from_secs(5), hint.notified())
        .await
        .unwrap();
    drop(mpv);
    watcher
        .signal("mpris:mpv", 0, "its end", |s| *s == Signal::Vanished)
        .await;
    let _mpv = FakePlayer::start(&bus, "mpv").await;
    let another = |all: &Watcher| {
        let mut ids = all.seen.iter().map(|seen| seen.player.to_string());
        ids.any(|id| id.starts_with("mpris:mpv-"))
    };
    watcher.until("another id", another).await;
}

#[tokio::test]
async fn a_bus_that_goes_and_comes_back_is_joined_again() {
    if !is_installed("socat") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let bus = PrivateBus::start(folder.path());
    let address = bus.address();
    let vlc = FakePlayer::start(&bus, "vlc").await;
    let mut watcher = Watcher::start(address);
    watcher
        .signal("mpris:vlc", 0, "the player", appeared("Fake"))
        .await;
    drop((bus, vlc));
    watcher
        .until("that the bus is gone", |all| all.unavailable.is_some())
        .await;
    watcher
        .signal("mpris:vlc", 0, "its end", |s| *s == Signal::Vanished)
        .await;
    let heard = watcher.seen.len();
    let bus = PrivateBus::start(folder.path());
    watcher
        .until("that the bus is back", |all| all.unavailable.is_none())
        .await;
    let totem = FakePlayer::start(&bus, "totem").await;
    totem.set(&playing("/v/a.mkv")).await;
    watcher
        .signal("mpris:totem", heard, "the film", opened("/v/a.mkv"))
        .await;
    assert_eq!(watcher.scans, 1, "a scan is the first one only");
}

#[tokio::test]
async fn without_a_bus_the_first_scan_is_done_and_the_bus_is_joined_when_it_appears() {
    if !is_installed("socat") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("bus");
    let address = format!("unix:path={}", socket.display()).parse().unwrap();
    let mut watcher = Watcher::start(address);
    watcher.scanned().await;
    let words = watcher.unavailable.clone().unwrap();
    assert!(words.starts_with("no session bus"), "{words}");
    // Longer than a socket that is not listened on yet is tried.
    watcher.listen(Duration::from_secs(5)).await;
    let bus = PrivateBus::start(folder.path());
    let vlc = FakePlayer::start(&bus, "vlc").await;
    vlc.set(&playing("/v/a.mkv")).await;
    watcher
        .signal("mpris:vlc", 0, "the film", opened("/v/a.mkv"))
        .await;
    assert_eq!(watcher.unavailable, None);
}

fn has_stopped(signal: &Signal) -> bool {
    matches!(
        signal,
        Signal::Transport {
            state: Transport::Stopped,
            ..
        }
    )
}

#[tokio::test]
async fn in_a_storm_it_stays_responsive_and_bounded() {
    let Some((_folder, bus, mut watcher)) = scene().await else {
        return;
    };
    let mut storm = Vec::new();
    for n in 0..50 {
        storm.push(FakePlayer::start(&bus, &format!("storm{n}.instance{n}")).await);
    }
    let calm = FakePlayer::start(&bus, "vlc").await;
    watcher
        .signal("mpris:vlc", 0, "the calm one", has_stopped)
        .await;
    let before = Instant::now();
    for round in 0..60u32 {
        // Fifty signals every fiftieth of a second, for more than a second, half of them nonsense.
        let next = tokio::time::Instant::now() + Duration::from_millis(20);
        for (n, player) in storm.iter().enumerate() {
            match (n + round as usize) % 8 {
                0 => player.set(&playing(&format!("/v/{round}.mkv"))).await,
                1 => player.seeked(&("not a number", round)).await,
                2 => player.says(&("not", "a", "change")).await,
                3 => {
                    player
                        .set(&[("PlaybackStatus", Variant::from(round))])
                        .await
                }
                4 => {
                    player
                        .set(&[("Metadata", Variant::from(vec!["none"]))])
                        .await
                }
                5 => {
                    player
                        .set(&[("Position", f64::NAN.into()), ("Rate", (-1.0).into())])
                        .await
                }
                6 => player.seeked(&(i64::from(round),)).await,
                _ if round % 20 == 7 => {
                    let name = format!("storm{n}.instance{n}");
                    player.disown(&name).await;
                    player.own(&name).await;
                }
                _ => player.set(&[("PlaybackStatus", "Playing".into())]).await,
            }
        }
        watcher.drain();
        tokio::time::sleep_until(next).await;
    }
    let (stormed, told) = (before.elapsed(), watcher.seen.len());
    let asked = Instant::now();
    calm.set(&playing("/v/calm.mkv")).await;
    watcher
        .signal("mpris:vlc", 0, "the calm one's film", opened("/v/calm.mkv"))
        .await;
    let waited = asked.elapsed();
    eprintln!("3000 signals in {stormed:?}: {told} observations; then answered in {waited:?}");
    assert!(waited < Duration::from_millis(500), "{waited:?}");
    assert!(told < 6000, "{told}");
    drop(storm);
    let all_gone = |all: &Watcher| {
        let ends = all
            .seen
            .iter()
            .filter(|seen| seen.signal == Signal::Vanished);
        ends.map(|seen| &seen.player)
            .collect::<std::collections::BTreeSet<_>>()
            .len()
            == 50
    };
    watcher.until("the end of the storm", all_gone).await;
}

/// How often this thread went to sleep and was woken.
fn wake_ups() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("voluntary_ctxt_switches"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Everything on this bus lives in this thread: the watcher and the players it watches.
#[tokio::test]
async fn with_three_stopped_players_nothing_wakes_it_not_even_strangers() {
    let Some((_folder, bus, mut watcher)) = scene().await else {
        return;
    };
    let names = ["vlc", "mpv", "totem"];
    let mut players = Vec::new();
    for name in names {
        players.push(FakePlayer::start(&bus, name).await);
        watcher
            .signal(&format!("mpris:{name}"), 0, "the player", has_stopped)
            .await;
    }
    let address = bus.address_text();
    let strangers = std::thread::spawn(move || {
        for _ in 0..20 {
            let mut stranger = std::process::Command::new("dbus-send");
            stranger
                .arg(format!("--bus={address}"))
                .args(["/", "a.b.c"]);
            assert!(stranger.status().unwrap().success());
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let before = wake_ups();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let woken = wake_ups() - before;
    strangers.join().unwrap();
    eprintln!("woken {woken} times in 4 s, one of them the end of them");
    assert!(woken <= 3, "woken {woken} times");
}

#[tokio::test]
async fn sound_in_a_films_clothes_is_known_by_the_file_itself() {
    let Some((folder, bus, mut watcher)) = scene().await else {
        return;
    };
    if !is_installed("ffmpeg") {
        return;
    }
    let sounds = [("a.webm", "libvorbis"), ("b.mp4", "aac"), ("c.mkv", "flac")];
    let vlc = FakePlayer::start(&bus, "vlc").await;
    let found = |video: Video, path: &Path| {
        let place = Location::Path(path.to_str().unwrap().to_owned());
        move |signal: &Signal| match signal {
            Signal::Opened(item) | Signal::Refined(item) => {
                item.location.as_ref() == Some(&place) && item.video == video
            }
            _ => false,
        }
    };
    for (name, codec) in sounds {
        let path = media::sound(folder.path(), name, codec);
        vlc.set(&playing(path.to_str().unwrap())).await;
        watcher
            .signal("mpris:vlc", 0, name, found(Video::No, &path))
            .await;
    }
    for name in ["d.mkv", "e.mp4"] {
        let path = media::film(folder.path(), name, 2);
        vlc.set(&playing(path.to_str().unwrap())).await;
        watcher
            .signal("mpris:vlc", 0, name, found(Video::Yes, &path))
            .await;
        watcher.listen(Duration::from_millis(300)).await;
        assert!(
            !watcher
                .signals("mpris:vlc")
                .iter()
                .any(found(Video::No, &path))
        );
    }
}
