//! How mpvs are found: where their sockets lie, and when they come.

use super::*;

#[tokio::test]
async fn an_mpv_that_was_there_before_is_told_before_the_scan_is_over() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 30);
    let mpv = desk.mpv(&["--pause", "--start=12", "--speed=1.5", "a.mkv"]);
    let mut first = desk.watcher();
    until_told(&mut first, &mpv.name(), "paused").await;
    is_at(&mut first, &mpv, 11.5, 12.5).await;
    drop(first);
    let mut second = desk.watcher();
    second.scanned().await;
    let expected = ["appeared", "opened a.mkv", "rate 1.5", "paused"];
    assert_eq!(story(&second, &mpv.name()), expected);
    let signals = second.signals(&mpv.name());
    let Some(Signal::Transport { state, position }) = signals.last() else {
        panic!("{}", second.transcript());
    };
    assert_eq!(*state, Transport::Paused);
    assert!((position.unwrap() - 12.0).abs() < 0.5);
}

#[tokio::test]
async fn two_mpvs_with_one_path_are_both_followed() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 30);
    film(desk.path(), "b.mkv", 30);
    let path = desk.path().join("mine.sock");
    let mut watcher = Watcher::of_mpv(desk.path(), &[text(&path).to_owned()]);
    watcher.scanned().await;
    let server = format!("--input-ipc-server={}", text(&path));
    let first = desk.bare_mpv(&[&server, "a.mkv"]);
    until_told(&mut watcher, &first.name(), "playing").await;
    let second = desk.bare_mpv(&[&server, "b.mkv"]);
    until_told(&mut watcher, &second.name(), "playing").await;
    is_at(&mut watcher, &first, 0.0, 20.0).await;
    is_at(&mut watcher, &second, 0.0, 20.0).await;
    first.signal(rustix::process::Signal::KILL);
    vanished(&mut watcher, &first.name()).await;
    is_at(&mut watcher, &second, 0.0, 20.0).await;
}

#[tokio::test]
async fn a_socket_of_the_users_own_is_left_alone_and_found_by_its_pointer() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 30);
    let mut watcher = desk.watcher();
    watcher.scanned().await;
    let mut mpv = desk.mpv(&["--input-ipc-server=my own.sock", "a.mkv"]);
    until_told(&mut watcher, &mpv.name(), "playing").await;
    mpv.socket = desk.path().join("my own.sock");
    let set = mpv.command(&[json!("get_property"), json!("input-ipc-server")]);
    assert_eq!(set, json!("my own.sock"));
    let pointer = desk.sockets().join(mpv.pid().to_string());
    let content = fs::read_to_string(&pointer).unwrap();
    assert_eq!(content, format!("{}\n", text(&mpv.socket)));
    mpv.quit();
    vanished(&mut watcher, &mpv.name()).await;
    mpv.wait();
    assert_eq!(fs::read_dir(desk.sockets()).unwrap().count(), 0);
}

#[tokio::test]
async fn sockets_that_nobody_was_told_of_are_found_when_mpv_is_started() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 30);
    let mut watcher = desk.watcher();
    watcher.scanned().await;
    let name = format!("--input-ipc-server=@reeld-test-{}", std::process::id());
    let hidden = desk.bare_mpv(&[&name, "a.mkv"]);
    let relative = desk.bare_mpv(&["--input-ipc-server=hidden.sock", "a.mkv"]);
    until_told(&mut watcher, &hidden.name(), "playing").await;
    until_told(&mut watcher, &relative.name(), "playing").await;
    let mut later = desk.watcher();
    later.scanned().await;
    for mpv in [&hidden, &relative] {
        assert!(story(&later, &mpv.name()).contains(&"opened a.mkv".to_owned()));
    }
}

#[tokio::test]
async fn an_mpv_that_is_given_another_socket_while_it_plays_stays_connected() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 30);
    let elsewhere = desk.path().join("elsewhere.sock");
    let mut watcher = desk.watcher();
    let mut mpv = desk.mpv(&["a.mkv"]);
    until_told(&mut watcher, &mpv.name(), "playing").await;
    // As Syncplay does.
    mpv.set("input-ipc-server", text(&elsewhere));
    is_at(&mut watcher, &mpv, 0.0, 20.0).await;
    // A daemon that is started now is led there by the pointer.
    let mut later = desk.watcher();
    until_told(&mut later, &mpv.name(), "playing").await;
    mpv.socket = elsewhere;
    mpv.quit();
    vanished(&mut watcher, &mpv.name()).await;
    let expected = [
        "appeared",
        "opened a.mkv",
        "playing",
        "was stopped",
        "vanished",
    ];
    assert_eq!(story(&watcher, &mpv.name()), expected);
}

#[tokio::test]
async fn configured_places_may_come_later_and_the_own_folder_may_go() {
    if !tools_are_there() {
        return;
    }
    let desk = Desk::new();
    film(desk.path(), "a.mkv", 30);
    let mut watcher = desk.watcher();
    watcher.scanned().await;
    let mut changed = config();
    changed.mpv.sockets = vec![format!("{}/later/*/mpv?", text(desk.path()))];
    watcher.config.send(Arc::new(changed.clone())).unwrap();
    let folder = desk.path().join("later/one");
    watcher.listen(std::time::Duration::from_millis(100)).await;
    fs::create_dir_all(&folder).unwrap();
    let server = format!("--input-ipc-server={}/mpv1", text(&folder));
    let configured = desk.bare_mpv(&[&server, "a.mkv"]);
    until_told(&mut watcher, &configured.name(), "playing").await;

    fs::remove_dir_all(desk.path().join("reeld")).unwrap();
    let own = desk.mpv(&["a.mkv"]);
    until_told(&mut watcher, &own.name(), "playing").await;

    changed.players.deny = vec!["MPV*".to_owned()];
    watcher.config.send(Arc::new(changed)).unwrap();
    let id = PlayerId::new(&own.name());
    watcher
        .until("the denial", |all| {
            all.seen.iter().any(|seen| {
                seen.player == id
                    && matches!(&seen.signal, Signal::Appeared(info) if info.ignored.is_some())
            })
        })
        .await;
}
