//! `names.json` in the state folder: what the users were called whose deliveries may still wait here after they have logged
//! out or another has logged in. A comfort: without it people see the service's own id of a user.
//!
//! Written by the daemon alone, replaced as a whole. What cannot be read begins anew.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tracing::debug;

use super::record::Account;
use crate::model::AccountKey;
use crate::paths::{read_small, replace};

const FILE: &str = "names.json";
const VERSION: u64 = 1;
/// The oldest go first.
const MOST: usize = 100;

/// An account and what it is called, oldest first.
pub type Names = Vec<(AccountKey, String)>;

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u64,
    checksum: String,
    names: Names,
}

/// Adds the accounts that are linked now to those that were; all of them.
#[must_use]
pub fn remember(folder: &Path, linked: &[Account]) -> Names {
    let file = folder.join(FILE);
    let known = known(folder);
    let mut names = known.clone();
    for account in linked {
        let name = name(account);
        if !names.contains(&(account.key.clone(), name.clone())) {
            names.retain(|(key, _)| *key != account.key);
            names.push((account.key.clone(), name));
        }
    }
    names.drain(..names.len().saturating_sub(MOST));
    if names != known
        && let Err(error) = write(&file, &names)
    {
        debug!("names of users cannot be kept: {error}");
    }
    names
}

/// What is remembered.
pub(super) fn known(folder: &Path) -> Names {
    read(&folder.join(FILE)).unwrap_or_default()
}

fn name(account: &Account) -> String {
    match &account.profile_name {
        Some(profile) => format!("{} (profile {profile})", account.user_name),
        None => account.user_name.clone(),
    }
}

fn read(file: &Path) -> Option<Names> {
    let kept: Kept = serde_json::from_slice(&read_small(file).ok()?).ok()?;
    let sound = kept.version == VERSION && kept.checksum == checksum(&kept.names).ok()?;
    sound.then_some(kept.names)
}

fn checksum(names: &Names) -> io::Result<String> {
    let text = serde_json::to_vec(names)?;
    Ok(format!("{:08x}", crc32fast::hash(&text)))
}

fn write(file: &Path, names: &Names) -> io::Result<()> {
    let kept = Kept {
        version: VERSION,
        checksum: checksum(names)?,
        names: names.clone(),
    };
    replace(file, &serde_json::to_vec(&kept)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::model::{ServiceName, Wall};
    use std::os::unix::fs::PermissionsExt;

    fn account(user: &str, profile: Option<&str>) -> Account {
        Account {
            key: AccountKey {
                service: ServiceName::Discovr,
                user: format!("id-{user}"),
                profile: profile.map(|name| format!("p-{name}")),
            },
            user_name: user.to_owned(),
            profile_name: profile.map(str::to_owned),
            scopes: Vec::new(),
            linked_at: Wall(0),
            linked_since: Wall(0),
            expires_at: None,
            needs_login: None,
        }
    }

    #[test]
    fn users_who_are_gone_keep_their_names_and_the_newest_name_counts() {
        let folder = tempfile::tempdir().unwrap();
        let names = |linked: &[Account]| {
            let names = remember(folder.path(), linked).into_iter();
            names.map(|(_, name)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), Vec::<String>::new());
        assert!(!folder.path().join("names.json").exists());
        assert_eq!(
            names(&[account("ann", Some("Kids"))]),
            ["ann (profile Kids)"]
        );
        assert_eq!(
            names(&[account("bob", None)]),
            ["ann (profile Kids)", "bob"]
        );
        let mut renamed = account("bob", None);
        renamed.user_name = "Bob".into();
        assert_eq!(names(&[renamed]), ["ann (profile Kids)", "Bob"]);
        let mode = fs::metadata(folder.path().join("names.json")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        fs::write(folder.path().join("names.json"), "{").unwrap();
        assert_eq!(names(&[account("ann", None)]), ["ann"]);
    }

    #[test]
    fn names_are_not_kept_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let many: Vec<Account> = (0..150).map(|n| account(&n.to_string(), None)).collect();
        let names = remember(folder.path(), &many);
        assert_eq!(names.len(), MOST);
        assert_eq!(names[0].1, "50");
    }
}
