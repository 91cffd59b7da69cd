//! io_uring back end: multishot accept and receive with a provided buffer ring, direct descriptors,
//! sends queued as SQEs and submitted together once per loop round.
use crate::protocol::*;
use crate::*;
use io_uring::{IoUring, cqueue, opcode, squeue, types};
use std::collections::VecDeque;
use std::rc::Rc;

const ACCEPT: u64 = 1 << 60;
const RECV: u64 = 2 << 60;
const SEND: u64 = 3 << 60;
const CLOSE: u64 = 4 << 60;
const MASK: u64 = (1 << 60) - 1;
const BUFS: u16 = 256;
const BUF: usize = 64 * 1024;

enum Cur {
    None,
    Own(Vec<u8>),
    #[expect(
        dead_code,
        reason = "keeps the bytes alive while the kernel sends them"
    )]
    Shared(Rc<Vec<u8>>),
}

struct Conn {
    idx: u32,
    live: bool,
    p: Proto,
    out: Vec<u8>,
    cur: Cur,
    closing: bool,
    member: u32,
    generation: u32,
    dirty: bool,
}

struct Net {
    ring: IoUring,
    conns: Vec<Conn>,
    members: Vec<u32>,
    rooms: Vec<Vec<u32>>,
    timers: VecDeque<(u64, u32, u32)>,
    dirty: Vec<u32>,
    pend: Vec<u8>,
    interval: u64,
    closing: bool,
}

impl Host for Net {
    fn reply(&mut self, c: usize) -> &mut Vec<u8> {
        if !self.conns[c].dirty {
            self.conns[c].dirty = true;
            self.dirty.push(c as u32);
        }
        &mut self.conns[c].out
    }
    fn up(&mut self, c: usize) {
        self.conns[c].member = self.members.len() as u32;
        self.members.push(c as u32);
        self.timers
            .push_back((now_ms() + self.interval, c as u32, self.conns[c].generation));
    }
    fn broadcast(&mut self, f: Vec<u8>) {
        self.pend.extend_from_slice(&f);
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
                self.reply(c).extend_from_slice(&f);
            }
        }
    }
    fn private(&mut self, to: usize, f: Vec<u8>) {
        self.reply(to).extend_from_slice(&f);
    }
    fn close(&mut self, _c: usize) {
        self.closing = true;
    }
}

