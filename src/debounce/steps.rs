//! The queue of steps that are not remembered yet, and the making of them.

use std::collections::VecDeque;

use super::rules::Rules;
use super::viewings::is_aside;
use crate::model::{Action, SessionId, Step, Viewing};

/// Oldest first. While it is held (the store fails), it stays small: of a session's live steps only the newest is kept.
#[derive(Debug, Default)]
pub struct Steps {
    queue: VecDeque<Step>,
    held: bool,
}

impl Steps {
    pub fn push(&mut self, step: Step) {
        if self.held && is_progress(&step) {
            let session = step.event.as_ref().map(|event| event.session);
            self.queue.retain(|old| {
                !is_progress(old) || old.event.as_ref().map(|event| event.session) != session
            });
        }
        self.queue.push_back(step);
    }

    pub fn peek(&self) -> Option<&Step> {
        self.queue.front()
    }

    pub fn advance(&mut self) -> Option<Step> {
        self.held = false;
        self.queue.pop_front()
    }

    pub fn hold(&mut self) {
        self.held = true;
    }

    /// Of the events that wait.
    pub fn sessions(&self) -> Vec<SessionId> {
        let events = self.queue.iter().filter_map(|step| step.event.as_ref());
        events.map(|event| event.session).collect()
    }

    /// Stops that wait, each with what it leaves behind.
    pub fn stops(&self) -> impl Iterator<Item = &Step> {
        self.queue.iter().filter(|step| {
            let event = step.event.as_ref();
            event.is_some_and(|event| event.action == Action::Stop)
        })
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

/// Live, and made worthless by a later live event of its session.
fn is_progress(step: &Step) -> bool {
    step.event
        .as_ref()
        .is_some_and(|event| !matches!(event.action, Action::Start | Action::Stop))
}

/// Of a film seen whole so much is sure to be counted: its first and last moments are not.
const WHOLE: f64 = 0.98;

/// Whether a stop of this viewing now completes it.
pub fn completes(viewing: &Viewing, rules: &Rules) -> bool {
    viewing.completed.is_none()
        && viewing.reached
        && !is_aside(viewing)
        && viewing.played >= rules.minimum_played * WHOLE * viewing.duration
}
