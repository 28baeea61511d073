//! What the folders above a file say, and whether the file is of the work they are of.

use std::mem::take;

use super::numbers::Context;
use super::path::{is_obscured, squeezed};
use super::reading::Reading;
use super::token::Text;
use super::words::{self, PLACE, SHOW};
use super::{Extra, Ids, Shelved, extras, kinship, part};

/// What the folders above a file say, the nearest first.
#[derive(Default)]
pub(super) struct Folders {
    pub context: Context,
    pub season: Vec<u32>,
    /// The folder before this one was a season's.
    in_season: bool,
    /// Nearest folder that names a work.
    pub named: Option<Box<Reading>>,
    /// What a season's folder calls itself; the title where nothing else is.
    pub season_title: Option<String>,
    /// The piece of a film that the nearest folder holds.
    pub part: Option<u32>,
    pub year: Option<u16>,
    pub extra: Option<Extra>,
    /// The folder of extras, which may be a series called so.
    shelf: Option<Text>,
    /// Of the work that the nearest such folder is of.
    pub ids: Ids,
    /// What that folder is called.
    called: Option<Called>,
    pub anime: bool,
    /// The nearest folder that names a work is called as the file is, and is none of episodes.
    pub own_folder: bool,
    /// That folder has a number before its name.
    pub counted: bool,
    /// Of what people made themselves, nearer than one of films.
    pub private: bool,
}

/// A folder's title, as it is and squeezed, and its year.
struct Called {
    title: String,
    key: String,
    year: Option<u16>,
}

impl Called {
    fn new(title: &str, year: Option<u16>) -> Self {
        Self {
            title: title.to_owned(),
            key: squeezed(title),
            year,
        }
    }
}

/// Whether what was made of it all is the work that a folder is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kin {
    Same,
    /// It lies where the folder's work does, and is called otherwise, as in another language.
    Renamed,
    Other,
}

impl Folders {
    pub fn add(&mut self, folder: String) {
        let mut text = Text::whole(folder);
        text.cut();
        let key = text.keys(0, text.len());
        self.anime |= matches!(key, "anime" | "animes" | "japanimation");
        if key.is_empty() {
            return;
        }
        let of_season = take(&mut self.in_season) && self.named.is_none();
        let of_extras = extras::folder(key);
        if let Some(extra) = of_extras.filter(|_| !of_season) {
            self.extra = self.extra.or(Some(extra)).filter(|_| self.named.is_none());
            self.shelf = Some(text).filter(|_| self.named.is_none());
            return;
        }
        self.private |= self.context.series.is_none() && words::place_is_private(key);
        if let Some(series) = words::place_holds_series(key) {
            self.context.series = self.context.series.or(Some(series));
        }
        if of_season && (is_bare(&text) || of_extras.is_some()) {
            let title = text.text.trim().to_owned();
            self.called.get_or_insert_with(|| Called::new(&title, None));
            self.named = Some(Box::new(Reading {
                title: Some(title),
                text,
                ..Reading::default()
            }));
            return;
        }
        if is_place(key) {
            return;
        }
        let mut reading = Reading {
            text,
            ..Reading::default()
        };
        part::read(&mut reading, &Context::default());
        // "Season 1 - The Beginning": a season's title is not the show's, if a folder above has that.
        if self.named.is_none()
            && reading.leading
            && !reading.season.is_empty()
            && !reading.has_episode()
        {
            self.in_season = true;
            if self.season.is_empty() {
                self.season.clone_from(&reading.season);
            }
            self.season_title = self.season_title.take().or(reading.title);
            return;
        }
        if self.is_numbered_only(&reading) || is_obscured(&reading) && reading.year.is_none() {
            return;
        }
        self.take_ids(&reading);
        if self.season.is_empty() && !reading.has_episode() {
            self.season.clone_from(&reading.season);
        }
        if self.named.is_none()
            && (reading.title.is_some() || reading.has_episode() && !reading.weak)
        {
            self.named = Some(Box::new(reading));
        }
    }

