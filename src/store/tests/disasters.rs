//! Named disasters. None may panic or hang, and nothing may be lost without a word.

#![allow(clippy::disallowed_methods, reason = "tests may look at the clock")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{NOW, Records, actor, contents, open, seed, signal, skipped};
use crate::store::{
    Batch, Durability, Program, SledStore, StateFolder, Store, StoreErrorKind, format,
};

/// A state folder with a store of 1,000 records in it, closed.
fn filled(state: &Path) -> Records {
    let (_state, mut store, _) = open(state).unwrap();
    for hundred in 0..10u32 {
        let mut batch = Batch::default();
        for n in hundred * 100..hundred * 100 + 100 {
            let text = format!("record number {n} and some words to make it longer");
            batch.put(format!("r/{n:05}"), text.repeat(4));
        }
        store.commit(batch, Durability::Disk).unwrap();
    }
    contents(&store)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if fs::metadata(&path).unwrap().len() > 0 {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn damage(kind: &str, file: &Path, random: &mut fastrand::Rng) {
    let mut bytes = fs::read(file).unwrap();
    let length = bytes.len();
    let at = random.usize(0..length);
    match kind {
        "a flipped bit" => bytes[at] ^= 1 << random.u8(0..8),
        "ten flipped bits" => {
            for _ in 0..10 {
                bytes[random.usize(0..length)] ^= 1 << random.u8(0..8);
            }
        }
        "a truncated file" => bytes.truncate(at),
        "a torn tail" => bytes.truncate(length - 1 - random.usize(0..length.min(16))),
        "a zeroed page" => {
            let start = at / 4096 * 4096;
            bytes[start..length.min(start + 4096)].fill(0);
        }
        "an emptied file" => bytes.clear(),
        "a missing file" => return fs::remove_file(file).unwrap(),
        "garbage at the end" => bytes.extend((0..100).map(|_| random.u8(..))),
        other => panic!("{other}?"),
    }
    fs::write(file, bytes).unwrap();
}

#[test]
fn damaged_files_are_opened_or_replaced_and_never_silently() {
    let mut random = fastrand::Rng::with_seed(seed());
    let origin = tempfile::tempdir().unwrap();
    let expected = filled(origin.path());
    let (mut intact, mut replaced, mut saved, mut partly) = (0, 0, 0, 0);
    for kind in [
        "a flipped bit",
        "ten flipped bits",
        "a truncated file",
        "a torn tail",
        "a zeroed page",
        "an emptied file",
        "a missing file",
        "garbage at the end",
    ] {
        for round in 0..8 {
            let copy = tempfile::tempdir().unwrap();
            let state = copy.path().join("state");
            copy_all(origin.path(), &state);
            let files = files(&state.join("store"));
            let file = random.choice(&files).unwrap();
            damage(kind, file, &mut random);
            let name = format!("{kind} in {} ({round})", file.display());
            let (claim, mut store, opened) = open(&state).unwrap_or_else(|e| panic!("{name}: {e}"));
            let found = contents(&store);
            match &opened.loss {
                None => {
                    assert_eq!(found, expected, "{name}: lost without a word");
                    intact += 1;
                }
                Some(loss) => {
                    let lies = found.iter().find(|(k, v)| expected.get(*k) != Some(v));
                    assert_eq!(lies, None, "{name}: a record that never was");
                    if let Some(old) = &loss.quarantined {
                        replaced += 1;
                        assert!(old.to.join("store").is_dir(), "{name}");
                        assert_eq!(old.saved, found.len() as u64);
                    } else {
                        partly += 1;
                    }
                    saved += found.len();
                    eprintln!("{name}: {opened}");
                }
            }
            store.commit(actor::pair(1), Durability::Disk).unwrap();
            drop(store);
            let (store, again) = SledStore::open(&claim, NOW, &Program::test()).unwrap();
            assert_eq!(again.loss, opened.loss, "{name}: told until it is repaired");
            store.loss_repaired(&claim).unwrap();
            drop(store);
            let (store, last) = SledStore::open(&claim, NOW, &Program::test()).unwrap();
            assert_eq!(last.loss, None, "{name}: and not afterwards");
            assert_eq!(contents(&store).len(), found.len() + 3, "{name}");
        }
    }
    eprintln!(
        "64 damaged stores: {intact} intact, {partly} with some records lost, {replaced} replaced; \
         {saved} of {} records of those could be saved",
        (partly + replaced) * expected.len()
    );
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_crash_while_sled_folds_its_logs_does_not_cost_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let expected = filled(folder.path());
    drop(open(folder.path()).unwrap());
    // What that crash leaves: the snapshot, and no log.
    for file in files(&folder.path().join("store/sled/metadata")) {
        if file.to_string_lossy().contains("/log_") {
            fs::remove_file(file).unwrap();
        }
    }
    for entry in fs::read_dir(folder.path().join("store/sled/metadata")).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("/log_") {
            fs::remove_file(path).unwrap();
        }
    }
    for _ in 0..3 {
        let (_state, store, opened) = open(folder.path()).unwrap();
        assert_eq!(opened.loss, None);
        assert_eq!(contents(&store), expected);
    }
}

#[test]
fn a_database_that_fell_back_to_an_older_state_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let older = tempfile::tempdir().unwrap();
    let old = older.path().join("state");
    copy_all(folder.path(), &old);
    let (_, mut store, _) = open(folder.path()).unwrap();
    for n in 0..3 {
        store.commit(actor::pair(n), Durability::Disk).unwrap();
    }
    drop(store);
    fs::remove_dir_all(folder.path().join("store/sled")).unwrap();
    copy_all(&old.join("store/sled"), &folder.path().join("store/sled"));
    let (_state, _store, opened) = open(folder.path()).unwrap();
    assert_eq!(opened.loss.unwrap().batches_lost, 3);
    assert_eq!(opened.records, 1000);
}

