//! Sessions over long-polling that come one after the other, and end in one of three ways.
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Between two visits.
const GAP: Duration = Duration::from_millis(200);

pub struct Guests {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<(u64, u64)>,
}

impl Guests {
    pub fn start(port: u16) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let (mut visits, mut failures) = (0, 0);
            while !seen.load(Ordering::Relaxed) {
                if let Err(error) = visit(port, visits) {
                    eprintln!("polling: {error}");
                    failures += 1;
                }
                visits += 1;
                thread::sleep(GAP);
            }
            (visits, failures)
        });
        Guests { is_over, thread }
    }

    /// Visits, and how many of them failed.
    pub fn end(self) -> (u64, u64) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("a visit returns its errors")
    }
}

/// One session: it opens, joins, asks, and says goodbye, leaves its namespace, or is forgotten.
fn visit(port: u16, number: u64) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let opened = request(&mut stream, "GET", "", "")?;
    let sid = opened.split("\"sid\":\"").nth(1).unwrap_or_default();
    let sid = format!("&sid={}", sid.split('"').next().unwrap_or_default());
    request(&mut stream, "POST", &sid, "40")?;
    expect(&request(&mut stream, "GET", &sid, "")?, "40{")?;
    request(
        &mut stream,
        "POST",
        &sid,
        "421[\"join\",\"guests\"]\x1e422[\"echo\",\"hello\"]",
    )?;
    let mut answers = request(&mut stream, "GET", &sid, "")?;
    if !answers.contains("432[") {
        answers += &request(&mut stream, "GET", &sid, "")?;
    }
    expect(&answers, "432[\"hello\"]")?;
    match number % 3 {
        0 => request(&mut stream, "POST", &sid, "1").map(drop),
        1 => request(&mut stream, "POST", &sid, "41").map(drop),
        _ => Ok(()),
    }
}

fn expect(body: &str, wanted: &str) -> Result<()> {
    if body.contains(wanted) {
        return Ok(());
    }
    let text = format!("{wanted:?} is not in {body:?}");
    Err(Error::new(ErrorKind::InvalidData, text))
}

/// Sends a request on a connection that is kept open; the body of its answer.
fn request(stream: &mut TcpStream, method: &str, sid: &str, body: &str) -> Result<String> {
    let len = body.len();
    let head = format!(
        "{method} /socket.io/?EIO=4&transport=polling{sid} HTTP/1.1\r\nHost: 127.0.0.1\r\n\
         Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {len}\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes())?;
    let mut answer = vec![];
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        answer.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        expect(&head, "http/1.1 200")?;
        let len = head.split("content-length: ").nth(1).unwrap_or("0");
        let len: usize = len.split("\r\n").next().unwrap_or("0").parse().unwrap_or(0);
        if body.len() >= len {
            return Ok(body.to_owned());
        }
    }
}
