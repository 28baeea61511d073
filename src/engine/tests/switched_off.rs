//! The engine on a store in memory: what depends on settings, logins and the user's orders, without a player.

use std::collections::BTreeMap;
use std::io;

use super::super::*;
use super::rig::{Handle, Machine};
use crate::control::Response;
use crate::history::{self, Entry, Receipt};
use crate::model::{DeliveryId, Ids, PlayerId, ServiceName, ViewingId, Wall};
use crate::service::Disposition;
use crate::watch::merge::Started;

/// A desk whose disk may refuse.
#[derive(Default)]
struct Desk {
    machine: Machine,
    linked: Option<Vec<AccountKey>>,
    pause: Option<Pause>,
    disk_full: bool,
}

impl Edges for Desk {
    type Store = Handle;

    fn open_store(&mut self, now: Moment) -> Result<Opened<Handle>, StoreError> {
        self.machine.open_store(now)
    }

    fn loss_repaired(&mut self, store: &Handle) -> Result<(), StoreError> {
        self.machine.loss_repaired(store)
    }

    fn kinship(&self) -> Started {
        self.machine.kinship()
    }

    fn remember(&mut self, entry: &Entry) -> io::Result<()> {
        self.machine.remember(entry)
    }

    fn receipt(&mut self, viewing: ViewingId, receipt: &Receipt) -> io::Result<()> {
        self.machine.receipt(viewing, receipt)
    }

    fn recall(&mut self) -> io::Result<history::Read> {
        self.machine.recall()
    }

    fn take_back(&mut self, viewing: ViewingId) -> io::Result<()> {
        self.machine.take_back(viewing)
    }

    fn kept_linked(&mut self) -> Option<Vec<AccountKey>> {
        self.linked.clone()
    }

    fn keep_linked(&mut self, linked: &[AccountKey]) -> io::Result<()> {
        if self.disk_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.linked = Some(linked.to_vec());
        Ok(())
    }

    fn kept_pause(&mut self) -> Option<Pause> {
        self.pause
    }

    fn keep_pause(&mut self, pause: Option<&Pause>) -> io::Result<()> {
        if self.disk_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.pause = pause.copied();
        Ok(())
    }
}

const DEFAULTS: &str = include_str!("../../config/defaults.toml");

fn config(punchplay: bool) -> Arc<Config> {
    let mut config: Config = toml::from_str(DEFAULTS).unwrap();
    config.punchplay.enabled = punchplay;
    Arc::new(config)
}

fn ann(linked_at: i64) -> Account {
    user("ann", linked_at)
}

fn user(name: &str, linked_at: i64) -> Account {
    Account {
        key: AccountKey {
            service: ServiceName::Punchplay,
            user: format!("id-{name}"),
            profile: None,
        },
        user_name: name.into(),
        profile_name: None,
        scopes: Vec::new(),
        linked_at: Wall(linked_at),
        linked_since: Wall(linked_at),
        expires_at: None,
        needs_login: None,
    }
}

/// An engine with a clock, and what it wanted.
struct Rig {
    engine: Engine<Desk>,
    now: Moment,
    outputs: Vec<Output>,
}

fn start_of_time() -> Moment {
    Moment {
        mono: Duration::from_secs(1000),
        boot: Duration::from_secs(1000),
        wall: Wall(1_795_312_800_000),
    }
}

impl Rig {
    fn new(desk: Desk, now: Moment) -> Self {
        Self::of(desk, vec![ann(1)], now)
    }

    fn of(desk: Desk, accounts: Vec<Account>, now: Moment) -> Self {
        Self::with(desk, accounts, config(true), now)
    }

    fn with(desk: Desk, accounts: Vec<Account>, config: Arc<Config>, now: Moment) -> Self {
        let me = Identity {
            boot_id: 1,
            device_id: "d".into(),
            home: None,
        };
        let engine = Engine::new(desk, me, config, accounts, Random::seeded(1), now);
        let mut rig = Self {
            engine: engine.unwrap(),
            now,
            outputs: Vec::new(),
        };
        for source in [Source::Mpv, Source::Mpris] {
            rig.tell(Input::Report(Report::Scanned(source)));
        }
        rig
    }

