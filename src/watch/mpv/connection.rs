//! One connection to one mpv: made, introduced, and then held for as long as that mpv lives.

use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::Post;
use super::address::{self, Door};
use super::conversation::Conversation;
use super::heard::Heard;
use super::protocol::{self, Line, Lines, MAX_LINE, Message};
use crate::clock;
use crate::model::Process;
use crate::watch::process;

/// How long a peer may take to show that it speaks mpv's protocol.
const INTRODUCTION: Duration = Duration::from_secs(5);
/// So many lines of nonsense instead, and it does not speak it.
const NONSENSE: u32 = 20;
/// What is asked in the introduction, numbered from 1: the process, and the file that it writes instead of showing
/// anything (an encoder, or thumbnails for another player: thumbfast).
const HELLO: [&str; 2] = ["pid", "options/o"];
/// The number of the last of them.
const HELLO_ENDS: u64 = HELLO.len() as u64;

/// A peer that turned out to be mpv.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    lines: Lines,
    nonsense: u32,
    /// Which process it is.
    pub process: Process,
    /// It writes to a file what others show.
    pub encodes: bool,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum Refusal {
    /// Nobody there, or no longer.
    Nobody(io::Error),
    /// Somebody, but not mpv, in words for people.
    NotMpv(String),
}

/// Connects and makes sure that it is an mpv of this user.
///
/// # Errors
///
/// It is not. An mpv that is there and says nothing (stopped by a debugger, say) is waited for.
pub async fn introduce(door: &Door) -> Result<Connection, Refusal> {
    let stream = address::connect(door).await.map_err(Refusal::Nobody)?;
    let peer = stream.peer_cred().map_err(Refusal::Nobody)?;
    if peer.uid() != rustix::process::getuid().as_raw() {
        return Err(Refusal::NotMpv("it belongs to another user".to_owned()));
    }
    let pid = peer.pid().and_then(|pid| u32::try_from(pid).ok());
    let Some(process) = pid.and_then(process::of) else {
        return Err(Refusal::NotMpv("its process cannot be seen".to_owned()));
    };
    let mut connection = Connection {
        stream,
        lines: Lines::new(MAX_LINE),
        nonsense: 0,
        process,
        encodes: false,
    };
    connection.greet().await?;
    Ok(connection)
}

impl Connection {
    async fn greet(&mut self) -> Result<(), Refusal> {
        let hello: String = (1..)
            .zip(HELLO)
            .map(|(number, property)| protocol::get(property, number))
            .collect();
        let sent = self.stream.write_all(hello.as_bytes()).await;
        sent.map_err(Refusal::Nobody)?;
        let [pid, output] = match timeout(INTRODUCTION, self.answers()).await {
            Ok(told) => told?,
            Err(_) if process::is_mpv(self.process.pid) => {
                let pid = self.process.pid;
                warn!("mpv (process {pid}) does not answer; it is watched as soon as it does");
                let process = self.process;
                tokio::select! {
                    told = self.answers() => told?,
                    () = process::ended(process) => {
                        return Err(Refusal::Nobody(io::ErrorKind::UnexpectedEof.into()));
                    }
                }
            }
            Err(_) => {
                return Err(Refusal::NotMpv(format!(
                    "it said nothing within {} s",
                    INTRODUCTION.as_secs()
                )));
            }
        };
        let pid = pid.and_then(|pid| u32::try_from(pid.as_u64()?).ok());
        self.process = self.process_behind(pid);
        self.encodes = output.is_some_and(|file| file.as_str().is_some_and(|f| !f.is_empty()));
        Ok(())
    }

    /// The answers to [`HELLO`]; an old mpv does not know everything. They come in order.
    async fn answers(&mut self) -> Result<[Option<Value>; HELLO.len()], Refusal> {
        let mut answers = [const { None }; HELLO.len()];
        loop {
            for line in self.read().await.map_err(Refusal::Nobody)? {
                let Some(Message::Reply(number, told)) = self.understood(&line) else {
                    continue;
                };
                let place = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
                if let Some(answer) = place.and_then(|place| answers.get_mut(place)) {
                    *answer = told;
                }
                if number == HELLO_ENDS {
                    return Ok(answers);
                }
            }
            if self.nonsense >= NONSENSE {
                return Err(Refusal::NotMpv("it speaks something else".to_owned()));
            }
        }
    }

