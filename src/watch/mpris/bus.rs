//! The session bus: calls out, answers and signals in, in the order the bus sent them.
//!
//! Everything that arrives goes through one stream, answers included, so an answer never overtakes a signal that was
//! sent before it. Calls are remembered by serial with a deadline; nothing is ever awaited here for one player.
//! Players are addressed by the owner of their name and with `NO_AUTO_START`: nothing is started by looking.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use zbus::message::{Flags, Message, Type};
use zbus::{Address, Connection, MessageStream, Variant};

use super::policy::PREFIX;
use super::raw::{self, Map, Raw};
use super::values;
use crate::model::{Moment, Process};
use crate::watch::process;

/// The unique name of a connection, e.g. `:1.42`.
pub type Owner = Arc<str>;

const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const PLAYER: &str = "org.mpris.MediaPlayer2.Player";
const ROOT: &str = "org.mpris.MediaPlayer2";
const PATH: &str = "/org/mpris/MediaPlayer2";

/// Connecting and the first calls take no longer.
const CONNECT: Duration = Duration::from_secs(3);

/// Longest name of a player that is kept, in characters.
const LONGEST_IDENTITY: usize = 80;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// To the bus: all names.
    Names,
    /// To the bus: who owns this name.
    OwnerOf(String),
    /// To the bus: which process this is.
    Process(Owner),
    /// What the player calls itself.
    Identity(Owner),
    /// Its properties.
    All(Owner),
    /// One of them, where all at once are refused.
    One(Owner, &'static str),
    /// Where it is.
    Position(Owner),
}

impl Call {
    /// How long an answer is waited for.
    pub fn patience(&self) -> Duration {
        match self {
            Self::Names | Self::OwnerOf(_) => Duration::from_secs(2),
            Self::Process(_) => Duration::from_secs(1),
            Self::Identity(_) => Duration::from_millis(200),
            Self::All(_) | Self::One(..) => Duration::from_secs(2),
            Self::Position(_) => Duration::from_secs(1),
        }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To `Names`: those of media players.
    Names(Vec<String>),
    /// To `OwnerOf`.
    Owner(Owner),
    /// To `Process`, if it can be known.
    Process(Option<Process>),
    /// To `Identity`.
    Identity(Option<String>),
    /// To `All` and `One`.
    Properties(Map),
    /// To `Position`.
    Position(Raw),
    /// The one asked says no.
    Refused,
    /// There was no answer in time.
    Silent,
}

/// What arrives.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A name of a media player has another owner.
    Owned {
        /// The full name.
        name: String,
        /// Who had it.
        old: Option<Owner>,
        /// Who has it.
        new: Option<Owner>,
    },
    /// A player's properties changed.
    Changed(Owner, Map),
    /// They changed, and the player did not say to what.
    Invalidated(Owner),
    /// A player says that it jumped, and where to.
    Seeked(Owner, Option<Raw>),
    /// A call was answered, or will not be.
    Answered(Call, Answer),
}

/// A connection.
#[derive(Debug)]
pub struct Bus {
    connection: Connection,
    stream: MessageStream,
    pending: BTreeMap<NonZeroU32, (Call, Duration)>,
}

/// The address of the session bus, as the environment has it.
pub fn session_address() -> zbus::Result<Address> {
    match std::env::var("DBUS_SESSION_BUS_ADDRESS") {
        // Several may be listed, the first is the best.
        Ok(list) => Address::from_str(list.split(';').next().unwrap_or_default()),
        Err(_) => Address::session(),
    }
}

impl Bus {
    /// Connects and subscribes to the comings and goings of players.
    pub async fn connect(address: Address) -> zbus::Result<Self> {
        let connecting = async {
            let connection = zbus::connection::Builder::address(address).build().await?;
            let stream = MessageStream::from(&connection);
            let bus = Self {
                connection,
                stream,
                pending: BTreeMap::new(),
            };
            let namespace = PREFIX.trim_end_matches('.');
            bus.rule(
                "AddMatch",
                &format!(
                    "type='signal',sender='{BUS}',interface='{BUS}',member='NameOwnerChanged',arg0namespace='{namespace}'"
                ),
            )
            .await?;
            Ok(bus)
        };
        match tokio::time::timeout(CONNECT, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(zbus::Error::Failure("it does not answer".to_owned())),
        }
    }

    /// Subscribes to a player, or to no more of it.
    pub async fn listen(&self, owner: &Owner, on: bool) -> zbus::Result<()> {
        let method = if on { "AddMatch" } else { "RemoveMatch" };
        let from = format!("type='signal',sender='{owner}',path='{PATH}'");
        let changed =
            format!("{from},interface='{PROPERTIES}',member='PropertiesChanged',arg0='{PLAYER}'");
        self.rule(method, &changed).await?;
        let seeked = format!("{from},interface='{PLAYER}',member='Seeked'");
        self.rule(method, &seeked).await
    }

    async fn rule(&self, method: &str, rule: &str) -> zbus::Result<()> {
        let message = self
            .to(BUS, BUS_PATH, BUS, method)
            .with_flags(Flags::NO_REPLY_EXPECTED)
            .build(&(rule,))?;
        self.connection.send(&message).await
    }

