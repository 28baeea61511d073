//! Where sockets of mpv are looked for, and what has to be watched to see new ones.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Component, Path, PathBuf};

use super::address::Address;
use super::inotify::Watch;

/// Most files that one pattern may match; what is beyond is left out.
const MOST: usize = 1000;
/// Longest path that a pointer file may hold: the kernel's own limit for sockets is far below.
const LONGEST_POINTER: u64 = 4096;

/// The folder that the shipped script uses, what the user configured, and the mpv programs.
#[derive(Debug)]
pub struct Places {
    own: PathBuf,
    patterns: Vec<Pattern>,
    fixed: Vec<Address>,
    program_folders: Vec<PathBuf>,
}

/// An absolute path whose parts may hold wildcards.
#[derive(Debug)]
struct Pattern(Vec<Part>);

#[derive(Debug)]
enum Part {
    Name(OsString),
    Glob(glob::Pattern),
}

/// What a pattern finds on the disk.
#[derive(Debug, Default)]
struct Found {
    files: Vec<PathBuf>,
    /// Folders in which more may appear.
    folders: BTreeSet<PathBuf>,
}

impl Places {
    /// `runtime_dir` is reeld's own, `sockets` as configured. Says for people what of it cannot be used.
    pub fn new(runtime_dir: &Path, sockets: &[String]) -> (Self, Vec<String>) {
        let own = runtime_dir.join("mpv");
        let mut places = Self {
            patterns: vec![Pattern::under(&own)],
            own,
            fixed: Vec::new(),
            program_folders: program_folders(),
        };
        let refused = sockets.iter().filter_map(|text| places.add(text).err());
        let refused = refused.collect();
        (places, refused)
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        if let Some(address @ Address::Abstract(_)) = Address::parse(text.as_bytes()) {
            self.fixed.push(address);
            return Ok(());
        }
        let pattern = Pattern::parse(&at_home(text)).map_err(|why| {
            format!("mpv.sockets: {text:?} cannot be used: {why}. Give a path from the root, one from ~, or @name")
        })?;
        self.patterns.push(pattern);
        Ok(())
    }

    /// Makes reeld's own folder, and the one above it, for this user alone.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn prepare(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&self.own)
    }

    /// All that must be watched to see a socket, a pointer or an mpv appear.
    pub fn watches(&self) -> BTreeSet<Watch> {
        let folders = self.patterns.iter().flat_map(|p| p.find().folders);
        let programs = self.program_folders.iter().filter_map(|folder| {
            let program = folder.join("mpv").canonicalize().ok()?;
            Some(Watch::Program(program))
        });
        folders
            .chain(self.program_folders.iter().cloned())
            .map(Watch::Folder)
            .chain(programs)
            .collect()
    }

    /// Every address where there may be a socket now.
    pub fn addresses(&self) -> BTreeSet<Address> {
        let files = self.patterns.iter().flat_map(|p| p.find().files);
        let found = files.filter_map(|file| self.address(file));
        found.chain(self.fixed.iter().cloned()).collect()
    }

    /// Whether something new of this name may matter.
    pub fn concerns(&self, path: &Path) -> bool {
        let is_program = path.file_name() == Some(OsStr::new("mpv"))
            && path
                .parent()
                .is_some_and(|folder| self.program_folders.iter().any(|own| own == folder));
        is_program || self.patterns.iter().any(|pattern| pattern.concerns(path))
    }

    /// In reeld's own folder a plain file holds the address of a socket that the user chose.
    fn address(&self, file: PathBuf) -> Option<Address> {
        if file.starts_with(&self.own) && file.is_file() {
            return pointer(&file);
        }
        Some(Address::Path(file))
    }
}

fn pointer(file: &Path) -> Option<Address> {
    let mut text = Vec::new();
    let file = fs::File::open(file).ok()?;
    file.take(LONGEST_POINTER).read_to_end(&mut text).ok()?;
    Address::parse(text.strip_suffix(b"\n").unwrap_or(&text))
}

fn program_folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: BTreeSet<PathBuf> = env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .filter_map(|folder| folder.canonicalize().ok())
        .collect();
    folders.into_iter().collect()
}

fn at_home(text: &str) -> PathBuf {
    match (text.strip_prefix("~/"), env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(text),
    }
}

impl Pattern {
    fn parse(path: &Path) -> Result<Self, String> {
        let mut parts = Vec::new();
        if !path.is_absolute() {
            return Err("it is not absolute".to_owned());
        }
        for component in path.components() {
            match component {
                Component::Normal(name) => parts.push(Part::parse(name)?),
                Component::ParentDir => return Err("it holds ..".to_owned()),
                _ => {}
            }
        }
        if parts.is_empty() {
            return Err("it names no file".to_owned());
        }
        Ok(Self(parts))
    }

    /// Everything in a folder, whatever its name holds.
    fn under(folder: &Path) -> Self {
        let names = folder.components().filter_map(|component| match component {
            Component::Normal(name) => Some(Part::Name(name.to_owned())),
            _ => None,
        });
        let all = glob::Pattern::new("*").ok().map(Part::Glob);
        Self(names.chain(all).collect())
    }