    /// The kernel's word for the process counts: in a sandbox mpv knows another number for itself. Only where
    /// something in between passes the connection on (socat) is mpv's own word the better one.
    fn process_behind(&self, told: Option<u32>) -> Process {
        let peer = self.process;
        let told = told.filter(|told| *told != peer.pid);
        told.filter(|told| process::innermost_pid(peer.pid) != Some(*told))
            .filter(|told| process::is_mpv(*told) && !process::is_mpv(peer.pid))
            .and_then(process::of)
            .unwrap_or(peer)
    }

    /// The next lines; at least one stretch of input is read. Cancel-safe.
    async fn read(&mut self) -> io::Result<Vec<Line>> {
        let mut buffer = [0; 8192];
        let count = self.stream.read(&mut buffer).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut lines = Vec::new();
        let input = buffer.get(..count).unwrap_or_default();
        self.lines.push(input, |line| lines.push(line));
        Ok(lines)
    }

    /// The next lines, until the process ends and nothing of it is left to be read: that is the end though the
    /// connection may stay open, as what mpv started inherits it (an mpv for thumbnails, a downloader). Cancel-safe.
    async fn read_until(
        &mut self,
        ended: Pin<&mut impl Future<Output = ()>>,
    ) -> io::Result<Vec<Line>> {
        tokio::select! {
            biased;
            lines = self.read() => lines,
            () = ended => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// What a line says; nonsense is counted.
    fn understood(&mut self, line: &Line) -> Option<Message> {
        let said = match line {
            Line::Text(text) => protocol::parse(text),
            Line::TooLong => Err(format!("longer than {MAX_LINE} bytes")),
        };
        said.inspect_err(|why| {
            self.nonsense = self.nonsense.saturating_add(1);
            if self.nonsense <= NONSENSE {
                debug!("a line that is not understood: {why}");
            }
        })
        .ok()
    }

    /// Watches until the connection ends, or nobody is there to be told.
    pub async fn hold(mut self, mut post: Post) -> io::Result<()> {
        // mpv never leaves the folder that it was started in.
        let folder = process::folder(self.process.pid);
        let folder = folder.map(|folder| folder.to_string_lossy().into_owned());
        post.record(Heard::Begins(folder.clone())).await?;
        let mut conversation = Conversation::new(HELLO_ENDS, folder);
        let mut ended = pin!(process::ended(self.process));
        loop {
            let requests = conversation.take_requests();
            for line in requests.lines() {
                post.record(Heard::Said(line.to_owned())).await?;
            }
            // What mpv said before it closed the connection is still to be read.
            let _ = self.stream.write_all(requests.as_bytes()).await;
            while let Some((at, signal)) = conversation.poll_signal() {
                post.tell(at, signal).await?;
            }
            if conversation.is_introduced() {
                post.introduced = None;
            }
            let pause = conversation
                .poll_timeout()
                .map(|due| due.saturating_sub(clock::now().mono));
            tokio::select! {
                lines = self.read_until(ended.as_mut()) => {
                    let now = clock::now();
                    for line in lines? {
                        if let Some(message) = self.understood(&line) {
                            conversation.handle(message, now);
                        }
                        if let Line::Text(line) = line {
                            post.record_at(now, Heard::Line(line)).await?;
                        }
                    }
                }
                asked = post.asks.recv() => match asked {
                    Some(()) => {
                        post.record(Heard::Asked).await?;
                        conversation.ask();
                    }
                    None => return Ok(()),
                },
                changed = post.config.changed(), if post.configurable => {
                    post.configurable = changed.is_ok();
                    post.reconsider().await?;
                }
                () = sleep(pause.unwrap_or_default()), if pause.is_some() => {
                    conversation.handle_timeout(clock::now());
                }
            }
        }
    }
}
