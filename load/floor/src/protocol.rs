//! The least protocol work that still answers correctly: no validation, byte positions only.
//! Both back ends (epoll, io_uring) feed bytes in and take actions out.

pub const NOROOM: u32 = u32::MAX;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum St {
    Http,
    Ws,
    Up,
}

pub struct Proto {
    pub st: St,
    pub room: u32,
    pub left: Vec<u8>,
    pub ack: u32,
}
impl Proto {
    pub fn new() -> Self {
        Proto {
            st: St::Http,
            room: NOROOM,
            left: Vec::new(),
            ack: 0,
        }
    }
}

/// What a parsed packet asks for. `own` is the reply buffer of the connection itself.
pub trait Host {
    fn reply(&mut self, c: usize) -> &mut Vec<u8>;
    fn up(&mut self, c: usize);
    fn broadcast(&mut self, frame: Vec<u8>);
    fn join(&mut self, c: usize, room: u32);
    fn room(&mut self, from: usize, room: u32, frame: Vec<u8>);
    fn private(&mut self, to: usize, frame: Vec<u8>);
    fn close(&mut self, c: usize);
    /// One long-polling request (`post` carries a body).
    fn http(&mut self, _c: usize, _post: bool, _sid: Option<u32>, _body: &[u8]) {}
}

pub fn head(out: &mut Vec<u8>, op: u8, len: usize) {
    out.push(0x80 | op);
    if len < 126 {
        out.push(len as u8);
    } else if len < 65536 {
        out.push(126);
        out.extend_from_slice(&(len as u16).to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(len as u64).to_be_bytes());
    }
}
pub fn frame(parts: &[&[u8]]) -> Vec<u8> {
    let n = parts.iter().map(|p| p.len()).sum();
    let mut v = Vec::with_capacity(n + 10);
    head(&mut v, 1, n);
    parts.iter().for_each(|p| v.extend_from_slice(p));
    v
}

fn unmask(b: &mut [u8], m: [u8; 4]) {
    let k = u32::from_ne_bytes(m) as u64;
    let k = k | k << 32;
    let mut ch = b.chunks_exact_mut(8);
    for c in &mut ch {
        let v = u64::from_ne_bytes(c.try_into().unwrap()) ^ k;
        c.copy_from_slice(&v.to_ne_bytes());
    }
    for (i, x) in ch.into_remainder().iter_mut().enumerate() {
        *x ^= m[i & 3];
    }
}

fn num(b: &[u8]) -> (u32, usize) {
    let mut v = 0u32;
    let mut i = 0;
    while i < b.len() && b[i].is_ascii_digit() {
        v = v * 10 + (b[i] - b'0') as u32;
        i += 1;
    }
    (v, i)
}
fn find(h: &[u8], n: &[u8]) -> Option<usize> {
    h.windows(n.len()).position(|w| w == n)
}

