//! The network: requests on their way, what goes wrong with them, and what reeld makes of the answers. `classify` is the
//! real one of each service.

use std::time::Duration;

use reeld::engine::Input;
use reeld::model::{AccountKey, DeliveryId, Ids, Wall};
use reeld::service::{Answer, Call, Disposition, Fault, Frozen, Job, discovr, punchplay};

use crate::judge::beats;
use crate::log::Reach;
use crate::punchplay::{Awake, Sending};
use crate::script::RequestFault;
use crate::world::{Event, SERVICES, World, all_accounts, service_of};

/// How long after its end an attempt may still take effect.
const LATE_COMMIT: Duration = Duration::from_secs(30);

/// What the Discovr half remembers while the daemon lives.
#[derive(Debug, Default)]
pub struct Memory {
    /// No call to the history is on its way since then.
    quiet_since: Duration,
}

impl Memory {
    pub fn since(now: Duration) -> Self {
        Self { quiet_since: now }
    }
}

/// A request that reaches its service.
pub struct Landing {
    life: u32,
    account: usize,
    delivery: DeliveryId,
    job: Job,
    kind: Kind,
    fault: Option<RequestFault>,
}

/// An answer, or that there is none, on its way to the daemon.
pub struct Answered {
    life: u32,
    account: usize,
    delivery: DeliveryId,
    job: Job,
    kind: Kind,
    outcome: Disposition,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Write,
    /// Looks whether it was written before.
    ReadBack,
}

impl World {
    /// The engine wants something sent.
    pub fn send(&mut self, delivery: DeliveryId, key: &AccountKey, job: Job) {
        let account = all_accounts().iter().position(|known| known.key == *key);
        let Some(account) = account else {
            return self.complain(format!("something was sent as {key:?}, who is nobody"));
        };
        let service = service_of(account);
        self.note(|| {
            let doubt = if job.in_doubt { " (in doubt)" } else { "" };
            format!(
                "-> {} {delivery}{doubt}: {} {}",
                key.service, job.request.path, job.request.body
            )
        });
        if !self.accounts.iter().any(|linked| linked.key == *key) {
            return self.complain(format!(
                "something was sent as {key:?}, which is not linked"
            ));
        }
        if self.clock.now < self.patience[account] {
            return self.complain(format!("{} had asked for patience", key.service));
        }
        if self.was_told(account, delivery, &job) {
            return self.complain(format!(
                "sent again after it was taken: {}",
                job.request.body
            ));
        }
        let kind = match job.call {
            Call::History { .. } | Call::HistoryOf(_) if job.in_doubt => Kind::ReadBack,
            _ => Kind::Write,
        };
        let (path, body) = (&job.request.path, &job.request.body);
        let judged = if service == 0 {
            let right = self.clock.off == 0 && !self.log.clock_was_wrong;
            let sending = Sending {
                now: self.clock.now,
                names: self.config.privacy.send_filename,
                hidden: self.hidden,
                // What was made before the step, or waited, may be ahead.
                ahead_of: self.clock_is_alone().then_some(self.clock.moment().wall.0),
                wall: right.then_some(Awake {
                    now: self.clock.true_wall().0,
                    since: self.well_since,
                    sleeps: &self.sleeps,
                }),
            };
            self.log.punchplay[account / 2].judge(path, body, sending)
        } else {
            self.log
                .discovr
                .judge(path, body, self.clock.now, self.set_back)
        };
        if let Err(complaint) = judged {
            return self.complain(complaint);
        }
        let [own, other] = [account / 2, 1 - account / 2].map(|user| &self.log.punchplay[user]);
        let session = own.session_of(body).filter(|_| self.ben_was_here);
        if service == 0 && session.is_some_and(|session| other.was_told(session)) {
            return self.complain("a session was told to two users".into());
        }
        self.go(account, delivery, job, kind);
    }

    /// The clock was set and nothing else goes wrong; and if it was set back the daemon has noticed.
    fn clock_is_alone(&self) -> bool {
        let nothing_waits = || self.script.requests.is_empty() && self.script.store.is_empty();
        let is_well = || self.log.outages == 0.0 && !self.store_failed;
        let beats = || Duration::from_secs(beats(&self.script).1 + 10);
        let is_noticed = || self.clock.now > self.stepped + beats();
        self.log.clock_was_wrong && nothing_waits() && is_well() && is_noticed()
    }

    /// Whether it got a clear answer before.
    fn was_told(&self, account: usize, delivery: DeliveryId, job: &Job) -> bool {
        let told = self.told.get(&(account, delivery));
        told.into_iter()
            .flatten()
            .any(|(path, body)| *path == job.request.path && *body == job.request.body)
    }

