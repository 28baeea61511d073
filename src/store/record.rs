//! How records lie on disk: sealed with a version and a checksum, and counted.
//!
//! The database has checksums of its own, over pages. Ours is over key and value together: it also notices a page that is
//! sound but in the wrong place. The census is how a record that is no longer there at all is noticed.

/// Of a record's layout.
const VERSION: u8 = 1;
/// Version and checksum.
const HEAD: usize = 5;

/// `version, CRC-32 over version, key and value, value`.
pub(super) fn seal(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(HEAD + value.len());
    sealed.push(VERSION);
    sealed.extend_from_slice(&checksum(key, value).to_le_bytes());
    sealed.extend_from_slice(value);
    sealed
}

/// The value, if it is what was sealed under this key.
pub(super) fn unseal<'a>(key: &[u8], sealed: &'a [u8]) -> Option<&'a [u8]> {
    let (head, value) = sealed.split_at_checked(HEAD)?;
    let (&version, sum) = head.split_first()?;
    (version == VERSION && sum == checksum(key, value).to_le_bytes()).then_some(value)
}

fn checksum(key: &[u8], value: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[VERSION]);
    // The length keeps key and value apart.
    crc.update(&(key.len() as u64).to_le_bytes());
    crc.update(key);
    crc.update(value);
    crc.finalize()
}

/// What must be there: written in the same batch as every change, compared when the store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Census {
    /// Batches ever committed.
    pub generation: u64,
    /// Live records.
    pub count: u64,
    /// XOR of the hashes of their keys.
    pub digest: u64,
}

impl Census {
    /// Counts a key that was not there.
    pub fn add(&mut self, key: &[u8]) {
        self.count = self.count.wrapping_add(1);
        self.digest ^= hash(key);
    }

    /// Forgets a key that was there.
    pub fn remove(&mut self, key: &[u8]) {
        self.count = self.count.wrapping_sub(1);
        self.digest ^= hash(key);
    }

    pub fn to_bytes(self) -> Vec<u8> {
        [self.generation, self.count, self.digest]
            .map(u64::to_le_bytes)
            .concat()
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        match (words, rest) {
            ([generation, count, digest], []) => Some(Self {
                generation: u64::from_le_bytes(*generation),
                count: u64::from_le_bytes(*count),
                digest: u64::from_le_bytes(*digest),
            }),
            _ => None,
        }
    }
}

/// FNV-1a: the same on every machine and in every version.
fn hash(key: &[u8]) -> u64 {
    key.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_comes_back_and_every_flipped_bit_is_noticed() {
        let sealed = seal(b"key", b"value");
        assert_eq!(unseal(b"key", &sealed), Some(b"value".as_slice()));
        assert_eq!(unseal(b"kez", &sealed), None, "under another key");
        for bit in 0..sealed.len() * 8 {
            let mut bent = sealed.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unseal(b"key", &bent), None, "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert_eq!(unseal(b"key", &sealed[..length]), None, "cut to {length}");
        }
    }

    #[test]
    fn key_and_value_cannot_run_into_each_other() {
        assert_eq!(unseal(b"keyv", &seal(b"key", b"value")), None);
        assert_ne!(seal(b"ab", b"c")[1..HEAD], seal(b"a", b"bc")[1..HEAD]);
    }

    #[test]
    fn a_census_depends_on_the_keys_and_not_on_their_order() {
        let mut a = Census::default();
        let mut b = Census::default();
        for key in [b"x", b"y", b"z"] {
            a.add(key);
        }
        for key in [b"z", b"q", b"x", b"y"] {
            b.add(key);
        }
        b.remove(b"q");
        assert_eq!(a, b);
        assert_eq!(Census::from_bytes(&a.to_bytes()), Some(a));
        assert_eq!(Census::from_bytes(b"short"), None);
    }
}
