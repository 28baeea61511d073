//! What daemon and store process say to each other over their socket: one request, one reply.
//!
//! A message is its length (32 bits), a tag, and byte strings that each carry their own length. Both ends are the same
//! program, so there are no versions; a message that does not parse still is an error and never a panic.

use std::io::{self, Read, Write};

use super::{Batch, StoreErrorKind};

/// Longest message either side accepts, in bytes.
const LONGEST: usize = 256 << 20;

/// What the daemon asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// Make an empty database in this folder.
    Create { folder: Vec<u8> },
    /// Open the one in this folder. Up to so many records it is read through, to say what is missing; `None`: it is known to be
    /// damaged, is only to be read, and nothing is asked of it.
    Open {
        folder: Vec<u8>,
        verify: Option<u64>,
    },
    /// Some records whose key begins with `prefix`, from `after` on (exclusive), in key order or against it.
    Scan {
        prefix: Vec<u8>,
        after: Option<Vec<u8>>,
        backwards: bool,
    },
    /// One record.
    Get { key: Vec<u8> },
    /// All changes or none, on the disk before the reply.
    Commit(Batch),
    /// What opening found has been noted: take out what is damaged, and count from what is there.
    Settle,
}

/// What the store process answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// Done.
    Done,
    /// Opened.
    Opened(Found),
    /// Records in the order asked for.
    Records(Chunk),
    /// The record asked for.
    Value(Option<Vec<u8>>),
    /// The record asked for is there and cannot be believed.
    BadValue,
    /// Failed; the process says no more after this.
    Failed(StoreErrorKind, String),
}

/// A piece of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Chunk {
    pub records: Packed,
    /// Records left out because they cannot be believed.
    pub damaged: u64,
    /// There are no more after these.
    pub last: bool,
}

/// Records as they travel, each not to be copied more often than need be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Packed(Vec<u8>);

impl Packed {
    pub fn push(&mut self, key: &[u8], value: &[u8]) {
        let writer = Writer(std::mem::take(&mut self.0));
        self.0 = writer.bytes(key).bytes(value).0;
    }

    /// In bytes.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// In order. Stops where it does not parse, which cannot be: it was packed by this same program.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut input = Reader(&self.0);
        std::iter::from_fn(move || {
            let key = input.slice().ok()?;
            Some((key, input.slice().ok()?))
        })
    }
}

/// Key and value.
pub(super) type Record = (Vec<u8>, Vec<u8>);

/// What was found when a database was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Found {
    /// Records that are there and sound; those that ought to be, if it was not read through.
    pub records: u64,
    /// Records that ought to be there.
    pub expected: u64,
    /// Batches that were committed and are gone: the database fell back to an older state.
    pub behind: u64,
    /// The witness cannot be believed: whether batches are gone is not known.
    pub unwitnessed: bool,
    /// The keys differ from those that ought to be there.
    pub differs: bool,
    /// Records that cannot be believed.
    pub damaged: u64,
    /// Some of those, as they lie on disk.
    pub sample: Vec<Record>,
}

/// Sends one message.
pub(super) fn send(mut to: impl Write, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len())
        .ok()
        .filter(|_| message.len() <= LONGEST)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "message too long"))?;
    let mut framed = Vec::with_capacity(4 + message.len());
    framed.extend_from_slice(&length.to_le_bytes());
    framed.extend_from_slice(message);
    to.write_all(&framed)
}

/// Receives one message.
pub(super) fn receive(mut from: impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST {
        return Err(garbled());
    }
    let mut message = vec![0; length];
    from.read_exact(&mut message)?;
    Ok(message)
}

