//! What the user is to see while a login is under way, and the waiting itself.

use std::time::Duration;

use tokio::time::sleep;

use super::device_code::{DeviceCode, Heard, Next};
use super::error::LoginError;
use crate::clock;
use crate::model::ServiceName;

/// What the user is to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Open `url` and enter `code`, or open `complete`, which a QR code may hold.
    Code {
        /// To be entered.
        code: String,
        /// Where.
        url: String,
        /// The same with the code in it.
        complete: String,
        /// For how long; `None`: the service does not say.
        expires_in: Option<Duration>,
    },
    /// The service could not be asked; it goes on.
    Trouble(String),
    /// Approved; the rest needs nobody.
    Approved,
}

/// Who is told.
pub type OnProgress<'a> = &'a mut dyn FnMut(Progress);

/// Polls until the code is approved or has come to nothing.
pub(super) async fn approved<T>(
    service: ServiceName,
    life: Option<Duration>,
    mut poll: impl AsyncFnMut() -> Heard<T>,
    on: OnProgress<'_>,
) -> Result<T, LoginError> {
    let mut attempt = DeviceCode::given(clock::now().boot, life);
    loop {
        let heard = poll().await;
        if let Heard::Trouble(words) = &heard {
            on(Progress::Trouble(words.clone()));
        }
        match attempt.heard(clock::now().boot, heard) {
            Next::PollAt(at) => sleep(at.saturating_sub(clock::now().boot)).await,
            Next::Approved(login) => {
                on(Progress::Approved);
                return Ok(login);
            }
            Next::Failed(failure) => return Err(LoginError::failed(service, failure)),
        }
    }
}
