//! What commands print, whole, compared with what lies under `tests/screens/`. `UPDATE_SNAPSHOTS=1` writes it anew.
//!
//! What differs from run to run is replaced by the named rules of `RULES`, and by what a test hides with a name of its own.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use super::home::{Home, Ran};

/// A rule: its name, and how a text looks without what it is about.
type Rule = (&'static str, fn(&str) -> String);

const RULES: [Rule; 7] = [
    ("escape", |text| {
        text.replace('\u{1b}', "␛").replace('\r', "")
    }),
    ("version", |text| {
        text.replace(env!("CARGO_PKG_VERSION"), "[version]")
    }),
    ("port", ports),
    ("uuid", uuids),
    ("time", times),
    ("duration", durations),
    ("end of line", |text| {
        let lines = text.lines().map(str::trim_end);
        lines.collect::<Vec<_>>().join("\n") + "\n"
    }),
];

/// The screens of one topic, one file.
pub struct Screens {
    name: &'static str,
    text: String,
    hidden: Vec<(String, String)>,
}

impl Screens {
    pub fn of(name: &'static str) -> Self {
        Self {
            name,
            text: String::new(),
            hidden: Vec::new(),
        }
    }

    /// From now on this text is shown as `[name]`.
    pub fn hide(&mut self, text: impl Into<String>, name: &str) {
        self.hidden.push((text.into(), format!("[{name}]")));
    }

    /// Runs a command and keeps what it prints.
    pub fn run(&mut self, when: &str, home: &Home, arguments: &[&str]) -> Ran {
        let ran = home.run(arguments);
        self.keep(when, home, arguments, &ran);
        ran
    }

    /// Keeps what a command has printed.
    pub fn keep(&mut self, when: &str, home: &Home, arguments: &[&str], ran: &Ran) {
        self.hide(home.folder.path().display().to_string(), "home");
        let mut text = ran.out.clone();
        if !ran.err.is_empty() {
            let _ = write!(text, "[on standard error]\n{}", ran.err);
        }
        match ran.code {
            Some(0) => {}
            Some(code) => {
                let _ = writeln!(text, "[exit {code}]");
            }
            None => text.push_str("[ended by a signal]\n"),
        }
        self.text(when, &format!("$ reeld {}\n{text}", arguments.join(" ")));
    }

    /// Keeps any text.
    pub fn text(&mut self, when: &str, text: &str) {
        for secret in ["at_", "prt_", "rt_0", "eyJ."] {
            assert!(!text.contains(secret), "{when}: a token is shown: {text}");
        }
        let text = self.without_what_differs(text);
        let _ = write!(self.text, "## {when}\n{text}\n");
    }

    fn without_what_differs(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (hidden, name) in &self.hidden {
            text = text.replace(hidden, name);
        }
        for (_, rule) in RULES {
            text = rule(&text);
        }
        text
    }

    /// Fails if this is not what is expected.
    pub fn check(self) {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/screens")
            .join(format!("{}.txt", self.name));
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            return fs::write(&file, &self.text).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            expected == self.text,
            "{} differs (UPDATE_SNAPSHOTS=1 writes it anew):\n{}",
            file.display(),
            difference(&expected, &self.text)
        );
    }
}

/// Lines that went with `-`, lines that came with `+`, and the circumstances they belong to.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    // How many lines of the rests are the same.
    let mut same = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            same[i][j] = match old[i] == new[j] {
                true => same[i + 1][j + 1] + 1,
                false => same[i + 1][j].max(same[i][j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut told = String::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            if old[i].starts_with("## ") {
                let _ = writeln!(told, "  {}", old[i]);
            }
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && same[i + 1][j] >= same[i][j + 1]) {
            let _ = writeln!(told, "- {}", old[i]);
            i += 1;
        } else {
            let _ = writeln!(told, "+ {}", new[j]);
            j += 1;
        }
    }
    told
}

/// `127.0.0.1:4711`
fn ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let _ = write!(out, "127.0.0.1:[port]{rest}");
    }
    out
}

/// Words of a text, with what they are replaced by, where `replace` knows one.
fn word_by_word(text: &str, replace: impl Fn(&str) -> Option<String>) -> String {
    let is_word = |c: char| c.is_alphanumeric() || "-:.+".contains(c);
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\0']) {
        if is_word(c) {
            word.push(c);
            continue;
        }
        out.push_str(&replace(&word).unwrap_or_else(|| word.clone()));
        word.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

fn uuids(text: &str) -> String {
    word_by_word(text, |word| {
        let lengths: Vec<usize> = word.split('-').map(str::len).collect();
        let hex = word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        (hex && lengths == [8, 4, 4, 4, 12]).then(|| "[uuid]".to_owned())
    })
}

fn times(text: &str) -> String {
    word_by_word(text, |word| {
        // Milliseconds since 1970.
        let number = word.trim_start_matches(':');
        if number.len() == 13 && number.chars().all(|c| c.is_ascii_digit()) {
            return Some(word.replace(number, "[time]"));
        }
        let parsed = reeld::model::Wall::parse(word.trim_end_matches('.'));
        (word.contains('T') && parsed.is_some()).then(|| "[time]".to_owned())
    })
}

/// The digits in `in 12 s`, `12 s ago` and `for 12 s`: a busy machine is slower.
fn durations(text: &str) -> String {
    let line = |line: &str| {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let mut at = 0;
        while at + 1 < words.len() {
            let is_number = words[at].chars().all(|c| c.is_ascii_digit()) && !words[at].is_empty();
            let unit = words
                .get(at + 1)
                .map(|unit| unit.trim_end_matches([';', '.']));
            let after = at > 0 && ["in", "for"].contains(&words[at - 1].as_str());
            let before = words
                .get(at + 2)
                .is_some_and(|word| word.starts_with("ago"));
            if is_number && unit == Some("s") && (after || before) {
                let short = words[at].len() == 1;
                words[at] = if after {
                    "#".repeat(words[at].len())
                } else {
                    "##".to_owned()
                };
                // The column stays as wide as it is.
                if short && before && words.get(at + 3).is_some_and(String::is_empty) {
                    words.remove(at + 3);
                }
            }
            at += 1;
        }
        words.join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
