//! The control socket: well-behaved clients, and all others.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use reeld::control::{Client, LONGEST_REQUEST, Listener, Request, Response, StatusReport};
use reeld::error::Exit;

use crate::support::desk::{Desk, runtime};
use crate::support::home::Home;

#[test]
fn the_socket_is_ours_alone_and_goes_with_the_daemon() {
    let desk = Desk::open();
    let paths = desk.home.paths();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&paths.control_socket), 0o600);
    assert_eq!(mode(&paths.runtime_dir), 0o700);
    drop(desk);
    assert!(!paths.control_socket.exists());
}

#[test]
fn a_second_daemon_is_refused_and_a_dead_ones_socket_is_replaced() {
    let desk = Desk::open();
    let runtime = runtime();
    let _inside = runtime.enter();
    let error = Listener::bind(&desk.home.paths()).unwrap_err();
    assert_eq!(error.exit, Exit::User);
    assert_eq!(error.what, "reeld is already running");
    desk.still_works();

    let home = Home::new();
    let paths = home.paths();
    std::fs::create_dir(&paths.runtime_dir).unwrap();
    drop(std::os::unix::net::UnixListener::bind(&paths.control_socket).unwrap());
    let listener = Listener::bind(&paths).unwrap();
    let owner = paths.runtime_dir.metadata().unwrap();
    assert_eq!(
        owner.mode() & 0o777,
        0o700,
        "a folder open to others is closed"
    );
    drop(listener);
    assert!(
        Listener::bind(&paths).is_ok(),
        "the lock goes with its holder"
    );
}

#[test]
fn orders_and_errors_arrive_as_they_were_meant() {
    let desk = Desk::open();
    let mut client = Client::connect(&desk.home.paths()).unwrap();
    let what = reeld::control::Selection::Ids(vec![1, 2]);
    let retry = Request::QueueRetry { what: what.clone() };
    assert_eq!(client.ask(&retry).unwrap(), Response::Done { count: 3 });
    assert_eq!(desk.seen.recv().unwrap(), retry);
    let error = client.ask(&Request::QueueDrop { what }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Error: no such delivery\nHint: look at `reeld queue`"
    );
    let gone = client.ask(&Request::Queue { after: 0 }).unwrap_err();
    assert_eq!(gone.exit, Exit::NotRunning);
}

#[test]
fn garbage_is_answered_with_an_error_that_repeats_nothing_of_it() {
    let desk = Desk::open();
    for bytes in [
        &b"\n"[..],
        b"{}\n",
        b"null\n",
        b"\xff\xfe\x00\n",
        b"{\"request\":\"launch\",\"token\":\"s3cret\"}\n",
        b"{\"request\":\"login\",\"service\":\"punchplay\",\"account\":{\"t\":\"s3cret\"}}\n",
        b"{\"request\":\"status\"} trailing\n",
        b"GET / HTTP/1.1\n",
    ] {
        let line = desk.answer_to(bytes);
        assert!(
            line.contains("\"response\":\"failed\""),
            "{bytes:?}: {line}"
        );
        assert!(!line.contains("s3cret"), "{line}");
    }
    desk.still_works();
}

#[test]
fn an_endless_line_costs_its_sender_the_connection() {
    let desk = Desk::open();
    let line = desk.answer_to(&vec![b'x'; 10 * 1024 * 1024]);
    assert!(line.contains("has no end"), "{line}");
    let exact = desk.answer_to(&[vec![b' '; LONGEST_REQUEST - 1], b"\n".to_vec()].concat());
    assert!(exact.contains("\"failed\""), "{exact}");
    let cut_off = {
        let mut stream = desk.connect();
        stream.write_all(b"{\"request\":").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    assert!(cut_off.contains("has no end"), "{cut_off}");
    desk.still_works();
}

#[test]
fn silent_clients_do_not_keep_others_out_for_long() {
    let desk = Desk::open();
    let silent: Vec<UnixStream> = (0..40).map(|_| desk.connect()).collect();
    desk.still_works();
    drop(silent);
}

#[test]
fn a_follower_hears_of_changes_once_each_and_of_the_end() {
    let mut desk = Desk::open();
    let mut stream = desk.connect();
    stream.write_all(b"{\"request\":\"follow\"}\n").unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut next = || lines.next().map(|line| line.unwrap());
    assert!(next().unwrap().contains("\"problems\":[\"1\"]"));
    desk.changes.send_replace(());
    assert!(next().unwrap().contains("\"problems\":[\"2\"]"));
    drop(desk.stop.take());
    assert_eq!(next(), None);
}

#[test]
fn status_prints_what_the_daemon_says() {
    let desk = Desk::open();
    let json = desk.home.run(&["status", "--json"]);
    assert_eq!(json.code, Some(0), "{json:?}");
    let report: StatusReport = serde_json::from_str(&json.out).unwrap();
    assert_eq!(report.version, "0.0.0");
    let text = desk.home.run(&["status"]);
    assert!(
        text.out
            .starts_with("reeld 0.0.0, running for 1 s\nProblem: 2\n"),
        "{text:?}"
    );
    let done = desk.home.run(&["queue", "retry", "--refused"]);
    assert_eq!(done.out, "3 deliveries are tried again.\n");
}

#[test]
fn a_process_of_another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        eprintln!(
            "SKIPPED: a_process_of_another_user_is_refused: only root can become another user"
        );
        return;
    }
    let desk = Desk::open();
    let paths = desk.home.paths();
    // The folder keeps others out; opened, only the check of the peer is left.
    for path in [
        desk.home.folder.path(),
        paths.runtime_dir.parent().unwrap(),
        &paths.runtime_dir,
    ] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let socket = &paths.control_socket;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o666)).unwrap();
    let child = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .args(["socat", "-t10", "-"])
        .arg(format!("UNIX-CONNECT:{}", socket.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("SKIPPED: a_process_of_another_user_is_refused: there is no setpriv(1)");
        return;
    };
    // It may have been thrown out before it could say anything.
    let _ = child
        .stdin
        .take()
        .unwrap()
        .write_all(b"{\"request\":\"status\"}\n");
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    if error.contains("No such file") {
        eprintln!("SKIPPED: a_process_of_another_user_is_refused: there is no socat(1)");
        return;
    }
    assert!(
        !error.contains("Permission denied"),
        "it never got to the socket: {error}"
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert!(desk.seen.try_recv().is_err(), "nothing reached the engine");
}
