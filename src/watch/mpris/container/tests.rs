use std::io::Cursor;

use proptest::prelude::*;

use super::*;

/// An element of Matroska's, its size written in 8 bytes.
fn element(id: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = id
        .to_be_bytes()
        .into_iter()
        .skip_while(|b| *b == 0)
        .collect();
    bytes.extend((content.len() as u64 | 1 << 56).to_be_bytes());
    bytes.extend(content);
    bytes
}

fn matroska_of(kinds: &[u8]) -> Vec<u8> {
    let entries: Vec<u8> = kinds
        .iter()
        .flat_map(|kind| {
            let codec = element(0x86, b"V_TEST");
            element(
                TRACK_ENTRY,
                &[codec, element(TRACK_TYPE, &[*kind])].concat(),
            )
        })
        .collect();
    let info = element(0x1549_a966, &[0; 40]);
    let segment = [info, element(TRACKS, &entries), element(CLUSTER, &[0; 9])].concat();
    [element(HEADER, b"webm"), element(SEGMENT, &segment)].concat()
}

fn atom(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).unwrap();
    [&size.to_be_bytes()[..], kind, content].concat()
}

/// With the list at the end, as recorders leave it.
fn mp4_of(handlers: &[&[u8; 4]]) -> Vec<u8> {
    let traks: Vec<u8> = handlers
        .iter()
        .flat_map(|handler| {
            let hdlr = atom(b"hdlr", &[&[0; 8][..], *handler, &[0; 12]].concat());
            let media = [atom(b"mdhd", &[0; 24]), hdlr, atom(b"minf", &[7; 30])].concat();
            atom(
                b"trak",
                &[atom(b"tkhd", &[0; 84]), atom(b"mdia", &media)].concat(),
            )
        })
        .collect();
    let moov = [atom(b"mvhd", &[0; 100]), traks].concat();
    [
        atom(b"ftyp", b"isom"),
        [
            &1u32.to_be_bytes()[..],
            b"mdat",
            &26u64.to_be_bytes(),
            &[9; 10],
        ]
        .concat(),
        atom(b"moov", &moov),
    ]
    .concat()
}

fn of(bytes: &[u8]) -> Video {
    video(Cursor::new(bytes)).unwrap_or_default()
}

#[test]
fn the_track_list_says_whether_there_is_a_moving_picture() {
    let cases = [
        (matroska_of(&[2]), Video::No),
        (matroska_of(&[2, 17]), Video::No),
        (matroska_of(&[2, 1]), Video::Yes),
        (matroska_of(&[17]), Video::Unknown),
        (matroska_of(&[]), Video::Unknown),
        (mp4_of(&[b"soun"]), Video::No),
        (mp4_of(&[b"soun", b"vide"]), Video::Yes),
        (mp4_of(&[b"text"]), Video::Unknown),
        (b"RIFF....AVI LIST".to_vec(), Video::Unknown),
        (Vec::new(), Video::Unknown),
    ];
    for (bytes, expected) in cases {
        assert_eq!(of(&bytes), expected, "{bytes:x?}");
    }
}

#[test]
fn a_list_that_is_not_all_there_says_nothing() {
    for whole in [matroska_of(&[2, 1]), mp4_of(&[b"soun", b"vide"])] {
        for length in 0..whole.len() {
            assert_ne!(of(&whole[..length]), Video::No, "{length} bytes");
        }
    }
}

#[test]
fn sizes_that_lie_end_it() {
    let mut endless = element(HEADER, b"webm");
    endless.extend(element(SEGMENT, &[]));
    endless.extend(element(0xec, &[]).repeat(100_000));
    let mut counted = Cursor::new(endless);
    assert!(video(&mut counted).is_err());
    assert!(counted.position() < 100_000, "{}", counted.position());
    let empty_atoms = [0, 0, 0, 8, b'f', b'r', b'e', b'e'].repeat(100_000);
    assert!(video(Cursor::new(empty_atoms)).is_err());
    for size in [0u32, 2, 7] {
        let liar = [&size.to_be_bytes()[..], b"free", &[0; 64]].concat();
        assert_eq!(of(&liar), Video::Unknown);
    }
    let far = [&1u32.to_be_bytes()[..], b"mdat", &u64::MAX.to_be_bytes()].concat();
    assert_eq!(of(&far), Video::Unknown);
    let unknown_size = [&element(HEADER, b"")[..], &[0xec, 0xff]].concat();
    assert_eq!(of(&unknown_size), Video::Unknown);
}

#[test]
fn only_regular_files_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("a.mkv");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for path in [pipe.to_str().unwrap(), "/dev/zero", "/nonexistent", "/"] {
        assert_eq!(video_in(path), Video::Unknown, "{path}");
    }
    let film = folder.path().join("b.mkv");
    fs::write(&film, matroska_of(&[2])).unwrap();
    assert_eq!(video_in(film.to_str().unwrap()), Video::No);
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(mut bytes: Vec<u8>, start in 0..3u8) {
        let head: &[u8] = match start {
            0 => &[0x1a, 0x45, 0xdf, 0xa3],
            1 => b"\0\0\0\x08ftyp",
            _ => &[],
        };
        bytes.splice(0..0, head.iter().copied());
        of(&bytes);
    }

    #[test]
    fn nothing_in_a_real_one_makes_it_panic(at in 0..400usize, byte: u8) {
        for mut bytes in [matroska_of(&[2, 1]), mp4_of(&[b"soun"])] {
            let length = bytes.len();
            bytes[at % length] = byte;
            of(&bytes);
        }
    }
}