#[test]
fn a_crash_between_the_two_renames_of_a_replacement_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    fs::write(folder.path().join("store/format"), "garbage").unwrap();
    let (state, store, opened) = open(folder.path()).unwrap();
    assert_eq!(opened.records, 1000, "all of it could be read: {opened}");
    drop((state, store));
    let note = fs::read(folder.path().join("loss")).unwrap();
    let note: serde_json::Value = serde_json::from_slice(&note).unwrap();
    let successor = note["quarantined"]["successor"].as_str().unwrap();
    fs::rename(folder.path().join("store"), successor).unwrap();
    let (_state, store, again) = open(folder.path()).unwrap();
    assert_eq!(again.loss, opened.loss);
    assert_eq!(contents(&store).len(), 1000);
}

#[test]
fn a_large_store_is_not_read_through_until_it_fails_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let (state, mut store, _) = open(folder.path()).unwrap();
    for thousand in 0..25u32 {
        let mut batch = Batch::default();
        for n in thousand * 1000..thousand * 1000 + 1000 {
            batch.put(n.to_be_bytes(), fastrand::u128(..).to_be_bytes());
        }
        store.commit(batch, Durability::Disk).unwrap();
    }
    drop(store);
    let slabs = files(&folder.path().join("store/sled/slabs"));
    let largest = slabs
        .iter()
        .max_by_key(|file| fs::metadata(file).unwrap().len());
    let mut bytes = fs::read(largest.unwrap()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0);
    fs::write(largest.unwrap(), bytes).unwrap();

    let (store, opened) = SledStore::open(&state, NOW, &Program::test()).unwrap();
    assert_eq!((opened.records, opened.loss), (25_000, None));
    let error = store.scan(b"", &mut |_, _| ()).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Damaged, "{error}");
    drop(store);
    let (store, opened) = SledStore::open(&state, NOW, &Program::test()).unwrap();
    let saved = opened.loss.unwrap().quarantined.unwrap().saved;
    assert_eq!(contents(&store).len() as u64, saved);
    assert!((1000..25_000).contains(&saved), "{saved}");
    assert!(!folder.path().join("suspect").exists());
}

#[test]
fn a_newer_store_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    format::write_as(&folder.path().join("store"), 2).unwrap();
    let before: Vec<_> = files(&folder.path().join("store"))
        .into_iter()
        .map(|file| (fs::read(&file).unwrap(), file))
        .collect();
    let error = open(folder.path()).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Newer, "{error}");
    let after: Vec<_> = files(&folder.path().join("store"))
        .into_iter()
        .map(|file| (fs::read(&file).unwrap(), file))
        .collect();
    assert!(before == after);
}

