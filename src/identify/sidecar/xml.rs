//! A scanner for the XML that people and programs really write beside videos: ampersands as they come, links behind the
//! last element, several roots, elements that are never closed. It looks at every byte once, keeps nothing it was not
//! asked for, and expands nothing but the five entities, letters with accents and characters by number. A text
//! with any other reference says nothing: a bomb is silence.

use crate::model::visible;

/// Elements that are looked for.
const ROOTS: [&str; 5] = ["movie", "tvshow", "season", "episodedetails", "musicvideo"];
/// Most of them in a file; a file of a whole season has a few dozen.
const MOST_ROOTS: usize = 100;
/// Most fields of one that are kept.
const MOST_FIELDS: usize = 1_000;
/// Longest text of a field, in bytes; plots are cut.
const LONGEST_TEXT: usize = 2_000;
/// Deepest nesting that is followed.
const DEEPEST: usize = 32;

/// A direct child of a root.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Field<'a> {
    pub name: &'a str,
    attributes: &'a str,
    text: String,
    /// Something in it stands for what only its writer knows: there is no telling what it says.
    unknown: bool,
}

/// One of `ROOTS` with what is directly in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Root<'a> {
    pub name: &'a str,
    pub fields: Vec<Field<'a>>,
}

impl Field<'_> {
    /// Its own text, trimmed; none if a part of it cannot be known.
    pub fn text(&self) -> &str {
        if self.unknown { "" } else { self.text.trim() }
    }

    /// An attribute's value as it stands.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let mut rest = self.attributes;
        while let Some((key, after)) = rest.split_once('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, next) = after.get(1..)?.split_once(quote)?;
            if key.trim().eq_ignore_ascii_case(name) {
                return Some(value.trim());
            }
            rest = next;
        }
        None
    }
}

impl<'a> Root<'a> {
    /// The fields of a name, those without text left out.
    pub fn all(&self, name: &'static str) -> impl Iterator<Item = &Field<'a>> {
        self.fields
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name) && !field.text().is_empty())
    }

    /// The first text of the first of these names that has one.
    pub fn text(&self, names: &[&'static str]) -> Option<&str> {
        names
            .iter()
            .find_map(|name| self.all(name).next())
            .map(Field::text)
    }
}

/// All roots, and what stands behind the last.
pub fn roots(text: &str) -> (Vec<Root<'_>>, &str) {
    let mut reader = Reader::default();
    let mut rest = text;
    let mut tail = text;
    while let Some(piece) = next(&mut rest) {
        let before = reader.roots.len();
        reader.take(piece);
        if reader.open.is_some() || reader.roots.len() != before {
            tail = rest;
        }
        if reader.roots.len() >= MOST_ROOTS {
            break;
        }
    }
    reader.roots.extend(reader.open);
    (reader.roots, tail)
}

enum Piece<'a> {
    Start(&'a str, &'a str),
    Empty,
    End(&'a str),
    Text(&'a str),
    /// Text in which nothing means anything.
    Data(&'a str),
    Nothing,
}

fn next<'a>(rest: &mut &'a str) -> Option<Piece<'a>> {
    let text = *rest;
    if text.is_empty() {
        return None;
    }
    let Some(tag) = text.strip_prefix('<') else {
        let (before, after) = text.split_at(text.find('<').unwrap_or(text.len()));
        *rest = after;
        return Some(Piece::Text(before));
    };
    let mut up_to = |tag: &'a str, end: &str| {
        let (inside, after) = tag.split_once(end).unwrap_or((tag, ""));
        *rest = after;
        inside
    };
    if let Some(comment) = tag.strip_prefix("!--") {
        up_to(comment, "-->");
        return Some(Piece::Nothing);
    }
    if let Some(data) = tag.strip_prefix("![CDATA[") {
        return Some(Piece::Data(up_to(data, "]]>")));
    }
    let inside = up_to(tag, ">");
    Some(match inside.as_bytes() {
        [b'!' | b'?', ..] => Piece::Nothing,
        [b'/', ..] => Piece::End(inside.trim_start_matches('/').trim()),
        [.., b'/'] => Piece::Empty,
        _ => {
            let (name, attributes) = inside
                .split_once(|c: char| c.is_ascii_whitespace())
                .unwrap_or((inside, ""));
            Piece::Start(name, attributes)
        }
    })
}

