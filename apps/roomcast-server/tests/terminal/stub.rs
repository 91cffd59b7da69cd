//! Listeners that are no Socket.IO server.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use super::serving::next_port;

/// Answers the first bytes of each connection with these, and closes it. It lives as long as the
/// test program. Returns its URL.
pub(crate) fn answering(answer: &'static [u8]) -> String {
    let (listener, url) = listener();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            // Whoever goes away early is no concern of the stub's.
            let _ = stream.read(&mut head);
            let _ = stream.write_all(answer);
        }
    });
    url
}

/// Takes connections, and says nothing. It lives as long as the test program.
pub(crate) fn silent() -> String {
    let (listener, url) = listener();
    thread::spawn(move || {
        let streams: Vec<_> = listener.incoming().collect();
        drop(streams);
    });
    url
}

/// The URL of a port where nobody listens.
pub(crate) fn nobody() -> String {
    listener().1
}

fn listener() -> (TcpListener, String) {
    loop {
        let port = next_port();
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return (listener, format!("http://127.0.0.1:{port}"));
        }
    }
}
