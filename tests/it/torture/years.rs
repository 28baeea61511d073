//! A state folder as years would leave it, made as the outbox makes it.

use std::path::Path;

use reeld::history::{Entry, History};
use reeld::model::{
    AccountKey, Action, Journal, Lifecycle, Media, MediaType, Moment, Random, SessionId, Step,
    Viewing, ViewingId, ViewingKey, Wall,
};
use reeld::outbox::{Hint, Outbox};
use reeld::service::Catalogue;
use reeld::store::{Batch, Durability, MemoryStore, Program, SledStore, StateFolder, Store};

use crate::support::home::binary;

/// So many watches of films long past, queued for these accounts. In memory first: a commit each on the disk would take long.
pub fn fill(state: &Path, watches: u64, accounts: &[AccountKey]) {
    let mut random = Random::seeded(1);
    let (mut outbox, _) =
        Outbox::load(MemoryStore::default(), Catalogue, Random::seeded(2), 1).unwrap();
    for account in accounts {
        outbox.hint(&Hint::LoggedIn(account.clone()));
    }
    let now = reeld::clock::now();
    let mut last = None;
    for number in 0..watches {
        let step = watch(number, watches - number, &mut random, now);
        outbox.append(&step, accounts, now).unwrap();
        let (number, note) = outbox.note().unwrap().expect("a line for the history");
        outbox.noted(number, note.event.session);
        last = Some(Entry::of(&note.viewing, &note.event, &note.accounts));
    }
    // The last of them is what a sound history is known by.
    let history = History::at(&state.join("history.jsonl"));
    history.append(&last.expect("a watch")).unwrap();
    let memory = outbox.into_store().unwrap();
    let folder = StateFolder::claim(state).unwrap();
    let program = Program::at(Path::new(&binary()));
    let (mut disk, _) = SledStore::open(&folder, now.wall, &program).unwrap();
    let mut batch = Batch::default();
    memory
        .scan(b"", &mut |key, value| {
            batch.put(key, value);
            if batch.changes.len() == 1000 {
                disk.commit(std::mem::take(&mut batch), Durability::Disk)
                    .unwrap();
            }
        })
        .unwrap();
    disk.commit(batch, Durability::Disk).unwrap();
}

fn watch(number: u64, minutes_ago: u64, random: &mut Random, now: Moment) -> Step {
    let title = format!("Film Number {number}");
    let media = Media {
        media_type: Some(MediaType::Movie),
        title: Some(title.clone()),
        year: Some(2001),
        ..Media::default()
    };
    let long_ago = Wall(now.wall.0 - 60_000 * minutes_ago as i64);
    let viewing = Viewing {
        id: ViewingId(number + 1),
        key: ViewingKey {
            media_type: Some(MediaType::Movie),
            title: title.to_lowercase(),
            year: Some(2001),
            ..ViewingKey::default()
        },
        media: media.clone(),
        player: "mpv".to_owned(),
        started_at: long_ago,
        updated_at: long_ago,
        position: 6000.0,
        duration: 6000.0,
        played: 6000.0,
        reached: true,
        completed: Some(long_ago),
        local_only: None,
        played_in: None,
    };
    let event = Lifecycle {
        action: Action::Stop,
        at: Moment {
            wall: long_ago,
            ..now
        },
        viewing: viewing.id,
        session: SessionId::random(random),
        media,
        position: 6000.0,
        duration: 6000.0,
        watched: true,
        player: "mpv".to_owned(),
        file_name: None,
    };
    let journal = Journal::Closed(event.session);
    Step {
        event: Some(event),
        viewing,
        journal,
        seeked: false,
    }
}