fn garbled() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "message does not parse")
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        let mut grown = self.number(bytes.len() as u64);
        grown.0.extend_from_slice(bytes);
        grown
    }

    fn optional(self, bytes: Option<&[u8]>) -> Self {
        match bytes {
            Some(bytes) => self.byte(1).bytes(bytes),
            None => self.byte(0),
        }
    }

    fn records(self, records: &[Record]) -> Self {
        let start = self.number(records.len() as u64);
        records
            .iter()
            .fold(start, |out, (key, value)| out.bytes(key).bytes(value))
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(garbled)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> io::Result<u8> {
        self.take(1)?.first().copied().ok_or_else(garbled)
    }

    fn flag(&mut self) -> io::Result<bool> {
        Ok(self.byte()? != 0)
    }

    fn number(&mut self) -> io::Result<u64> {
        let bytes = self.take(8)?.try_into().map_err(|_| garbled())?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn slice(&mut self) -> io::Result<&'a [u8]> {
        let length = usize::try_from(self.number()?).map_err(|_| garbled())?;
        self.take(length)
    }

    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        self.slice().map(<[u8]>::to_vec)
    }

    fn optional(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.flag()?.then(|| self.bytes()).transpose()
    }

    fn records(&mut self) -> io::Result<Vec<Record>> {
        (0..self.number()?)
            .map(|_| Ok((self.bytes()?, self.bytes()?)))
            .collect()
    }

    fn end<T>(self, value: T) -> io::Result<T> {
        self.0.is_empty().then_some(value).ok_or_else(garbled)
    }
}

impl Request {
    pub fn to_bytes(&self) -> Vec<u8> {
        let out = Writer::default();
        match self {
            Self::Create { folder } => out.byte(b'N').bytes(folder),
            Self::Open { folder, verify } => {
                let out = out.byte(b'O').bytes(folder);
                match verify {
                    Some(most) => out.byte(1).number(*most),
                    None => out.byte(0),
                }
            }
            Self::Scan {
                prefix,
                after,
                backwards,
            } => out
                .byte(b'S')
                .bytes(prefix)
                .optional(after.as_deref())
                .byte((*backwards).into()),
            Self::Get { key } => out.byte(b'G').bytes(key),
            Self::Commit(batch) => batch.changes.iter().fold(
                out.byte(b'C').number(batch.changes.len() as u64),
                |out, (key, value)| out.bytes(key).optional(value.as_deref()),
            ),
            Self::Settle => out.byte(b'L'),
        }
        .0
    }

    pub fn from_bytes(bytes: &[u8]) -> io::Result<Self> {
        let mut input = Reader(bytes);
        let request = match input.byte()? {
            b'N' => Self::Create {
                folder: input.bytes()?,
            },
            b'O' => Self::Open {
                folder: input.bytes()?,
                verify: input.flag()?.then(|| input.number()).transpose()?,
            },
            b'S' => Self::Scan {
                prefix: input.bytes()?,
                after: input.optional()?,
                backwards: input.flag()?,
            },
            b'G' => Self::Get {
                key: input.bytes()?,
            },
            b'C' => {
                let changes = (0..input.number()?)
                    .map(|_| Ok((input.bytes()?, input.optional()?)))
                    .collect::<io::Result<_>>()?;
                Self::Commit(Batch { changes })
            }
            b'L' => Self::Settle,
            _ => return Err(garbled()),
        };
        input.end(request)
    }
}

const KINDS: [StoreErrorKind; 6] = [
    StoreErrorKind::Full,
    StoreErrorKind::Denied,
    StoreErrorKind::Locked,
    StoreErrorKind::Newer,
    StoreErrorKind::Damaged,
    StoreErrorKind::Io,
];

impl Reply {
    pub fn to_bytes(&self) -> Vec<u8> {
        let out = Writer::default();
        match self {
            Self::Done => out.byte(b'D'),
            Self::Opened(found) => out
                .byte(b'O')
                .number(found.records)
                .number(found.expected)
                .number(found.behind)
                .byte(found.unwitnessed.into())
                .byte(found.differs.into())
                .number(found.damaged)
                .records(&found.sample),
            Self::Records(chunk) => out
                .byte(b'R')
                .number(chunk.damaged)
                .byte(chunk.last.into())
                .bytes(&chunk.records.0),
            Self::Value(value) => out.byte(b'V').optional(value.as_deref()),
            Self::BadValue => out.byte(b'B'),
            Self::Failed(kind, message) => {
                let kind = KINDS.iter().position(|known| known == kind).unwrap_or(5);
                out.byte(b'F').number(kind as u64).bytes(message.as_bytes())
            }
        }
        .0
    }

