//! Finds and reads the files beside a video. May take as long as the disk or the network likes.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Fact, LARGEST, Place, Sidecar, understand};
use crate::identify::pieces;
use crate::paths::open_file;

/// Folders above the video in which a series may say who it is.
const SHOW_FOLDERS: usize = 3;

/// Most entries of a folder that are looked at for a name in another case.
const MOST_ENTRIES: usize = 10_000;

/// Reads what lies beside the video at `path`, most particular first: less than a dozen files of `LARGEST` bytes.
/// What is not there or cannot be read says nothing.
#[must_use]
pub fn read(path: &Path) -> Vec<Sidecar> {
    let next = next_part(path);
    let mut folders = Folders::default();
    let mut seen = BTreeSet::new();
    let said = candidates(path).into_iter().filter_map(|(place, file)| {
        let (file, bytes) = match bytes(&file) {
            Some(bytes) => (file, bytes),
            None => {
                let other = folders.in_other_case(&file)?;
                let bytes = bytes(&other)?;
                (other, bytes)
            }
        };
        let fact = understand(&bytes).filter(|_| seen.insert(file.clone()))?;
        let own = path.parent()?.components().count();
        let above = own.saturating_sub(file.parent()?.components().count());
        let file = file.file_name()?.to_string_lossy().into_owned();
        Some(Sidecar {
            file,
            place,
            above,
            fact,
        })
    });
    said.chain(next).collect()
}

fn next_part(path: &Path) -> Option<Sidecar> {
    let next = pieces::next(path).filter(|next| path.is_absolute() && next.exists())?;
    Some(Sidecar {
        file: next.file_name()?.to_string_lossy().into_owned(),
        place: Place::Own,
        above: 0,
        fact: Fact::NextPart,
    })
}

fn candidates(path: &Path) -> Vec<(Place, PathBuf)> {
    let Some(folder) = path.parent().filter(|_| path.is_absolute()) else {
        return Vec::new();
    };
    let mut files = vec![(Place::Own, path.with_extension("nfo"))];
    // A disc is a folder: what is said of it stands in the disc's folder, or in the one around it.
    let disc = disc(folder);
    if let Some(disc) = disc {
        files.push((Place::Film, disc.join("VIDEO_TS.nfo")));
        files.push((Place::Film, disc.join("index.nfo")));
    }
    let folder = disc.and_then(Path::parent).unwrap_or(folder);
    files.push((Place::Film, folder.join("movie.nfo")));
    // "Heat (1995)/Heat (1995).nfo", whatever the video in it is called
    let of_folder = folder.file_name().map(|name| {
        let mut name = name.to_owned();
        name.push(".nfo");
        folder.join(name)
    });
    let of_folder = of_folder.filter(|file| files.iter().all(|(_, other)| other != file));
    files.extend(of_folder.map(|file| (Place::Film, file)));
    files.push((Place::Season, folder.join("season.nfo")));
    let shows = folder.ancestors().take(SHOW_FOLDERS);
    files.extend(shows.map(|folder| (Place::Show, folder.join("tvshow.nfo"))));
    files
}

/// The NFO files of the folders that had to be looked into, each read once.
#[derive(Default)]
struct Folders(BTreeMap<PathBuf, Vec<OsString>>);

impl Folders {
    /// As other systems write it: `Heat.NFO`, `HEAT.nfo`, `MOVIE.NFO`.
    fn in_other_case(&mut self, file: &Path) -> Option<PathBuf> {
        let folder = file.parent()?;
        let wanted = file.file_name()?.to_string_lossy().to_lowercase();
        let there = self
            .0
            .entry(folder.to_owned())
            .or_insert_with(|| nfo_files(folder));
        let found = there
            .iter()
            .find(|name| name.to_string_lossy().to_lowercase() == wanted)?;
        Some(folder.join(found))
    }
}

/// In their order, so that of two that differ by their case it is always the same.
fn nfo_files(folder: &Path) -> Vec<OsString> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let is_nfo = |name: &OsString| {
        let extension = Path::new(name).extension();
        extension.is_some_and(|extension| extension.eq_ignore_ascii_case("nfo"))
    };
    let names = entries.take(MOST_ENTRIES).flatten().map(|e| e.file_name());
    let mut found: Vec<OsString> = names.filter(is_nfo).collect();
    found.sort();
    found
}

