//! Listeners that are no Socket.IO server.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use super::serving::next_port;

/// Answers the first bytes of each connection with these, and closes it. It lives as long as the
/// test program. Returns its URL.
pub(crate) fn answering(answer: &'static [u8]) -> String {
    let listener = loop {
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, next_port())) {
            break listener;
        }
    };
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            // Whoever goes away early is no concern of the stub's.
            let _ = stream.read(&mut head);
            let _ = stream.write_all(answer);
        }
    });
    format!("http://127.0.0.1:{port}")
}

/// The URL of a port where nobody listens.
pub(crate) fn nobody() -> String {
    loop {
        let port = next_port();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return format!("http://127.0.0.1:{port}");
        }
    }
}
