//! Many clients in one thread: WebSocket, Engine.IO 4 and Socket.IO 5 over epoll.
mod read;
mod socket;

use crate::clock::now;
use crate::histogram::Histogram;
use crate::wire::{self, frame};
use std::collections::VecDeque;
use std::process::exit;

pub use socket::{
    SOURCES, connect, epoll, modify, raise_file_limit, receive, register, send, stamp_arrivals,
    stamped_receive, wait,
};

/// What is done with the packets of connections that are up.
pub trait Scenario {
    /// A Socket.IO packet, from its `4` on, that was read at `at`.
    fn text(&mut self, net: &mut Net, connection: usize, packet: &[u8], at: u64);
    fn binary(&mut self, _net: &mut Net, _connection: usize, _attachment: &[u8], _at: u64) {}
}

/// Wants no packet.
pub struct Quiet;

impl Scenario for Quiet {
    fn text(&mut self, _: &mut Net, _: usize, _: &[u8], _: u64) {}
}

/// How far a connection is.
#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub enum State {
    Free,
    Tcp,
    Http,
    Opening,
    Joining,
    Up,
    /// The server was told; its end of the connection is awaited.
    Closing,
}

pub struct Connection {
    pub state: State,
    /// Its id in the default namespace.
    pub id: String,
    /// Bytes are left in the kernel.
    pub is_muted: bool,
    descriptor: i32,
    opened_at: u64,
    awaits_room: bool,
    is_dirty: bool,
    unread: Vec<u8>,
    unsent: Vec<u8>,
    sent: usize,
    fragments: Vec<u8>,
}

/// Counted since the start.
#[derive(Clone, Copy, Default)]
pub struct Traffic {
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub reads: u64,
    pub pings: u64,
}

pub struct Net {
    pub connections: Vec<Connection>,
    pub up: usize,
    pub errors: u64,
    pub traffic: Traffic,
    /// From the connection's start to the namespace.
    pub handshakes: Histogram,
    pub newly_up: VecDeque<usize>,
    pub newly_closed: VecDeque<usize>,
    /// Asks the kernel again and again instead of sleeping.
    pub spins: bool,
    /// Size of the kernel's receive buffer of new connections, if not its own choice.
    pub receive_buffer: Option<i32>,
    epoll: i32,
    port: u16,
    opening: usize,
    dirty: Vec<usize>,
    buffer: Vec<u8>,
    events: Vec<libc::epoll_event>,
    sources: u8,
}

impl Net {
    pub fn new(port: u16) -> Self {
        Net {
            connections: vec![],
            up: 0,
            errors: 0,
            traffic: Traffic::default(),
            handshakes: Histogram::new(),
            newly_up: VecDeque::new(),
            newly_closed: VecDeque::new(),
            spins: false,
            receive_buffer: None,
            epoll: socket::epoll(),
            port,
            opening: 0,
            dirty: vec![],
            buffer: vec![0; 512 * 1024],
            events: vec![libc::epoll_event { events: 0, u64: 0 }; 512],
            sources: 0,
        }
    }

    /// Opens `slot`, or a new one, and returns its index.
    pub fn open(&mut self, slot: Option<usize>) -> usize {
        self.sources = (self.sources + 1) % socket::SOURCES;
        let descriptor = socket::connect(self.port, self.sources, self.receive_buffer);
        let connection = Connection {
            state: State::Tcp,
            id: String::new(),
            is_muted: false,
            descriptor,
            opened_at: now(),
            awaits_room: true,
            is_dirty: false,
            unread: vec![],
            unsent: vec![],
            sent: 0,
            fragments: vec![],
        };
        let slot = slot.unwrap_or(self.connections.len());
        if slot == self.connections.len() {
            self.connections.push(connection);
        } else {
            self.connections[slot] = connection;
        }
        socket::register(
            self.epoll,
            descriptor,
            slot as u64,
            libc::EPOLLIN | libc::EPOLLOUT,
        );
        self.opening += 1;
        slot
    }

    /// Closes without a word.
    pub fn close(&mut self, index: usize) {
        let connection = &mut self.connections[index];
        match connection.state {
            State::Free => return,
            State::Up | State::Closing => self.up -= 1,
            _ => self.opening -= 1,
        }
        connection.state = State::Free;
        socket::close(connection.descriptor);
        connection.unread = vec![];
        connection.unsent = vec![];
        connection.sent = 0;
        self.newly_closed.push_back(index);
    }

    /// Closes with a reset instead of an end.
    pub fn reset(&mut self, index: usize) {
        socket::reset_on_close(self.connections[index].descriptor);
        self.close(index);
    }

    /// Leaves the namespace and closes the WebSocket; the connection ends when the server answers.
    pub fn leave(&mut self, index: usize) {
        self.connections[index].state = State::Closing;
        self.queue_frame(index, wire::TEXT, &[b"41"]);
        self.queue_frame(index, wire::CLOSE, &[&1000_u16.to_be_bytes()]);
    }

