//! mpv's JSON IPC on the wire: lines in, messages out. One JSON object a line; nothing of it is trusted.

use serde_json::Value;

use crate::model::decoded;

/// Longest line that is kept. Real lines are a few KiB; a long track or chapter list may reach 100 KiB.
pub const MAX_LINE: usize = 1 << 20;

/// Splits a byte stream into lines, in bounded memory: a line beyond the limit is skipped, not kept.
#[derive(Debug)]
pub struct Lines {
    limit: usize,
    partial: Vec<u8>,
    skipping: bool,
}

/// What a stretch of input turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A whole line without its end; what is not UTF-8 is read as [`decoded`] says.
    Text(String),
    /// A line beyond the limit; said once for each, as soon as it is known.
    TooLong,
}

impl Lines {
    /// Lines of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            partial: Vec::new(),
            skipping: false,
        }
    }

    /// Takes the next bytes; `each` is called for every line that they complete.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(Line)) {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            let (head, tail) = bytes.split_at(end);
            self.keep(head, &mut each);
            if !self.skipping {
                each(Line::Text(decoded(&self.partial).into_owned()));
            }
            // A long line's memory is given back.
            self.partial = Vec::new();
            self.skipping = false;
            bytes = tail.get(1..).unwrap_or_default();
        }
        self.keep(bytes, &mut each);
    }

    fn keep(&mut self, bytes: &[u8], each: &mut impl FnMut(Line)) {
        if self.skipping {
            return;
        }
        if self.partial.len() + bytes.len() > self.limit {
            self.partial = Vec::new();
            self.skipping = true;
            each(Line::TooLong);
            return;
        }
        self.partial.extend_from_slice(bytes);
    }
}

/// One message of mpv's.
#[derive(Debug, PartialEq)]
pub enum Message {
    /// Something happened.
    Event(Event),
    /// The answer to the request of that number: `None` if there is no such value now, or ever.
    Reply(u64, Option<Value>),
    /// Well-formed, and of no use here.
    Other,
}

/// What mpv says unasked.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// Begins to open a playlist entry.
    StartFile(Option<i64>),
    /// It is open.
    FileLoaded,
    /// It is no more.
    EndFile(Option<i64>, EndFile),
    /// A seek, or the jump of a loop, begins.
    Seek,
    /// Frames come again after a seek, or for the first time.
    PlaybackRestart,
    /// An observed property, by the number it was observed under; `None`: unavailable.
    Property(u64, Option<Value>),
}

/// Reasons of `end-file`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndFile {
    /// Played to its end, or the stream broke off.
    Eof,
    /// By a command, by quitting, or unknown.
    Stop,
    /// Could not be opened or went wrong.
    Error,
    /// It was a playlist, and is replaced by what is in it.
    Redirect,
}

/// Reads a line.
///
/// # Errors
///
/// Why it is not a message of mpv's.
pub fn parse(line: &str) -> Result<Message, String> {
    let value: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
    let Value::Object(mut fields) = value else {
        return Err("not an object".to_owned());
    };
    if let Some(event) = fields.get("event").and_then(Value::as_str) {
        let entry = fields.get("playlist_entry_id").and_then(Value::as_i64);
        return Ok(Message::Event(match event {
            "start-file" => Event::StartFile(entry),
            "file-loaded" => Event::FileLoaded,
            "end-file" => Event::EndFile(entry, end_file(fields.get("reason"))),
            "seek" => Event::Seek,
            "playback-restart" => Event::PlaybackRestart,
            "property-change" => {
                let Some(id) = fields.get("id").and_then(Value::as_u64) else {
                    return Err("a property-change without its number".to_owned());
                };
                Event::Property(id, fields.remove("data").filter(|data| !data.is_null()))
            }
            _ => return Ok(Message::Other),
        }));
    }
    let Some(error) = fields.get("error").and_then(Value::as_str) else {
        return Err("neither an event nor a reply".to_owned());
    };
    let succeeded = error == "success";
    let Some(id) = fields.get("request_id").and_then(Value::as_u64) else {
        return Ok(Message::Other);
    };
    let data = fields.remove("data").filter(|data| !data.is_null());
    Ok(Message::Reply(id, data.filter(|_| succeeded)))
}

fn end_file(reason: Option<&Value>) -> EndFile {
    match reason.and_then(Value::as_str) {
        Some("eof") => EndFile::Eof,
        Some("error") => EndFile::Error,
        Some("redirect") => EndFile::Redirect,
        _ => EndFile::Stop,
    }
}

/// `get_property`, as a line.
pub fn get(property: &str, id: u64) -> String {
    format!("{{\"command\":[\"get_property\",\"{property}\"],\"request_id\":{id}}}\n")
}

/// `observe_property`, as a line; changes then come under `id`.
pub fn observe(property: &str, id: u64) -> String {
    format!("{{\"command\":[\"observe_property\",{id},\"{property}\"],\"request_id\":0}}\n")
}