    pub fn from_bytes(bytes: &[u8]) -> io::Result<Self> {
        let mut input = Reader(bytes);
        let reply = match input.byte()? {
            b'D' => Self::Done,
            b'O' => Self::Opened(Found {
                records: input.number()?,
                expected: input.number()?,
                behind: input.number()?,
                unwitnessed: input.flag()?,
                differs: input.flag()?,
                damaged: input.number()?,
                sample: input.records()?,
            }),
            b'R' => Self::Records(Chunk {
                damaged: input.number()?,
                last: input.flag()?,
                records: Packed(input.bytes()?),
            }),
            b'V' => Self::Value(input.optional()?),
            b'B' => Self::BadValue,
            b'F' => {
                let kind = usize::try_from(input.number()?).map_err(|_| garbled())?;
                let kind = *KINDS.get(kind).ok_or_else(garbled)?;
                Self::Failed(kind, String::from_utf8_lossy(&input.bytes()?).into_owned())
            }
            _ => return Err(garbled()),
        };
        input.end(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests() -> Vec<Request> {
        let mut batch = Batch::default();
        batch.put("a", "1");
        batch.remove("b");
        batch.put("", "");
        vec![
            Request::Create {
                folder: b"/x".to_vec(),
            },
            Request::Open {
                folder: b"/x".to_vec(),
                verify: Some(7),
            },
            Request::Open {
                folder: vec![],
                verify: None,
            },
            Request::Scan {
                prefix: vec![],
                after: Some(vec![0]),
                backwards: true,
            },
            Request::Get {
                key: vec![255; 300],
            },
            Request::Commit(batch),
            Request::Settle,
        ]
    }

    fn replies() -> Vec<Reply> {
        vec![
            Reply::Done,
            Reply::Opened(Found {
                records: 1,
                expected: 2,
                behind: 3,
                unwitnessed: true,
                differs: true,
                damaged: 4,
                sample: vec![(vec![1], vec![2])],
            }),
            Reply::Records(Chunk {
                records: Packed(vec![1, 2, 3]),
                damaged: 7,
                last: false,
            }),
            Reply::Value(None),
            Reply::Value(Some(vec![])),
            Reply::BadValue,
            Reply::Failed(StoreErrorKind::Full, "no space".into()),
        ]
    }

    #[test]
    fn every_message_comes_through_and_no_cut_one_does() {
        for request in requests() {
            let bytes = request.to_bytes();
            assert_eq!(Request::from_bytes(&bytes).unwrap(), request);
            for length in 0..bytes.len() {
                assert!(Request::from_bytes(&bytes[..length]).is_err());
            }
        }
        for reply in replies() {
            let bytes = reply.to_bytes();
            assert_eq!(Reply::from_bytes(&bytes).unwrap(), reply);
            for length in 0..bytes.len() {
                assert!(Reply::from_bytes(&bytes[..length]).is_err());
            }
        }
    }

    #[test]
    fn a_length_that_promises_too_much_is_refused_before_memory_is_taken() {
        assert!(receive(u32::MAX.to_le_bytes().as_slice()).is_err());
        let mut endless = Writer::default().byte(b'R').number(u64::MAX).0;
        assert!(Reply::from_bytes(&endless).is_err());
        endless[0] = b'C';
        assert!(Request::from_bytes(&endless).is_err());
    }

    #[test]
    fn packed_records_come_out_in_order() {
        let mut packed = Packed::default();
        let records: [(&[u8], &[u8]); 3] = [(b"a", b"1"), (b"", b""), (b"b", &[7; 300])];
        for (key, value) in records {
            packed.push(key, value);
        }
        assert!(packed.iter().eq(records));
        packed.0.pop();
        assert_eq!(packed.iter().count(), 2);
    }

    #[test]
    fn a_message_travels_whole() {
        let mut pipe = Vec::new();
        send(&mut pipe, b"one").unwrap();
        send(&mut pipe, b"").unwrap();
        let mut from = pipe.as_slice();
        assert_eq!(receive(&mut from).unwrap(), b"one");
        assert_eq!(receive(&mut from).unwrap(), b"");
        assert!(receive(&mut from).is_err());
    }
}
