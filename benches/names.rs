//! Names read per second on one core: `cargo bench --bench names -- [FILE]`, one name a line. Time of the processor counts,
//! and the best of many short runs: what is slower was disturbed.

use std::hint::black_box;
use std::time::Duration;

use reeld::identify::name::parse;
use rustix::time::{ClockId, clock_gettime};

const NAMES: &[&str] = &[
    "The.Quiet.Harbour.2016.1080p.BluRay.x264-GRP.mkv",
    "/srv/tv/Harbour Lights (2011)/Season 02/Harbour Lights (2011) - S02E05 - The Storm [WEBDL-1080p].mkv",
    "[Kumo-Subs] Hoshi no Umi - 13v2 [1080p][1A2B3C4D].mkv",
    "Late.Talk.2021.03.17.Guest.Name.720p.WEB.h264-GRP",
    "Морские волны / Sea Waves (2004) BDRip 1080p.mkv",
    "the.harbour.102.hdtv-grp.avi",
];

/// Spent by this process.
fn spent() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime)
        .try_into()
        .unwrap_or_default()
}

fn main() {
    let file = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let text = file.and_then(|path| std::fs::read_to_string(path).ok());
    let names: Vec<&str> = text
        .as_deref()
        .map_or_else(|| NAMES.to_vec(), |t| t.lines().collect());
    let rounds = 600 / names.len().max(1) + 1;
    let best = (0..1000)
        .map(|_| {
            let start = spent();
            for _ in 0..rounds {
                for name in &names {
                    black_box(parse(black_box(name)));
                }
            }
            (spent() - start).as_secs_f64() / (rounds * names.len()) as f64
        })
        .fold(f64::MAX, f64::min);
    println!("{:.2} µs a name: {:.0} names/s", best * 1e6, 1.0 / best);
    for (what, text) in [
        ("a", "a".repeat(65536)),
        ("1 ", "1 ".repeat(32768)),
        ("[", "[".repeat(65536)),
        ("S01E01-", "S01E01-".repeat(9362)),
        ("a/", "a/".repeat(32768)),
        ("é.2010.", "é.2010.".repeat(8192)),
    ] {
        let start = spent();
        black_box(parse(black_box(&text)));
        println!(
            "64 KiB of {what:?}: {:.2} ms",
            (spent() - start).as_secs_f64() * 1000.0
        );
    }
}
