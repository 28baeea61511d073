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

fn avi_of(streams: &[&[u8; 4]]) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        let size = u32::try_from(content.len()).unwrap().to_le_bytes();
        let padding = vec![0; content.len() % 2];
        [&kind[..], &size, content, &padding].concat()
    };
    let list: Vec<u8> = (streams.iter())
        .flat_map(|kind| {
            let header = chunk(b"strh", &[&kind[..], &[0; 53]].concat());
            chunk(
                b"LIST",
                &[b"strl", &header[..], &chunk(b"strf", &[0; 40])].concat(),
            )
        })
        .collect();
    let headers = [b"hdrl", &chunk(b"avih", &[0; 56])[..], &list].concat();
    let data = [b"movi", &chunk(b"01wb", &[7; 30])[..]].concat();
    let all = [chunk(b"LIST", &headers), chunk(b"LIST", &data)].concat();
    chunk(b"RIFF", &[b"AVI ", &all[..]].concat())
}

fn flv_of(packets: &[u8]) -> Vec<u8> {
    let mut bytes = b"FLV\x01\x05\0\0\0\x09".to_vec();
    for kind in packets {
        bytes.extend([0, 0, 0, 0, *kind, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([9; 5]);
    }
    bytes
}

fn asf_of(streams: &[u8]) -> Vec<u8> {
    let object = |kind: &[u8], content: &[u8]| {
        let size = (content.len() as u64 + 24).to_le_bytes();
        [kind, &size, content].concat()
    };
    let list: Vec<u8> = (streams.iter())
        .flat_map(|first| {
            let rest = if *first == 0x40 {
                b"\x9e\x69\xf8"
            } else {
                b"\xef\x19\xbc"
            };
            let end = b"\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b";
            let kind = [&[*first][..], rest, end, &[0; 30]].concat();
            let stream = b"\x91\x07\xdc\xb7\xb7\xa9\xcf\x11\x8e\xe6\x00\xc0\x0c\x20\x53\x65";
            [object(&[3; 16], &[0; 80]), object(stream, &kind)].concat()
        })
        .collect();
    let head = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c";
    object(head, &[&[2, 0, 0, 0, 1, 2][..], &list].concat())
}

fn transport_stream_of(kinds: &[u8]) -> Vec<u8> {
    let packet = |stream: u16, section: &[u8]| {
        let [high, low] = stream.to_be_bytes();
        let mut packet = vec![0x47, 0x40 | high, low, 0x10, 0];
        packet.extend(section);
        packet.resize(188, 0xff);
        packet
    };
    let section = |kind: u8, content: &[u8]| {
        let length = u8::try_from(content.len() + 9).unwrap();
        [
            &[kind, 0xb0, length, 0, 1, 0xc1, 0, 0][..],
            content,
            &[0; 4],
        ]
        .concat()
    };
    let programs = section(0, &[0, 0, 0xe0, 0x10, 0, 1, 0xf0, 0]);
    let streams: Vec<u8> = (kinds.iter())
        .flat_map(|kind| [*kind, 0xe1, 0, 0xf0, 2, 9, 9])
        .collect();
    let table = section(2, &[&[0xe1, 0, 0xf0, 1, 7][..], &streams].concat());
    let other = packet(17, &section(0x42, &[0; 9]));
    [other, packet(0, &programs), packet(0x1000, &table)].concat()
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
        (avi_of(&[b"auds"]), Video::No),
        (avi_of(&[b"auds", b"vids"]), Video::Yes),
        (avi_of(&[b"txts"]), Video::Unknown),
        (b"RIFF\x04\0\0\0WAVE".to_vec(), Video::Unknown),
        (flv_of(&[18, 8, 8]), Video::No),
        (flv_of(&[18, 8, 9]), Video::Yes),
        (flv_of(&[18]), Video::Unknown),
        (asf_of(&[0x40]), Video::No),
        (asf_of(&[0x40, 0xc0]), Video::Yes),
        (transport_stream_of(&[0x0f, 0x15]), Video::No),
        (transport_stream_of(&[0x0f, 0x1b]), Video::Yes),
        (transport_stream_of(&[0x06, 0x02]), Video::Yes),
        (transport_stream_of(&[0x0f, 0x06]), Video::Unknown),
        (Vec::new(), Video::Unknown),
    ];
    for (bytes, expected) in cases {
        assert_eq!(of(&bytes), expected, "{bytes:x?}");
    }
}

#[test]
fn a_list_that_is_not_all_there_says_nothing() {
    let wholes = [
        matroska_of(&[2, 1]),
        mp4_of(&[b"soun", b"vide"]),
        avi_of(&[b"auds", b"vids"]),
        asf_of(&[0x40, 0xc0]),
        transport_stream_of(&[0x0f, 0x1b]),
    ];
    for whole in wholes {
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

#[test]
fn what_ffmpeg_writes_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    for extension in ["avi", "flv", "wmv", "ts", "mkv", "mp4"] {
        for (video, expected) in [(false, Video::No), (true, Video::Yes)] {
            let file = folder.path().join(format!("{video}.{extension}"));
            let mut ffmpeg = std::process::Command::new("ffmpeg");
            ffmpeg.args([
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                "sine=duration=1:sample_rate=44100",
            ]);
            if video {
                ffmpeg.args(["-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1"]);
            }
            let Ok(made) = ffmpeg.arg(&file).status() else {
                eprintln!("SKIPPED: ffmpeg is not installed");
                return;
            };
            assert!(made.success(), "{extension}");
            assert_eq!(
                video_in(file.to_str().unwrap()),
                expected,
                "{}",
                file.display()
            );
        }
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(mut bytes: Vec<u8>, start in 0..7u8) {
        let head: &[u8] = match start {
            0 => &[0x1a, 0x45, 0xdf, 0xa3],
            1 => b"\0\0\0\x08ftyp",
            2 => b"RIFF\0\0\0\x08AVI ",
            3 => b"FLV\x01",
            4 => b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
            5 => b"\x47",
            _ => &[],
        };
        bytes.splice(0..0, head.iter().copied());
        of(&bytes);
    }

    #[test]
    fn nothing_in_a_real_one_makes_it_panic(at in 0..400usize, byte: u8) {
        let wholes = [
            matroska_of(&[2, 1]),
            mp4_of(&[b"soun"]),
            avi_of(&[b"auds"]),
            flv_of(&[8, 8]),
            asf_of(&[0x40]),
            transport_stream_of(&[0x0f, 0x15]),
        ];
        for mut bytes in wholes {
            let length = bytes.len();
            bytes[at % length] = byte;
            of(&bytes);
        }
    }
}
