//! A media player that says whatever it is told to, and counts what it is asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use zbus::message::{Message, Type};
use zbus::{Connection, MessageStream, OwnedVariant, Variant};

use super::bus::PrivateBus;

const PATH: &str = "/org/mpris/MediaPlayer2";
const PLAYER: &str = "org.mpris.MediaPlayer2.Player";

/// How it answers.
#[derive(Debug, Default)]
struct State {
    properties: BTreeMap<String, OwnedVariant>,
    identity: Option<String>,
    /// It does not answer at all.
    mute: bool,
    /// It refuses to tell these, or `GetAll`.
    refused: Vec<&'static str>,
    /// What it was asked, in order.
    asked: Vec<String>,
}

/// On the bus until this is dropped.
#[derive(Debug)]
pub struct FakePlayer {
    connection: Connection,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl FakePlayer {
    /// One with a connection and without a name.
    pub async fn connect(bus: &PrivateBus) -> Self {
        let connection = bus.connect_as_another().await;
        let state = Arc::new(Mutex::new(State {
            identity: Some("Fake".to_owned()),
            ..State::default()
        }));
        let mut stream = MessageStream::from(&connection);
        let (answering, known) = (connection.clone(), Arc::clone(&state));
        let task = tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                if message.message_type() == Type::MethodCall {
                    answer(&answering, &known, &message).await;
                }
            }
        });
        Self {
            connection,
            state,
            task,
        }
    }

    /// One that is stopped.
    pub async fn start(bus: &PrivateBus, name: &str) -> Self {
        let player = Self::connect(bus).await;
        player.quietly(&[("PlaybackStatus", "Stopped".into())]);
        player.own(name).await;
        player
    }

    /// Takes another name.
    pub async fn own(&self, name: &str) {
        let name = format!("org.mpris.MediaPlayer2.{name}");
        self.connection.request_name(name).await.unwrap();
    }

    /// Gives a name up.
    pub async fn disown(&self, name: &str) {
        let name = format!("org.mpris.MediaPlayer2.{name}");
        assert!(self.connection.release_name(name).await.unwrap());
    }

    pub fn identity(&self, identity: Option<&str>) {
        self.state.lock().unwrap().identity = identity.map(str::to_owned);
    }

    pub fn mute(&self, mute: bool) {
        self.state.lock().unwrap().mute = mute;
    }

    pub fn refuse(&self, what: &'static str) {
        self.state.lock().unwrap().refused.push(what);
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// Changes properties and says nothing.
    pub fn quietly(&self, changes: &[(&str, Variant<'_>)]) {
        let mut state = self.state.lock().unwrap();
        for (name, value) in changes {
            let value = value.try_to_owned().unwrap();
            state.properties.insert((*name).to_owned(), value);
        }
    }

    /// Changes properties and says so.
    pub async fn set(&self, changes: &[(&str, Variant<'_>)]) {
        self.quietly(changes);
        let changed: BTreeMap<&str, &Variant<'_>> = changes.iter().map(|(n, v)| (*n, v)).collect();
        self.says(&(PLAYER, changed, Vec::<&str>::new())).await;
    }

    /// Emits `PropertiesChanged` with this body, sensible or not.
    pub async fn says<B: serde::Serialize + zbus::DynamicType>(&self, body: &B) {
        let interface = "org.freedesktop.DBus.Properties";
        self.emit(interface, "PropertiesChanged", body).await;
    }

    /// Emits `Seeked` with this body, sensible or not.
    pub async fn seeked<B: serde::Serialize + zbus::DynamicType>(&self, body: &B) {
        self.emit(PLAYER, "Seeked", body).await;
    }

    async fn emit<B>(&self, interface: &str, signal: &str, body: &B)
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let nobody = None::<&str>;
        self.connection
            .emit_signal(nobody, PATH, interface, signal, body)
            .await
            .unwrap();
    }
}

impl Drop for FakePlayer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Metadata as a map of variants.
pub fn metadata(pairs: &[(&str, Variant<'_>)]) -> Variant<'static> {
    let owned = |value: &Variant<'_>| value.try_to_owned().unwrap();
    let map: BTreeMap<String, OwnedVariant> = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), owned(value)))
        .collect();
    Variant::from(map)
}

async fn answer(connection: &Connection, state: &Mutex<State>, call: &Message) {
    let header = call.header();
    let method = header.member().unwrap().as_str();
    let body = call.body();
    let property = match method {
        "Get" => body.deserialize::<(&str, &str)>().unwrap().1,
        _ => method,
    };
    let reply = {
        let mut state = state.lock().unwrap();
        state.asked.push(property.to_owned());
        if state.mute {
            return;
        }
        reply(&state, method, property)
    };
    let sent = match reply {
        Some(Reply::All(all)) => connection.reply(&header, &all).await,
        Some(Reply::One(one)) => connection.reply(&header, &one).await,
        None => {
            let error = "org.freedesktop.DBus.Error.NotSupported";
            connection.reply_error(&header, error, &("no",)).await
        }
    };
    sent.ok();
}

enum Reply {
    All(BTreeMap<String, OwnedVariant>),
    One(OwnedVariant),
}

fn reply(state: &State, method: &str, property: &str) -> Option<Reply> {
    if state.refused.contains(&property) {
        return None;
    }
    match (method, property) {
        ("GetAll", _) => {
            let all = state.properties.iter();
            let all = all.filter(|(name, _)| !state.refused.contains(&name.as_str()));
            Some(Reply::All(
                all.map(|(n, v)| (n.clone(), v.try_clone().unwrap()))
                    .collect(),
            ))
        }
        ("Get", "Identity") => {
            let identity = Variant::from(state.identity.clone()?);
            Some(Reply::One(identity.try_to_owned().unwrap()))
        }
        _ => Some(Reply::One(
            state.properties.get(property)?.try_clone().unwrap(),
        )),
    }
}