    /// kill -9, and another start.
    fn kill(self, accounts: Vec<Account>) -> Self {
        self.kill_and_switch(accounts, config(true))
    }

    fn kill_and_switch(self, accounts: Vec<Account>, config: Arc<Config>) -> Self {
        let desk = Desk {
            machine: self.engine.edges.machine.clone(),
            linked: self.engine.edges.linked.clone(),
            ..Desk::default()
        };
        let now = self.now.after(Duration::from_secs(5));
        drop(self.engine);
        Self::with(desk, accounts, config, now)
    }

    fn tell(&mut self, input: Input) {
        self.engine.handle(input, self.now);
        while let Some(output) = self.engine.poll_output() {
            if let Output::ReadSidecars { player, path } = &output {
                let input = Input::Sidecars {
                    player: player.clone(),
                    path: path.clone(),
                    found: Vec::new(),
                };
                self.engine.handle(input, self.now);
            }
            self.outputs.push(output);
        }
    }

    fn say(&mut self, signal: Signal) {
        let at = self.now;
        let player = PlayerId::new("mpv-1");
        let observation = Observation { at, player, signal };
        self.tell(Input::Report(Report::Observed(observation)));
    }

    /// A film begins in a player.
    fn play(&mut self) {
        let item = crate::model::Item {
            location: Some(crate::model::Location::Path(
                "/films/Heat (1995).mkv".into(),
            )),
            duration: Some(6000.0),
            video: crate::model::Video::Yes,
            ..Default::default()
        };
        self.say(Signal::Appeared(crate::model::PlayerInfo {
            name: "mpv".into(),
            source: Source::Mpv,
            process: None,
            ignored: None,
        }));
        self.say(Signal::Opened(Box::new(item)));
        self.say(Signal::Transport {
            state: crate::model::Transport::Playing,
            position: Some(0.0),
        });
    }

    fn pass(&mut self, seconds: u64) {
        let end = self.now.mono + Duration::from_secs(seconds);
        while let Some((wait, _)) = self.engine.poll_timeout(self.now)
            && self.now.mono + wait <= end
        {
            self.now = self.now.after(wait.max(Duration::from_millis(1)));
            self.tell(Input::Tick);
        }
        let left = end.saturating_sub(self.now.mono);
        self.now = self.now.after(left);
        self.tell(Input::Tick);
    }

    /// What is to be sent, as `action`s; none of it is answered.
    fn sent(&mut self) -> Vec<(DeliveryId, String)> {
        let outputs = std::mem::take(&mut self.outputs);
        let sent = outputs.into_iter().filter_map(|output| match output {
            Output::Deliver { delivery, job, .. } => {
                let action = job.request.path.rsplit('/').next().unwrap_or_default();
                Some((delivery, action.to_owned()))
            }
            _ => None,
        });
        sent.collect()
    }

    fn taken(&mut self, delivery: DeliveryId) {
        self.tell(Input::Settled {
            delivery,
            outcome: Disposition::Delivered {
                ids: Ids::default(),
                deduped: false,
                ignored: None,
            },
        });
    }

    fn unreachable(&mut self, delivery: DeliveryId) {
        self.tell(Input::Settled {
            delivery,
            outcome: Disposition::Retry {
                after: None,
                fault: crate::service::Fault::Unreachable,
                reason: "no route".into(),
            },
        });
    }

    fn ask(&mut self, request: Request) -> Response {
        self.tell(Input::Request(1, request));
        let reply = self.outputs.iter().rev().find_map(|output| match output {
            Output::Reply(_, response) => Some(response.clone()),
            _ => None,
        });
        reply.unwrap()
    }

    fn paused_until(&mut self) -> Option<String> {
        match self.ask(Request::Status) {
            Response::Status(status) => status.paused_until.map(|until| until.to_string()),
            other => panic!("{other:?}"),
        }
    }

    fn watching(&self) -> bool {
        self.engine.debouncer.watching()
    }

