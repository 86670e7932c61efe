//! Functions of the test behind HTTP, which answer when they are let.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use serde_json::{Value, json};

/// A server that doubles `n`, and writes every call into a file.
pub(crate) struct Doubler {
    pub(crate) url: String,
    calls: PathBuf,
    shared: Arc<Shared>,
}

struct Shared {
    calls: Mutex<File>,
    gate: Mutex<Gate>,
    changed: Condvar,
}

/// What is let through, and who is connected.
struct Gate {
    /// How many calls may still be answered.
    left: u64,
    /// How often the caller was killed so far.
    kills: u64,
    /// Connections that are open.
    open: usize,
    /// Where the last connection came from.
    last: u16,
}

/// One call as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) attempt_key: String,
    pub(crate) kills: u64,
}

impl Doubler {
    /// Serves until the test ends; every call is answered until [`Doubler::let_through`] says otherwise.
    pub(crate) fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/double", listener.local_addr().unwrap());
        let calls = folder.join("calls.log");
        let file = OpenOptions::new().create(true).append(true).open(&calls).unwrap();
        let gate = Mutex::new(Gate {
            left: u64::MAX,
            kills: 0,
            open: 0,
            last: 0,
        });
        let shared = Arc::new(Shared {
            calls: Mutex::new(file),
            gate,
            changed: Condvar::new(),
        });
        let serving = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                serving.change(|gate| {
                    (gate.open, gate.last) = (gate.open + 1, stream.peer_addr().map_or(0, |peer| peer.port()))
                });
                let shared = serving.clone();
                thread::spawn(move || {
                    // A caller that is killed breaks its connections.
                    drop(serve(stream, &shared));
                    shared.change(|gate| gate.open -= 1);
                });
            }
        });
        Self { url, calls, shared }
    }

    /// Lets that many calls through from now on, when whoever called before was killed for the `kills`-th time.
    ///
    /// What the dead have sent is read to its end first, so that nothing of it counts as a call of those who live.
    pub(crate) fn let_through(&self, count: u64, kills: u64) {
        self.shared.change(|gate| gate.left = u64::MAX);
        let address = self.url.trim_start_matches("http://").trim_end_matches("/double");
        // Connections are accepted in order: when this one is, so is every earlier one.
        let last = TcpStream::connect(address).unwrap().local_addr().unwrap().port();
        let gate = self.shared.gate.lock().unwrap();
        let settled = self
            .shared
            .changed
            .wait_while(gate, |gate| gate.last != last || gate.open > 0);
        let mut gate = settled.unwrap();
        (gate.left, gate.kills) = (count, kills);
    }

    /// Every call so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let text = std::fs::read_to_string(&self.calls).unwrap();
        let call = |line: &str| {
            let (kills, attempt_key) = line.split_once(' ').unwrap();
            Call {
                attempt_key: attempt_key.to_owned(),
                kills: kills.parse().unwrap(),
            }
        };
        text.lines().map(call).collect()
    }

    /// How often each attempt was called, after how many kills each time.
    pub(crate) fn calls_by_attempt(&self) -> BTreeMap<String, Vec<u64>> {
        let mut attempts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for call in self.calls() {
            attempts.entry(call.attempt_key).or_default().push(call.kills);
        }
        attempts
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut Gate)) {
        change(&mut self.gate.lock().unwrap());
        self.changed.notify_all();
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    while let Some((attempt_key, body)) = request(&mut reader)? {
        let kills = shared.gate.lock().unwrap().kills;
        // In one write: another thread may be reading.
        let call = format!("{kills} {attempt_key}\n");
        shared.calls.lock().unwrap().write_all(call.as_bytes())?;
        pass(shared);
        let n = body["n"].as_i64().unwrap_or_default();
        let answer = json!({ "n": n * 2 }).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all((head + &answer).as_bytes())?;
    }
    Ok(())
}

/// Waits until the call may be answered.
fn pass(shared: &Shared) {
    let gate = shared.gate.lock().unwrap();
    let mut gate = shared.changed.wait_while(gate, |gate| gate.left == 0).unwrap();
    gate.left = gate.left.saturating_sub(1);
}

/// The attempt's key and the body of the next request on a connection.
fn request(reader: &mut impl BufRead) -> std::io::Result<Option<(String, Value)>> {
    let (mut key, mut length) = (String::new(), 0);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "stepwell-attempt-key" => key = value.trim().to_owned(),
            "content-length" => length = value.trim().parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((key, serde_json::from_slice(&body).unwrap_or_default())))
}
