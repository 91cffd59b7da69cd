//! How close Tokio comes to the floor when used sparingly: current-thread runtime, one small task per connection that
//! only reads, handlers run inline, writes go straight to the socket from whoever emits, frames are shared.
//! IO=tokio writes at once; IO=tokio-batch collects per connection and one flusher task writes once per scheduler round.
use crate::protocol::*;
use crate::*;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::tcp::OwnedWriteHalf;

struct Conn {
    w: Option<Rc<OwnedWriteHalf>>,
    p: Proto,
    out: Vec<u8>,
    blocked: bool,
    dirty: bool,
    member: u32,
    generation: u32,
}

struct Net {
    me: Option<Rc<RefCell<Net>>>,
    batch: bool,
    conns: Vec<Conn>,
    free: Vec<usize>,
    members: Vec<u32>,
    rooms: Vec<Vec<u32>>,
    reply: Vec<u8>,
    dirty: Vec<u32>,
    pend: Vec<u8>,
    flusher: Option<Waker>,
    woken: bool,
    timers: VecDeque<(u64, u32, u32)>,
    interval: u64,
    closing: bool,
    buf: Vec<u8>,
}

impl Host for Net {
    fn reply(&mut self, _c: usize) -> &mut Vec<u8> {
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
            self.wake();
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
}

impl Net {
    fn wake(&mut self) {
        if !self.woken {
            self.woken = true;
            if let Some(w) = &self.flusher {
                w.wake_by_ref();
            }
        }
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
            self.wake();
        }
    }
    fn send(&mut self, c: usize, f: &[u8]) {
        let k = &mut self.conns[c];
        let Some(w) = &k.w else { return };
        if !k.out.is_empty() {
            k.out.extend_from_slice(f);
            if !k.blocked {
                self.flush(c);
            }
            return;
        }
        let r = w.try_write(f).unwrap_or(0);
        if r != f.len() {
            k.out.extend_from_slice(&f[r..]);
            self.block(c);
        }
    }
    fn flush(&mut self, c: usize) {
        let k = &mut self.conns[c];
        let Some(w) = &k.w else { return };
        let r = w.try_write(&k.out).unwrap_or(0);
        if r == k.out.len() {
            if r > 4096 {
                k.out = Vec::new();
            } else {
                k.out.clear();
            }
        } else {
            k.out.drain(..r);
            self.block(c);
        }
    }
    fn block(&mut self, c: usize) {
        let k = &mut self.conns[c];
        if k.blocked {
            return;
        }
        k.blocked = true;
        let (w, g, me) = (k.w.clone().unwrap(), k.generation, self.me.clone().unwrap());
        tokio::task::spawn_local(async move {
            while w.writable().await.is_ok() {
                let mut n = me.borrow_mut();
                let k = &mut n.conns[c];
                if k.generation != g {
                    return;
                }
                match w.try_write(&k.out) {
                    Ok(r) => {
                        k.out.drain(..r);
                    }
                    Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(_) => return,
                }
                if k.out.is_empty() {
                    k.out = Vec::new();
                    k.blocked = false;
                    return;
                }
            }
        });
    }
    fn leave(&mut self, c: usize) {
        let k = &mut self.conns[c];
        k.w = None;
        k.generation += 1;
        if k.p.st == St::Up {
            let (m, room) = (k.member as usize, k.p.room);
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

async fn serve(net: Rc<RefCell<Net>>, c: usize, mut rd: tokio::net::tcp::OwnedReadHalf) {
    loop {
        let more = poll_fn(|cx| {
            let mut g = net.borrow_mut();
            let n = &mut *g;
            let off = n.conns[c].p.left.len();
            let mut buf = std::mem::take(&mut n.buf);
            buf[..off].copy_from_slice(&n.conns[c].p.left);
            let mut rb = ReadBuf::new(&mut buf[off..]);
            let r = Pin::new(&mut rd).poll_read(cx, &mut rb);
            let got = rb.filled().len();
            let res = match r {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Ok(())) if got > 0 => {
                    let end = off + got;
                    let mut p = std::mem::replace(&mut n.conns[c].p, Proto::new());
                    let iv = n.interval;
                    let used = feed(n, &mut p, c, &mut buf[..end], iv);
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
                    Poll::Ready(!std::mem::take(&mut n.closing))
                }
                _ => Poll::Ready(false),
            };
            n.buf = buf;
            res
        })
        .await;
        if !more {
            break;
        }
    }
    net.borrow_mut().leave(c);
}

pub fn run(batch: bool) {
    let rt = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(Default::default())
        .unwrap();
    let lfd = listen();
    rt.block_on(async move {
        use std::os::fd::FromRawFd;
        let l =
            tokio::net::TcpListener::from_std(unsafe { std::net::TcpListener::from_raw_fd(lfd) })
                .unwrap();
        let net = Rc::new(RefCell::new(Net {
            me: None,
            batch,
            conns: vec![],
            free: vec![],
            members: vec![],
            rooms: vec![],
            reply: vec![],
            dirty: vec![],
            pend: vec![],
            flusher: None,
            woken: false,
            timers: VecDeque::new(),
            interval: env("PING_INTERVAL", 25_000),
            closing: false,
            buf: vec![0; 512 * 1024],
        }));
        net.borrow_mut().me = Some(net.clone());
        let f = net.clone();
        tokio::task::spawn_local(poll_fn(move |cx| {
            let mut g = f.borrow_mut();
            let n = &mut *g;
            n.flusher = Some(cx.waker().clone());
            n.woken = false;
            let mut pend = std::mem::take(&mut n.pend);
            if !pend.is_empty() {
                for i in 0..n.members.len() {
                    n.send(n.members[i] as usize, &pend);
                }
                pend.clear();
            }
            n.pend = pend;
            while let Some(c) = n.dirty.pop() {
                n.conns[c as usize].dirty = false;
                if !n.conns[c as usize].blocked && !n.conns[c as usize].out.is_empty() {
                    n.flush(c as usize);
                }
            }
            Poll::<()>::Pending
        }));
        let t = net.clone();
        tokio::task::spawn_local(async move {
            let mut iv = tokio::time::interval(std::time::Duration::from_millis(10));
            loop {
                iv.tick().await;
                let mut g = t.borrow_mut();
                let n = &mut *g;
                let now = now_ms();
                while let Some(&(d, c, gen_)) = n.timers.front() {
                    if d > now {
                        break;
                    }
                    n.timers.pop_front();
                    if n.conns[c as usize].generation == gen_ && n.conns[c as usize].w.is_some() {
                        n.send(c as usize, &[0x81, 1, b'2']);
                        n.timers.push_back((d + n.interval, c, gen_));
                    }
                }
            }
        });
        loop {
            let Ok((s, _)) = l.accept().await else {
                continue;
            };
            let (rd, w) = s.into_split();
            let mut g = net.borrow_mut();
            let c = g.free.pop().unwrap_or_else(|| {
                g.conns.push(Conn {
                    w: None,
                    p: Proto::new(),
                    out: Vec::new(),
                    blocked: false,
                    dirty: false,
                    member: 0,
                    generation: 0,
                });
                g.conns.len() - 1
            });
            g.conns[c].w = Some(Rc::new(w));
            drop(g);
            tokio::task::spawn_local(serve(net.clone(), c, rd));
        }
    });
}
