//! Names that nobody gives a file: they must neither panic nor take long.

#![allow(clippy::disallowed_methods, reason = "tests may look at the clock")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::{Duration, Instant};

use super::{MOST_EPISODES, Reader, parse};

const SEEDS: &[&str] = &[
    "The.Quiet.Harbour.2016.1080p.BluRay.x264-GRP.mkv",
    "/tv/Harbour Lights (2011) {tvdb-81189}/Season 02/Harbour Lights - S02E05-07 - 018 - The Storm [WEBDL-1080p].mkv",
    "[Kumo-Subs] Hoshi no Umi 2nd Season - 13v2 (25) [1080p][1A2B3C4D].mkv",
    "Late Talk - 2021-03-17 - Guest, The Name.mkv",
    "Море / Sea (1-8 серии из 8) [2004, драма] 2 сезон 3 cd1of2 #5 第12話 全24集 № 7",
    "【雲】[星の海][Hoshi][01-26 END][简体] www.site.com 5x01x02 20210317 S01-S03 e01 02 03 1ª a 8ª Temporada Cap.102_104",
];

/// A small generator with a fixed start, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides.max(1)).unwrap()).unwrap()
    }
}

fn check(name: &str, seed: u64) {
    let read = std::panic::catch_unwind(|| parse(name));
    let Ok(read) = read else {
        panic!("seed {seed}: panics on {name:?}")
    };
    assert!(
        read.episode.len() <= MOST_EPISODES && read.absolute_episode.len() <= MOST_EPISODES,
        "seed {seed}: too many episodes in {name:?}"
    );
    assert!(
        read.season.len() <= MOST_EPISODES,
        "seed {seed}: too many seasons in {name:?}"
    );
    assert!(
        read.title.is_none_or(|title| !title.trim().is_empty()),
        "seed {seed}: an empty title in {name:?}"
    );
}

#[test]
fn random_bytes_never_panic() {
    let seed = 0x5eed_0001;
    let mut dice = Dice(seed);
    for _ in 0..8_000 {
        let length = dice.roll(120);
        let bytes: Vec<u8> = (0..length)
            .map(|_| u8::try_from(dice.roll(256)).unwrap())
            .collect();
        check(&String::from_utf8_lossy(&bytes), seed);
    }
}

#[test]
fn names_with_pieces_cut_doubled_and_swapped_never_panic() {
    let seed = 0x5eed_0002;
    let mut dice = Dice(seed);
    let letters: Vec<char> = SEEDS.iter().flat_map(|s| s.chars()).collect();
    for round in 0..12_000 {
        let mut name: Vec<char> = SEEDS[round % SEEDS.len()].chars().collect();
        for _ in 0..dice.roll(6) {
            let at = dice.roll(name.len() + 1);
            match dice.roll(4) {
                0 => name.truncate(at),
                1 => name.insert(at, letters[dice.roll(letters.len())]),
                2 if at < name.len() => drop(name.remove(at)),
                _ => {
                    let other: Vec<char> = SEEDS[dice.roll(SEEDS.len())].chars().collect();
                    let from = dice.roll(other.len());
                    name.splice(at..at, other[from..].iter().copied().take(12));
                }
            }
        }
        check(&name.into_iter().collect::<String>(), seed);
    }
}

#[test]
fn sixty_four_kibibytes_of_anything_are_read_at_once() {
    let pieces = [
        "a",
        "1 ",
        "[",
        "]",
        "(((",
        "S01E01-",
        "E01 02 03 ",
        "a/",
        "/",
        "é.2010.",
        " - 05",
        "[01][02]",
        "第01話",
        "www.a.",
        "x264 ",
        "2010-01-",
        "1-2 ",
        "(2010)",
        "Season 1,2,3 ",
        " / ",
        "\\",
        "%20",
        "://",
        "...",
    ];
    for piece in pieces {
        let name = piece.repeat(65_536 / piece.len());
        let start = Instant::now();
        check(&name, 0);
        // 5 ms is the promise; a debug build on a busy machine gets more.
        let limit = if cfg!(debug_assertions) { 250 } else { 5 };
        assert!(
            start.elapsed() < Duration::from_millis(limit),
            "{:?} for {piece:?}",
            start.elapsed()
        );
    }
}

#[test]
fn a_range_is_bounded() {
    for name in [
        "Show.S01E0001-E9999.mkv",
        "Show E1-99999",
        "[G] Show 0001-9999 [1080p]",
        "Show Season 1-9999",
        "第1-9999話",
    ] {
        check(name, 0);
    }
}

#[test]
fn the_last_name_leaves_nothing_behind_for_the_next() {
    let (mut dice, mut reader) = (Dice(0x5eed_0007), Reader::default());
    for round in 0..2_000 {
        let seed = SEEDS[dice.roll(SEEDS.len())];
        let from = dice.roll(seed.len());
        let name = String::from_utf8_lossy(&seed.as_bytes()[from..]);
        assert_eq!(reader.parse(&name), parse(&name), "{round}: {name:?}");
    }
}