/// Consumes complete frames at the start of `b`; returns the number of bytes used.
pub fn feed<H: Host>(h: &mut H, p: &mut Proto, c: usize, b: &mut [u8], interval: u64) -> usize {
    let mut at = 0;
    while at < b.len() {
        let r = &mut b[at..];
        if p.st == St::Http {
            let Some(e) = find(r, b"\r\n\r\n") else { break };
            if let Some(i) = find(&r[..e.min(60)], b"transport=polling") {
                let post = r[0] == b'P';
                let sid = r[i + 17..].strip_prefix(b"&sid=P").map(|x| num(x).0);
                let len = if post {
                    find(&r[..e], b"Content-Length: ")
                        .map(|i| num(&r[i + 16..]).0 as usize)
                        .unwrap_or(0)
                } else {
                    0
                };
                if r.len() < e + 4 + len {
                    break;
                }
                h.http(c, post, sid, &r[e + 4..e + 4 + len]);
                at += e + 4 + len;
                continue;
            }
            let k = find(r, b"Sec-WebSocket-Key: ").map(|i| i + 19).unwrap_or(0);
            let acc = accept(&r[k..k + 24]);
            let o = h.reply(c);
            o.extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
            o.extend_from_slice(&acc);
            o.extend_from_slice(b"\r\n\r\n");
            let f = frame(&[format!("0{{\"sid\":\"E{c:019}\",\"upgrades\":[],\"pingInterval\":{interval},\"pingTimeout\":20000,\"maxPayload\":1000000}}").as_bytes()]);
            o.extend_from_slice(&f);
            p.st = St::Ws;
            at += e + 4;
            continue;
        }
        if r.len() < 6 {
            break;
        }
        let op = r[0] & 15;
        let (hl, len) = match r[1] & 127 {
            126 => (4, u16::from_be_bytes([r[2], r[3]]) as usize),
            127 => {
                if r.len() < 10 {
                    break;
                }
                (
                    10,
                    u64::from_be_bytes(r[2..10].try_into().unwrap()) as usize,
                )
            }
            n => (2, n as usize),
        };
        let hl = hl + 4;
        if r.len() < hl + len {
            break;
        }
        let mask = [r[hl - 4], r[hl - 3], r[hl - 2], r[hl - 1]];
        let body = &mut r[hl..hl + len];
        unmask(body, mask);
        at += hl + len;
        let body = &*body;
        match op {
            2 => {
                let a = p.ack;
                let o = h.reply(c);
                let f =
                    frame(&[format!("461-{a}[{{\"_placeholder\":true,\"num\":0}}]").as_bytes()]);
                o.extend_from_slice(&f);
                head(o, 2, len);
                o.extend_from_slice(body);
            }
            8 => {
                let o = h.reply(c);
                head(o, 8, len);
                o.extend_from_slice(body);
                h.close(c);
                return at;
            }
            1 if body.starts_with(b"42") => {
                let (id, n) = num(&body[2..]);
                let s = &body[2 + n..];
                if let Some(x) = s.strip_prefix(b"[\"echo\",") {
                    let idb = &body[2..2 + n];
                    let o = h.reply(c);
                    head(o, 1, 2 + n + 1 + x.len());
                    o.extend_from_slice(b"43");
                    o.extend_from_slice(idb);
                    o.push(b'[');
                    o.extend_from_slice(x);
                } else if let Some(x) = s.strip_prefix(b"[\"broadcast\",") {
                    h.broadcast(frame(&[b"42[\"b\",", x]));
                } else if let Some(x) = s.strip_prefix(b"[\"room\",{\"room\":\"r") {
                    let (room, k) = num(x);
                    let pl = &x[k + 12..x.len() - 2];
                    h.room(c, room, frame(&[b"42[\"r\",", pl, b"]"]));
                } else if let Some(x) = s.strip_prefix(b"[\"private\",\"S") {
                    let (to, k) = num(x);
                    h.private(to as usize, frame(&[b"42[\"p\",", &x[k + 2..]]));
                } else if let Some(x) = s.strip_prefix(b"[\"join\",\"r") {
                    h.join(c, num(x).0);
                    let f = frame(&[format!("43{id}[]").as_bytes()]);
                    h.reply(c).extend_from_slice(&f);
                }
            }
            1 if body.starts_with(b"451-") => p.ack = num(&body[4..]).0,
            1 if body == b"40" => {
                p.st = St::Up;
                let f = frame(&[format!("40{{\"sid\":\"S{c:019}\"}}").as_bytes()]);
                h.reply(c).extend_from_slice(&f);
                h.up(c);
            }
            _ => {}
        }
    }
    at
}

/// Sec-WebSocket-Accept of a key (SHA-1 then base64).
fn accept(key: &[u8]) -> [u8; 28] {
    let mut m = [0u8; 128];
    m[..24].copy_from_slice(key);
    m[24..60].copy_from_slice(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    m[60] = 0x80;
    m[120..].copy_from_slice(&(60u64 * 8).to_be_bytes());
    let mut s: [u32; 5] = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0];
    for blk in m.chunks(64) {
        let mut w = [0u32; 80];
        for i in 0..16 {
            w[i] = u32::from_be_bytes(blk[i * 4..i * 4 + 4].try_into().unwrap());
        }
        for i in 16..80 {
            w[i] = (w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = s;
        for (i, wi) in w.iter().enumerate() {
            let (f, k) = match i / 20 {
                0 => ((b & c) | (!b & d), 0x5A827999),
                1 => (b ^ c ^ d, 0x6ED9EBA1),
                2 => ((b & c) | (b & d) | (c & d), 0x8F1BBCDCu32),
                _ => (b ^ c ^ d, 0xCA62C1D6),
            };
            let t = a
                .rotate_left(5)
                .wrapping_add(f)
                .wrapping_add(e)
                .wrapping_add(k)
                .wrapping_add(*wi);
            e = d;
            d = c;
            c = b.rotate_left(30);
            b = a;
            a = t;
        }
        for (x, y) in s.iter_mut().zip([a, b, c, d, e]) {
            *x = x.wrapping_add(y);
        }
    }
    let mut d = [0u8; 21];
    for i in 0..5 {
        d[i * 4..i * 4 + 4].copy_from_slice(&s[i].to_be_bytes());
    }
    const T: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut o = [b'='; 28];
    for i in 0..7 {
        let v = (d[i * 3] as u32) << 16 | (d[i * 3 + 1] as u32) << 8 | d[i * 3 + 2] as u32;
        for j in 0..4 {
            if i * 4 + j < 27 {
                o[i * 4 + j] = T[(v >> (18 - 6 * j) & 63) as usize];
            }
        }
    }
    o
}
