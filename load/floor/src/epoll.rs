use crate::protocol::*;
use crate::*;
use std::collections::VecDeque;

struct Conn {
    fd: i32,
    p: Proto,
    out: Vec<u8>,
    blocked: bool,
    dirty: bool,
    member: u32,
    generation: u32,
}

struct Net {
    ep: i32,
    batch: bool,
    conns: Vec<Conn>,
    free: Vec<usize>,
    members: Vec<u32>,
    rooms: Vec<Vec<u32>>,
    reply: Vec<u8>,
    cur: usize,
    dirty: Vec<u32>,
    pend: Vec<u8>,
    timers: VecDeque<(u64, u32, u32)>,
    interval: u64,
    closing: bool,
    sess: Vec<(Option<usize>, Vec<u8>)>,
}

impl Host for Net {
    fn reply(&mut self, c: usize) -> &mut Vec<u8> {
        debug_assert_eq!(c, self.cur);
        &mut self.reply
    }
    fn up(&mut self, c: usize) {
        self.conns[c].member = self.members.len() as u32;
        self.members.push(c as u32);
        self.timers
            .push_back((now_ms() + self.interval, c as u32, self.conns[c].generation));
    }
    fn broadcast(&mut self, f: Vec<u8>) {
        if self.batch {
            self.pend.extend_from_slice(&f);
        } else {
            for i in 0..self.members.len() {
                self.send(self.members[i] as usize, &f);
            }
        }
    }
    fn join(&mut self, c: usize, room: u32) {
        if self.rooms.len() <= room as usize {
            self.rooms.resize(room as usize + 1, vec![]);
        }
        self.rooms[room as usize].push(c as u32);
        self.conns[c].p.room = room;
    }
    fn room(&mut self, from: usize, room: u32, f: Vec<u8>) {
        for i in 0..self.rooms[room as usize].len() {
            let c = self.rooms[room as usize][i] as usize;
            if c != from {
                self.put(c, &f);
            }
        }
    }
    fn private(&mut self, to: usize, f: Vec<u8>) {
        self.put(to, &f);
    }
    fn close(&mut self, _c: usize) {
        self.closing = true;
    }
    fn http(&mut self, c: usize, post: bool, sid: Option<u32>, body: &[u8]) {
        let Some(s) = sid else {
            let s = self.sess.len();
            self.sess.push((None, vec![]));
            let o = format!(
                "0{{\"sid\":\"P{s:019}\",\"upgrades\":[],\"pingInterval\":{},\"pingTimeout\":20000,\"maxPayload\":1000000}}",
                self.interval
            );
            self.respond(c, o.as_bytes());
            return;
        };
        let s = s as usize;
        if !post {
            if self.sess[s].1.is_empty() {
                self.sess[s].0 = Some(c);
            } else {
                let o = std::mem::take(&mut self.sess[s].1);
                self.respond(c, &o);
            }
            return;
        }
        self.respond(c, b"ok");
        for pk in body.split(|b| *b == 0x1e) {
            let o = &mut self.sess[s].1;
            if !o.is_empty() {
                o.push(0x1e);
            }
            if pk == b"40" {
                o.extend_from_slice(format!("40{{\"sid\":\"S{s:019}\"}}").as_bytes());
            } else if let Some(i) = pk.iter().position(|b| *b == b'[') {
                o.extend_from_slice(b"43");
                o.extend_from_slice(&pk[2..=i]);
                o.extend_from_slice(&pk[i + 8..]);
            }
        }
        if let Some(g) = self.sess[s].0.take() {
            let o = std::mem::take(&mut self.sess[s].1);
            self.respond(g, &o);
        }
    }
}

impl Net {
    fn respond(&mut self, c: usize, body: &[u8]) {
        let mut v = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        v.extend_from_slice(body);
        self.send(c, &v);
    }
    fn put(&mut self, c: usize, f: &[u8]) {
        if !self.batch {
            self.send(c, f);
            return;
        }
        let k = &mut self.conns[c];
        k.out.extend_from_slice(f);
        if !k.dirty {
            k.dirty = true;
            self.dirty.push(c as u32);
        }
    }
    fn send(&mut self, c: usize, f: &[u8]) {
        let k = &mut self.conns[c];
        if !k.out.is_empty() {
            k.out.extend_from_slice(f);
            if !k.blocked {
                self.flush(c);
            }
            return;
        }
        let r = unsafe { libc::send(k.fd, f.as_ptr() as *const _, f.len(), libc::MSG_NOSIGNAL) };
        if r != f.len() as isize {
            k.out.extend_from_slice(&f[r.max(0) as usize..]);
            self.block(c, true);
        }
    }
    fn block(&mut self, c: usize, b: bool) {
        let k = &mut self.conns[c];
        if k.blocked != b {
            k.blocked = b;
            let e = libc::EPOLLIN | if b { libc::EPOLLOUT } else { 0 };
            let mut ev = libc::epoll_event {
                events: e as u32,
                u64: c as u64,
            };
            unsafe { libc::epoll_ctl(self.ep, libc::EPOLL_CTL_MOD, k.fd, &mut ev) };
        }
    }
    fn flush(&mut self, c: usize) {
        let k = &mut self.conns[c];
        let r = unsafe {
            libc::send(
                k.fd,
                k.out.as_ptr() as *const _,
                k.out.len(),
                libc::MSG_NOSIGNAL,
            )
        }
        .max(0) as usize;
        if r == k.out.len() {
            if r > 4096 {
                k.out = Vec::new();
            } else {
                k.out.clear();
            }
            self.block(c, false);
        } else {
            k.out.drain(..r);
            self.block(c, true);
        }
    }
    fn drop_conn(&mut self, c: usize) {
        let k = &mut self.conns[c];
        unsafe { libc::close(k.fd) };
        k.fd = -1;
        k.generation += 1;
        if k.p.st == St::Up {
            let m = k.member as usize;
            let room = k.p.room;
            self.members.swap_remove(m);
            if m < self.members.len() {
                let o = self.members[m] as usize;
                self.conns[o].member = m as u32;
            }
            if room != NOROOM {
                self.rooms[room as usize].retain(|x| *x != c as u32);
            }
        }
        let k = &mut self.conns[c];
        k.p = Proto::new();
        k.out = Vec::new();
        k.blocked = false;
        self.free.push(c);
    }
}