/// `disable_event`, as a line.
pub fn disable(event: &str) -> String {
    format!("{{\"command\":[\"disable_event\",\"{event}\"],\"request_id\":0}}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn split(limit: usize, chunks: &[&[u8]]) -> (Vec<Line>, usize) {
        let mut lines = Lines::new(limit);
        let mut found = Vec::new();
        let mut most = 0;
        for chunk in chunks {
            lines.push(chunk, |line| found.push(line));
            most = most.max(lines.partial.capacity());
        }
        (found, most)
    }

    fn text(text: &str) -> Line {
        Line::Text(text.to_owned())
    }

    #[test]
    fn lines_come_out_whole_however_they_arrive() {
        let whole: &[&[u8]] = &[b"one\ntwo\n\nthree\n"];
        let halves: &[&[u8]] = &[b"o", b"ne", b"\ntw", b"o\n\n", b"three", b"\nfour"];
        let expected = || vec![text("one"), text("two"), text(""), text("three")];
        assert_eq!(split(100, whole).0, expected());
        assert_eq!(split(100, halves).0, expected());
    }

    #[test]
    fn ten_megabytes_without_a_newline_take_no_memory_and_the_next_line_is_read() {
        let chunk = vec![b'x'; 8192];
        let mut chunks: Vec<&[u8]> = vec![&chunk; 1280];
        chunks.push(b"\nnext\n");
        let (found, most) = split(MAX_LINE, &chunks);
        assert_eq!(found, vec![Line::TooLong, text("next")]);
        assert!(most <= 2 * MAX_LINE, "{most}");
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(
            split(100, &[b"{\"a\":\"\x81\x8db\"}\n"]).0,
            vec![text("{\"a\":\"\u{fffd}\u{fffd}b\"}")]
        );
    }

    #[test]
    fn lines_recorded_from_mpv_0_35_are_understood() {
        let table = [
            (
                r#"{"event":"start-file","playlist_entry_id":1}"#,
                Message::Event(Event::StartFile(Some(1))),
            ),
            (
                r#"{"event":"file-loaded"}"#,
                Message::Event(Event::FileLoaded),
            ),
            (
                r#"{"event":"end-file","reason":"eof","playlist_entry_id":3}"#,
                Message::Event(Event::EndFile(Some(3), EndFile::Eof)),
            ),
            (
                r#"{"event":"end-file","reason":"redirect","playlist_entry_id":1,"playlist_insert_id":3,"playlist_insert_num_entries":2}"#,
                Message::Event(Event::EndFile(Some(1), EndFile::Redirect)),
            ),
            (
                r#"{"event":"end-file","reason":"error","playlist_entry_id":2,"file_error":"loading failed"}"#,
                Message::Event(Event::EndFile(Some(2), EndFile::Error)),
            ),
            (
                r#"{"event":"end-file","reason":"quit","playlist_entry_id":1}"#,
                Message::Event(Event::EndFile(Some(1), EndFile::Stop)),
            ),
            (r#"{"event":"seek"}"#, Message::Event(Event::Seek)),
            (
                r#"{"event":"playback-restart"}"#,
                Message::Event(Event::PlaybackRestart),
            ),
            (
                r#"{"event":"property-change","id":3,"name":"pause","data":false}"#,
                Message::Event(Event::Property(3, Some(json!(false)))),
            ),
            (
                r#"{"event":"property-change","id":8,"name":"duration"}"#,
                Message::Event(Event::Property(8, None)),
            ),
            (r#"{"event":"video-reconfig"}"#, Message::Other),
            (
                r#"{"data":11786,"request_id":11,"error":"success"}"#,
                Message::Reply(11, Some(json!(11786))),
            ),
            (
                r#"{"data":null,"request_id":21,"error":"success"}"#,
                Message::Reply(21, None),
            ),
            (
                r#"{"request_id":13,"error":"property unavailable"}"#,
                Message::Reply(13, None),
            ),
        ];
        for (line, expected) in table {
            assert_eq!(parse(line).as_ref(), Ok(&expected), "{line}");
        }
    }

    #[test]
    fn an_older_mpv_without_entry_ids_is_understood() {
        assert_eq!(
            parse(r#"{"event":"end-file","reason":"unknown"}"#),
            Ok(Message::Event(Event::EndFile(None, EndFile::Stop)))
        );
        assert_eq!(
            parse(r#"{"event":"end-file","reason":4}"#),
            Ok(Message::Event(Event::EndFile(None, EndFile::Stop)))
        );
    }

    #[test]
    fn nonsense_is_refused_without_a_panic() {
        let deep = "[".repeat(100_000);
        for line in [
            "",
            "{",
            "null",
            "[]",
            "17",
            "{}",
            r#"{"event":7}"#,
            r#"{"event":"property-change"}"#,
            "HTTP/1.1 400 Bad Request",
            deep.as_str(),
        ] {
            assert!(parse(line).is_err(), "{line:.40}");
        }
    }
}
