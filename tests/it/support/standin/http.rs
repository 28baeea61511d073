//! A small HTTP/1.1 server on plain threads, with faults on demand. What it serves is an [`App`].

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use reeld::model::Random;
use serde_json::{Value, json};

/// One request as it came.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Request {
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization").strip_prefix("Bearer ")
    }
}

/// One answer.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.to_string(),
        }
    }

    pub fn html(status: u16) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "text/html".into())],
            body: format!("<html><body><h1>{status}</h1></body></html>"),
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// What a server serves. One request at a time.
pub trait App: Send + 'static {
    fn handle(&mut self, request: &Request) -> Reply;

    /// `POST /_control/{verb}`, for scripts.
    fn control(&mut self, verb: &str, argument: &Value) -> Result<Value, String>;
}

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Not processed; this is answered.
    Answer(Reply),
    /// Not processed; the connection is reset.
    ResetBefore,
    /// Processed; this is answered in place of the answer.
    AnswerAfter(Reply),
    /// Processed; the connection is reset instead of an answer.
    ResetAfter,
    /// Not processed; nothing is ever answered.
    Hang,
    /// Processed, then nothing is ever answered.
    HangAfter,
    /// Processed and answered, after a while.
    Slow(Duration),
}

impl Fault {
    /// From a script: `{"status": 429, "headers": {…}, "body": …}`, `{"html": 403}`, `"reset-before"`,
    /// `"reset-after"`, `"hang"`, `"hang-after"`, `{"slow_ms": 500}`.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let number = |key: &str| value.get(key).and_then(Value::as_u64);
        if let Some(status) = number("status").and_then(|status| u16::try_from(status).ok()) {
            let body = value.get("body").cloned().unwrap_or_else(|| json!({}));
            let mut reply = Reply::json(status, &body);
            if let Some(headers) = value.get("headers").and_then(Value::as_object) {
                for (name, value) in headers {
                    let value = value.as_str().map_or_else(|| value.to_string(), Into::into);
                    reply = reply.header(name, &value);
                }
            }
            return Ok(Self::Answer(reply));
        }
        if let Some(status) = number("html").and_then(|status| u16::try_from(status).ok()) {
            return Ok(Self::Answer(Reply::html(status)));
        }
        if let Some(ms) = number("slow_ms") {
            return Ok(Self::Slow(Duration::from_millis(ms)));
        }
        match value.as_str() {
            Some("reset-before") => Ok(Self::ResetBefore),
            Some("reset-after") => Ok(Self::ResetAfter),
            Some("hang") => Ok(Self::Hang),
            Some("hang-after") => Ok(Self::HangAfter),
            _ => Err(format!("no such fault: {value}")),
        }
    }
}

struct Planned {
    /// Part of `METHOD /path`; empty for every request.
    route: String,
    fault: Fault,
    /// How often; `None` for ever.
    left: Option<u32>,
}

/// What goes wrong by chance.
struct Weather {
    random: Random,
    chance: f64,
}

impl Weather {
    fn fault(&mut self) -> Option<Fault> {
        if self.random.fraction() >= self.chance {
            return None;
        }
        Some(match self.random.bits() % 8 {
            0 | 1 => Fault::ResetBefore,
            2 | 3 => Fault::ResetAfter,
            4 => Fault::Answer(Reply::json(500, &json!({"error": "bad weather"}))),
            5 => Fault::Answer(Reply::html(502)),
            6 => Fault::Answer(Reply::json(503, &json!({})).header("retry-after", "2")),
            _ => Fault::Slow(Duration::from_millis(300)),
        })
    }
}

struct State<A> {
    app: A,
    faults: Vec<Planned>,
    weather: Option<Weather>,
    /// Every request but the control ones, as JSON without secrets.
    requests: Vec<Value>,
    log: Option<File>,
    listening: bool,
    connections: Vec<Weak<TcpStream>>,
    /// Connections ever accepted.
    accepted: usize,
}

struct Shared<A> {
    state: Mutex<State<A>>,
    news: Condvar,
}

/// A running server; stops when dropped.
pub struct Server<A: App> {
    address: SocketAddr,
    shared: Arc<Shared<A>>,
}

impl<A: App> Server<A> {
    /// On any free port of the loopback address.
    pub fn start(app: A) -> Self {
        Self::start_at(0, app)
    }