#[derive(Default)]
struct Reader<'a> {
    roots: Vec<Root<'a>>,
    open: Option<Root<'a>>,
    /// Elements open in the open root; the first is a field.
    within: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn take(&mut self, piece: Piece<'a>) {
        let Some(root) = &mut self.open else {
            if let Piece::Start(name, _) = piece
                && ROOTS.iter().any(|root| root.eq_ignore_ascii_case(name))
            {
                let fields = Vec::new();
                self.open = Some(Root { name, fields });
            }
            return;
        };
        match piece {
            Piece::Start(name, attributes) => {
                if self.within.is_empty() && root.fields.len() < MOST_FIELDS {
                    root.fields.push(Field {
                        name,
                        attributes,
                        ..Field::default()
                    });
                }
                if self.within.len() < DEEPEST {
                    self.within.push(name);
                }
            }
            Piece::End(name) => {
                if let Some(at) = self.within.iter().rposition(|open| *open == name) {
                    self.within.truncate(at);
                } else if root.name == name {
                    self.within.clear();
                    self.roots.extend(self.open.take());
                }
            }
            Piece::Text(text) if self.within.len() == 1 => {
                let plain = unescaped(text);
                match root.fields.last_mut() {
                    Some(field) if plain.is_none() => field.unknown = true,
                    _ => append(root, &plain.unwrap_or_default()),
                }
            }
            Piece::Data(text) if self.within.len() == 1 => append(root, text),
            Piece::Text(_) | Piece::Data(_) | Piece::Empty | Piece::Nothing => {}
        }
    }
}