    /// `Season 2`, `Specials`, `2`, `2014`, `Disc 1`, `Episode 05`.
    fn is_numbered_only(&mut self, reading: &Reading) -> bool {
        let text = &reading.text;
        let key = text.keys(0, text.len());
        let number = (text.len() == 1)
            .then(|| text.tokens.first().and_then(|t| t.number))
            .flatten();
        if self.named.is_some() {
            return false;
        }
        if matches!(
            key,
            "specials"
                | "special"
                | "season specials"
                | "spezial"
                | "especiales"
                | "speciali"
                | "speciale"
                | "ova"
                | "ovas"
                | "oad"
                | "oads"
        ) {
            self.season = vec![0];
            return true;
        }
        if let Some(number) = number {
            match number.digits {
                1 | 2 if self.season.is_empty() => self.season = vec![number.value],
                4 if (1900..2040).contains(&number.value) => {
                    self.year = u16::try_from(number.value).ok()
                }
                _ => return false,
            }
            return true;
        }
        if reading.title.is_none() && (!reading.season.is_empty() || reading.part.is_some()) {
            self.in_season = !reading.season.is_empty();
            self.part = self.part.or(reading.part);
            if self.season.is_empty() {
                self.season.clone_from(&reading.season);
            }
            return true;
        }
        reading.title.is_none() && !reading.has_episode()
    }

    /// A folder's ids are those of the work it is of; folders further out count if they are called the same.
    fn take_ids(&mut self, folder: &Reading) {
        let Some(title) = &folder.title else {
            return;
        };
        let called = self
            .called
            .get_or_insert_with(|| Called::new(title, folder.year));
        if called.key != squeezed(title) {
            return;
        }
        called.year = called.year.or(folder.year);
        if !folder.has_episode() || kinship::ids_before_number(&folder.text) {
            self.ids.fill_from(&folder.ids);
        }
    }

    /// Whether what was made of it all is what the folder with the ids is of: it is called so, and is no film of another year,
    /// or it is a film of the same year or an episode that was `shelved` there, whatever it is called.
    pub fn kin(&self, base: &Reading, episode: bool, shelved: bool) -> Kin {
        let (Some(called), Some(own)) = (&self.called, &base.title) else {
            return Kin::Other;
        };
        let key = squeezed(own);
        let alike = called.key.starts_with(&key) || key.starts_with(&called.key);
        let years = called.year.zip(base.year).filter(|_| !episode);
        let beside = match years {
            Some((year, own)) => year == own,
            None => episode && shelved,
        };
        let remade = years.is_some_and(|(year, own)| year.abs_diff(own) > 1);
        if called.key == key && !remade || alike && (episode || beside) {
            Kin::Same
        } else if beside {
            Kin::Renamed
        } else {
            Kin::Other
        }
    }

    /// The work whose ids the folder has.
    pub fn work(&self) -> Option<Box<Shelved>> {
        let called = self.called.as_ref()?;
        Some(Box::new(Shelved {
            title: called.title.clone(),
            year: called.year,
            ids: self.ids.clone(),
        }))
    }

    /// A folder called like one of extras is a series' own where its episodes say so.
    pub fn claim_shelf(&mut self, base: &mut Reading) {
        let Some(shelf) = self.shelf.take().filter(|_| self.named.is_none()) else {
            return;
        };
        let numbered = !base.weak && !base.season.is_empty() && !base.episode.is_empty();
        let title = shelf.text.trim();
        let same = base
            .title
            .as_deref()
            .is_none_or(|own| squeezed(own) == squeezed(title));
        if numbered && same && base.extra.is_none() {
            base.title = Some(title.to_owned());
            self.extra = None;
        }
    }
}

/// A show's name that would be no name elsewhere: a number, or a word that folders are called.
fn is_bare(text: &Text) -> bool {
    let number = text.tokens.first().is_some_and(|t| t.number.is_some());
    text.len() == 1 && (number || words::word(text.key(0)) & SHOW != 0)
}

fn is_place(key: &str) -> bool {
    let one_letter = key.chars().count() == 1 && key.chars().all(char::is_alphabetic);
    one_letter
        || words::place_holds_series(key).is_some()
        || words::word(key) & PLACE != 0
        || words::phrase(key) & PLACE != 0
        || matches!(key.as_bytes(), [b'd', b'0'..=b'9'])
        || key.starts_with("incomplete")
}