    fn go(&mut self, account: usize, delivery: DeliveryId, job: Job, kind: Kind) {
        let fault = self.fault(service_of(account));
        if let Some(fault) = fault {
            self.note(|| format!("   {delivery}: {fault:?}"));
        }
        if matches!(job.call, Call::History { .. } | Call::HistoryOf(_)) && kind == Kind::Write {
            self.memory.quiet_since = self.clock.now;
        }
        let latency = Duration::from_millis(self.random.u64(30..400));
        let (lands, ends) = match fault {
            Some(RequestFault::Refused) => (None, Some(Duration::from_millis(5))),
            Some(RequestFault::LostBefore) => (None, Some(Duration::from_secs(20))),
            Some(RequestFault::LostAfter) => (Some(latency), Some(latency * 2)),
            Some(RequestFault::LateCommit(late)) => {
                let ends = Duration::from_secs(3);
                (Some(ends + Duration::from_secs(late.into())), Some(ends))
            }
            _ => (Some(latency), None),
        };
        let life = self.life;
        if let Some(ends) = ends {
            let outcome = Disposition::Retry {
                after: None,
                fault: if matches!(fault, Some(RequestFault::Refused)) {
                    Fault::Unsent
                } else {
                    Fault::Unreachable
                },
                reason: "no answer".into(),
            };
            let job = job.clone();
            let answered = Answered {
                life,
                account,
                delivery,
                job,
                kind,
                outcome,
            };
            self.after(ends, Event::Answered(Box::new(answered)));
        }
        if let Some(lands) = lands {
            self.reaches(account, &job, Reach::Perhaps);
            let landing = Landing {
                life,
                account,
                delivery,
                job,
                kind,
                fault,
            };
            self.after(lands, Event::Lands(Box::new(landing)));
        }
    }