    /// Why a timer runs, if one does.
    fn timer(&self) -> Option<&'static str> {
        self.engine.poll_timeout(self.now).map(|(_, why)| why)
    }
}

#[test]
fn a_service_that_is_switched_off_keeps_its_queue_and_wakes_nobody() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(10);
    let (start, action) = rig.sent().remove(0);
    assert_eq!(action, "start");
    rig.unreachable(start);
    rig.say(Signal::Vanished);
    rig.tell(Input::Config(config(false)));
    rig.pass(3600);
    rig.sent();
    assert_eq!(rig.timer(), None);
    let Response::Queue(rows) = rig.ask(Request::Queue { after: 0 }) else {
        panic!("no queue");
    };
    assert_eq!(rows.len(), 1, "{rows:?}");
    rig.tell(Input::Config(config(true)));
    assert_eq!(rig.sent().remove(0).1, "stop", "at once");
}

#[test]
fn a_session_of_a_service_that_is_switched_off_in_mid_film_gets_its_stop_once_it_is_on_again() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(10);
    let (start, action) = rig.sent().remove(0);
    assert_eq!(action, "start");
    rig.taken(start);
    rig.tell(Input::Config(config(false)));
    rig.pass(60);
    rig.say(Signal::Vanished);
    assert!(rig.sent().is_empty(), "while it is off");
    rig.pass(3600);
    rig.tell(Input::Config(config(true)));
    let sent: Vec<_> = rig.sent().into_iter().map(|(_, action)| action).collect();
    assert_eq!(sent, ["stop"]);
}

#[test]
fn a_service_that_nobody_is_linked_to_is_switched_off_and_on_and_the_film_goes_on() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(10);
    let (start, _) = rig.sent().remove(0);
    rig.taken(start);
    let mut other = (*config(true)).clone();
    for on in [!other.discovr.enabled, other.discovr.enabled] {
        other.discovr.enabled = on;
        rig.tell(Input::Config(Arc::new(other.clone())));
        assert!(rig.sent().is_empty(), "no stop");
        assert!(rig.engine.debouncer.watching());
    }
}

#[test]
fn a_session_of_a_service_that_was_switched_off_while_no_daemon_ran_gets_its_stop_once_it_is_on_again()
 {
    for goes_on in [false, true] {
        let mut rig = Rig::new(Desk::default(), start_of_time());
        rig.play();
        rig.pass(10);
        let (start, _) = rig.sent().remove(0);
        rig.taken(start);
        let mut rig = rig.kill_and_switch(vec![ann(1)], config(false));
        if goes_on {
            rig.play();
        }
        rig.pass(60);
        assert!(rig.sent().is_empty(), "while it is off");
        rig.tell(Input::Config(config(true)));
        let sent: Vec<_> = rig.sent().into_iter().map(|(_, action)| action).collect();
        assert_eq!(sent, ["stop"]);
    }
}

#[test]
fn a_new_login_of_the_same_user_is_tried_with_at_once() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(10);
    rig.say(Signal::Vanished);
    let mut failed = 0;
    for _ in 0..30 {
        if let Some((delivery, _)) = rig.sent().last() {
            rig.unreachable(*delivery);
            failed += 1;
        }
        if failed > 8 {
            break;
        }
        if let Some((wait, _)) = rig.engine.poll_timeout(rig.now) {
            rig.now = rig.now.after(wait);
            rig.tell(Input::Tick);
        }
    }
    assert_eq!(rig.timer(), Some("delivery"));
    assert!(rig.sent().is_empty());
    rig.tell(Input::Accounts(vec![ann(1)]));
    assert!(rig.sent().is_empty(), "the same login is no news");
    rig.tell(Input::Accounts(vec![ann(2)]));
    // The delivery's own pause goes on, which is no more than a second by then.
    if let Some((wait, _)) = rig.engine.poll_timeout(rig.now) {
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
        rig.now = rig.now.after(wait);
        rig.tell(Input::Tick);
    }
    assert_eq!(rig.sent().remove(0).1, "stop");
}

