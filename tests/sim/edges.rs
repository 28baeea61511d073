//! The engine's door to the world: the disk, and what lies beside the database.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::rc::Rc;

use reeld::debounce::ALREADY_WATCHED;
use reeld::engine::{Edges, Opened, Pause};
use reeld::history::{Entry, MemoryHistory, Read, Receipt};
use reeld::model::{AccountKey, Media, Moment, SessionId, ViewingId, Wall};
use reeld::store::StoreError;
use reeld::watch::merge::Started;

use crate::library::{DOUBTFUL, FILMS, Film, NAMELESS, Work};
use crate::store::{Disk, SimStore};

/// What the local history was told.
#[derive(Debug, Default)]
pub struct Remembered {
    pub log: MemoryHistory,
    /// By viewing, and whether it was kept here then.
    completed: BTreeMap<(ViewingId, bool), BTreeSet<SessionId>>,
    /// Sessions that were ended otherwise: what they had completed was so in another one, and is not in them again.
    ended_otherwise: BTreeSet<SessionId>,
    pub complaints: Vec<String>,
    pub pause: Option<Pause>,
    /// Whether the lines say of a viewing that it was completed.
    pub lines: BTreeMap<ViewingId, bool>,
    /// The last completion; not one that is written again.
    pub last: Option<Last>,
    /// The last line, of more than a piece, of a film of which the user may say what it is; if it was not opened since.
    pub kept: Option<Kept>,
    /// Whom a completion is never to reach, by a receipt.
    void: BTreeSet<(ViewingId, AccountKey)>,
}

/// What `reeld history` shows of a film.
#[derive(Debug, Clone)]
pub struct Kept {
    pub viewing: ViewingId,
    pub media: Media,
    pub work: Option<Work>,
}

/// A completion, as a line of the history tells of it.
#[derive(Debug, Clone)]
pub struct Last {
    pub viewing: ViewingId,
    pub session: SessionId,
    pub at: Wall,
    pub work: Option<Work>,
}

impl Remembered {
    /// Whether everything can be read that was ever written.
    pub fn is_whole(&self) -> bool {
        let Ok(read) = self.log.recent() else {
            return false;
        };
        let there = told_by(&read);
        self.lines
            .iter()
            .all(|(viewing, completed)| there.get(viewing) == Some(completed))
    }

    /// Whether all completions can be read with those who were to be told of them, and those who were not.
    pub fn is_complete(&self) -> bool {
        let read = self.log.recent().unwrap_or_default();
        let mut entries = read.entries.iter();
        let is_void = |(viewing, account): &(ViewingId, AccountKey)| {
            let mut entries = read.entries.iter().filter(|e| e.viewing_id == *viewing);
            entries.any(|entry| entry.receipts.iter().any(|r| r.account == *account))
        };
        self.is_whole()
            && entries.all(|entry| entry.completed == entry.completion.is_some())
            && self.void.iter().all(is_void)
    }

    /// The database is lost, or behind: what the history does not tell now it perhaps never will.
    pub fn alone(&mut self) {
        self.lines = told_by(&self.log.recent().unwrap_or_default());
        self.void.clear();
    }

    /// A daemon begins that cannot know them.
    pub fn forget_completions(&mut self) {
        self.completed.clear();
    }

    /// Something that is not the daemon changes a byte of the line at this fraction of all.
    pub fn damage(&mut self, line: f64) {
        let mut text = self.log.text().to_vec();
        let starts = text.iter().enumerate().filter(|(_, byte)| **byte == b'{');
        let lines: Vec<usize> = starts
            .map(|(at, _)| at)
            .filter(|at| *at == 0 || text[at - 1] == b'\n')
            .collect();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "few lines"
        )]
        let number = (line * lines.len() as f64) as usize;
        if let Some(start) = lines.get(number) {
            text[start + 20] = b'#';
            self.log.replace(text);
            self.forget_completions();
        }
    }
}

/// Whether the lines say of a viewing that it was completed.
fn told_by(read: &Read) -> BTreeMap<ViewingId, bool> {
    let entries = read.entries.iter();
    entries.map(|e| (e.viewing_id, e.completed)).collect()
}

/// What an entry is about, if it may be told.
fn work_of(entry: &Entry) -> Option<Work> {
    let media = &entry.media;
    let episode = media
        .season
        .first()
        .copied()
        .zip(media.episode.first().copied());
    let film = FILMS
        .iter()
        .find(|film| Some(film.title) == media.title.as_deref() && film.work().1 == episode);
    film.map(Film::work)
}

