//! Names read per second on one core: `just bench [FILE]`, one name a line; and how long 64 KiB of anything take.
//!
//! `parse` is the name alone, `line` all that `reeld identify --stdin --json` does with it. A package of its own, since
//! criterion brings nineteen crates, and features that would have the store built twice for every run of the tests.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use reeld::identify::name::{Reader, parse};
use reeld::identify::rules::Rules;
use reeld::identify::{identify_with, named, put_identity};
use reeld::model::Line;

const NAMES: &[&str] = &[
    "The.Quiet.Harbour.2016.1080p.BluRay.x264-GRP.mkv",
    "/srv/tv/Harbour Lights (2011)/Season 02/Harbour Lights (2011) - S02E05 - The Storm [WEBDL-1080p].mkv",
    "[Kumo-Subs] Hoshi no Umi - 13v2 [1080p][1A2B3C4D].mkv",
    "Late.Talk.2021.03.17.Guest.Name.720p.WEB.h264-GRP",
    "Морские волны / Sea Waves (2004) BDRip 1080p.mkv",
    "the.harbour.102.hdtv-grp.avi",
];

/// Every repetition of one of these is hard for a parser that goes back.
const HOSTILE: &[&str] = &["a", "1 ", "[", "S01E01-", "a/", "é.2010."];

fn names(criterion: &mut Criterion) {
    let file = std::env::var("NAMES").ok().filter(|file| !file.is_empty());
    let text = file.and_then(|path| std::fs::read_to_string(path).ok());
    let text = text.unwrap_or_else(|| NAMES.join("\n"));
    let names: Vec<&str> = text.lines().collect();
    let mut group = criterion.benchmark_group("names");
    group.throughput(Throughput::Elements(names.len() as u64));
    let mut reader = Reader::default();
    group.bench_function("parse", |bench| {
        bench.iter(|| {
            for name in &names {
                black_box(reader.parse(black_box(name)));
            }
        });
    });
    let (rules, mut line) = (Rules::default(), Line::default());
    group.bench_function("line", |bench| {
        bench.iter(|| {
            for name in &names {
                let identity = identify_with(&mut reader, &named(black_box(name)), &[], &rules);
                line.clear();
                put_identity(&identity, &mut line);
                black_box(line.end());
            }
        });
    });
    group.finish();
}

fn hostile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("64 KiB");
    for piece in HOSTILE {
        let text = piece.repeat((64 << 10) / piece.len());
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("of {piece:?}"), |bench| {
            bench.iter(|| black_box(parse(black_box(&text))));
        });
    }
    group.finish();
}

criterion_group!(benches, names, hostile);
criterion_main!(benches);