#[test]
fn a_pause_ends_the_session_and_then_itself_with_one_timer() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(10);
    assert!(rig.watching());
    let two_hours = Request::Pause {
        seconds: Some(7200),
    };
    rig.engine.edges_mut().disk_full = true;
    assert!(matches!(rig.ask(two_hours.clone()), Response::Failed(_)));
    assert!(
        rig.watching() && rig.paused_until().is_none(),
        "nothing has changed"
    );

    rig.engine.edges_mut().disk_full = false;
    assert!(matches!(rig.ask(two_hours), Response::Paused { .. }));
    assert!(!rig.watching());
    let sent: BTreeMap<DeliveryId, String> = rig.sent().into_iter().collect();
    for delivery in sent.keys() {
        let ids = crate::model::Ids::default();
        let outcome = Disposition::Delivered {
            ids,
            deduped: false,
            ignored: None,
        };
        let delivery = *delivery;
        rig.tell(Input::Settled { delivery, outcome });
    }
    rig.pass(3600);
    // A clock that is set makes a pause neither shorter nor longer.
    rig.now.wall = rig.now.wall.plus(Duration::from_secs(86_400));
    rig.tell(Input::Tick);
    assert!(rig.paused_until().is_some());
    rig.sent();
    assert_eq!(rig.timer(), Some("a pause ends"));
    rig.pass(3590);
    assert!(!rig.watching() && rig.paused_until().is_some());
    rig.pass(20);
    assert!(rig.watching() && rig.paused_until().is_none());
    assert!(
        rig.engine.edges_mut().pause.is_none(),
        "forgotten on the disk"
    );
}

#[test]
fn a_pause_outlives_the_run_and_ends_when_it_was_to_end() {
    let now = start_of_time();
    let kept = |until: Option<Wall>| Desk {
        pause: Some(Pause {
            since: now.wall,
            until,
        }),
        ..Desk::default()
    };
    let hour = Duration::from_secs(3600);
    for (until, paused, later) in [
        (None, true, true),
        (Some(now.wall.plus(hour)), true, false),
        (Some(now.wall.plus(hour / 2)), false, false),
    ] {
        let mut rig = Rig::new(kept(until), now.after(hour / 2));
        rig.play();
        rig.pass(10);
        assert_eq!(rig.paused_until().is_some(), paused, "{until:?}");
        assert_eq!(rig.watching(), !paused, "{until:?}");
        rig.pass(3600);
        assert_eq!(rig.paused_until().is_some(), later, "{until:?}");
    }
    let mut rig = Rig::new(kept(None), now);
    assert_eq!(rig.timer(), None, "one without an end wakes nobody");
    assert_eq!(rig.ask(Request::Resume), Response::Done { count: 1 });
    assert_eq!(rig.ask(Request::Resume), Response::done());
}

/// `user action session-number` of everything queued, sessions numbered as they are first met.
fn queue(rig: &mut Rig) -> Vec<String> {
    let Response::Queue(rows) = rig.ask(Request::Queue { after: 0 }) else {
        panic!("no queue");
    };
    let mut sessions: Vec<String> = Vec::new();
    let mut told = Vec::new();
    for row in rows {
        if !sessions.contains(&row.session_id) {
            sessions.push(row.session_id.clone());
        }
        let number = sessions
            .iter()
            .position(|id| *id == row.session_id)
            .unwrap();
        let user = row.user.unwrap_or_default();
        told.push(format!("{user} {} {number}", row.action.as_str()));
    }
    told
}

#[test]
fn a_session_belongs_to_those_it_was_opened_for_and_a_login_begins_another() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(40);
    let start = rig.sent().remove(0).0;
    rig.unreachable(start);
    rig.tell(Input::Accounts(vec![user("bob", 2)]));
    assert!(rig.watching(), "the film goes on");
    rig.pass(40);
    let queued = queue(&mut rig);
    assert_eq!(queued[0], "id-ann stop 0", "{queued:?}");
    assert!(queued.len() > 1 && queued[1..].iter().all(|row| row.starts_with("bob ")));
    assert!(
        queued[1..].iter().all(|row| row.ends_with(" 1")),
        "{queued:?}"
    );

    // Nobody new: nothing is cut.
    rig.tell(Input::Accounts(vec![user("bob", 3)]));
    rig.tell(Input::Accounts(vec![]));
    let stops = queue(&mut rig);
    let stops = stops.iter().filter(|row| row.contains("stop"));
    assert_eq!(stops.count(), 1);
}

