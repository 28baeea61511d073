use std::os::unix::fs::MetadataExt as _;
use std::thread;

use super::*;
use crate::account::record::{NewLogin, Tokens};
use crate::model::{AccountKey, Secret, ServiceName, Wall};

fn record(user: &str) -> Record {
    Record {
        login: NewLogin {
            account: AccountKey {
                service: ServiceName::Punchplay,
                user: user.to_owned(),
                profile: None,
            },
            user_name: user.to_owned(),
            profile_name: None,
            scopes: vec!["playback:write".to_owned()],
            client_id: "c".to_owned(),
            tokens: Tokens {
                access: Some(Secret::new("a")),
                access_expires_at: Wall(1),
                access_life: Duration::from_secs(3600),
                refresh: Secret::new("r"),
                refresh_expires_at: None,
            },
        },
        linked_at: Wall(0),
        linked_since: None,
        needs_login: None,
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn what_is_written_is_read_back_and_private() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state/reeld");
    let file = CredentialsFile::in_folder(&state);
    assert_eq!(file.read().unwrap(), []);
    assert!(!state.exists(), "reading makes nothing");
    file.update(&[], |records| records.push(record("ann")))
        .unwrap();
    assert_eq!(file.read().unwrap(), [record("ann")]);
    assert_eq!(mode(&state), 0o700);
    assert_eq!(mode(&file.path()), 0o600);
    assert_eq!(mode(&state.join("credentials.lock")), 0o600);
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
    file.read().unwrap();
    assert_eq!(mode(&file.path()), 0o600, "a file open to others is closed");
}

#[test]
fn a_damaged_file_is_moved_aside_and_what_is_known_is_kept() {
    let good = render(&[record("ann")]).unwrap();
    let flipped = good.replacen("\"ann\"", "\"anm\"", 1);
    let cut = &good[..good.len() / 2];
    for bad in [
        "",
        "null",
        "{}",
        "\u{0}\u{0}",
        flipped.as_str(),
        cut,
        r#"{"version":1}"#,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = CredentialsFile::in_folder(folder.path());
        fs::write(file.path(), bad).unwrap();
        assert_eq!(file.read().unwrap(), [], "{bad}");
        let aside = folder.path().join("credentials.json.damaged");
        assert_eq!(fs::read_to_string(aside).unwrap(), bad);
        fs::write(file.path(), bad).unwrap();
        let kept = file.update(&[record("ann")], |_| ()).unwrap();
        assert_eq!(kept, [record("ann")]);
    }
}

#[test]
fn bytes_that_are_no_text_are_damage_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let file = CredentialsFile::in_folder(folder.path());
    fs::write(file.path(), [0xff; 100]).unwrap();
    assert_eq!(file.read().unwrap(), []);
}

#[test]
fn a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = CredentialsFile::in_folder(folder.path());
    let newer = r#"{"version":2,"accounts":{}}"#;
    fs::write(file.path(), newer).unwrap();
    assert!(matches!(file.read(), Err(AccountError::Newer { .. })));
    let change = file.update(&[], |records| records.push(record("ann")));
    assert!(matches!(change, Err(AccountError::Newer { .. })));
    assert_eq!(fs::read_to_string(file.path()).unwrap(), newer);
}

#[test]
fn two_writers_never_undo_each_other_and_a_reader_never_sees_half() {
    let folder = tempfile::tempdir().unwrap();
    let file = CredentialsFile::in_folder(folder.path());
    thread::scope(|scope| {
        for writer in 0..4 {
            let file = file.clone();
            scope.spawn(move || {
                for n in 0..10 {
                    let record = record(&format!("{writer}-{n}"));
                    file.update(&[], |records| records.push(record)).unwrap();
                    assert!(!file.read().unwrap().is_empty());
                }
            });
        }
    });
    assert_eq!(file.read().unwrap().len(), 40);
    assert!(!folder.path().join("credentials.json.damaged").exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, "").unwrap();
    let file = CredentialsFile::in_folder(&blocked.join("reeld"));
    let error = file
        .update(&[], |records| records.push(record("ann")))
        .unwrap_err();
    assert!(error.to_string().contains("cannot write"), "{error}");
    assert!(!error.hint().is_empty());
}

#[test]
fn a_lock_held_for_ever_is_an_error_and_no_hang() {
    let folder = tempfile::tempdir().unwrap();
    let file = CredentialsFile::in_folder(folder.path());
    let _held = file.lock().unwrap();
    assert!(matches!(file.lock(), Err(AccountError::Locked { .. })));
}