#[test]
fn a_second_daemon_is_refused_while_the_first_lives_even_with_its_store_closed() {
    let folder = tempfile::tempdir().unwrap();
    let (state, store, _) = open(folder.path()).unwrap();
    drop(store);
    let error = open(folder.path()).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Locked);
    let pid = std::process::id().to_string();
    assert!(error.message.contains(&pid), "{error}");
    drop(state);
    open(folder.path()).unwrap();
}

#[test]
fn a_second_daemon_is_refused_although_the_lock_file_was_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (_state, _store, _) = open(folder.path()).unwrap();
    fs::remove_file(folder.path().join("lock")).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Locked);
}

#[test]
fn a_store_process_that_outlives_its_daemon_is_no_second_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let (state, orphan, _) = open(folder.path()).unwrap();
    drop(state);
    let error = open(folder.path()).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Io, "{error}");
    assert!(error.message.contains("killed"), "{error}");
    drop(orphan);
    let (_, _, opened) = open(folder.path()).unwrap();
    assert_eq!(opened.loss, None);
}

#[test]
fn what_tells_of_a_loss_or_of_the_last_change_is_not_damaged_in_silence() {
    for (file, words) in [
        ("loss", "what was lost is not known"),
        ("store/witness", "which change was the last cannot be read"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()).unwrap());
        fs::write(folder.path().join(file), "garbage").unwrap();
        let (state, store, opened) = open(folder.path()).unwrap();
        let told = opened.loss.expect("it is told").to_string();
        assert!(told.contains(words), "{told}");
        store.loss_repaired(&state).unwrap();
        drop((state, store));
        assert_eq!(open(folder.path()).unwrap().2.loss, None, "once");
    }
}

#[test]
fn a_store_process_that_cannot_be_started_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::claim(folder.path()).unwrap();
    for program in ["/nowhere", "/bin/true", "/dev/null"] {
        let error = SledStore::open(&state, NOW, &Program::at(Path::new(program))).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Io, "{program}: {error}");
    }
}

#[test]
fn a_store_process_that_hangs_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let (state, store, _) = open(folder.path()).unwrap();
    let patience = std::time::Duration::from_millis(300);
    drop(store);
    let program = Program::test().within(patience);
    let (store, _) = SledStore::open(&state, NOW, &program).unwrap();
    signal(store.process_id(), rustix::process::Signal::STOP, "T");
    let start = crate::clock::now().mono;
    let error = store.get(b"x").unwrap_err();
    assert!(
        (crate::clock::now().mono - start) < 10 * patience,
        "{error}"
    );
    drop(store);
    SledStore::open(&state, NOW, &Program::test()).unwrap();
}

#[test]
fn what_ends_a_daemon_does_not_end_its_store_before_it() {
    use rustix::process::{Pid, Signal, getpgid, kill_process};
    let folder = tempfile::tempdir().unwrap();
    let (_state, mut store, _) = open(folder.path()).unwrap();
    let pid = Pid::from_raw(i32::try_from(store.process_id()).unwrap());
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        kill_process(pid.unwrap(), signal).unwrap();
    }
    store.commit(actor::pair(0), Durability::Disk).unwrap();
    assert_eq!(contents(&store).len(), 3);
    assert_ne!(getpgid(pid).unwrap(), getpgid(None).unwrap());
}

#[test]
fn everything_on_disk_is_private_also_where_it_was_not() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    filled(&state);
    let loose = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&state, loose.clone()).unwrap();
    fs::set_permissions(state.join("store/sled"), loose).unwrap();
    let (_state, mut store, _) = open(&state).unwrap();
    store.commit(actor::pair(0), Durability::Disk).unwrap();
    for path in [state.clone(), state.join("store"), state.join("store/sled")] {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", path.display());
    }
    drop(store);
    let (store, _) = SledStore::open(&_state, NOW, &Program::test()).unwrap();
    drop(store);
}

fn as_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skipped(&format!("{test} needs root to mount a small disk"));
    }
    root
}