pub fn run(batch: bool) {
    let lfd = listen();
    let mut n = Net {
        ep: unsafe { libc::epoll_create1(0) },
        batch,
        conns: vec![],
        free: vec![],
        members: vec![],
        rooms: vec![],
        reply: vec![],
        cur: 0,
        dirty: vec![],
        pend: vec![],
        timers: VecDeque::new(),
        interval: env("PING_INTERVAL", 25_000),
        closing: false,
        sess: vec![],
    };
    let mut ev = libc::epoll_event {
        events: libc::EPOLLIN as u32,
        u64: u64::MAX,
    };
    unsafe { libc::epoll_ctl(n.ep, libc::EPOLL_CTL_ADD, lfd, &mut ev) };
    let mut evs = vec![libc::epoll_event { events: 0, u64: 0 }; 512];
    let mut buf = vec![0u8; 512 * 1024];
    loop {
        let to = match n.timers.front() {
            Some(t) => (t.0.saturating_sub(now_ms()) as i32).max(5),
            None => -1,
        };
        let k = unsafe { libc::epoll_wait(n.ep, evs.as_mut_ptr(), 512, to) }.max(0) as usize;
        for ev in &evs[..k] {
            if ev.u64 == u64::MAX {
                for _ in 0..64 {
                    let fd = unsafe {
                        libc::accept4(
                            lfd,
                            std::ptr::null_mut(),
                            std::ptr::null_mut(),
                            libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC,
                        )
                    };
                    if fd < 0 {
                        break;
                    }
                    let c = n.free.pop().unwrap_or_else(|| {
                        n.conns.push(Conn {
                            fd: -1,
                            p: Proto::new(),
                            out: Vec::new(),
                            blocked: false,
                            dirty: false,
                            member: 0,
                            generation: 0,
                        });
                        n.conns.len() - 1
                    });
                    n.conns[c].fd = fd;
                    let mut e = libc::epoll_event {
                        events: libc::EPOLLIN as u32,
                        u64: c as u64,
                    };
                    unsafe { libc::epoll_ctl(n.ep, libc::EPOLL_CTL_ADD, fd, &mut e) };
                }
                continue;
            }
            let c = ev.u64 as usize;
            if n.conns[c].fd < 0 {
                continue;
            }
            if ev.events & libc::EPOLLOUT as u32 != 0 {
                n.flush(c);
            }
            if ev.events & !(libc::EPOLLOUT as u32) == 0 {
                continue;
            }
            let mut p = std::mem::replace(&mut n.conns[c].p, Proto::new());
            let off = p.left.len();
            buf[..off].copy_from_slice(&p.left);
            let r = unsafe {
                libc::recv(
                    n.conns[c].fd,
                    buf[off..].as_mut_ptr() as *mut _,
                    buf.len() - off,
                    0,
                )
            };
            if r <= 0 {
                n.conns[c].p = p;
                n.drop_conn(c);
                continue;
            }
            let end = off + r as usize;
            n.cur = c;
            let iv = n.interval;
            let used = feed(&mut n, &mut p, c, &mut buf[..end], iv);
            if used < end {
                p.left.clear();
                p.left.extend_from_slice(&buf[used..end]);
            } else if !p.left.is_empty() {
                p.left = Vec::new();
            }
            n.conns[c].p = p;
            if !n.reply.is_empty() {
                let mut o = std::mem::take(&mut n.reply);
                n.send(c, &o);
                o.clear();
                n.reply = o;
            }
            if n.closing {
                n.closing = false;
                n.drop_conn(c);
            }
        }
        if n.batch {
            let pend = std::mem::take(&mut n.pend);
            if !pend.is_empty() {
                for i in 0..n.members.len() {
                    n.send(n.members[i] as usize, &pend);
                }
            }
            let mut pend = pend;
            pend.clear();
            n.pend = pend;
            while let Some(c) = n.dirty.pop() {
                n.conns[c as usize].dirty = false;
                if n.conns[c as usize].fd >= 0
                    && !n.conns[c as usize].blocked
                    && !n.conns[c as usize].out.is_empty()
                {
                    n.flush(c as usize);
                }
            }
        }
        if let Some(t) = n.timers.front() {
            let now = now_ms();
            if t.0 <= now {
                while let Some(&(d, c, g)) = n.timers.front() {
                    if d > now {
                        break;
                    }
                    n.timers.pop_front();
                    if n.conns[c as usize].generation == g && n.conns[c as usize].fd >= 0 {
                        n.send(c as usize, &[0x81, 1, b'2']);
                        n.timers.push_back((d + n.interval, c, g));
                    }
                }
            }
        }
    }
}
