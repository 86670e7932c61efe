//! A program of the local cloud: started on a free port, waited for, and ended with the value that stands for it.
//!
//! The program runs below a shell that waits for the end of its standard input. That is a pipe of the test: it ends when
//! the value is dropped and also when the test's process is killed, so nothing stays behind.
//!
//! **Invariant:** nothing here knows which program it is.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::net::TcpSocket;

/// How often another port is tried: somebody may take a free port before the program does.
const TRIES_MAX: usize = 3;

/// How long between two looks at the port.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How much of what a program said is shown when it does not start.
const SAID_BYTES_MAX: u64 = 2000;

/// Ends the program as soon as standard input ends, and itself as soon as the program does.
const KEEPER: &str = r#"exec 3<&0
"$@" </dev/null 3<&- & program=$!
(cat <&3 >/dev/null; kill -9 $program 2>/dev/null) & exec 3<&-
wait $program"#;

/// A running program; dropped, it is ended.
#[derive(Debug)]
pub struct Process {
    name: String,
    keeper: Child,
    said: File,
    port: u16,
}

impl Process {
    /// Starts the program that `command` makes for a free port of the loopback address, and waits until it listens there.
    ///
    /// # Errors
    ///
    /// The program cannot be started, ends at once on several ports, or does not listen within `patience`.
    pub fn start(name: &str, patience: Duration, command: impl Fn(u16) -> Command) -> Result<Self> {
        let mut tries = 1;
        loop {
            let port = free_port()?;
            let mut process = Self::spawn(name, port, &command(port))?;
            match process.wait_until_it_listens(patience) {
                Ok(()) => return Ok(process),
                Err(_) if tries < TRIES_MAX && process.has_ended()? => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn spawn(name: &str, port: u16, command: &Command) -> Result<Self> {
        let said = tempfile::tempfile().context("while making a temporary file")?;
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "sh"]).arg(command.get_program());
        keeper.args(command.get_args());
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => keeper.env(variable, value),
                None => keeper.env_remove(variable),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            keeper.current_dir(folder);
        }
        keeper.stdin(Stdio::piped());
        keeper.stdout(said.try_clone()?).stderr(said.try_clone()?);
        let keeper = keeper.spawn().with_context(|| format!("while starting {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            keeper,
            said,
            port,
        })
    }

    fn wait_until_it_listens(&mut self, patience: Duration) -> Result<()> {
        let until = Instant::now() + patience;
        loop {
            // Asked first: who listens while the program is gone is somebody else.
            let ended = self.has_ended()?;
            if !ended && TcpStream::connect_timeout(&self.address(), LOOK_EVERY).is_ok() && !self.has_ended()? {
                return Ok(());
            }
            if ended {
                let said = self.said()?;
                bail!("{} ended instead of listening: {said}", self.name);
            }
            if Instant::now() > until {
                let said = self.said()?;
                bail!("{} does not listen after {patience:?}: {said}", self.name);
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Whether the program is gone.
    ///
    /// # Errors
    ///
    /// The operating system does not tell.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.keeper.try_wait()?.is_some())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The port on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The end of what it wrote to its outputs.
    ///
    /// # Errors
    ///
    /// The file with its output cannot be read.
    pub fn said(&mut self) -> Result<String> {
        let bytes = self.said.seek(SeekFrom::End(0))?;
        self.said.seek(SeekFrom::Start(bytes.saturating_sub(SAID_BYTES_MAX)))?;
        let mut said = Vec::new();
        self.said.read_to_end(&mut said)?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // The keeper ends once the program is gone, so a port is free again after this.
        self.keeper.wait().ok();
    }
}

/// A port of the loopback address that nobody uses at this moment.
///
/// Its socket is bound and never listens: a process that another thread begins has it open, too, until it becomes its
/// own program, and whoever then asks whether the port is used would be told that it is.
///
/// # Errors
///
/// There is none.
pub fn free_port() -> Result<u16> {
    let socket = TcpSocket::new_v4().context("while looking for a free port")?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(socket.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::dynoxide::Dynoxide;

    #[test]
    fn a_program_ends_with_its_value() {
        let dynoxide = Dynoxide::start().unwrap();
        let address = dynoxide.address();
        TcpStream::connect(address).unwrap();
        drop(dynoxide);
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_free_port_is_nobodys_while_others_begin_processes() {
        thread::scope(|scope| {
            let others: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..100 {
                            assert!(Command::new("true").status().unwrap().success());
                        }
                    })
                })
                .collect();
            while others.iter().any(|other| !other.is_finished()) {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
                let refused = TcpStream::connect(address).unwrap_err();
                assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
            }
        });
    }

    #[test]
    fn a_program_that_ends_instead_says_why() {
        let failed = Process::start("it", Duration::from_secs(30), |_| {
            let mut command = Command::new("sh");
            command.args(["-c", "echo no such option >&2; exit 3"]);
            command
        });
        let said = failed.unwrap_err().to_string();
        assert_eq!(said, "it ended instead of listening: no such option\n");
    }
}