    fn find(&self) -> Found {
        let mut found = Found {
            files: vec![PathBuf::from("/")],
            folders: BTreeSet::new(),
        };
        for (place, part) in self.0.iter().enumerate() {
            let last = place + 1 == self.0.len();
            for folder in std::mem::take(&mut found.files) {
                let inside = part.inside(&folder);
                if last || inside.is_empty() || matches!(part, Part::Glob(_)) {
                    found.folders.insert(folder);
                }
                found.files.extend(inside);
            }
            found.files.truncate(MOST);
        }
        found
    }

    /// Whether `path` matches this, or its first parts.
    fn concerns(&self, path: &Path) -> bool {
        let mut names = path.components().filter_map(|component| match component {
            Component::Normal(name) => Some(name),
            _ => None,
        });
        let agree = self.0.iter().zip(&mut names).all(|(p, n)| p.matches(n));
        agree && names.next().is_none()
    }
}

impl Part {
    fn parse(name: &OsStr) -> Result<Self, String> {
        let text = name.to_string_lossy();
        if text.contains("**") {
            return Err("** is not supported".to_owned());
        }
        if !text.contains(['*', '?', '[']) {
            return Ok(Self::Name(name.to_owned()));
        }
        let glob = glob::Pattern::new(&text).map_err(|e| e.to_string())?;
        Ok(Self::Glob(glob))
    }

    fn matches(&self, name: &OsStr) -> bool {
        match self {
            Self::Name(own) => own == name,
            Self::Glob(glob) => glob.matches(&name.to_string_lossy()),
        }
    }

    fn inside(&self, folder: &Path) -> Vec<PathBuf> {
        match self {
            Self::Name(name) => {
                let file = folder.join(name);
                let there = file.symlink_metadata().is_ok();
                there.then_some(file).into_iter().collect()
            }
            Self::Glob(_) => {
                let Ok(entries) = fs::read_dir(folder) else {
                    return Vec::new();
                };
                let matching = entries.flatten().map(|entry| entry.path());
                matching
                    .filter(|path| path.file_name().is_some_and(|name| self.matches(name)))
                    .take(MOST)
                    .collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(watches: &BTreeSet<Watch>) -> BTreeSet<PathBuf> {
        let folders = watches.iter().filter_map(|watch| match watch {
            Watch::Folder(path) => Some(path.clone()),
            Watch::Program(_) => None,
        });
        folders.collect()
    }

    #[test]
    fn the_own_folder_is_made_for_the_user_alone_and_watched() {
        use std::os::unix::fs::PermissionsExt;
        let base = tempfile::tempdir().unwrap();
        let runtime = base.path().join("reeld");
        let (places, refused) = Places::new(&runtime, &[]);
        assert_eq!(refused, Vec::<String>::new());
        assert!(folders(&places.watches()).contains(base.path()));
        places.prepare().unwrap();
        let own = runtime.join("mpv");
        for folder in [&runtime, &own] {
            let mode = folder.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        let watched = folders(&places.watches());
        assert!(watched.contains(&own) && !watched.contains(base.path()));
        assert!(places.concerns(&own.join("any name")));
        assert!(places.concerns(&runtime));
        assert!(!places.concerns(&base.path().join("other")));
    }

    #[test]
    fn patterns_find_sockets_and_say_which_folders_to_watch() {
        let base = tempfile::tempdir().unwrap();
        let root = base.path();
        for folder in ["x/one", "x/two", "y"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["x/one/mpv", "x/two/other", "y/mpv"] {
            fs::write(root.join(file), "").unwrap();
        }
        let table: [(&str, &[&str], &[&str]); 6] = [
            ("y/mpv", &["y/mpv"], &["y"]),
            ("y/none", &[], &["y"]),
            ("none/deeper/mpv", &[], &[""]),
            ("y/m*", &["y/mpv"], &["y"]),
            ("x/*/mpv", &["x/one/mpv"], &["x", "x/one", "x/two"]),
            ("[xy]/mpv", &["y/mpv"], &["", "x", "y"]),
        ];
        for (text, files, watched) in table {
            let found = Pattern::parse(&root.join(text)).unwrap().find();
            let at = |name: &&str| root.join(name).components().collect::<PathBuf>();
            let expected: Vec<PathBuf> = files.iter().map(at).collect();
            assert_eq!(found.files, expected, "{text}");
            let expected: BTreeSet<PathBuf> = watched.iter().map(at).collect();
            assert_eq!(found.folders, expected, "{text}");
        }
    }

    #[test]
    fn a_pointer_leads_to_a_socket_elsewhere() {
        let base = tempfile::tempdir().unwrap();
        let (places, _) = Places::new(base.path(), &["@named".to_owned()]);
        places.prepare().unwrap();
        for (name, content) in [
            ("1", "/tmp/a b\n"),
            ("2", "@abstract"),
            ("3", "relative"),
            ("4", ""),
            ("5", &"x".repeat(100_000)),
        ] {
            fs::write(base.path().join("mpv").join(name), content).unwrap();
        }
        let expected: BTreeSet<Address> = ["/tmp/a b", "@abstract", "@named"]
            .iter()
            .filter_map(|text| Address::parse(text.as_bytes()))
            .collect();
        assert_eq!(places.addresses(), expected);
    }

    #[test]
    fn what_cannot_be_a_socket_is_refused_with_the_reason() {
        for text in ["relative", "", "/", "/a/../b", "/a/**/b", "/a/[", "@"] {
            let (_, refused) = Places::new(Path::new("/run/x"), &[text.to_owned()]);
            assert_eq!(refused.len(), 1, "{text}");
        }
    }
}
