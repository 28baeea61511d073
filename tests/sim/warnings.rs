//! What the daemon warns of in its journal: nothing, where nothing has happened that anybody must know.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::judge::Judgement;
use crate::script::{Env, Script};

thread_local! {
    static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Hears warnings and errors, for the run of this thread.
struct Journal;

impl Subscriber for Journal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        HEARD.with_borrow_mut(|heard| heard.push(words.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

/// From here on this thread's warnings are kept.
pub fn listen() {
    // Another thread may have been first: it hears for all.
    let _ = tracing::subscriber::set_global_default(Journal);
    HEARD.with_borrow_mut(Vec::clear);
}

/// What was heard since then.
pub fn heard() -> Vec<String> {
    HEARD.take()
}

impl Judgement {
    /// See the module's documentation.
    pub fn warns_of_nothing(&mut self, script: &Script, heard: &[String]) {
        let env = script.steps.iter().flat_map(|step| &step.env);
        // What may cost something that is stored.
        let harms = |env: &Env| {
            matches!(
                env,
                Env::Power { .. }
                    | Env::Clock { .. }
                    | Env::Disk { .. }
                    | Env::Die { .. }
                    | Env::History { .. }
                    | Env::LoseDatabase { .. }
                    | Env::Damage { .. }
            )
        };
        let is_true = |warning: &&String| warning.contains("refused for good");
        let is_safe = script.store.is_empty() && !env.clone().any(|(_, env)| harms(env));
        let false_ones = heard.iter().find(|warning| !is_true(warning));
        if is_safe && let Some(warning) = false_ones {
            let complaint = format!("a warning of nothing: {warning}");
            self.complaints.push(complaint);
        }
    }
}
