//! Reading the database in pieces.

use std::io;
use std::ops::Bound;

use super::StoreError;
use super::database::{Sled, SledIter, explain};
use super::record::unseal;
use super::wire::Chunk;

/// Bytes of records in one piece, about.
const CHUNK: usize = 64 << 10;
/// What the keys of all records begin with in sled.
pub(super) const RECORDS: u8 = b'r';

/// A scan under way. It is kept from chunk to chunk because only a long-lived iterator of sled's keeps to its cache's size.
pub(super) struct Cursor {
    prefix: Vec<u8>,
    last: Option<Vec<u8>>,
    backwards: bool,
    records: SledIter,
}

impl Cursor {
    pub fn new(sled: &Sled, prefix: &[u8], after: Option<&[u8]>, backwards: bool) -> Self {
        let first = internal(prefix);
        let after = after.map(internal);
        let low = match &after {
            Some(after) if !backwards => Bound::Excluded(after.clone()),
            _ => Bound::Included(first.clone()),
        };
        let high = match after {
            Some(after) if backwards => Bound::Excluded(after),
            // Forwards, sled's iterator reads every page behind its upper bound before it ends.
            _ if !backwards => Bound::Unbounded,
            _ => successor(&first).map_or(Bound::Unbounded, Bound::Excluded),
        };
        Self {
            prefix: prefix.to_vec(),
            last: None,
            backwards,
            records: sled.range::<Vec<u8>, _>((low, high)),
        }
    }

    pub fn stands_at(&self, prefix: &[u8], after: Option<&[u8]>, backwards: bool) -> bool {
        self.prefix == prefix
            && self.backwards == backwards
            && after.is_some()
            && self.last.as_deref() == after
    }

    pub fn chunk(&mut self) -> Result<Chunk, StoreError> {
        let chunk = if self.backwards {
            fill(std::iter::from_fn(|| self.records.next_back()))?
        } else {
            let first = internal(&self.prefix);
            let within = |record: &io::Result<(sled::InlineArray, _)>| {
                record
                    .as_ref()
                    .map_or(true, |(key, _)| key.starts_with(&first))
            };
            fill((&mut self.records).take_while(within))?
        };
        self.last = chunk.records.iter().last().map(|(key, _)| key.to_vec());
        Ok(chunk)
    }
}

fn fill(
    records: impl Iterator<Item = io::Result<(sled::InlineArray, sled::InlineArray)>>,
) -> Result<Chunk, StoreError> {
    let mut chunk = Chunk::default();
    for record in records {
        let (key, sealed) = match record {
            Ok(record) => record,
            // What was read before the damage counts; the next request meets the error.
            Err(_) if chunk.records.size() > 0 => return Ok(chunk),
            Err(error) => return Err(explain("reading", &error)),
        };
        match (unseal(&key, &sealed), key.get(1..)) {
            (Some(value), Some(key)) => chunk.records.push(key, value),
            _ => chunk.damaged += 1,
        }
        if chunk.records.size() >= CHUNK {
            return Ok(chunk);
        }
    }
    chunk.last = true;
    Ok(chunk)
}

/// A record's key as it is in sled.
pub(super) fn internal(key: &[u8]) -> Vec<u8> {
    let mut internal = Vec::with_capacity(1 + key.len());
    internal.push(RECORDS);
    internal.extend_from_slice(key);
    internal
}

/// The first key after all that begin with `prefix`.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let end = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut next = prefix.get(..=end)?.to_vec();
    *next.last_mut()? += 1;
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_of_a_prefix_ends_exactly_its_keys() {
        for (prefix, next) in [
            (vec![1, 2], Some(vec![1, 3])),
            (vec![1, 255], Some(vec![2])),
            (vec![255, 255], None),
            (vec![], None),
        ] {
            assert_eq!(successor(&prefix), next);
        }
    }
}