    /// Asks; the answer, or the lack of one, is an event.
    pub async fn call(&mut self, call: Call, now: Moment) -> zbus::Result<()> {
        let bus = |method| self.to(BUS, BUS_PATH, BUS, method);
        let get = |owner, method| self.to(owner, PATH, PROPERTIES, method);
        let message = match &call {
            Call::Names => bus("ListNames").build(&())?,
            Call::OwnerOf(name) => bus("GetNameOwner").build(&(name,))?,
            Call::Process(owner) => bus("GetConnectionUnixProcessID").build(&(&**owner,))?,
            Call::Identity(owner) => get(owner, "Get").build(&(ROOT, "Identity"))?,
            Call::All(owner) => get(owner, "GetAll").build(&(PLAYER,))?,
            Call::One(owner, name) => get(owner, "Get").build(&(PLAYER, name))?,
            Call::Position(owner) => get(owner, "Get").build(&(PLAYER, "Position"))?,
        };
        let deadline = now.mono + call.patience();
        let serial = message.primary_header().serial_num();
        self.pending.insert(serial, (call, deadline));
        self.connection.send(&message).await
    }

    fn to<'a>(
        &'a self,
        destination: &'a str,
        path: &'a str,
        interface: &'a str,
        method: &'a str,
    ) -> zbus::message::Builder<'a> {
        let message = Message::method_call(path, method)
            .destination(destination)
            .interface(interface)
            .with_flags(Flags::NO_AUTO_START);
        match self.connection.unique_name() {
            Some(name) => message.sender(name),
            None => message,
        }
    }

    /// The next thing that arrives; `None` when the bus is gone. Cancel safe.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let message = self.stream.next().await?.ok()?;
            if let Some(event) = self.read(&message) {
                return Some(event);
            }
        }
    }

    /// When the next call will have gone without an answer, on `Moment::mono`.
    pub fn deadline(&self) -> Option<Duration> {
        self.pending.values().map(|(_, deadline)| *deadline).min()
    }

    /// Gives up the calls that should have been answered by now.
    pub fn give_up(&mut self, now: Moment) -> Vec<Event> {
        let late = (self.pending.iter()).filter(|(_, (_, deadline))| *deadline <= now.mono);
        let late: Vec<NonZeroU32> = late.map(|(serial, _)| *serial).collect();
        late.iter()
            .filter_map(|serial| self.pending.remove(serial))
            .map(|(call, _)| Event::Answered(call, Answer::Silent))
            .collect()
    }

    fn read(&mut self, message: &Message) -> Option<Event> {
        match message.message_type() {
            Type::Signal => signal(message),
            Type::MethodReturn | Type::Error => {
                let serial = message.header().reply_serial()?;
                let (call, _) = self.pending.remove(&serial)?;
                let answer = answer(&call, message).unwrap_or(Answer::Refused);
                Some(Event::Answered(call, answer))
            }
            Type::MethodCall => None,
        }
    }
}

fn answer(call: &Call, message: &Message) -> Option<Answer> {
    if message.message_type() == Type::Error {
        return None;
    }
    let body = message.body();
    Some(match call {
        Call::Names => {
            let names: Vec<&str> = body.deserialize().ok()?;
            let players = names.into_iter().filter(|name| name.starts_with(PREFIX));
            Answer::Names(players.map(str::to_owned).collect())
        }
        Call::OwnerOf(_) => Answer::Owner(body.deserialize::<&str>().ok()?.into()),
        Call::Process(_) => Answer::Process(process::of_speaker(body.deserialize().ok()?)),
        Call::Identity(_) => {
            let name = values::text(&Raw::of(&body.deserialize().ok()?))?;
            let name: String = name.chars().take(LONGEST_IDENTITY).collect();
            Answer::Identity(values::printable(&name))
        }
        Call::All(_) => {
            let properties: BTreeMap<&str, Variant<'_>> = body.deserialize().ok()?;
            Answer::Properties(raw::map(properties.iter().map(|(k, v)| (*k, v))))
        }
        Call::One(_, name) => {
            let value: Variant<'_> = body.deserialize().ok()?;
            Answer::Properties(raw::map(std::iter::once((*name, &value))))
        }
        Call::Position(_) => Answer::Position(Raw::of(&body.deserialize().ok()?)),
    })
}

fn signal(message: &Message) -> Option<Event> {
    let header = message.header();
    let sender = header.sender()?.as_str();
    let body = message.body();
    match header.member()?.as_str() {
        "NameOwnerChanged" if sender == BUS => {
            let (name, old, new): (&str, &str, &str) = body.deserialize().ok()?;
            let owner = |name: &str| (!name.is_empty()).then(|| Owner::from(name));
            name.starts_with(PREFIX).then(|| Event::Owned {
                name: name.to_owned(),
                old: owner(old),
                new: owner(new),
            })
        }
        "PropertiesChanged" => Some(changed(sender.into(), &body)),
        "Seeked" => {
            let raw = body.deserialize::<zbus::Structure<'_>>().ok();
            let first = raw.as_ref().and_then(|raw| raw.fields().first());
            Some(Event::Seeked(sender.into(), first.map(Raw::of)))
        }
        _ => None,
    }
}

fn changed(owner: Owner, body: &zbus::message::Body) -> Event {
    type Body<'a> = (&'a str, BTreeMap<&'a str, Variant<'a>>, Vec<&'a str>);
    match body.deserialize::<Body<'_>>() {
        Ok((_, changed, gone)) if !gone.iter().any(|name| matters(name)) => {
            let pairs = changed.iter().map(|(name, value)| (*name, value));
            Event::Changed(owner, raw::map(pairs))
        }
        _ => Event::Invalidated(owner),
    }
}

fn matters(property: &str) -> bool {
    matches!(property, "PlaybackStatus" | "Metadata" | "Rate")
}
