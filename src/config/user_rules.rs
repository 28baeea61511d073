//! `rules.toml`, beside `config.toml`: read, and followed like it.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;
use tracing::{error, info};

use super::fault::{ConfigError, Fault, Place};
use super::load::read_file;
use super::watch::at_every_change;
use crate::identify::rules::{Rules, parse};
use crate::paths::Paths;

/// Rules that follow their file.
pub struct LiveRules {
    /// In force.
    pub rules: watch::Receiver<Arc<Rules>>,
    /// Why the file cannot be used at present; the last good rules are in force then.
    pub problem: watch::Receiver<Option<String>>,
    /// Keeps both true while it runs, which is for ever.
    pub following: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Reads the user's rules; no file is no rules.
///
/// # Errors
/// With everything that is wrong in the file.
pub fn load_rules(paths: &Paths) -> Result<Rules, ConfigError> {
    read(&paths.rules_file(), paths.home.as_deref()).map(|(rules, _)| rules)
}

/// Reads the user's rules and prepares to follow them.
///
/// # Errors
/// When they cannot be used to begin with: a rule that ignores something must not be missing.
pub fn watch_rules(paths: &Paths) -> Result<LiveRules, ConfigError> {
    follow(paths.rules_file(), paths.home.clone())
}

fn follow(file: PathBuf, home: Option<PathBuf>) -> Result<LiveRules, ConfigError> {
    let (rules, text) = read(&file, home.as_deref())?;
    let (sender, rules) = watch::channel(Arc::new(rules));
    let (problem_sender, problem) = watch::channel(None);
    let mut follower = Follower {
        file,
        home,
        text,
        rules: sender,
        problem: problem_sender,
    };
    Ok(LiveRules {
        rules,
        problem,
        following: Box::pin(async move {
            let file = follower.file.clone();
            at_every_change(&file, || follower.reload()).await;
        }),
    })
}

fn read(file: &Path, home: Option<&Path>) -> Result<(Rules, Option<String>), ConfigError> {
    let text = read_file(file, false)?;
    let rules = parse(text.as_deref().unwrap_or_default(), home).map_err(|faults| {
        let faults = faults.into_iter().map(|fault| Fault {
            subject: "a rule".to_owned(),
            place: Place::File(file.to_owned(), fault.line).to_string(),
            problem: fault.problem,
        });
        ConfigError {
            faults: faults.collect(),
        }
    })?;
    Ok((rules, text))
}

struct Follower {
    file: PathBuf,
    home: Option<PathBuf>,
    text: Option<String>,
    rules: watch::Sender<Arc<Rules>>,
    problem: watch::Sender<Option<String>>,
}

impl Follower {
    fn reload(&mut self) {
        match read(&self.file, self.home.as_deref()) {
            Ok((rules, text)) => {
                if self.problem.borrow().is_some() {
                    info!("the rules are usable again");
                    self.problem.send_replace(None);
                }
                if text != self.text {
                    info!("the rules have changed: there are {}", rules.len());
                    self.rules.send_replace(Arc::new(rules));
                    self.text = text;
                }
            }
            Err(error) => {
                let text = error.to_string();
                if self.problem.borrow().as_ref() != Some(&text) {
                    for fault in &error.faults {
                        error!("{fault}. The last good rules stay in force");
                    }
                    self.problem.send_replace(Some(text));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::Duration;
    use tokio::time::timeout;

    async fn wait<T>(receiver: &mut watch::Receiver<T>, wanted: impl FnMut(&T) -> bool) {
        timeout(Duration::from_secs(10), receiver.wait_for(wanted))
            .await
            .expect("in time")
            .unwrap();
    }

    #[test]
    fn rules_follow_their_file_and_bad_ones_keep_the_last_good() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.toml");
        let mut live = follow(file.clone(), None).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let test = async {
                tokio::task::yield_now().await;
                fs::write(&file, "[[rule]]\nwhen = { title = \"x\" }\nignore = true\n").unwrap();
                wait(&mut live.rules, |rules| rules.len() == 1).await;
                fs::write(&file, "[[rule]]\nwhen = { titel = \"x\" }\n").unwrap();
                wait(&mut live.problem, Option::is_some).await;
                let told = live.problem.borrow().clone().unwrap();
                assert!(told.contains("line 2") && told.contains("titel"), "{told}");
                assert_eq!(live.rules.borrow().len(), 1);
                fs::remove_file(&file).unwrap();
                wait(&mut live.rules, |rules| rules.is_empty()).await;
                assert_eq!(*live.problem.borrow(), None);
            };
            tokio::select! {
                () = live.following => {}
                () = test => {}
            }
        });
    }
}
