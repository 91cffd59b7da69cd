//! HTTP/1.1 requests on connections that are kept open.
use crate::clock::now;
use crate::net::{SOURCES, Traffic, connect, epoll, modify, receive, register, send, wait};
use crate::wire::find;

pub struct Http {
    pub traffic: Traffic,
    pub errors: u64,
    port: u16,
    epoll: i32,
    spins: bool,
    connections: Vec<Connection>,
    events: Vec<libc::epoll_event>,
    buffer: Vec<u8>,
}

struct Connection {
    descriptor: i32,
    unread: Vec<u8>,
    unsent: Vec<u8>,
    awaits_room: bool,
}

pub struct Response {
    pub connection: usize,
    pub status: u16,
    pub body: Vec<u8>,
    pub at: u64,
}

impl Http {
    pub fn new(port: u16, connections: usize, spins: bool) -> Self {
        let epoll = epoll();
        let open = |index: usize| {
            let descriptor = connect(port, (index % SOURCES as usize) as u8, None);
            register(epoll, descriptor, index as u64, libc::EPOLLIN);
            Connection {
                descriptor,
                unread: vec![],
                unsent: vec![],
                awaits_room: false,
            }
        };
        Http {
            traffic: Traffic::default(),
            errors: 0,
            port,
            epoll,
            spins,
            connections: (0..connections).map(open).collect(),
            events: vec![libc::epoll_event { events: 0, u64: 0 }; 256],
            buffer: vec![0; 65_536],
        }
    }

    /// The request that polls a session, or opens one if it has no id yet.
    pub fn get(&self, sid: &str) -> Vec<u8> {
        let session = if sid.is_empty() { "" } else { "&sid=" };
        format!(
            "GET /socket.io/?EIO=4&transport=polling{session}{sid} HTTP/1.1\r\n\
             Host: 127.0.0.1:{}\r\n\r\n",
            self.port
        )
        .into_bytes()
    }

    pub fn post(&self, sid: &str, body: &str) -> Vec<u8> {
        format!(
            "POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\n\
             Host: 127.0.0.1:{}\r\nContent-Type: text/plain;charset=UTF-8\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .into_bytes()
    }

    pub fn send(&mut self, index: usize, request: &[u8]) {
        self.connections[index].unsent.extend_from_slice(request);
        self.flush(index);
    }

    fn flush(&mut self, index: usize) {
        let connection = &mut self.connections[index];
        match send(connection.descriptor, &connection.unsent) {
            Ok(sent) => {
                connection.unsent.drain(..sent);
                self.traffic.bytes_out += sent as u64;
            }
            Err(_) => {
                self.errors += 1;
                connection.unsent.clear();
            }
        }
        let awaits_room = !connection.unsent.is_empty();
        if awaits_room != connection.awaits_room {
            connection.awaits_room = awaits_room;
            let writing = if awaits_room { libc::EPOLLOUT } else { 0 };
            let events = libc::EPOLLIN | writing;
            modify(self.epoll, connection.descriptor, index as u64, events);
        }
    }

    /// The responses that have come; waits for some unless it spins.
    pub fn poll(&mut self) -> Vec<Response> {
        let mut events = std::mem::take(&mut self.events);
        let timeout_ms = if self.spins { 0 } else { 100 };
        let count = wait(self.epoll, &mut events, timeout_ms);
        let mut responses = vec![];
        for event in &events[..count] {
            let index = event.u64 as usize;
            if event.events as i32 & libc::EPOLLOUT != 0 {
                self.flush(index);
            }
            if event.events as i32 & libc::EPOLLIN != 0 {
                self.read(index, &mut responses);
            }
        }
        self.events = events;
        responses
    }

    fn read(&mut self, index: usize, responses: &mut Vec<Response>) {
        let connection = &mut self.connections[index];
        let read = match receive(connection.descriptor, &mut self.buffer) {
            Ok(Some(read)) => read,
            Ok(None) => return,
            Err(_) => {
                eprintln!("connection {index} was closed by the server");
                self.errors += 1;
                modify(self.epoll, connection.descriptor, index as u64, 0);
                return;
            }
        };
        self.traffic.reads += 1;
        self.traffic.bytes_in += read as u64;
        connection.unread.extend_from_slice(&self.buffer[..read]);
        let at = now();
        while let Some((status, body, len)) = parse(&connection.unread) {
            connection.unread.drain(..len);
            responses.push(Response {
                connection: index,
                status,
                body,
                at,
            });
        }
    }
}

/// Status, body and length of the response at the start, if it is complete.
fn parse(bytes: &[u8]) -> Option<(u16, Vec<u8>, usize)> {
    let end = find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end])
        .ok()?
        .to_ascii_lowercase();
    let status = head.get(9..12)?.parse().ok()?;
    let start = end + 4;
    let mut lines = head.split("\r\n");
    if let Some(len) = lines.find_map(|line| line.strip_prefix("content-length:")) {
        let len: usize = len.trim().parse().ok()?;
        let body = bytes.get(start..start + len)?;
        return Some((status, body.to_vec(), start + len));
    }
    if head.contains("transfer-encoding: chunked") {
        let (body, end) = chunks(bytes, start)?;
        return Some((status, body, end));
    }
    Some((status, vec![], start))
}

/// A chunked body from `at` on, and its end.
fn chunks(bytes: &[u8], mut at: usize) -> Option<(Vec<u8>, usize)> {
    let mut body = vec![];
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        let size = std::str::from_utf8(&bytes[at..at + line]).ok()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        at += line + 2;
        body.extend_from_slice(bytes.get(at..at + size)?);
        at += size + 2;
        if at > bytes.len() {
            return None;
        }
        if size == 0 {
            return Some((body, at));
        }
    }
}
