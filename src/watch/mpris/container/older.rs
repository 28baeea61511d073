//! AVI, FLV, ASF (`.wmv`) and MPEG transport streams: whether one of their streams is a picture.

use std::io::{self, Read, Seek};

use super::{Parts, Tracks};

/// Most packets of a stream that are looked at: what plays at all shows itself in the first ones.
const FIRST_PACKETS: u32 = 500;

/// The headers of all streams stand in one list before the data.
pub fn avi<R: Read + Seek>(parts: &mut Parts<R>) -> io::Result<Tracks> {
    let mut tracks = Tracks::default();
    let [_riff, _size, form]: [[u8; 4]; 3] = words(parts)?;
    if &form != b"AVI " {
        return Ok(tracks);
    }
    let mut list_ends = u64::MAX;
    while parts.at < list_ends {
        parts.next()?;
        let [kind, size]: [[u8; 4]; 2] = words(parts)?;
        let size = u64::from(u32::from_le_bytes(size));
        // Parts begin at even places.
        let ends = parts.end(size + size % 2)?;
        match &kind {
            b"LIST" => match &parts.bytes()? {
                b"hdrl" => list_ends = ends,
                b"strl" => {}
                b"movi" => return Ok(Tracks::default()),
                _ => parts.go(ends)?,
            },
            b"strh" => {
                let stream: [u8; 4] = parts.bytes()?;
                tracks.moving |= &stream == b"vids";
                tracks.sound |= &stream == b"auds";
                parts.go(ends)?;
            }
            _ => parts.go(ends)?,
        }
    }
    Ok(tracks)
}

/// What its header claims is often wrong: the first packets show what is in it.
pub fn flv<R: Read + Seek>(parts: &mut Parts<R>) -> io::Result<Tracks> {
    let [_flv, [_flags, header @ ..]]: [[u8; 4]; 2] = words(parts)?;
    let [last] = parts.bytes()?;
    let header = u32::from_be_bytes([header[0], header[1], header[2], last]);
    parts.go(u64::from(header))?;
    let mut tracks = Tracks::default();
    for _ in 0..FIRST_PACKETS {
        let packet: io::Result<[u8; 15]> = parts.bytes();
        let Ok([_, _, _, _, kind, a, b, c, ..]) = packet else {
            break;
        };
        tracks.sound |= kind == 8;
        if kind == 9 {
            tracks.moving = true;
            break;
        }
        parts.go(parts.end(u64::from(u32::from_be_bytes([0, a, b, c])))?)?;
    }
    Ok(tracks)
}

/// An object of ASF's, and what its streams are; the bytes of their identifiers as they stand in the file.
const STREAM: [u8; 16] = *b"\x91\x07\xdc\xb7\xb7\xa9\xcf\x11\x8e\xe6\x00\xc0\x0c\x20\x53\x65";
const SOUND: [u8; 16] = *b"\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b";
const PICTURE: [u8; 16] = *b"\xc0\xef\x19\xbc\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b";

/// The first object holds the description of every stream.
pub fn asf<R: Read + Seek>(parts: &mut Parts<R>) -> io::Result<Tracks> {
    let mut tracks = Tracks::default();
    let _header: [u8; 16] = parts.bytes()?;
    let size = u64::from_le_bytes(parts.bytes()?);
    let list_ends = parts.end(size.saturating_sub(24))?;
    let _count_and_reserved: [u8; 6] = parts.bytes()?;
    while parts.at < list_ends {
        parts.next()?;
        let begins = parts.at;
        let kind: [u8; 16] = parts.bytes()?;
        let size = u64::from_le_bytes(parts.bytes()?);
        let ends = begins.saturating_add(size);
        if size < 24 || ends >= 1 << 62 {
            return Ok(Tracks::default());
        }
        if kind == STREAM {
            let stream: [u8; 16] = parts.bytes()?;
            tracks.moving |= stream == PICTURE;
            tracks.sound |= stream == SOUND;
        }
        parts.go(ends)?;
    }
    Ok(tracks)
}

