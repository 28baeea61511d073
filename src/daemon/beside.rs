//! Reads what lies beside a video, on a thread of its own: a disk that has to spin up, or a server that is gone, keeps
//! nobody waiting, not even the end of the process (which a runtime's own blocking pool would). An answer that comes late
//! is still an answer. A few threads may hang at a time; while they all do, names must do.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use tokio::sync::{Semaphore, mpsc};
use tracing::debug;

use crate::engine::Input;
use crate::identify::sidecar;
use crate::model::PlayerId;

/// Most threads at a time.
const MOST: usize = 4;
/// One file's contents and little else is kept, none of it on the stack.
const STACK: usize = 256 * 1024;

/// See the module's documentation.
pub struct Beside {
    places: Arc<Semaphore>,
}

impl Beside {
    pub fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(MOST)),
        }
    }

    /// Answers with `Input::Sidecars`, sooner or later.
    pub fn read(&self, player: PlayerId, path: String, inputs: mpsc::Sender<Input>) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return debug!(
                "nothing is read beside the file: earlier ones still wait for their disk"
            );
        };
        let work = move || {
            let found = sidecar::read(Path::new(&path));
            drop(place);
            let answer = Input::Sidecars {
                player,
                path,
                found,
            };
            drop(inputs.blocking_send(answer));
        };
        let thread = thread::Builder::new()
            .name("sidecars".into())
            .stack_size(STACK)
            .spawn(work);
        if let Err(error) = thread {
            debug!("nothing is read beside the file: {error}");
        }
    }
}