    /// What tells of a completion comes so far.
    fn reaches(&mut self, account: usize, job: &Job, reach: Reach) {
        let completes = match job.call {
            Call::Event => job.request.body.contains(r#""watched":true"#),
            Call::ResumePoint => false,
            _ => true,
        };
        if completes {
            let title = job.title.clone().unwrap_or_default();
            let known = self.reached.entry((account, job.stamp, title));
            let known = known.or_insert(reach);
            *known = reach.max(*known);
        }
    }

    /// Whether what was true then is on its way to a service, and the daemon waits for the answer.
    pub fn is_being_told(&self, at: Wall) -> bool {
        let gives_up = |fault| {
            matches!(
                fault,
                Some(RequestFault::LostAfter | RequestFault::LateCommit(_))
            )
        };
        let waits = |event: &Event| match event {
            Event::Lands(landing) => {
                landing.life == self.life && !gives_up(landing.fault) && landing.job.stamp == at
            }
            Event::Answered(answered) => answered.life == self.life && answered.job.stamp == at,
            _ => false,
        };
        self.queue.values().any(waits)
    }

    /// What goes wrong with the next request.
    fn fault(&mut self, service: usize) -> Option<RequestFault> {
        let number = self.log.requests;
        self.log.requests += 1;
        if self.unreachable[service] > self.clock.now {
            return Some(RequestFault::Refused);
        }
        self.script
            .requests
            .get(&number)
            .copied()
            .filter(|_| !self.calm)
    }

    /// A request arrives.
    pub fn lands(&mut self, landing: Landing) {
        let answer = self.serve(&landing);
        let Landing {
            life,
            account,
            delivery,
            job,
            kind,
            fault,
        } = landing;
        let answered = !matches!(
            fault,
            Some(RequestFault::LostAfter | RequestFault::LateCommit(_))
        );
        if !answered || life != self.life {
            return;
        }
        if kind == Kind::ReadBack && answer.is_success() {
            return self.read_back(delivery, job);
        }
        let mut outcome = if service_of(account) == 0 {
            punchplay::classify(&answer)
        } else {
            discovr::classify(&answer)
        };
        if kind == Kind::ReadBack
            && let Disposition::Reject { reason } = outcome
        {
            outcome = Disposition::Retry {
                after: None,
                fault: Fault::Server,
                reason,
            };
        }
        if let Some(RequestFault::Throttled(seconds)) = fault
            && !self.revoked[service_of(account)]
        {
            let wait = Duration::from_secs(seconds.into());
            self.patience[account] = self.clock.now + wait;
        }
        let delay = match fault {
            Some(RequestFault::Slow(seconds)) => Duration::from_secs(seconds.into()),
            _ => Duration::from_millis(40),
        };
        let answered = Answered {
            life,
            account,
            delivery,
            job,
            kind,
            outcome,
        };
        self.after(delay, Event::Answered(Box::new(answered)));
    }

    fn serve(&mut self, landing: &Landing) -> Answer {
        let Landing {
            account,
            job,
            kind,
            fault,
            ..
        } = landing;
        let (service, request) = (service_of(*account), &job.request);
        let user = *account / 2;
        if matches!(fault, Some(RequestFault::LoggedOut)) {
            self.revoked[service] = true;
        }
        if self.revoked[service] {
            let body = [
                r#"{"error":"invalid_grant"}"#,
                r#"{"code":"TOKEN_INVALID"}"#,
            ];
            return answer(401, body[service]);
        }
        match fault {
            Some(RequestFault::Throttled(seconds)) => {
                return Answer {
                    retry_after: Some(seconds.to_string()),
                    ..answer(429, r#"{"error":"rate_limited"}"#)
                };
            }
            Some(RequestFault::Broken(false)) => return answer(500, r#"{"error":"server_error"}"#),
            Some(RequestFault::Unavailable) => return answer(503, "no available server"),
            Some(RequestFault::Portal) => return answer(200, "<html>Welcome to the hotel</html>"),
            Some(RequestFault::Rejected) => {
                self.log.punchplay[user].refuse(&request.body);
                return answer(400, r#"{"error":"invalid_request"}"#);
            }
            _ => {}
        }
        if *kind == Kind::ReadBack {
            return answer(200, "{}");
        }
        let ignore = matches!(fault, Some(RequestFault::Ignored)) && !job.in_doubt;
        let late = matches!(fault, Some(RequestFault::LateCommit(_)));
        let taken = if service == 0 {
            self.log.punchplay[user].take(&request.path, &request.body, ignore)
        } else {
            self.log
                .discovr
                .take(&request.method, &request.path, &request.body, late)
        };
        if matches!(fault, Some(RequestFault::Broken(true))) {
            return answer(500, r#"{"error":"server_error"}"#);
        }
        taken
    }

    /// The history was read: is it there?
    fn read_back(&mut self, delivery: DeliveryId, job: Job) {
        let quiet = self.clock.now.saturating_sub(self.memory.quiet_since);
        let outcome = if self.log.discovr.has(&job.request.body) {
            Disposition::Delivered {
                ids: Ids::default(),
                deduped: true,
                ignored: None,
            }
        } else if let Some(wait) = LATE_COMMIT
            .checked_sub(quiet)
            .filter(|wait| !wait.is_zero())
        {
            Disposition::Retry {
                after: Some(wait),
                fault: Fault::TooEarly,
                reason: "waiting to see whether the last attempt took effect".into(),
            }
        } else {
            return self.go(1, delivery, job, Kind::Write);
        };
        let (life, kind) = (self.life, Kind::ReadBack);
        let answered = Answered {
            life,
            account: 1,
            delivery,
            job,
            kind,
            outcome,
        };
        self.after(Duration::ZERO, Event::Answered(Box::new(answered)));
    }

    /// The daemon has its answer.
    pub fn answered(&mut self, answered: Answered) {
        let Answered {
            life,
            account,
            delivery,
            job,
            kind,
            outcome,
        } = answered;
        if life != self.life {
            return;
        }
        let service = SERVICES[service_of(account)];
        self.note(|| format!("<- {service} {delivery}: {outcome:?}"));
        let ambiguous = matches!(
            outcome,
            Disposition::Retry {
                fault: Fault::Server | Fault::Unreachable,
                ..
            }
        );
        if ambiguous
            && kind == Kind::Write
            && matches!(job.call, Call::History { .. } | Call::HistoryOf(_))
        {
            self.memory.quiet_since = self.clock.now;
        }
        if let Disposition::NeedsLogin { reason } = &outcome {
            let key = &all_accounts()[account].key;
            let mut accounts = self.accounts.iter_mut();
            if let Some(linked) = accounts.find(|linked| linked.key == *key) {
                linked.needs_login = Some(reason.clone());
            }
            let changed = Event::Tells(life, Box::new(Input::Accounts(self.accounts.clone())));
            self.after(Duration::ZERO, changed);
        }
        if matches!(outcome, Disposition::Delivered { ignored: None, .. }) {
            self.reaches(account, &job, Reach::Surely);
        }
        if matches!(outcome, Disposition::Delivered { .. }) {
            let Frozen { path, body, .. } = job.request;
            let told = self.told.entry((account, delivery)).or_default();
            told.push((path, body));
        }
        self.tell(Input::Settled { delivery, outcome });
    }
}

pub fn answer(status: u16, body: impl Into<String>) -> Answer {
    Answer {
        status,
        body: body.into(),
        ..Answer::default()
    }
}
