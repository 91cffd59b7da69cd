//! From bytes to packets.
use super::{Net, Scenario, State, socket};
use crate::clock::now;
use crate::wire::{self, Frame, find};

impl Net {
    /// Reads once and handles every frame that is complete.
    ///
    /// `buffer` is shared by all connections: what an earlier read left over is put before the new bytes.
    pub(super) fn read<S: Scenario>(&mut self, index: usize, buffer: &mut [u8], scenario: &mut S) {
        let mut unread = std::mem::take(&mut self.connections[index].unread);
        let kept = unread.len();
        if kept * 2 > buffer.len() {
            return self.fail(index, "a frame beyond the buffer");
        }
        buffer[..kept].copy_from_slice(&unread);
        let read = match socket::receive(self.connections[index].descriptor, &mut buffer[kept..]) {
            Ok(Some(read)) => read,
            Ok(None) => {
                self.connections[index].unread = unread;
                return;
            }
            Err(error) => return self.fail(index, &format!("read: {error}")),
        };
        self.traffic.reads += 1;
        self.traffic.bytes_in += read as u64;
        let bytes = &buffer[..kept + read];
        let used = self.consume(index, bytes, scenario);
        if used < bytes.len() && self.connections[index].state != State::Free {
            unread.clear();
            unread.extend_from_slice(&bytes[used..]);
            self.connections[index].unread = unread;
        }
    }

    /// Handles complete frames; returns how many bytes they are.
    fn consume<S: Scenario>(&mut self, index: usize, bytes: &[u8], scenario: &mut S) -> usize {
        let at = now();
        let mut used = 0;
        loop {
            let rest = &bytes[used..];
            match self.connections[index].state {
                State::Free => return used,
                State::Http => {
                    let Some(end) = find(rest, b"\r\n\r\n") else {
                        return used;
                    };
                    if !rest.starts_with(b"HTTP/1.1 101") {
                        let shown = String::from_utf8_lossy(rest);
                        self.fail(index, &format!("no upgrade: {shown}"));
                        return used;
                    }
                    self.connections[index].state = State::Opening;
                    used += end + 4;
                }
                _ => {
                    let Some(frame) = Frame::read(rest) else {
                        return used;
                    };
                    used += frame.end();
                    self.handle_frame(index, &frame, &rest[frame.head..frame.end()], at, scenario);
                }
            }
        }
    }

    #[inline]
    fn handle_frame<S: Scenario>(
        &mut self,
        index: usize,
        frame: &Frame,
        payload: &[u8],
        at: u64,
        scenario: &mut S,
    ) {
        if frame.is_final && frame.opcode != 0 {
            return self.message(index, frame.opcode, payload, at, scenario);
        }
        let fragments = &mut self.connections[index].fragments;
        fragments.extend_from_slice(payload);
        if frame.is_final {
            let whole = std::mem::take(fragments);
            self.message(index, wire::TEXT, &whole, at, scenario);
        }
    }

    #[inline]
    fn message<S: Scenario>(
        &mut self,
        index: usize,
        opcode: u8,
        payload: &[u8],
        at: u64,
        scenario: &mut S,
    ) {
        let is_up = self.connections[index].state == State::Up;
        match opcode {
            wire::TEXT if is_up && payload.len() >= 2 && payload[0] == b'4' => {
                scenario.text(self, index, payload, at);
            }
            wire::TEXT => self.control(index, payload, at),
            wire::BINARY => scenario.binary(self, index, payload, at),
            wire::CLOSE => self.fail(index, "a close frame"),
            wire::PING => self.queue_frame(index, wire::PONG, &[payload]),
            _ => {}
        }
    }

    #[cold]
    fn control(&mut self, index: usize, packet: &[u8], at: u64) {
        let connection = &mut self.connections[index];
        match (connection.state, packet.first()) {
            (State::Opening, Some(b'0')) => {
                connection.state = State::Joining;
                self.queue_frame(index, wire::TEXT, &[b"40"]);
            }
            (State::Joining, _) if packet.starts_with(b"40") => {
                connection.id = id_in(packet);
                connection.state = State::Up;
                self.opening -= 1;
                self.up += 1;
                self.handshakes.record(at - connection.opened_at);
                self.newly_up.push_back(index);
            }
            (_, Some(b'2')) => {
                self.traffic.pings += 1;
                self.queue_frame(index, wire::TEXT, &[b"3"]);
            }
            (State::Closing, _) | (_, Some(b'6')) => {}
            (state, _) => {
                let shown = &packet[..packet.len().min(80)];
                eprintln!("{state:?}: unexpected {}", String::from_utf8_lossy(shown));
                self.errors += 1;
            }
        }
    }
}

/// The `sid` in a packet.
fn id_in(packet: &[u8]) -> String {
    let Some(start) = find(packet, b"\"sid\":\"") else {
        return String::new();
    };
    let rest = &packet[start + 7..];
    let end = rest.iter().position(|byte| *byte == b'"').unwrap_or(0);
    String::from_utf8_lossy(&rest[..end]).into_owned()
}