    /// Reads nothing more from a connection; an end of it is no error.
    pub fn mute(&mut self, index: usize) {
        self.connections[index].is_muted = true;
        self.watch(index, 0);
    }

    /// Queues a frame that is masked already.
    #[inline]
    pub fn queue(&mut self, index: usize, bytes: &[u8]) {
        self.connections[index].unsent.extend_from_slice(bytes);
        self.mark(index);
    }

    #[inline]
    pub fn queue_frame(&mut self, index: usize, opcode: u8, parts: &[&[u8]]) {
        frame(&mut self.connections[index].unsent, opcode, parts);
        self.mark(index);
    }

    #[inline]
    fn mark(&mut self, index: usize) {
        let connection = &mut self.connections[index];
        if !connection.is_dirty {
            connection.is_dirty = true;
            self.dirty.push(index);
        }
    }

    fn flush(&mut self) {
        while let Some(index) = self.dirty.pop() {
            self.connections[index].is_dirty = false;
            if !self.connections[index].awaits_room {
                self.flush_one(index);
            }
        }
    }

    fn flush_one(&mut self, index: usize) {
        let connection = &mut self.connections[index];
        if connection.state == State::Free {
            return;
        }
        while connection.sent < connection.unsent.len() {
            match socket::send(connection.descriptor, &connection.unsent[connection.sent..]) {
                Ok(0) => break,
                Ok(count) => {
                    connection.sent += count;
                    self.traffic.bytes_out += count as u64;
                }
                Err(error) => {
                    self.fail(index, &format!("write: {error}"));
                    return;
                }
            }
        }
        let is_done = connection.sent == connection.unsent.len();
        if is_done {
            connection.unsent.clear();
            connection.sent = 0;
        }
        if is_done == connection.awaits_room {
            connection.awaits_room = !is_done;
            let writing = if is_done { 0 } else { libc::EPOLLOUT };
            let reading = if connection.is_muted {
                0
            } else {
                libc::EPOLLIN
            };
            self.watch(index, reading | writing);
        }
    }

    fn watch(&self, index: usize, events: i32) {
        let descriptor = self.connections[index].descriptor;
        socket::modify(self.epoll, descriptor, index as u64, events);
    }

    /// Ends a connection that should have gone on.
    fn fail(&mut self, index: usize, why: &str) {
        let connection = &self.connections[index];
        let state = connection.state;
        if state != State::Closing && !connection.is_muted {
            let age = (now() - connection.opened_at) as f64 / 1e9;
            eprintln!("connection {index}, {state:?}, {age:.1} s old: {why}");
            self.errors += 1;
        }
        self.close(index);
    }

    /// One round: sends what is queued, waits, handles what came. Returns the number of events.
    pub fn poll<S: Scenario>(&mut self, timeout_ms: i32, scenario: &mut S) -> usize {
        self.flush();
        let mut events = std::mem::take(&mut self.events);
        let timeout_ms = if self.spins { 0 } else { timeout_ms };
        let count = socket::wait(self.epoll, &mut events, timeout_ms);
        let mut buffer = std::mem::take(&mut self.buffer);
        for event in &events[..count] {
            self.handle(
                event.u64 as usize,
                event.events as i32,
                &mut buffer,
                scenario,
            );
        }
        self.buffer = buffer;
        self.events = events;
        count
    }

    fn handle<S: Scenario>(&mut self, index: usize, events: i32, buffer: &mut [u8], s: &mut S) {
        let has_ended = events & (libc::EPOLLERR | libc::EPOLLHUP) != 0;
        match self.connections[index].state {
            State::Free => return,
            State::Tcp if has_ended => return self.fail(index, "no connection"),
            State::Tcp => return self.ask_for_upgrade(index),
            _ if self.connections[index].is_muted => {
                if has_ended {
                    self.fail(index, "ended while muted");
                }
                return;
            }
            _ => {}
        }
        if events & libc::EPOLLOUT != 0 {
            self.flush_one(index);
        }
        if has_ended || events & libc::EPOLLIN != 0 {
            self.read(index, buffer, s);
            self.flush();
        }
    }

    fn ask_for_upgrade(&mut self, index: usize) {
        let connection = &mut self.connections[index];
        connection.state = State::Http;
        connection.unsent = upgrade_request(self.port).into_bytes();
        self.flush_one(index);
    }

    /// Opens connections until `count` are up, at most `parallel` at a time.
    pub fn ramp(&mut self, count: usize, parallel: usize) {
        let until = now() + 120_000_000_000;
        while self.up < count {
            while self.opening < parallel && self.up + self.opening < count {
                self.open(None);
            }
            self.poll(100, &mut Quiet);
            self.newly_closed.clear();
            if now() > until {
                eprintln!(
                    "{} of {count} connections are up after two minutes",
                    self.up
                );
                exit(3);
            }
        }
        self.newly_up.clear();
    }
}

/// The request that opens a WebSocket.
pub fn upgrade_request(port: u16) -> String {
    format!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}