impl Net {
    fn push(&mut self, e: squeue::Entry) {
        unsafe {
            while self.ring.submission().push(&e).is_err() {
                self.ring.submit().unwrap();
            }
        }
    }
    fn shared(&mut self, c: usize, f: &Rc<Vec<u8>>) {
        let k = &mut self.conns[c];
        if !k.live {
            return;
        }
        if !matches!(k.cur, Cur::None) || !k.out.is_empty() {
            self.reply(c).extend_from_slice(f);
            return;
        }
        k.cur = Cur::Shared(f.clone());
        let e = opcode::Send::new(types::Fixed(k.idx), f.as_ptr(), f.len() as u32)
            .flags(libc::MSG_WAITALL | libc::MSG_NOSIGNAL)
            .build()
            .user_data(SEND | c as u64);
        self.push(e);
    }
    fn kick(&mut self, c: usize) {
        let k = &mut self.conns[c];
        if !k.live || !matches!(k.cur, Cur::None) {
            return;
        }
        if k.out.is_empty() {
            if k.closing {
                k.live = false;
                let e = opcode::Close::new(types::Fixed(k.idx))
                    .build()
                    .user_data(CLOSE | c as u64);
                self.push(e);
            }
            return;
        }
        let v = std::mem::take(&mut k.out);
        let e = opcode::Send::new(types::Fixed(k.idx), v.as_ptr(), v.len() as u32)
            .flags(libc::MSG_WAITALL | libc::MSG_NOSIGNAL)
            .build()
            .user_data(SEND | c as u64);
        k.cur = Cur::Own(v);
        self.push(e);
    }
    fn leave(&mut self, c: usize) {
        let k = &mut self.conns[c];
        k.closing = true;
        k.generation += 1;
        if k.p.st == St::Up {
            k.p.st = St::Ws;
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
    }
}

pub fn run() {
    let lfd = listen();
    let ring: IoUring = IoUring::builder()
        .setup_single_issuer()
        .setup_defer_taskrun()
        .setup_coop_taskrun()
        .setup_cqsize(65536)
        .build(8192)
        .expect("io_uring");
    ring.submitter()
        .register_files_sparse(16384)
        .expect("files");
    // provided buffer ring: entries are 16 bytes, the tail lives in the first entry
    let size = BUFS as usize * 16;
    let br = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    } as *mut types::BufRingEntry;
    let mut bufs = vec![0u8; BUFS as usize * BUF];
    let base = bufs.as_mut_ptr();
    unsafe {
        ring.submitter()
            .register_buf_ring_with_flags(br as u64, BUFS, 0, 0)
            .expect("buf ring")
    };
    let mut tail: u16 = 0;
    let give = |tail: &mut u16, bid: u16| unsafe {
        let e = &mut *br.add((*tail & (BUFS - 1)) as usize);
        e.set_addr(base.add(bid as usize * BUF) as u64);
        e.set_len(BUF as u32);
        e.set_bid(bid);
        *tail = tail.wrapping_add(1);
    };
    let publish = |t: u16| unsafe {
        let p = types::BufRingEntry::tail(br) as *const std::sync::atomic::AtomicU16;
        (*p).store(t, std::sync::atomic::Ordering::Release);
    };
    for i in 0..BUFS {
        give(&mut tail, i);
    }
    publish(tail);
    let mut n = Net {
        ring,
        conns: vec![],
        members: vec![],
        rooms: vec![],
        timers: VecDeque::new(),
        dirty: vec![],
        pend: vec![],
        interval: env("PING_INTERVAL", 25_000),
        closing: false,
    };
    n.push(
        opcode::AcceptMulti::new(types::Fd(lfd))
            .allocate_file_index(true)
            .build()
            .user_data(ACCEPT),
    );
    let mut cq: Vec<(u64, i32, u32)> = vec![];
    loop {
        let to = match n.timers.front() {
            Some(t) => (t.0.saturating_sub(now_ms())).max(5),
            None => 60_000,
        };
        let ts = types::Timespec::new()
            .sec(to / 1000)
            .nsec((to % 1000) as u32 * 1_000_000);
        let args = types::SubmitArgs::new().timespec(&ts);
        match n.ring.submitter().submit_with_args(1, &args) {
            Ok(_) => {}
            Err(e)
                if matches!(
                    e.raw_os_error(),
                    Some(libc::ETIME) | Some(libc::EINTR) | Some(libc::EBUSY)
                ) => {}
            Err(e) => panic!("{e}"),
        }
        cq.clear();
        cq.extend(
            n.ring
                .completion()
                .map(|e| (e.user_data(), e.result(), e.flags())),
        );
        for &(ud, res, fl) in &cq {
            let c = (ud & MASK) as usize;
            match ud & !MASK {
                ACCEPT => {
                    if res >= 0 {
                        let c = res as usize;
                        while n.conns.len() <= c {
                            n.conns.push(Conn {
                                idx: n.conns.len() as u32,
                                live: false,
                                p: Proto::new(),
                                out: vec![],
                                cur: Cur::None,
                                closing: false,
                                member: 0,
                                generation: 0,
                                dirty: false,
                            });
                        }
                        let k = &mut n.conns[c];
                        k.live = true;
                        k.closing = false;
                        k.p = Proto::new();
                        k.out = vec![];
                        k.cur = Cur::None;
                        n.push(
                            opcode::RecvMulti::new(types::Fixed(c as u32), 0)
                                .build()
                                .user_data(RECV | c as u64),
                        );
                    }
                    if !cqueue::more(fl) {
                        n.push(
                            opcode::AcceptMulti::new(types::Fd(lfd))
                                .allocate_file_index(true)
                                .build()
                                .user_data(ACCEPT),
                        );
                    }
                }
                RECV => {
                    if let Some(bid) = cqueue::buffer_select(fl) {
                        if res > 0 && n.conns[c].live {
                            let b = unsafe {
                                std::slice::from_raw_parts_mut(
                                    base.add(bid as usize * BUF),
                                    res as usize,
                                )
                            };
                            let mut p = std::mem::replace(&mut n.conns[c].p, Proto::new());
                            let iv = n.interval;
                            if p.left.is_empty() {
                                let used = feed(&mut n, &mut p, c, b, iv);
                                if used < b.len() {
                                    p.left.extend_from_slice(&b[used..]);
                                }
                            } else {
                                let mut l = std::mem::take(&mut p.left);
                                l.extend_from_slice(b);
                                let used = feed(&mut n, &mut p, c, &mut l, iv);
                                if used < l.len() {
                                    l.drain(..used);
                                    p.left = l;
                                }
                            }
                            n.conns[c].p = p;
                            if n.closing {
                                n.closing = false;
                                n.leave(c);
                            }
                        }
                        give(&mut tail, bid);
                    }
                    if res <= 0 && res != -libc::ENOBUFS {
                        if n.conns[c].live && !n.conns[c].closing {
                            n.leave(c);
                            n.conns[c].out.clear();
                            n.kick(c);
                        }
                    } else if !cqueue::more(fl) && n.conns[c].live {
                        n.push(
                            opcode::RecvMulti::new(types::Fixed(c as u32), 0)
                                .build()
                                .user_data(RECV | c as u64),
                        );
                    }
                }
                SEND => {
                    let done = std::mem::replace(&mut n.conns[c].cur, Cur::None);
                    if let Cur::Own(mut v) = done
                        && n.conns[c].out.is_empty()
                        && v.capacity() <= 4096
                    {
                        v.clear();
                        n.conns[c].out = v;
                    }
                    if !n.conns[c].out.is_empty() || n.conns[c].closing {
                        n.kick(c);
                    }
                }
                _ => {}
            }
        }
        publish(tail);
        if !n.pend.is_empty() {
            // one shared, reference-counted block for all receivers
            let f = Rc::new(std::mem::take(&mut n.pend));
            for i in 0..n.members.len() {
                n.shared(n.members[i] as usize, &f);
            }
        }
        while let Some(c) = n.dirty.pop() {
            n.conns[c as usize].dirty = false;
            n.kick(c as usize);
        }
        let now = if n.timers.is_empty() { 0 } else { now_ms() };
        while let Some(&(d, c, g)) = n.timers.front() {
            if d > now {
                break;
            }
            n.timers.pop_front();
            if n.conns[c as usize].generation == g && n.conns[c as usize].live {
                n.reply(c as usize).extend_from_slice(&[0x81, 1, b'2']);
                n.timers.push_back((d + n.interval, c, g));
            }
        }
        while let Some(c) = n.dirty.pop() {
            n.conns[c as usize].dirty = false;
            n.kick(c as usize);
        }
    }
}
