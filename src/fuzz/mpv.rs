//! What an mpv says on its socket.

use std::time::Duration;

use crate::model::Source;
use crate::watch::mpv::conversation::Conversation;
use crate::watch::mpv::protocol::{Line, Lines, parse};

use super::desk::Desk;

/// Most that may be asked of an mpv for one of its lines.
const MOST_REQUESTS: usize = 4096;

/// Lines as they come from the socket; one of digits only lets so many seconds pass.
pub fn mpv(bytes: &[u8]) {
    let mut desk = Desk::new(Source::Mpv);
    let mut mpv = Conversation::new(0, Some("/films".to_owned()));
    let mut lines = Vec::new();
    let mut split = Lines::new(1 << 16);
    for chunk in bytes.chunks(1000) {
        split.push(chunk, |line| lines.push(line));
    }
    for line in lines {
        let Line::Text(line) = line else { continue };
        let seconds = line
            .trim()
            .parse()
            .ok()
            .filter(|seconds: &u16| *seconds > 0);
        match seconds {
            Some(seconds) => {
                if desk.pass(Duration::from_secs(seconds.into())) {
                    mpv.ask();
                }
            }
            None => {
                desk.now = desk.now.after(Duration::from_millis(20));
                if let Ok(message) = parse(&line) {
                    mpv.handle(message, desk.now);
                }
            }
        }
        if mpv.poll_timeout().is_some_and(|due| due <= desk.now.mono) {
            mpv.handle_timeout(desk.now);
        }
        let mut before = None;
        while let Some((at, signal)) = mpv.poll_signal() {
            assert!(
                before.is_none_or(|before| before <= at.mono),
                "signals in order"
            );
            before = Some(at.mono);
            if desk.observe(signal) {
                mpv.ask();
            }
        }
        assert!(mpv.take_requests().len() <= MOST_REQUESTS);
    }
    desk.close();
}
