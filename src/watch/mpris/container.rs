//! Whether a film's file has a moving picture: what its track list says, for players that do not say it and files whose
//! names promise one (sound in `.webm`, `.mp4`, `.mkv`, `.ts`).
//!
//! Matroska (`TrackEntry` types) and MP4 (`hdlr` of each `trak`) are read here, what is older in `older`. Of a file only the heads of
//! its parts are read, a bounded number of them, whatever it claims of itself. What is not understood says nothing.

mod older;

use std::fs;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::model::Video;
use crate::paths::open_file;

/// Most parts of a file that are looked at.
const MOST_PARTS: u32 = 4000;
/// Read at once.
const STRETCH: usize = 4096;

/// What the file's own track list says. Takes as long as its disk does.
pub fn video_in(path: &str) -> Video {
    read(path).unwrap_or_default()
}

/// A regular file only: opening anything else may hang, or do something.
fn read(path: &str) -> io::Result<Video> {
    let is_file = fs::metadata(path)?.is_file();
    if !is_file {
        return Ok(Video::Unknown);
    }
    let file = open_file(Path::new(path))?;
    if !file.metadata()?.is_file() {
        return Ok(Video::Unknown);
    }
    video(BufReader::with_capacity(STRETCH, file))
}

fn video(input: impl Read + Seek) -> io::Result<Video> {
    let mut parts = Parts {
        input,
        at: 0,
        left: MOST_PARTS,
    };
    let head: [u8; 8] = parts.bytes()?;
    parts.go(0)?;
    let tracks = match head {
        [0x1a, 0x45, 0xdf, 0xa3, ..] => matroska(&mut parts),
        [_, _, _, _, kind @ ..] if MP4_BEGINS.contains(&&kind) => mp4(&mut parts),
        [b'R', b'I', b'F', b'F', ..] => older::avi(&mut parts),
        [b'F', b'L', b'V', ..] => older::flv(&mut parts),
        [0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11] => older::asf(&mut parts),
        [older::SYNC, ..] => older::transport_stream(&mut parts),
        _ => return Ok(Video::Unknown),
    };
    Ok(tracks?.verdict())
}

/// The kinds of tracks that were found; none unless the whole list was read.
#[derive(Debug, Default)]
struct Tracks {
    moving: bool,
    sound: bool,
}

impl Tracks {
    fn verdict(&self) -> Video {
        if self.moving {
            Video::Yes
        } else if self.sound {
            Video::No
        } else {
            Video::Unknown
        }
    }
}

/// The parts of a file, one after another.
struct Parts<R> {
    input: R,
    at: u64,
    left: u32,
}

impl<R: Read + Seek> Parts<R> {
    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn go(&mut self, to: u64) -> io::Result<()> {
        self.at = self.input.seek(SeekFrom::Start(to))?;
        Ok(())
    }

    /// Where a part of this size ends that begins here.
    fn end(&self, size: u64) -> io::Result<u64> {
        let end = self.at.checked_add(size).filter(|end| *end < 1 << 62);
        end.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Counts another part.
    fn next(&mut self) -> io::Result<()> {
        self.left = self.left.checked_sub(1).ok_or(io::ErrorKind::InvalidData)?;
        Ok(())
    }

    /// A number of Matroska's: as many zero bits before the first one, so many bytes follow; and how many bytes it took.
    fn number(&mut self, longest: u32) -> io::Result<(u64, u32)> {
        let [first] = self.bytes()?;
        let more = u32::from(first).leading_zeros() - 24;
        if more >= longest {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut number = u64::from(first);
        for _ in 0..more {
            let [byte] = self.bytes()?;
            number = number << 8 | u64::from(byte);
        }
        Ok((number, more + 1))
    }

    /// Id and size of an element of Matroska's; the size may be unknown.
    fn element(&mut self) -> io::Result<(u64, Option<u64>)> {
        self.next()?;
        let (id, _) = self.number(4)?;
        let (marked, bytes) = self.number(8)?;
        let all_ones = (1 << (7 * bytes)) - 1;
        let size = marked & all_ones;
        Ok((id, (size != all_ones).then_some(size)))
    }
}

const HEADER: u64 = 0x1a45_dfa3;
const SEGMENT: u64 = 0x1853_8067;
const TRACKS: u64 = 0x1654_ae6b;
const TRACK_ENTRY: u64 = 0xae;
const TRACK_TYPE: u64 = 0x83;
const CLUSTER: u64 = 0x1f43_b675;

/// The list stands before the first cluster, or it is not looked for.
fn matroska<R: Read + Seek>(parts: &mut Parts<R>) -> io::Result<Tracks> {
    let mut tracks = Tracks::default();
    let mut list_ends = u64::MAX;
    while parts.at < list_ends {
        match parts.element()? {
            (SEGMENT | TRACK_ENTRY, _) => {}
            (TRACKS, Some(size)) => list_ends = parts.end(size)?,
            (TRACK_TYPE, Some(1)) => match parts.bytes()? {
                [1] => tracks.moving = true,
                [2] => tracks.sound = true,
                _ => {}
            },
            (HEADER, Some(size)) => parts.go(parts.end(size)?)?,
            (CLUSTER, _) | (_, None) => return Ok(Tracks::default()),
            (_, Some(size)) => parts.go(parts.end(size)?)?,
        }
    }
    Ok(tracks)
}

/// What the first atom of a file may be.
const MP4_BEGINS: [&[u8; 4]; 6] = [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"];

/// The list may stand behind everything else.
fn mp4<R: Read + Seek>(parts: &mut Parts<R>) -> io::Result<Tracks> {
    let mut tracks = Tracks::default();
    let mut list_ends = u64::MAX;
    while parts.at < list_ends {
        parts.next()?;
        let begins = parts.at;
        let (size, kind): ([u8; 4], [u8; 4]) = (parts.bytes()?, parts.bytes()?);
        let size = match u32::from_be_bytes(size) {
            1 => u64::from_be_bytes(parts.bytes()?),
            size => u64::from(size),
        };
        let ends = begins.saturating_add(size);
        if ends < parts.at || ends >= 1 << 62 {
            return Ok(Tracks::default());
        }
        match &kind {
            b"moov" => list_ends = ends,
            b"trak" | b"mdia" => {}
            b"hdlr" => {
                let [_, _, _, _, _, _, _, _, handler @ ..]: [u8; 12] = parts.bytes()?;
                tracks.moving |= &handler == b"vide";
                tracks.sound |= &handler == b"soun";
                parts.go(ends)?;
            }
            _ => parts.go(ends)?,
        }
    }
    Ok(tracks)
}

#[cfg(test)]
mod tests;