    pub fn start_at(port: u16, app: A) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port to listen on");
        let address = listener.local_addr().expect("the port's number");
        let server = Self {
            address,
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    app,
                    faults: Vec::new(),
                    weather: None,
                    requests: Vec::new(),
                    log: None,
                    listening: false,
                    connections: Vec::new(),
                    accepted: 0,
                }),
                news: Condvar::new(),
            }),
        };
        server.listen(listener);
        server
    }

    /// Every request is appended to this file as a line of JSON.
    pub fn log_to(&self, path: &Path) {
        let file = OpenOptions::new().create(true).append(true).open(path);
        self.lock().log = Some(file.expect("a log file"));
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Looks at the app, or changes it.
    pub fn with<T>(&self, look: impl FnOnce(&mut A) -> T) -> T {
        look(&mut self.lock().app)
    }

    /// The next `times` requests whose `METHOD /path` contains `route` go wrong in this way.
    pub fn fault(&self, route: &str, fault: Fault, times: impl Into<Option<u32>>) {
        self.lock().faults.push(Planned {
            route: route.to_owned(),
            fault,
            left: times.into(),
        });
    }

    /// From now on so many of all requests (0–1) go wrong in any way, by chance.
    pub fn weather(&self, seed: u64, chance: f64) {
        let random = Random::seeded(seed);
        self.lock().weather = Some(Weather { random, chance });
    }

    pub fn clear_faults(&self) {
        let mut state = self.lock();
        state.faults.clear();
        state.weather = None;
    }

    /// Every request so far: `{method, path, query, user_agent, body, fault, status}`.
    pub fn requests(&self) -> Vec<Value> {
        self.lock().requests.clone()
    }

    /// How many requests had this in their `METHOD /path`.
    pub fn count(&self, route: &str) -> usize {
        let state = self.lock();
        let matches = |request: &&Value| route_of(request).contains(route);
        state.requests.iter().filter(matches).count()
    }

    /// Connections ever accepted.
    pub fn connections(&self) -> usize {
        self.lock().accepted
    }

    /// Waits until the app satisfies `condition`; false after `within`.
    pub fn wait(&self, within: Duration, mut condition: impl FnMut(&mut A) -> bool) -> bool {
        let deadline = Instant::now() + within;
        let mut state = self.lock();
        loop {
            if condition(&mut state.app) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self
                .shared
                .news
                .wait_timeout(state, left.min(Duration::from_millis(100)))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Nobody listens any more, and every connection is closed.
    pub fn down(&self) {
        {
            let mut state = self.lock();
            state.listening = false;
            for connection in state.connections.drain(..) {
                if let Some(connection) = connection.upgrade() {
                    let _ = connection.shutdown(Shutdown::Both);
                }
            }
        }
        // Wakes the listener up, which sees that it is over.
        let _ = TcpStream::connect(self.address);
        while TcpStream::connect(self.address).is_ok() {
            thread::yield_now();
        }
    }

    /// Listens again, at the same port.
    pub fn up(&self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        let listener = loop {
            match TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                Err(error) => assert!(Instant::now() < deadline, "the port is taken: {error}"),
            }
            thread::yield_now();
        };
        self.listen(listener);
    }

    fn listen(&self, listener: TcpListener) {
        self.lock().listening = true;
        let shared = Arc::clone(&self.shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut state = lock(&shared);
                if !state.listening {
                    return;
                }
                let stream = Arc::new(stream);
                state
                    .connections
                    .retain(|connection| connection.strong_count() > 0);
                state.connections.push(Arc::downgrade(&stream));
                state.accepted += 1;
                drop(state);
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let _ = serve(&stream, &shared);
                });
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, State<A>> {
        lock(&self.shared)
    }
}

impl<A: App> Drop for Server<A> {
    fn drop(&mut self) {
        if self.lock().listening {
            self.down();
        }
    }
}

fn lock<A>(shared: &Shared<A>) -> MutexGuard<'_, State<A>> {
    shared.state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn route_of(request: &Value) -> String {
    let text = |key: &str| request.get(key).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}", text("method"), text("path"))
}

fn serve<A: App>(stream: &TcpStream, shared: &Shared<A>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        let reply = match request.path.strip_prefix("/_control/") {
            Some(verb) => Some(control(shared, verb, &request)),
            None => answer(stream, shared, &request)?,
        };
        let Some(reply) = reply else {
            return Ok(());
        };
        write(stream, &reply)?;
    }
    Ok(())
}

