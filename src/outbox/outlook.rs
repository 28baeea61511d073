//! How things stand, at a glance: cheap enough to ask after every input.

use super::{Catalogue, Outbox};
use crate::model::Moment;
use crate::store::Store;

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// True while some request has not been settled.
    #[must_use]
    pub fn in_flight(&self) -> bool {
        self.accounts
            .values()
            .any(|account| account.in_flight.is_some())
    }

    /// True while some account waits because its service could not be reached.
    #[must_use]
    pub fn failing(&self, now: Moment) -> bool {
        self.accounts
            .values()
            .any(|account| account.breaker.until() > now.boot)
    }
}
