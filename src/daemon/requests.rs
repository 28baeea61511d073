//! Requests from the command line on their way to the engine and back. Logins are kept here: they wait for services.

use std::collections::BTreeMap;
use std::future;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tracing::info;

use crate::account::{Accounts, NewLogin};
use crate::control::{Call, Request, Response};
use crate::engine::Input;
use crate::error::CliError;
use crate::model::{Secret, ServiceName};

/// Requests that have not been answered yet.
pub struct Requests {
    accounts: Accounts,
    inputs: mpsc::Sender<Input>,
    next: u64,
    open: BTreeMap<u64, Open>,
    work: JoinSet<()>,
}

struct Open {
    reply: oneshot::Sender<Response>,
    /// The engine has agreed; now the service is told.
    logout: Option<ServiceName>,
}

impl Requests {
    pub fn new(accounts: Accounts, inputs: mpsc::Sender<Input>) -> Self {
        Self {
            accounts,
            inputs,
            next: 0,
            open: BTreeMap::new(),
            work: JoinSet::new(),
        }
    }

    /// Takes a request from the control socket.
    pub fn take(&mut self, call: Call) {
        let Call { request, reply } = call;
        if let Request::Login { account, .. } = &request {
            // A client that has gone away wants no answer.
            drop(reply.send(self.login(account)));
            return;
        }
        if matches!(request, Request::QueueRetry { .. }) {
            self.accounts.nudge();
        }
        self.next += 1;
        let logout = match &request {
            Request::Logout { service, .. } => Some(*service),
            _ => None,
        };
        self.open.retain(|_, open| !open.reply.is_closed());
        self.open.insert(self.next, Open { reply, logout });
        let (inputs, input) = (self.inputs.clone(), Input::Request(self.next, request));
        self.work
            .spawn(async move { drop(inputs.send(input).await) });
    }

    /// The engine has answered.
    pub fn reply(&mut self, number: u64, response: Response) {
        let Some(Open { reply, logout }) = self.open.remove(&number) else {
            return;
        };
        match (logout, &response) {
            (Some(service), Response::Done { .. }) => {
                let accounts = self.accounts.clone();
                self.work.spawn(async move {
                    let answer = unlinked(&accounts, service).await;
                    drop(reply.send(answer));
                });
            }
            _ => drop(reply.send(response)),
        }
    }

    /// Ends when some work of ours has; never while there is none.
    pub async fn progress(&mut self) -> Option<()> {
        if self.work.is_empty() {
            future::pending().await
        }
        self.work.join_next().await.map(drop)
    }

    fn login(&mut self, account: &Secret) -> Response {
        let login = match serde_json::from_str::<NewLogin>(account.expose()) {
            Ok(login) => login,
            Err(_) => {
                return Response::Failed(CliError::bug(
                    "the login handed over by `reeld login` cannot be read",
                ));
            }
        };
        match self.accounts.link(login) {
            Ok(_) => {
                let accounts = self.accounts.clone();
                self.work
                    .spawn(async move { accounts.sign_out_replaced().await });
                Response::done()
            }
            Err(error) => Response::Failed(error.into()),
        }
    }
}

async fn unlinked(accounts: &Accounts, service: ServiceName) -> Response {
    match accounts.unlink(service).await {
        Ok(Some(unlinked)) => {
            info!(%service, "unlinked");
            Response::LoggedOut {
                not_revoked: unlinked.not_revoked,
            }
        }
        Ok(None) => Response::Failed(CliError::user(format!("{} is not linked", service.title()))),
        Err(error) => Response::Failed(error.into()),
    }
}
