//! A command at a terminal, by script(1): what is shown is waited for before something is typed.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::home::{Home, Ran, binary};
use super::players::is_installed;

/// A running command with the keyboard and the screen.
pub struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: mpsc::Receiver<Vec<u8>>,
    seen: Vec<u8>,
    /// Of it, what was waited for already.
    waited: usize,
}

/// Whether there can be one; says so loudly where there cannot.
pub fn possible() -> bool {
    is_installed("script")
}

impl Terminal {
    pub fn run(home: &Home, arguments: &[&str]) -> Self {
        let line = format!("{} {}", binary().to_string_lossy(), arguments.join(" "));
        let environment = home.command(&[]);
        let mut command = Command::new("script");
        command
            .args(["-qec", &line, "/dev/null"])
            .env_clear()
            .envs(
                environment
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (keyboard, mut shown) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (tell, screen) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = shown.read(&mut buffer) {
                if tell.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keyboard,
            screen,
            seen: Vec::new(),
            waited: 0,
        }
    }

    /// Waits until this is shown, once more if it was waited for before.
    pub fn until(&mut self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let place = |seen: &[u8]| {
            let mut windows = seen.windows(text.len());
            windows.position(|window| window == text.as_bytes())
        };
        loop {
            let news = &self.seen[self.waited..];
            if let Some(start) = place(news) {
                self.waited += start + text.len();
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(more) = self.screen.recv_timeout(left) else {
                panic!("{text:?} is not shown: {}", String::from_utf8_lossy(news));
            };
            self.seen.extend(more);
        }
    }

    /// Types; `\x03` is Ctrl-C.
    pub fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Everything that was shown until the command ended.
    pub fn end(mut self) -> Ran {
        for more in &self.screen {
            self.seen.extend(more);
        }
        Ran {
            code: self.child.wait().unwrap().code(),
            out: String::from_utf8_lossy(&self.seen).into_owned(),
            err: String::new(),
        }
    }
}
