//! Follows changes of the user's file while the daemon runs.
//!
//! The folder is watched, not the file: editors replace the file rather than write it. Where the file is a link, its
//! target's folder is watched as well; where a folder is missing, the nearest one above it. After every change the
//! watches are laid anew, and only then the file is read: what happens in between is seen again. Nothing wakes up
//! because somebody reads.

use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::load::{Loaded, Sources, load};
use super::{Config, ConfigError};
use crate::paths::Paths;

/// An editor's several steps are one change.
const SETTLE: Duration = Duration::from_millis(100);

/// A configuration that follows its sources.
pub struct Live {
    /// In force.
    pub config: watch::Receiver<Arc<Config>>,
    /// Why the file cannot be used at present; the last good one is in force then.
    pub problem: watch::Receiver<Option<String>>,
    /// Keeps both true while it runs, which is for ever.
    pub following: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Loads the configuration and prepares to follow it.
///
/// # Errors
/// When it cannot be used to begin with.
pub fn watch(paths: &Paths) -> Result<Live, ConfigError> {
    let sources = Sources::from_process(paths);
    let loaded = load(&sources)?;
    Ok(watch_from(sources, loaded))
}

fn watch_from(sources: Sources, loaded: Loaded) -> Live {
    let (config_sender, config) = watch::channel(Arc::new(loaded.config.clone()));
    let (problem_sender, problem) = watch::channel(None);
    Live {
        config,
        problem,
        following: Box::pin(follow(sources, loaded, config_sender, problem_sender)),
    }
}

async fn follow(
    sources: Sources,
    mut loaded: Loaded,
    config: watch::Sender<Arc<Config>>,
    problem: watch::Sender<Option<String>>,
) {
    let file = sources.file.clone();
    at_every_change(&file, || reload(&sources, &mut loaded, &config, &problem)).await;
}

/// Looks now, and after every change of a file or of its folders, for ever.
pub(super) async fn at_every_change(file: &Path, mut look: impl FnMut()) {
    loop {
        let watched = Watches::around(file);
        look();
        let waited = match watched {
            Ok(mut watches) => watches.changed().await,
            Err(error) => Err(error),
        };
        if let Err(error) = waited {
            let file = file.display();
            warn!(
                "changes of {file} are not noticed: {error}. Hint: restart reeld after changing it"
            );
            return std::future::pending().await;
        }
        sleep(SETTLE).await;
    }
}

fn reload(
    sources: &Sources,
    loaded: &mut Loaded,
    config: &watch::Sender<Arc<Config>>,
    problem: &watch::Sender<Option<String>>,
) {
    let found = match load(sources) {
        Ok(found) => found,
        Err(faults) => {
            let text = faults.to_string();
            // The same words twice would be one edit seen twice.
            if problem.borrow().as_ref() != Some(&text) {
                for fault in &faults.faults {
                    error!("{fault}. The last good configuration stays in force");
                }
                problem.send_replace(Some(text));
            }
            return;
        }
    };
    if problem.borrow().is_some() {
        info!("the configuration is usable again");
        problem.send_replace(None);
    }
    if found.config != loaded.config {
        info!(
            "the configuration has changed: {}",
            changed_keys(loaded, &found)
        );
        config.send_replace(Arc::new(found.config.clone()));
    }
    *loaded = found;
}

fn changed_keys(before: &Loaded, after: &Loaded) -> String {
    let keys: Vec<&str> = after
        .settings
        .iter()
        .filter(|(key, setting)| {
            let old = before.settings.get(**key);
            old.is_none_or(|old| old.value != setting.value)
        })
        .map(|(key, _)| *key)
        .collect();
    keys.join(", ")
}

/// inotify watches on the folders that decide what the file is.
struct Watches {
    inotify: AsyncFd<OwnedFd>,
    entries: Vec<(i32, OsString)>,
}

impl Watches {
    fn around(file: &Path) -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        #[expect(
            deprecated,
            reason = "an `OwnedFd` cannot change its descriptor, which is all that the unsafe successor asks for"
        )]
        let inotify = AsyncFd::new(inotify)?;
        let mut watches = Self {
            inotify,
            entries: Vec::new(),
        };
        let mut laid = Vec::new();
        // A folder that appears between the look and the watch is found by the next look.
        loop {
            let wanted = deciding_entries(file);
            if wanted == laid {
                return Ok(watches);
            }
            for (folder, name) in &wanted {
                let flags = WatchFlags::CREATE
                    | WatchFlags::CLOSE_WRITE
                    | WatchFlags::MOVED_FROM
                    | WatchFlags::MOVED_TO
                    | WatchFlags::DELETE
                    | WatchFlags::DELETE_SELF
                    | WatchFlags::MOVE_SELF
                    | WatchFlags::ONLYDIR;
                match inotify::add_watch(watches.inotify.get_ref(), folder, flags) {
                    Ok(watch) => watches.entries.push((watch, name.clone())),
                    Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            laid = wanted;
        }
    }

    /// Waits until something happened to the file or to a folder on the way to it.
    async fn changed(&mut self) -> io::Result<()> {
        loop {
            let mut guard = self.inotify.readable().await?;
            let mut buffer = [MaybeUninit::uninit(); 4096];
            let mut reader = Reader::new(guard.get_inner(), &mut buffer);
            loop {
                match reader.next() {
                    Ok(event) => {
                        let name = event
                            .file_name()
                            .map(|name| OsStr::from_bytes(name.to_bytes()));
                        let ours = |(watch, wanted): &(i32, OsString)| {
                            *watch == event.wd() && name.is_none_or(|name| name == wanted)
                        };
                        let lost_some = event.events().contains(ReadFlags::QUEUE_OVERFLOW);
                        if lost_some || self.entries.iter().any(ours) {
                            return Ok(());
                        }
                    }
                    Err(rustix::io::Errno::WOULDBLOCK) => break,
                    Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            guard.clear_ready();
        }
    }
}

/// Folders with the name in each that matters: that of the file, or of the missing folder on the way to it.
fn deciding_entries(file: &Path) -> Vec<(PathBuf, OsString)> {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let target = absolute.canonicalize().ok();
    let mut entries: Vec<_> = [Some(absolute), target]
        .into_iter()
        .flatten()
        .filter_map(|path| nearest_entry(&path))
        .collect();
    entries.dedup();
    entries
}

fn nearest_entry(path: &Path) -> Option<(PathBuf, OsString)> {
    let folder = path.parent()?;
    if folder.is_dir() {
        return Some((folder.to_owned(), path.file_name()?.to_owned()));
    }
    nearest_entry(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tokio::time::timeout;

    struct Followed {
        folder: PathBuf,
        config: watch::Receiver<Arc<Config>>,
        problem: watch::Receiver<Option<String>>,
    }

    /// Follows `below` in a fresh folder while `test` runs.
    fn following<F: Future<Output = ()>>(below: &str, test: impl FnOnce(Followed, PathBuf) -> F) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(below);
        let sources = Sources {
            file: file.clone(),
            ..Sources::default()
        };
        let loaded = load(&sources).unwrap();
        let watched = watch_from(sources, loaded);
        let followed = Followed {
            folder: folder.path().to_owned(),
            config: watched.config,
            problem: watched.problem,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            tokio::select! {
                () = watched.following => {}
                () = test(followed, file) => {}
            }
        });
    }

    async fn wait<T>(receiver: &mut watch::Receiver<T>, wanted: impl FnMut(&T) -> bool) {
        timeout(Duration::from_secs(10), receiver.wait_for(wanted))
            .await
            .expect("in time")
            .unwrap();
    }

    async fn percent_is(config: &mut watch::Receiver<Arc<Config>>, percent: f64) {
        let near = |config: &Arc<Config>| (config.watched.movie_percent - percent).abs() < 1e-9;
        wait(config, near).await;
    }

    #[test]
    fn a_file_made_with_its_folders_then_replaced_then_removed_is_followed() {
        following("a/b/config.toml", |mut followed, file| async move {
            tokio::task::yield_now().await;
            fs::create_dir(followed.folder.join("a")).unwrap();
            tokio::task::yield_now().await;
            fs::create_dir(file.parent().unwrap()).unwrap();
            fs::write(&file, "[watched]\nmovie_percent = 60\n").unwrap();
            percent_is(&mut followed.config, 60.0).await;

            let beside = file.with_extension("toml.swp");
            fs::write(&beside, "[watched]\nmovie_percent = 70\n").unwrap();
            fs::rename(&beside, &file).unwrap();
            percent_is(&mut followed.config, 70.0).await;

            fs::remove_dir_all(followed.folder.join("a")).unwrap();
            percent_is(&mut followed.config, 85.0).await;
        });
    }

    #[test]
    fn a_bad_file_keeps_the_last_good_configuration_and_is_told() {
        following("config.toml", |mut followed, file| async move {
            fs::write(&file, "[watched]\nmovie_percent = 60\n").unwrap();
            percent_is(&mut followed.config, 60.0).await;

            fs::write(&file, "[watched]\nmovie_percent = 600\n").unwrap();
            wait(&mut followed.problem, Option::is_some).await;
            let told = followed.problem.borrow().clone().unwrap();
            assert!(
                told.contains("movie_percent = 600") && told.contains("line 2"),
                "{told}"
            );
            percent_is(&mut followed.config, 60.0).await;

            fs::write(&file, "[watched]\nmovie_percent = 61\n").unwrap();
            percent_is(&mut followed.config, 61.0).await;
            assert_eq!(*followed.problem.borrow(), None);
        });
    }

    #[test]
    fn a_linked_file_is_followed_where_it_really_lies() {
        following("config.toml", |mut followed, file| async move {
            let elsewhere = followed.folder.join("dotfiles");
            fs::create_dir(&elsewhere).unwrap();
            let real = elsewhere.join("reeld.toml");
            fs::write(&real, "[watched]\nmovie_percent = 50\n").unwrap();
            std::os::unix::fs::symlink(&real, &file).unwrap();
            percent_is(&mut followed.config, 50.0).await;
            fs::write(&real, "[watched]\nmovie_percent = 51\n").unwrap();
            percent_is(&mut followed.config, 51.0).await;
        });
    }
}
