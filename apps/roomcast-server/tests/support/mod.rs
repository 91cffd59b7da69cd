//! The program as a child process, and plain HTTP to it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

/// The program `roomcast` with these arguments, not started yet.
pub(crate) fn roomcast(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roomcast"));
    command
        .args(args)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

/// A server on a free port of the loopback. It is killed when it is dropped.
pub(crate) struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) port: u16,
    /// What it has printed to say that it listens.
    pub(crate) banner: String,
}

impl Program {
    /// Starts it and returns once it has said that it listens.
    pub(crate) fn start() -> Self {
        let mut port = FIRST_PORT;
        loop {
            port = free_port(port);
            // Another program may be faster: then the next port is tried.
            match Self::start_on(port) {
                Some(program) => return program,
                None => port += 1,
            }
        }
    }

    fn start_on(port: u16) -> Option<Self> {
        let mut command = roomcast(&["--port", &port.to_string()]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut banner = String::new();
        while !banner.contains("Ctrl+C") {
            if stdout.read_line(&mut banner).unwrap() == 0 {
                let error = text(child.stderr.take().unwrap());
                assert!(error.contains("is taken"), "{error}");
                child.wait().unwrap();
                return None;
            }
        }
        Some(Self {
            child,
            stdout,
            port,
            banner,
        })
    }

    /// Sends one request and reads the whole answer.
    pub(crate) fn http(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        Answer::read(&answer)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.http("GET", path, "")
    }

    /// Sends a signal and returns how the program ended and what it had written to its error stream.
    pub(crate) fn end_by(mut self, signal: &str) -> (ExitStatus, String) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", signal, &id])
                .status()
                .unwrap()
                .success()
        );
        // The end of its output is the end of the program.
        self.stdout.read_to_string(&mut String::new()).unwrap();
        let error = text(self.child.stderr.take().unwrap());
        (self.child.wait().unwrap(), error)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An HTTP answer whose body is text.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text
            .split_once("\r\n\r\n")
            .expect("an empty line ends the head");
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Self {
            status: status.expect("a status"),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    /// The value of a header; its name is in lower case. Empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(found, _)| *found == name)
            .map_or("", |(_, value)| value)
    }
}

/// The first port from `port` on that nobody listens on.
fn free_port(port: u16) -> u16 {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    (port..LAST_PORT).find(is_free).expect("a free port")
}

fn text(mut stderr: ChildStderr) -> String {
    let mut text = String::new();
    stderr.read_to_string(&mut text).unwrap();
    text
}

/// Below the range from which systems take ports for outgoing connections.
const FIRST_PORT: u16 = 24_300;
const LAST_PORT: u16 = 32_000;

const DEADLINE: Duration = Duration::from_secs(10);