/// The engine's door to the world.
pub struct SimEdges {
    pub disk: Rc<RefCell<Disk>>,
    pub remembered: Rc<RefCell<Remembered>>,
}

impl SimEdges {
    /// A process that died over the database writes nothing else.
    fn alive(&self) -> io::Result<()> {
        match self.disk.borrow().died {
            true => Err(io::Error::other("the process is dead")),
            false => Ok(()),
        }
    }
}

impl Edges for SimEdges {
    type Store = SimStore;

    fn open_store(&mut self, _now: Moment) -> Result<Opened<SimStore>, StoreError> {
        Disk::open(&self.disk).map(|store| Opened {
            store,
            fresh: self.disk.borrow().is_empty(),
            loss: None,
        })
    }

    fn loss_repaired(&mut self, _store: &SimStore) -> Result<(), StoreError> {
        Ok(())
    }

    fn kinship(&self) -> Started {
        Box::new(|_, _| false)
    }

    fn remember(&mut self, entry: &Entry) -> io::Result<()> {
        self.alive()?;
        let mut remembered = self.remembered.borrow_mut();
        remembered.log.append(entry)?;
        let line = remembered.lines.entry(entry.viewing_id).or_default();
        let known = std::mem::replace(line, *line || entry.completed);
        let title = entry.media.title.as_deref();
        let is_one = |film: &usize| title == Some(FILMS[*film].title);
        let is_piece = entry.local_only.as_deref() == Some(ALREADY_WATCHED);
        if [DOUBTFUL, NAMELESS].iter().any(is_one) && !is_piece {
            remembered.kept = Some(Kept {
                viewing: entry.viewing_id,
                media: entry.media.clone(),
                work: work_of(entry),
            });
        }
        let last = remembered.last.as_ref().map(|last| last.viewing);
        let is_news = !known || last == Some(entry.viewing_id);
        if let Some(completion) = entry.completion.as_ref().filter(|_| is_news) {
            remembered.last = Some(Last {
                viewing: entry.viewing_id,
                session: completion.session_id,
                at: completion.at,
                work: work_of(entry),
            });
        }
        if entry.completion.is_some() {
            let Remembered {
                completed,
                ended_otherwise,
                complaints,
                ..
            } = &mut *remembered;
            let by = completed
                .entry((entry.viewing_id, entry.local_only.is_some()))
                .or_default();
            if !ended_otherwise.contains(&entry.session_id) {
                let is_moved = |before: &&SessionId| before.after_it() == entry.session_id;
                let moved: Vec<SessionId> = by.iter().filter(is_moved).copied().collect();
                by.retain(|before| !moved.contains(before));
                ended_otherwise.extend(moved);
            }
            by.insert(entry.session_id);
            if by.len() > 1 {
                let complaint = format!("viewing {} was completed twice", entry.viewing_id);
                complaints.push(complaint);
            }
        }
        Ok(())
    }

    fn receipt(&mut self, viewing: ViewingId, receipt: &Receipt) -> io::Result<()> {
        self.alive()?;
        let mut remembered = self.remembered.borrow_mut();
        remembered.log.receipt(viewing, receipt)?;
        if !receipt.delivered {
            remembered.void.insert((viewing, receipt.account.clone()));
        }
        Ok(())
    }

    fn recall(&mut self) -> io::Result<Read> {
        self.alive()?;
        self.remembered.borrow().log.recent()
    }

    fn take_back(&mut self, viewing: ViewingId) -> io::Result<()> {
        self.alive()?;
        let mut remembered = self.remembered.borrow_mut();
        let entries = remembered.log.recent()?.entries.into_iter();
        let mut completed = entries.filter(|entry| entry.viewing_id == viewing && entry.completed);
        if let Some(entry) = completed.next() {
            remembered.log.append(&entry.take_back())?;
        }
        remembered.completed.retain(|(of, _), _| *of != viewing);
        remembered.void.retain(|(void, _)| *void != viewing);
        remembered.lines.insert(viewing, false);
        Ok(())
    }

    fn kept_pause(&mut self) -> Option<Pause> {
        self.remembered.borrow().pause
    }

    fn keep_pause(&mut self, pause: Option<&Pause>) -> io::Result<()> {
        self.alive()?;
        self.remembered.borrow_mut().pause = pause.copied();
        Ok(())
    }

    fn kept_linked(&mut self) -> Option<Vec<AccountKey>> {
        None
    }

    fn keep_linked(&mut self, _: &[AccountKey]) -> io::Result<()> {
        self.alive()
    }
}