/// A small disk of its own, gone at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, options: &str) -> Self {
        fs::create_dir_all(at).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "reeld-test"])
            .arg(at)
            .status();
        assert!(mount.unwrap().success());
        Self(at.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_with_room_again_opening_again_goes_on() {
    if !as_root("a full disk") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(&folder.path().join("disk"), "size=4m");
    let ballast = disk.0.join("ballast");
    fs::write(&ballast, vec![1; 1 << 20]).unwrap();
    let state = StateFolder::claim(&disk.0.join("state")).unwrap();
    let mut acknowledged = Records::new();
    for round in 0..3 {
        let (mut store, opened) = SledStore::open(&state, NOW, &Program::test()).unwrap();
        assert_eq!(opened.loss, None, "round {round}");
        assert_eq!(contents(&store), acknowledged, "round {round}");
        let error = fill(&mut store, &mut acknowledged);
        assert_eq!(error.kind, StoreErrorKind::Full, "round {round}: {error}");
        let again = store.commit(Batch::default(), Durability::Disk);
        assert_eq!(again.unwrap_err().kind, StoreErrorKind::Full);
        drop(store);
        // Still full: it opens or says that it is full, and nothing is moved anywhere.
        if let Err(error) = SledStore::open(&state, NOW, &Program::test()) {
            assert_eq!(error.kind, StoreErrorKind::Full, "round {round}: {error}");
        }
        let room = (2 - round) << 18;
        fs::write(&ballast, vec![1; room]).unwrap();
    }
    let (store, opened) = SledStore::open(&state, NOW, &Program::test()).unwrap();
    assert_eq!(opened.loss, None);
    assert_eq!(contents(&store), acknowledged);
    eprintln!("{} records on a disk of 4 MiB", acknowledged.len());
}

/// Commits until it fails. What failed has happened or has not; here it has not, as sled writes data before metadata.
fn fill(store: &mut SledStore, acknowledged: &mut Records) -> crate::store::StoreError {
    let mut random = fastrand::Rng::with_seed(acknowledged.len() as u64);
    loop {
        let mut batch = Batch::default();
        let key = acknowledged.len().to_be_bytes().to_vec();
        let value: Vec<u8> = std::iter::repeat_with(|| random.u8(..))
            .take(4000)
            .collect();
        batch.put(key.clone(), value.clone());
        if let Err(error) = store.commit(batch, Durability::Disk) {
            return error;
        }
        acknowledged.insert(key, value);
    }
}

#[test]
fn a_read_only_disk_is_denied() {
    if !as_root("a read-only disk") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(&folder.path().join("disk"), "size=16m");
    filled(&disk.0.join("state"));
    let remount = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(&disk.0)
        .status();
    assert!(remount.unwrap().success());
    let error = open(&disk.0.join("state")).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Denied, "{error}");
    let error = open(&disk.0.join("another")).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Denied, "{error}");
}

#[test]
fn a_folder_of_somebody_else_is_denied() {
    if rustix::process::geteuid().is_root() && Command::new("setpriv").arg("-V").output().is_err() {
        skipped("setpriv is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    use std::os::unix::fs::PermissionsExt;
    let open_to_all = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path(), open_to_all).unwrap();
    let state = folder.path().join("state");
    filled(&state);
    for name in ["not ours", "ours and not writable"] {
        let mut command = actor::command("open", &state);
        if rustix::process::geteuid().is_root() {
            let mut nobody = Command::new("setpriv");
            nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
            command = actor::under(nobody, "open", &state);
        }
        if name == "ours and not writable" || !rustix::process::geteuid().is_root() {
            own_but_read_only(&state);
        }
        let (mut child, mut said) = actor::start(command);
        let answer = said.next();
        child.wait().unwrap();
        let Some(answer) = answer else {
            skipped("the test binary cannot be run by another user here");
            return;
        };
        assert!(answer.starts_with("Denied: "), "{name}: {answer}");
    }
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
}

fn own_but_read_only(state: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(state, Some(65534), Some(65534)).unwrap();
    }
    fs::set_permissions(state, fs::Permissions::from_mode(0o500)).unwrap();
}
