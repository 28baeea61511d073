//! The mpv watcher against sockets that are not, or not quite, mpv's.

use std::fs;
use std::os::unix::net::UnixListener as StdListener;
use std::time::Duration;

use reeld::model::{Location, Signal, Transport};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};

use crate::support::mpv::{Desk, check_order, story};
use crate::support::watcher::Watcher;

/// The fake is this very process.
fn name() -> String {
    format!("mpv-{}", std::process::id())
}

fn listener(desk: &Desk) -> UnixListener {
    fs::create_dir_all(desk.sockets()).unwrap();
    UnixListener::bind(desk.sockets().join("fake")).unwrap()
}

/// Answers like an mpv that plays `/m/film.mkv`; before each answer goes out `spoil` may add to it or take from it.
struct Fake {
    lines: tokio::io::Lines<BufReader<tokio::net::unix::OwnedReadHalf>>,
    out: OwnedWriteHalf,
}

impl Fake {
    fn new(stream: UnixStream) -> Self {
        let (read, out) = stream.into_split();
        Self {
            lines: BufReader::new(read).lines(),
            out,
        }
    }

    async fn send(&mut self, text: &str) {
        // A watcher that has gone away is what some tests want.
        self.out.write_all(text.as_bytes()).await.ok();
    }

    async fn serve(&mut self, spoil: impl Fn(&str, String) -> Vec<String>) {
        while let Ok(Some(line)) = self.lines.next_line().await {
            let request: Value = serde_json::from_str(&line).unwrap();
            for piece in spoil(&line, answer(&request)) {
                self.send(&piece).await;
                tokio::task::yield_now().await;
            }
        }
    }
}

fn answer(request: &Value) -> String {
    let id = &request["request_id"];
    let command = request["command"].as_array().unwrap();
    let property = command.last().unwrap().as_str().unwrap();
    let value = match property {
        "pid" => json!(std::process::id()),
        "path" => json!("/m/film.mkv"),
        "duration" => json!(100.0),
        "time-pos" => json!(42.0),
        "track-list" => json!([{"type": "video", "selected": true}]),
        "core-idle" | "pause" | "eof-reached" | "idle-active" => json!(false),
        "speed" => json!(1.0),
        _ => Value::Null,
    };
    if command[0] == "observe_property" {
        let change =
            json!({"event": "property-change", "id": command[1], "name": property, "data": value});
        return format!(
            "{}\n{change}\n",
            json!({"request_id": id, "error": "success"})
        );
    }
    let error = if value.is_null() {
        "property unavailable"
    } else {
        "success"
    };
    format!(
        "{}\n",
        json!({"request_id": id, "error": error, "data": value})
    )
}

async fn plays(watcher: &mut Watcher) {
    watcher
        .until("the film playing", |all| {
            all.signals(&name()).iter().any(|signal| {
                matches!(signal, Signal::Transport { state: Transport::Playing, position: Some(at) }
                    if (*at - 42.0).abs() < 0.1)
            })
        })
        .await;
    check_order(watcher, &name());
    let opened = watcher
        .signals(&name())
        .into_iter()
        .find_map(|signal| match signal {
            Signal::Opened(item) => item.location,
            _ => None,
        });
    assert_eq!(opened, Some(Location::Path("/m/film.mkv".to_owned())));
}

async fn is_understood_although(spoil: impl Fn(&str, String) -> Vec<String>) {
    let desk = Desk::new();
    let listener = listener(&desk);
    let mut watcher = desk.watcher();
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        Fake::new(stream).serve(spoil).await;
    };
    tokio::select! {
        () = serving => panic!("the watcher hung up"),
        () = plays(&mut watcher) => {}
    }
}

#[tokio::test]
async fn ten_megabytes_without_a_newline_are_passed_over() {
    is_understood_although(|request, answer| {
        if request.contains("track-list") {
            let junk = vec!["x".repeat(1 << 20); 10];
            junk.into_iter().chain(["\n".to_owned(), answer]).collect()
        } else {
            vec![answer]
        }
    })
    .await;
}

#[tokio::test]
async fn half_lines_are_put_together() {
    is_understood_although(|_, answer| answer.chars().map(|c| c.to_string()).collect()).await;
}

#[tokio::test]
async fn nonsense_between_the_answers_is_passed_over() {
    is_understood_although(|_, answer| {
        let nonsense = [
            "\n",
            "[[[[\n",
            "\u{0}\u{1}\n",
            "{\"event\":\"property-change\",\"id\":-1}\n",
            "{\"event\":\"property-change\",\"id\":99999999999,\"data\":1}\n",
            "{\"request_id\":123456,\"error\":\"success\",\"data\":7}\n",
            "{\"event\":\"property-change\",\"id\":5,\"data\":\"fast\"}\n",
            "{\"event\":\"property-change\",\"id\":5,\"data\":1e999}\n",
            "{\"event\":\"no-such-event\"}\n",
        ];
        nonsense
            .into_iter()
            .map(str::to_owned)
            .chain([answer])
            .collect()
    })
    .await;
}

