//! A login at somebody who cannot prove who they are.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::home::Home;
use crate::support::players::is_installed;
use crate::support::screens::Screens;

/// A server with a certificate that nobody has signed.
struct Unsigned(Child);

impl Unsigned {
    fn start(folder: &std::path::Path, port: u16) -> Self {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
            ])
            .args([
                "-addext",
                "subjectAltName=DNS:localhost",
                "-keyout",
                "key.pem",
                "-out",
                "cert.pem",
            ])
            .current_dir(folder)
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        let server = Command::new("openssl")
            .args([
                "s_server",
                "-quiet",
                "-cert",
                "cert.pem",
                "-key",
                "key.pem",
                "-accept",
                &port.to_string(),
            ])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(server.unwrap())
    }
}

impl Drop for Unsigned {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_login_at_somebody_who_cannot_prove_who_they_are() {
    if !is_installed("openssl") {
        return;
    }
    let mut screens = Screens::of("login-certificate");
    let home = Home::new();
    let port = {
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        free.local_addr().unwrap().port()
    };
    let _server = Unsigned::start(home.folder.path(), port);
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            std::time::Instant::now() < deadline,
            "openssl does not listen"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    home.configure(&format!(
        "[punchplay]\nbase_url = \"https://localhost:{port}\"\nclient_id = \"x\"\n"
    ));
    screens.run(
        "its certificate is signed by nobody",
        &home,
        &["login", "punchplay"],
    );
    screens.check();
}