/// A packet of a transport stream begins with this.
pub const SYNC: u8 = 0x47;
const PACKET: u64 = 188;
/// What a stream is that is a picture, that is sound, and that is neither (descriptions).
const PICTURES: [u8; 12] = [
    0x01, 0x02, 0x10, 0x1b, 0x1e, 0x1f, 0x20, 0x21, 0x24, 0x33, 0x42, 0xea,
];
const SOUNDS: [u8; 7] = [0x03, 0x04, 0x0f, 0x11, 0x1c, 0x81, 0x87];
const NEITHER: [u8; 2] = [0x05, 0x15];

/// The first program's table names its streams. What may be either (private data) makes nothing of it certain.
pub fn transport_stream<R: Read + Seek>(parts: &mut Parts<R>) -> io::Result<Tracks> {
    let mut table = None;
    for number in 0..u64::from(FIRST_PACKETS) {
        parts.go(number * PACKET)?;
        let packet: [u8; PACKET as usize] = parts.bytes()?;
        let Some((stream, section)) = section(&packet) else {
            continue;
        };
        if stream == 0 {
            table = first_program(section).or(table);
        } else if Some(stream) == table {
            return Ok(streams(section).unwrap_or_default());
        }
    }
    Ok(Tracks::default())
}

/// The stream that a packet is of, and the section that begins in it.
fn section(packet: &[u8]) -> Option<(u16, &[u8])> {
    let (head, rest) = packet.split_first_chunk::<4>()?;
    let [SYNC, high, low, control] = *head else {
        return None;
    };
    let begins = high & 0x40 != 0;
    let rest = match control >> 4 & 3 {
        1 => rest,
        3 => rest.get(1 + usize::from(*rest.first()?)..)?,
        _ => return None,
    };
    let section = rest.get(1 + usize::from(*rest.first()?)..)?;
    begins.then_some((number(high, low), section))
}

/// 13 bits.
fn number(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high & 0x1f, low])
}

/// What is in a section of this kind behind its 8 bytes of head, without the checksum; `None` if it goes on elsewhere.
fn content(section: &[u8], kind: u8) -> Option<&[u8]> {
    let [first, high, low, ..] = *section else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([high & 0x0f, low]));
    let content = section.get(8..(3 + length).checked_sub(4)?)?;
    (first == kind).then_some(content)
}

fn first_program(section: &[u8]) -> Option<u16> {
    let programs = content(section, 0)?.as_chunks::<4>().0;
    // Number 0 is the network.
    let program = programs.iter().find(|[a, b, ..]| (*a, *b) != (0, 0))?;
    Some(number(program[2], program[3]))
}

fn streams(section: &[u8]) -> Option<Tracks> {
    let content = content(section, 2)?;
    let [_, _, high, low, rest @ ..] = content else {
        return None;
    };
    let length = |high: u8, low: u8| usize::from(u16::from_be_bytes([high & 0x0f, low]));
    let mut rest = rest.get(length(*high, *low)..)?;
    let mut tracks = Tracks::default();
    let mut certain = true;
    while let [kind, _, _, high, low, more @ ..] = rest {
        tracks.moving |= PICTURES.contains(kind);
        tracks.sound |= SOUNDS.contains(kind);
        certain &= [&PICTURES[..], &SOUNDS, &NEITHER]
            .iter()
            .any(|known| known.contains(kind));
        rest = more.get(length(*high, *low)..)?;
    }
    (certain || tracks.moving).then_some(tracks)
}

fn words<R: Read + Seek, const N: usize>(parts: &mut Parts<R>) -> io::Result<[[u8; 4]; N]> {
    let mut words = [[0; 4]; N];
    for word in &mut words {
        *word = parts.bytes()?;
    }
    Ok(words)
}