fn append(root: &mut Root<'_>, text: &str) {
    let Some(field) = root.fields.last_mut() else {
        return;
    };
    let text = visible(text);
    let room = LONGEST_TEXT.saturating_sub(field.text.len());
    let end = (0..=room.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    field
        .text
        .push_str(end.and_then(|end| text.get(..end)).unwrap_or_default());
}

/// The beginning of a text, as long as a field may be, with its references resolved; `None` with one that nobody knows. A
/// lone `&` is written by many.
fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = text;
    while plain.len() < LONGEST_TEXT
        && let Some((before, after)) = rest.split_once('&')
    {
        plain.push_str(before);
        let reference = after
            .find(|c: char| c != '#' && !c.is_ascii_alphanumeric())
            .and_then(|end| Some((after.get(..end)?, after.get(end..)?.strip_prefix(';')?)));
        match reference {
            Some((name, behind)) if !name.is_empty() => {
                plain.push(character(name)?);
                rest = behind;
            }
            _ => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    Some(plain)
}

fn character(reference: &str) -> Option<char> {
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ if !reference.starts_with('#') => of_html(reference),
        _ => {
            let number = reference.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// Letters and signs that XML does not know by name, and that people write all the same.
fn of_html(name: &str) -> Option<char> {
    const SIGNS: &[(&str, char)] = &[
        ("nbsp", ' '),
        ("ndash", '–'),
        ("mdash", '—'),
        ("lsquo", '‘'),
        ("rsquo", '’'),
        ("ldquo", '“'),
        ("rdquo", '”'),
        ("hellip", '…'),
        ("middot", '·'),
        ("szlig", 'ß'),
        ("aelig", 'æ'),
        ("AElig", 'Æ'),
        ("oelig", 'œ'),
        ("oslash", 'ø'),
        ("Oslash", 'Ø'),
    ];
    const ACCENTS: &[(&str, char)] = &[
        ("acute", '\u{301}'),
        ("grave", '\u{300}'),
        ("circ", '\u{302}'),
        ("uml", '\u{308}'),
        ("tilde", '\u{303}'),
        ("cedil", '\u{327}'),
        ("ring", '\u{30a}'),
        ("caron", '\u{30c}'),
    ];
    if let Some((_, sign)) = SIGNS.iter().find(|(known, _)| *known == name) {
        return Some(*sign);
    }
    let letter = name.chars().next().filter(char::is_ascii_alphabetic)?;
    let (_, accent) = ACCENTS
        .iter()
        .find(|(known, _)| name.get(1..) == Some(*known))?;
    unicode_normalization::char::compose(letter, *accent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str, name: &'static str) -> Option<String> {
        let (roots, _) = roots(text);
        roots.first()?.text(&[name]).map(str::to_owned)
    }

    #[test]
    fn fields_are_the_direct_children_of_a_root() {
        for (text, wanted) in [
            ("<movie><title>Heat</title></movie>", Some("Heat")),
            (
                "<movie><set><title>Set</title></set><title>Heat</title></movie>",
                Some("Heat"),
            ),
            ("<movie><title>R&B; A & B</title></movie>", None),
            (
                "<movie><title>A & B&C d; &</title></movie>",
                Some("A & B&C d; &"),
            ),
            ("<movie><title>Am&xacute;lie</title></movie>", None),
            ("<movie><title>&xxe;</title></movie>", None),
            (
                "<movie><title>He&#27;[31mat\u{202e}</title></movie>",
                Some("He [31mat"),
            ),
            (
                "<movie><title>Tom &amp; Jerry&#39;s &#x2013; &lt;3</title></movie>",
                Some("Tom & Jerry's – <3"),
            ),
            (
                "<movie><title>Tom & Jerry</title></movie>",
                Some("Tom & Jerry"),
            ),
            (
                "<movie><title><![CDATA[A < B & C]]></title></movie>",
                Some("A < B & C"),
            ),
            (
                "<movie><!-- <title>No</title> --><title>Heat</title></movie>",
                Some("Heat"),
            ),
            (
                "<?xml version='1.0'?><!DOCTYPE x><movie a='b'><title lang=\"en\">Heat</title>",
                Some("Heat"),
            ),
            ("<movie><title/><title>Heat</title></movie>", Some("Heat")),
            ("<movie><br><title>Heat</title></movie>", None),
            (
                "<kodi><movie><title>Heat</title></movie></kodi>",
                Some("Heat"),
            ),
            ("<html><title>Heat</title></html>", None),
            ("<movie><title>&e1;&nbsp;Heat</title></movie>", None),
            (
                "<movie><title>Am&eacute;lie &ndash; La Fianc&Eacute;e</title></movie>",
                Some("Amélie – La FiancÉe"),
            ),
            ("<movie><title>Heat", Some("Heat")),
            ("<movie", None),
            ("<<<>>><movie><title>a</b>c</title>", Some("ac")),
            ("", None),
        ] {
            assert_eq!(field(text, "title").as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn attributes_are_found_by_name() {
        let (roots, _) = roots(r#"<movie><id IMDB="tt1" TMDB = '550'>x</id></movie>"#);
        let field = roots[0].all("id").next().unwrap();
        assert_eq!(field.attribute("tmdb"), Some("550"));
        assert_eq!(field.attribute("imdb"), Some("tt1"));
        assert_eq!(field.attribute("tvdb"), None);
    }

    #[test]
    fn what_stands_behind_the_last_root_is_told() {
        let (roots, tail) = roots("<movie><title>a</title></movie>\nhttps://example.org/x");
        assert_eq!((roots.len(), tail), (1, "\nhttps://example.org/x"));
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a limit on its own time is what it tests"
    )]
    fn bombs_and_monsters_are_bounded_and_fast() {
        let laughs = format!(
            "<!DOCTYPE m [<!ENTITY a \"{}\">]><movie><title>&a;&a;&a;</title></movie>",
            "ha".repeat(1000)
        );
        assert_eq!(field(&laughs, "title"), None);
        let start = std::time::Instant::now();
        for piece in [
            "<a>",
            "</a>",
            "<movie>",
            "<movie><title>",
            "&",
            "&#1;",
            "<",
            "<!--",
            "<![CDATA[",
            "<x y='",
            "é",
            "<movie></movie>",
            "<movie><a></a>",
            "<movie>\u{e9}&amp;",
            "=",
            "\"",
        ] {
            for front in ["", "<movie><title>", "<movie><id "] {
                let text = front.to_owned() + &piece.repeat(200_000 / piece.len());
                let (roots, _) = roots(&text);
                assert!(roots.len() <= MOST_ROOTS);
                for root in roots {
                    assert!(root.fields.len() <= MOST_FIELDS);
                    assert!(
                        root.fields
                            .iter()
                            .all(|field| field.text.len() <= LONGEST_TEXT)
                    );
                    let mut fields = root.all("id");
                    assert!(fields.all(|field| field.attribute("tmdb") != Some("x")));
                }
            }
        }
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
}
