//! Writing to a disk that may hang: on a thread of its own, waited for, but not for ever.
//!
//! **States.** Nothing under way → one piece of work under way → its answer. What is not answered in time has failed for now; it may
//! still be done. Until it is answered nothing else is begun. Asking for the same again gets that answer, also when something
//! else was asked for in between: nothing is done twice because the disk was slow.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// A disk that wakes up or is busy with something else takes seconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// Some text and a file are kept on it.
const STACK: usize = 256 * 1024;

/// See the module's documentation.
#[derive(Debug)]
pub struct Patient {
    patience: Duration,
    under_way: Option<UnderWay>,
    /// Was done after all, and not asked for since.
    done: Option<String>,
}

#[derive(Debug)]
struct UnderWay {
    what: String,
    answer: Receiver<io::Result<()>>,
}

impl Patient {
    pub fn new() -> Self {
        Self {
            patience: PATIENCE,
            under_way: None,
            done: None,
        }
    }

    /// Does the work, which `what` tells from all other.
    ///
    /// # Errors
    /// The work's own, or that the disk does not answer.
    pub fn run(
        &mut self,
        what: String,
        work: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        if let Some(before) = self.under_way.take() {
            // It was waited for before.
            let answer = self.answer(before, Duration::ZERO)?;
            if let (before, Ok(())) = answer {
                self.done = Some(before);
            }
        }
        if self.done.take_if(|done| *done == what).is_some() {
            return Ok(());
        }
        let (tell, answer) = sync_channel(1);
        thread::Builder::new()
            .name("history".into())
            .stack_size(STACK)
            .spawn(move || drop(tell.send(work())))?;
        let (_, answer) = self.answer(UnderWay { what, answer }, self.patience)?;
        answer
    }

    /// Of what is under way, and what that is.
    fn answer(
        &mut self,
        under_way: UnderWay,
        within: Duration,
    ) -> io::Result<(String, io::Result<()>)> {
        match under_way.answer.recv_timeout(within) {
            Ok(answer) => Ok((under_way.what, answer)),
            Err(RecvTimeoutError::Timeout) => {
                self.under_way = Some(under_way);
                let words = "the disk does not answer";
                Err(io::Error::new(io::ErrorKind::TimedOut, words))
            }
            Err(RecvTimeoutError::Disconnected) => {
                Ok((under_way.what, Err(io::ErrorKind::Interrupted.into())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was written, by work that hangs until it is let go of.
    struct Disk {
        patient: Patient,
        written: Arc<Mutex<Vec<&'static str>>>,
    }

    impl Disk {
        fn new() -> Self {
            let patient = Patient {
                patience: Duration::from_millis(20),
                ..Patient::new()
            };
            Self {
                patient,
                written: Arc::default(),
            }
        }

        fn write(&mut self, line: &'static str) -> io::Result<()> {
            self.patient.patience = Duration::from_secs(20);
            let written = Arc::clone(&self.written);
            self.patient.run(line.into(), move || {
                written.lock().unwrap().push(line);
                Ok(())
            })
        }

        fn hang(&mut self, line: &'static str) -> Sender<()> {
            let (let_go, wait) = channel();
            let written = Arc::clone(&self.written);
            let said = self.patient.run(line.into(), move || {
                wait.recv().unwrap();
                written.lock().unwrap().push(line);
                Ok(())
            });
            assert_eq!(said.unwrap_err().kind(), io::ErrorKind::TimedOut);
            let_go
        }

        /// Writes it as often as it takes.
        fn insist(&mut self, line: &'static str) {
            let written = (0..20_000).any(|_| {
                thread::sleep(Duration::from_millis(1));
                self.write(line).is_ok()
            });
            assert!(written, "{line}");
        }

        fn written(&self) -> Vec<&'static str> {
            self.written.lock().unwrap().clone()
        }
    }

    #[test]
    fn what_hung_and_was_done_after_all_is_not_done_twice() {
        let mut disk = Disk::new();
        let let_go = disk.hang("a");
        assert!(disk.write("a").is_err() && disk.write("b").is_err());
        assert!(disk.written().is_empty(), "nothing else was begun");
        let_go.send(()).unwrap();
        disk.insist("a");
        disk.insist("b");
        disk.insist("a");
        assert_eq!(disk.written(), ["a", "b", "a"]);
    }

    #[test]
    fn it_is_known_to_be_done_also_if_something_else_is_asked_for_first() {
        let mut disk = Disk::new();
        let let_go = disk.hang("a");
        let_go.send(()).unwrap();
        disk.insist("b");
        disk.insist("a");
        assert_eq!(disk.written(), ["a", "b"]);
    }

    #[test]
    fn an_error_is_told_and_forgotten() {
        let mut patient = Patient::new();
        let fail = || Err(io::ErrorKind::StorageFull.into());
        let error = patient.run("a".into(), fail).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(patient.run("a".into(), || Ok(())).is_ok());
    }
}
