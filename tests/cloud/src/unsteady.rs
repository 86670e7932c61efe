//! A door before a server of the local cloud: it passes requests on, or does with them what a network does.
//!
//! It speaks HTTP/1.1 with `content-length`, which is all that the SDKs and the servers of the local cloud need.
//!
//! **Invariant:** what happens to a request was said before it came, or is drawn from a seed.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// The most that the head of a message may take.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is passed on, and so is the answer.
    Pass,
    /// It does not come to the server, and nobody answers.
    LoseRequest,
    /// The server does what it says, and nobody answers.
    LoseAnswer,
    /// It does not come to the server, and this is the answer.
    Answer {
        /// The status.
        status: u16,
        /// The body, of type JSON.
        body: String,
    },
}

/// How often what becomes of requests of which nothing was said. A number of 0 stands for never.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// What chance is drawn from.
    pub seed: u64,
    /// One request in so many is lost.
    pub requests_lost_one_in: u32,
    /// The answer of one request in so many is lost.
    pub answers_lost_one_in: u32,
    /// One request in so many is refused.
    pub refused_one_in: u32,
    /// The status and the body of a refusal.
    pub refusal: (u16, String),
}

/// How often something went wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DoorCounters {
    /// Requests that came.
    pub requests: u64,
    /// Those that did not come to the server.
    pub requests_lost: u64,
    /// Those whose answer was lost.
    pub answers_lost: u64,
    /// Those that were answered without the server.
    pub refused: u64,
}

/// A door that loses and refuses what it was told to; dropped, it is closed.
#[derive(Debug)]
pub struct Unsteady {
    shared: Arc<Shared>,
    address: SocketAddr,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    fate: Mutex<Fate>,
    is_closed: AtomicBool,
}

/// What becomes of requests: first what was said, then what chance says.
#[derive(Debug)]
struct Fate {
    said: VecDeque<Fault>,
    weather: Weather,
    chance: StdRng,
    counters: DoorCounters,
}

impl Fate {
    fn of(weather: Weather) -> Self {
        Self {
            said: VecDeque::new(),
            chance: StdRng::seed_from_u64(weather.seed),
            weather,
            counters: DoorCounters::default(),
        }
    }

    fn next(&mut self) -> Fault {
        let fault = self.said.pop_front().unwrap_or_else(|| self.drawn());
        self.counters.requests += 1;
        match &fault {
            Fault::Pass => {}
            Fault::LoseRequest => self.counters.requests_lost += 1,
            Fault::LoseAnswer => self.counters.answers_lost += 1,
            Fault::Answer { .. } => self.counters.refused += 1,
        }
        fault
    }

    fn drawn(&mut self) -> Fault {
        if self.strikes(self.weather.requests_lost_one_in) {
            return Fault::LoseRequest;
        }
        if self.strikes(self.weather.answers_lost_one_in) {
            return Fault::LoseAnswer;
        }
        if self.strikes(self.weather.refused_one_in) {
            let (status, body) = self.weather.refusal.clone();
            return Fault::Answer { status, body };
        }
        Fault::Pass
    }

    fn strikes(&mut self, one_in: u32) -> bool {
        one_in > 0 && self.chance.random_ratio(1, one_in)
    }
}

impl Unsteady {
    /// Opens a door on a free port, through which everything passes of which nothing else was said.
    ///
    /// # Errors
    ///
    /// There is no free port.
    pub fn before(server: SocketAddr) -> Result<Self> {
        Self::in_weather(server, Weather::default())
    }

    /// Opens a door on a free port, where what goes wrong is drawn.
    ///
    /// # Errors
    ///
    /// There is no free port.
    pub fn in_weather(server: SocketAddr, weather: Weather) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("while opening a door")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server,
            fate: Mutex::new(Fate::of(weather)),
            is_closed: AtomicBool::new(false),
        });
        let listening = shared.clone();
        let listener = thread::spawn(move || listen(&listener, &listening));
        Ok(Self {
            shared,
            address,
            listener: Some(listener),
        })
    }

    /// The address for a client.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What becomes of the next requests, one after another; those behind are passed on.
    pub fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.fate().said.extend(faults);
    }

    /// What went through it so far.
    #[must_use]
    pub fn counters(&self) -> DoorCounters {
        self.shared.fate().counters
    }
}

impl Shared {
    fn fate(&self) -> MutexGuard<'_, Fate> {
        self.fate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Unsteady {
    fn drop(&mut self) {
        self.shared.is_closed.store(true, Ordering::SeqCst);
        // Whoever waits for a connection sees the end with the next one.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.is_closed.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        let shared = shared.clone();
        // It ends when the client hangs up, or an answer is lost.
        thread::spawn(move || serve(&shared, client));
    }
}

fn serve(shared: &Shared, client: TcpStream) -> io::Result<()> {
    let mut requests = BufReader::new(client.try_clone()?);
    let mut client = client;
    while let Some(request) = message(&mut requests)? {
        let fault = shared.fate().next();
        match fault {
            Fault::Pass => client.write_all(&passed_on(shared.server, &request)?)?,
            Fault::LoseRequest => return Ok(()),
            Fault::LoseAnswer => return passed_on(shared.server, &request).map(drop),
            Fault::Answer { status, body } => client.write_all(answer(status, &body).as_bytes())?,
        }
    }
    Ok(())
}

fn passed_on(server: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(server)?;
    server.write_all(request)?;
    message(&mut BufReader::new(server))?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn answer(status: u16, body: &str) -> String {
    let head = "content-type: application/x-amz-json-1.0";
    let bytes = body.len();
    format!("HTTP/1.1 {status} Said\r\n{head}\r\ncontent-length: {bytes}\r\n\r\n{body}")
}

/// Reads a request or an answer as it came; nothing at the end of the connection.
fn message(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let (mut message, mut body_bytes) = (Vec::new(), 0);
    loop {
        let mut line = Vec::new();
        from.by_ref().take(HEAD_BYTES_MAX as u64).read_until(b'\n', &mut line)?;
        if line.is_empty() || message.len() > HEAD_BYTES_MAX {
            return Ok(None);
        }
        message.extend_from_slice(&line);
        let line = String::from_utf8_lossy(&line).to_lowercase();
        if let Some(bytes) = line.strip_prefix("content-length:") {
            body_bytes = bytes.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let read = from.take(body_bytes).read_to_end(&mut message)?;
    Ok((read as u64 == body_bytes).then_some(message))
}