/// `None`: no answer, the connection is finished with.
fn answer<A: App>(
    mut stream: &TcpStream,
    shared: &Shared<A>,
    request: &Request,
) -> std::io::Result<Option<Reply>> {
    let mut state = lock(shared);
    let fault = state.fault_for(request);
    let reply = match &fault {
        Some(Fault::Answer(reply)) => Some(reply.clone()),
        Some(Fault::ResetBefore | Fault::Hang) => None,
        Some(Fault::AnswerAfter(reply)) => {
            state.app.handle(request);
            Some(reply.clone())
        }
        _ => Some(state.app.handle(request)),
    };
    state.record(request, fault.as_ref(), reply.as_ref());
    drop(state);
    shared.news.notify_all();
    match fault {
        Some(Fault::ResetBefore | Fault::ResetAfter) => {
            let reset = Some(Duration::ZERO);
            rustix::net::sockopt::set_socket_linger(stream, reset)?;
            Ok(None)
        }
        Some(Fault::Hang | Fault::HangAfter) => {
            // Until the other side has had enough.
            let _ = stream.read(&mut [0]);
            Ok(None)
        }
        Some(Fault::Slow(time)) => {
            thread::sleep(time);
            Ok(reply)
        }
        _ => Ok(reply),
    }
}

fn control<A: App>(shared: &Shared<A>, verb: &str, request: &Request) -> Reply {
    let argument = request.json().unwrap_or_default();
    let mut state = lock(shared);
    let result = match verb {
        "requests" => Ok(Value::Array(state.requests.clone())),
        "clear_faults" => {
            state.faults.clear();
            Ok(json!({}))
        }
        "fault" => Fault::parse(argument.get("fault").unwrap_or(&Value::Null)).map(|fault| {
            let route = argument.get("route").and_then(Value::as_str);
            let times = argument.get("times").and_then(Value::as_u64);
            state.faults.push(Planned {
                route: route.unwrap_or_default().to_owned(),
                fault,
                left: times.and_then(|times| u32::try_from(times).ok()),
            });
            json!({})
        }),
        _ => state.app.control(verb, &argument),
    };
    drop(state);
    shared.news.notify_all();
    match result {
        Ok(value) => Reply::json(200, &value),
        Err(error) => Reply::json(400, &json!({ "error": error })),
    }
}

impl<A> State<A> {
    fn fault_for(&mut self, request: &Request) -> Option<Fault> {
        let route = format!("{} {}", request.method, request.path);
        let found = self
            .faults
            .iter_mut()
            .find(|planned| route.contains(&planned.route) && planned.left != Some(0));
        let Some(found) = found else {
            return self.weather.as_mut()?.fault();
        };
        found.left = found.left.map(|left| left - 1);
        Some(found.fault.clone())
    }

    fn record(&mut self, request: &Request, fault: Option<&Fault>, reply: Option<&Reply>) {
        let fault = fault.map(|fault| match fault {
            Fault::Answer(_) => "answer",
            Fault::AnswerAfter(_) => "answer-after",
            Fault::ResetBefore => "reset-before",
            Fault::ResetAfter => "reset-after",
            Fault::Hang => "hang",
            Fault::HangAfter => "hang-after",
            Fault::Slow(_) => "slow",
        });
        let entry = json!({
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "user_agent": request.header("user-agent"),
            "body": without_secrets(request.json().unwrap_or_default()),
            "fault": fault,
            "status": reply.map(|reply| reply.status),
        });
        if let Some(log) = &mut self.log {
            let _ = writeln!(log, "{entry}");
        }
        self.requests.push(entry);
    }
}

fn without_secrets(mut body: Value) -> Value {
    if let Some(body) = body.as_object_mut() {
        for (key, value) in body.iter_mut() {
            if key.contains("token") && value.is_string() {
                *value = json!("[redacted]");
            }
        }
    }
    body
}

fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|n| n.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok(Some(Request {
        method,
        path: path.to_owned(),
        query: query.split('&').filter_map(pair).collect(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }))
}

fn pair(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once('=')?;
    Some((key.to_owned(), decoded(value)))
}

/// `%20` and `+`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex: Vec<u8> = rest.by_ref().take(2).collect();
                let hex = String::from_utf8(hex).unwrap_or_default();
                u8::from_str_radix(&hex, 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn write(mut stream: &TcpStream, reply: &Reply) -> std::io::Result<()> {
    let mut text = format!("HTTP/1.1 {} -\r\n", reply.status);
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if reply.status != 204 {
        text.push_str(&format!("content-length: {}\r\n", reply.body.len()));
    }
    text.push_str("\r\n");
    text.push_str(&reply.body);
    stream.write_all(text.as_bytes())
}