#[tokio::test]
async fn something_that_is_not_mpv_is_left_alone_until_it_is_replaced() {
    for greeting in ["HTTP/1.1 400 Bad Request\r\n".repeat(30), String::new()] {
        let desk = Desk::new();
        let impostor = listener(&desk);
        let mut watcher = desk.watcher();
        let (stream, _) = impostor.accept().await.unwrap();
        let mut fake = Fake::new(stream);
        fake.send(&greeting).await;
        // It hangs up by itself, and does not come again.
        let hung_up = async { while let Ok(Some(_)) = fake.lines.next_line().await {} };
        let hung_up = tokio::time::timeout(Duration::from_secs(10), hung_up).await;
        assert!(hung_up.is_ok(), "still connected after {greeting:.20}");
        watcher.scanned().await;
        watcher.rescan.notify_one();
        let again = tokio::time::timeout(Duration::from_millis(300), impostor.accept()).await;
        assert!(again.is_err(), "tried again after {greeting:.20}");
        assert_eq!(story(&watcher, &name()), Vec::<String>::new());

        fs::remove_file(desk.sockets().join("fake")).unwrap();
        let honest = listener(&desk);
        let serving = async {
            let (stream, _) = honest.accept().await.unwrap();
            Fake::new(stream).serve(|_, answer| vec![answer]).await;
        };
        tokio::select! {
            () = serving => panic!("the watcher hung up"),
            () = plays(&mut watcher) => {}
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_of_a_line_is_an_end() {
    let desk = Desk::new();
    let listener = listener(&desk);
    let mut watcher = desk.watcher();
    let (stream, _) = listener.accept().await.unwrap();
    let mut fake = Fake::new(stream);
    {
        let serving = fake.serve(|_, answer| vec![answer]);
        tokio::select! {
            () = serving => panic!("the watcher hung up"),
            () = plays(&mut watcher) => {}
        }
    }
    fake.send("{\"event\":\"end-fi").await;
    drop(fake);
    drop(listener);
    watcher
        .until("the end", |all| {
            story(all, &name())
                .last()
                .is_some_and(|told| told == "vanished")
        })
        .await;
    check_order(&watcher, &name());
}

#[tokio::test]
async fn a_change_is_told_without_its_position_if_mpv_does_not_answer() {
    let desk = Desk::new();
    let listener = listener(&desk);
    let mut watcher = desk.watcher();
    let (stream, _) = listener.accept().await.unwrap();
    let mut fake = Fake::new(stream);
    {
        let serving = fake.serve(|_, answer| vec![answer]);
        tokio::select! {
            () = serving => panic!("the watcher hung up"),
            () = plays(&mut watcher) => {}
        }
    }
    fake.send("{\"event\":\"property-change\",\"id\":3,\"name\":\"pause\",\"data\":true}\n")
        .await;
    let paused = Signal::Transport {
        state: Transport::Paused,
        position: None,
    };
    watcher
        .until("the pause", |all| {
            all.signals(&name()).last() == Some(&paused)
        })
        .await;
}

#[tokio::test]
async fn a_socket_that_is_bound_and_does_not_listen_yet_is_waited_for() {
    let desk = Desk::new();
    let mut watcher = desk.watcher();
    watcher.scanned().await;
    let late = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    bind(
        &late,
        &SocketAddrUnix::new(desk.sockets().join("late")).unwrap(),
    )
    .unwrap();
    watcher.listen(Duration::from_millis(200)).await;
    listen(&late, 10).unwrap();
    let late = StdListener::from(late);
    late.set_nonblocking(true).unwrap();
    let late = UnixListener::from_std(late).unwrap();
    let serving = async {
        let (stream, _) = late.accept().await.unwrap();
        Fake::new(stream).serve(|_, answer| vec![answer]).await;
    };
    tokio::select! {
        () = serving => panic!("the watcher hung up"),
        () = plays(&mut watcher) => {}
    }
}

#[tokio::test]
async fn stale_sockets_and_odd_files_are_normal() {
    let desk = Desk::new();
    drop(listener(&desk));
    fs::write(desk.sockets().join("pointer"), "/nowhere/at/all\n").unwrap();
    fs::write(desk.sockets().join("binary"), b"\xff\x00\xfe").unwrap();
    fs::create_dir(desk.sockets().join("folder")).unwrap();
    std::os::unix::fs::symlink("loop", desk.sockets().join("loop")).unwrap();
    let mut watcher = desk.watcher();
    watcher.scanned().await;
    assert_eq!(story(&watcher, &name()), Vec::<String>::new());
}

#[tokio::test]
async fn one_that_says_nothing_holds_nobody_up() {
    let desk = Desk::new();
    let silent = listener(&desk);
    let honest = UnixListener::bind(desk.sockets().join("honest")).unwrap();
    let mut watcher = desk.watcher();
    let (_held, _) = silent.accept().await.unwrap();
    let serving = async {
        let (stream, _) = honest.accept().await.unwrap();
        Fake::new(stream).serve(|_, answer| vec![answer]).await;
    };
    let soon = tokio::time::timeout(Duration::from_secs(3), plays(&mut watcher));
    tokio::select! {
        () = serving => panic!("the watcher hung up"),
        result = soon => assert!(result.is_ok(), "held up"),
    }
}

#[tokio::test]
async fn one_that_hangs_up_at_once_is_not_called_again_and_again() {
    let desk = Desk::new();
    let listener = listener(&desk);
    let mut watcher = desk.watcher();
    let (stream, _) = listener.accept().await.unwrap();
    let mut fake = Fake::new(stream);
    // The introduction asks for the process and for what it writes to.
    for _ in 0..2 {
        let hello = fake.lines.next_line().await.unwrap().unwrap();
        fake.send(&answer(&serde_json::from_str(&hello).unwrap()))
            .await;
    }
    drop(fake);
    watcher
        .until("the end", |all| {
            story(all, &name())
                .last()
                .is_some_and(|told| told == "vanished")
        })
        .await;
    watcher.rescan.notify_one();
    let again = tokio::time::timeout(Duration::from_millis(500), listener.accept()).await;
    assert!(again.is_err(), "called again");
}