/// The `VIDEO_TS` or `BDMV` folder that a folder is or lies in.
fn disc(folder: &Path) -> Option<&Path> {
    folder.ancestors().take(2).find(|folder| {
        folder.file_name().is_some_and(|name| {
            name.eq_ignore_ascii_case("VIDEO_TS") || name.eq_ignore_ascii_case("BDMV")
        })
    })
}

fn bytes(file: &Path) -> Option<Vec<u8>> {
    let opened = open_file(file).ok()?;
    if !opened.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    opened.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn found(files: &[(&str, &str)], video: &str) -> Vec<(String, Place)> {
        let home = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let file = home.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let sidecars = read(&home.path().join(video)).into_iter();
        sidecars
            .map(|sidecar| (sidecar.file, sidecar.place))
            .collect()
    }

    #[test]
    fn the_files_that_kodi_and_jellyfin_write_are_found_most_particular_first() {
        let (film, show, season) = (
            "<movie><title>x</title></movie>",
            "<tvshow><title>x</title></tvshow>",
            "<season><seasonnumber>2</seasonnumber></season>",
        );
        let of = |file: &str, place| (file.to_owned(), place);
        for (files, video, wanted) in [
            (
                vec![("Heat/movie.nfo", film), ("Heat/Heat.nfo", film)],
                "Heat/Heat.mkv",
                vec![of("Heat.nfo", Place::Own), of("movie.nfo", Place::Film)],
            ),
            (
                vec![
                    ("S/tvshow.nfo", show),
                    ("S/2/season.nfo", season),
                    ("S/2/e.nfo", ""),
                ],
                "S/2/e.mkv",
                vec![
                    of("season.nfo", Place::Season),
                    of("tvshow.nfo", Place::Show),
                ],
            ),
            (
                vec![("Heat/movie.nfo", film)],
                "Heat/VIDEO_TS/VTS_01_1.VOB",
                vec![of("movie.nfo", Place::Film)],
            ),
            (
                vec![("Heat/BDMV/index.nfo", film)],
                "Heat/BDMV/STREAM/00001.m2ts",
                vec![of("index.nfo", Place::Film)],
            ),
            (
                vec![("a/b/c/d/x.mkv", ""), ("a/tvshow.nfo", show)],
                "a/b/c/d/x.mkv",
                vec![],
            ),
            (
                vec![("Heat (1995)/Heat (1995).nfo", film)],
                "Heat (1995)/heat-cd1.avi",
                vec![of("Heat (1995).nfo", Place::Film)],
            ),
            (
                vec![("Heat/HEAT.NFO", film), ("Heat/MOVIE.NFO", film)],
                "Heat/HEAT.AVI",
                vec![of("HEAT.NFO", Place::Own), of("MOVIE.NFO", Place::Film)],
            ),
            (
                vec![("Heat/HEAT.1995.Nfo", film), ("TVSHOW.nfo", show)],
                "Heat/heat.1995.mkv",
                vec![
                    of("HEAT.1995.Nfo", Place::Own),
                    of("TVSHOW.nfo", Place::Show),
                ],
            ),
            (
                vec![("Heat/HEAT.NFO", show), ("Heat/Heat.nfo", film)],
                "Heat/Heat.mkv",
                vec![of("Heat.nfo", Place::Own)],
            ),
            (vec![], "nothing/here.mkv", vec![]),
        ] {
            assert_eq!(found(&files, video), wanted, "{video}");
        }
    }

    #[test]
    fn what_is_no_file_is_not_waited_for_and_what_is_too_long_is_cut() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("movie.nfo")).unwrap();
        let fifo = home.path().join("tvshow.nfo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.is_ok_and(|status| status.success()));
        let long = "<movie><title>Heat</title></movie>".to_owned() + &" ".repeat(3 << 20);
        fs::write(home.path().join("Heat.nfo"), long).unwrap();
        let read = read(&home.path().join("Heat.mkv"));
        assert!(
            matches!(&read[..], [Sidecar { fact: Fact::Film(film), .. }] if film.title.as_deref() == Some("Heat"))
        );
    }
}
