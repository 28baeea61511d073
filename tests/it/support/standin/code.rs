//! A sign-in under way at either service: a code that is polled until somebody answers it, and good for one login.

use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum CodeState {
    #[default]
    Pending,
    Approved,
    Denied,
    Expired,
    Used,
}

#[derive(Debug, Default)]
pub(super) struct DeviceCode {
    state: CodeState,
    polls: u32,
    last_poll: Option<Instant>,
}

impl DeviceCode {
    /// Somebody answers it, if it still waits.
    pub(super) fn answer(&mut self, state: CodeState) {
        if self.state == CodeState::Pending {
            self.state = state;
        }
    }

    /// One poll more, approved by itself at that many: what to answer, and whether it came sooner than allowed.
    pub(super) fn poll(&mut self, approve_at: Option<u32>, every: Duration) -> (CodeState, bool) {
        let now = Instant::now();
        self.polls += 1;
        if approve_at.is_some_and(|n| self.polls >= n) && self.state == CodeState::Pending {
            self.state = CodeState::Approved;
        }
        let state = self.state;
        if state == CodeState::Approved {
            self.state = CodeState::Used;
        }
        let last = self.last_poll.replace(now);
        let too_soon = last.is_some_and(|last| now.duration_since(last) < every);
        (state, too_soon)
    }
}
