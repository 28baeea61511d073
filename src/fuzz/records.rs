//! What lies in the database.

use std::time::Duration;

use crate::model::{Moment, Random, Wall};
use crate::outbox::{Hint, Outbox, Selection};
use crate::service::{Catalogue, Context, Disposition};
use crate::store::{Batch, Durability, MemoryStore, Store};

use super::bytes::Bytes;

/// Records: the length of the key and the key, the length of the value in two bytes and the value. The outbox is loaded from
/// them, sends what it makes of them, and is loaded again.
pub fn records(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let mut batch = Batch::default();
    while !bytes.is_empty() {
        let length = usize::from(bytes.byte() % 32);
        let key = bytes.take(length);
        let length = usize::from(bytes.byte()) << 8 | usize::from(bytes.byte());
        batch.put(key, bytes.take(length));
    }
    let mut store = MemoryStore::default();
    if store.commit(batch, Durability::Disk).is_err() {
        return;
    }
    let again = store.clone();
    run(store);
    run(again);
}

fn run(store: MemoryStore) {
    let now = Moment {
        mono: Duration::from_secs(1000),
        boot: Duration::from_secs(1000),
        wall: Wall(1_795_312_800_000),
    };
    let Ok((mut outbox, remembered)) = Outbox::load(store, Catalogue, Random::seeded(7), 2) else {
        return;
    };
    assert!(
        remembered
            .problems
            .iter()
            .all(|problem| !problem.is_empty())
    );
    if outbox
        .queue(now, &mut |queued| {
            assert!(!queued.event.action.as_str().is_empty())
        })
        .is_err()
    {
        return;
    }
    let counts = outbox.counts(now);
    for (account, _) in counts {
        outbox.hint(&Hint::LoggedIn(account.clone()));
        while let Ok(Some((id, _))) = outbox.next(&account, now, &Context::default()) {
            let outcome = Disposition::Skip {
                reason: "enough".to_owned(),
            };
            if outbox.settle(id, outcome, now).is_err() {
                return;
            }
        }
    }
    assert!(
        outbox
            .poll_timeout(now)
            .is_none_or(|(_, why)| !why.is_empty())
    );
    drop(outbox.wanted(10));
    drop(outbox.drop_deliveries(&Selection::All));
}
