//! Work that takes as long as a disk, a portal or a server likes, on threads of its own: one that hangs keeps nobody
//! waiting, not even the end of the process (which a runtime's own blocking pool would). A few may hang at a time; while
//! they all do, nothing more is begun.

use std::sync::Arc;
use std::thread;

use tokio::sync::Semaphore;
use tracing::debug;

/// Most threads at a time.
const MOST: usize = 4;
/// One file's contents and little else is kept, none of it on the stack.
const STACK: usize = 256 * 1024;

/// See the module's documentation.
#[derive(Debug)]
pub struct Detached {
    name: &'static str,
    places: Arc<Semaphore>,
}

impl Detached {
    /// * `name`: of the threads, 15 bytes at most.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            places: Arc::new(Semaphore::new(MOST)),
        }
    }

    /// Begins the work, if there is a place for it.
    pub fn run(&self, work: impl FnOnce() + Send + 'static) {
        let name = self.name;
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return debug!("no thread for {name}: earlier ones still wait for their disk");
        };
        let thread = thread::Builder::new()
            .name(name.into())
            .stack_size(STACK)
            .spawn(move || {
                work();
                drop(place);
            });
        if let Err(error) = thread {
            debug!("no thread for {name}: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::*;

    /// Begins work that says so and then hangs until it is told to end.
    fn hang(detached: &Detached, begun: &Sender<()>) -> Sender<()> {
        let (end, ended) = channel();
        let begun = begun.clone();
        detached.run(move || {
            begun.send(()).unwrap();
            ended.recv().ok();
        });
        end
    }

    fn is_begun(begun: &Receiver<()>) -> bool {
        begun.recv_timeout(Duration::from_secs(10)).is_ok()
    }

    #[test]
    fn as_many_as_there_are_places_run_and_no_more() {
        let detached = Detached::new("tests");
        let (begun, all_begun) = channel();
        let mut hanging: Vec<_> = (0..MOST).map(|_| hang(&detached, &begun)).collect();
        assert!((0..MOST).all(|_| is_begun(&all_begun)));
        drop(hang(&detached, &begun));
        assert!(detached.places.try_acquire().is_err());
        assert!(all_begun.try_recv().is_err());
        hanging.pop();
        while detached.places.available_permits() == 0 {
            thread::yield_now();
        }
        hanging.push(hang(&detached, &begun));
        assert!(is_begun(&all_begun));
    }

    #[test]
    fn a_runtime_does_not_wait_for_what_hangs() {
        let (begun, all_begun) = channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let end = runtime.block_on(async { hang(&Detached::new("tests"), &begun) });
        assert!(is_begun(&all_begun));
        drop(runtime);
        assert!(end.send(()).is_ok(), "it hung until now");
    }
}