#[test]
fn what_a_former_run_left_open_is_told_to_those_linked_then() {
    for bob_later in [false, true] {
        let mut rig = Rig::new(Desk::default(), start_of_time());
        rig.play();
        rig.pass(40);
        let mut rig = rig.kill(vec![user("bob", 2)]);
        if bob_later {
            // What was theirs has ended: the next start has nothing to tell anybody.
            rig = rig.kill(vec![user("bob", 2)]);
        }
        rig.play();
        rig.pass(40);
        let queued = queue(&mut rig);
        let of_ann = queued.iter().filter(|row| row.starts_with("id-ann "));
        let of_ann: Vec<&str> = of_ann.map(String::as_str).collect();
        assert_eq!(of_ann.last(), Some(&"id-ann stop 0"), "{queued:?}");
        assert!(queued.iter().any(|row| row.starts_with("bob start")));
        let mixed = |row: &&String| row.starts_with("bob ") == row.ends_with(" 0");
        assert_eq!(queued.iter().find(mixed), None, "{queued:?}");
    }
}

#[test]
fn what_a_former_run_left_open_for_the_same_user_goes_on_as_theirs() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(40);
    let mut rig = rig.kill(vec![ann(1)]);
    rig.pass(60);
    let queued = queue(&mut rig);
    assert!(
        queued.iter().all(|row| row.starts_with("ann ")),
        "{queued:?}"
    );
}

#[test]
fn status_says_what_to_do_for_what_waits() {
    let mut discovr = ann(1);
    discovr.key.service = ServiceName::Discovr;
    discovr.key.profile = Some("p1".into());
    let mut rig = Rig::of(Desk::default(), vec![discovr], start_of_time());
    rig.play();
    rig.pass(10);
    let said = |rig: &mut Rig| match rig.ask(Request::Status) {
        Response::Status(status) => status.accounts[1].last_error.clone().unwrap_or_default(),
        other => panic!("{other:?}"),
    };
    let words = said(&mut rig);
    assert!(words.contains("wait for an id of TMDB"), "{words}");
    let mut off: Config = toml::from_str(DEFAULTS).unwrap();
    off.discovr.enabled = false;
    rig.tell(Input::Config(Arc::new(off)));
    let words = said(&mut rig);
    assert!(words.contains("`discovr.enabled`"), "{words}");
}

#[test]
fn who_is_linked_is_written_down_again_until_the_disk_takes_it() {
    let full = Desk {
        disk_full: true,
        ..Desk::default()
    };
    let mut rig = Rig::new(full, start_of_time());
    rig.pass(100);
    assert_eq!(rig.engine.edges.linked, None);
    rig.engine.edges.disk_full = false;
    rig.pass(60);
    assert_eq!(rig.engine.edges.linked, Some(vec![ann(1).key]));
    assert_eq!(rig.engine.poll_timeout(rig.now), None, "and then it rests");
}

#[test]
fn a_store_that_is_never_idle_is_closed_now_and_then_and_nobody_notices() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(100);
    let is_closed = |rig: &Rig| {
        let outbox = rig.engine.storage.outbox();
        outbox.is_some_and(crate::outbox::Outbox::is_closed)
    };
    let closed = (0..20_001).find(|_| {
        let engine = &mut rig.engine;
        assert!(engine.storage.ready(&mut engine.edges, rig.now).is_some());
        rig.tell(Input::Tick);
        is_closed(&rig)
    });
    assert!(closed.is_some_and(|uses| uses > 5_000), "after {closed:?}");
    rig.pass(60);
    assert!(!is_closed(&rig), "the film goes on");
    assert_eq!(rig.engine.storage.problem(), None);
}
