//! The system calls.
use std::io::{Error, ErrorKind, Result};
use std::mem::size_of_val;

/// How many loopback addresses connections come from, since one has only 28 000 ports.
pub const SOURCES: u8 = 16;

pub fn epoll() -> i32 {
    // SAFETY: takes no memory.
    let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
    assert!(epoll >= 0, "epoll: {}", Error::last_os_error());
    epoll
}

pub fn register(epoll: i32, descriptor: i32, key: u64, events: i32) {
    control(epoll, libc::EPOLL_CTL_ADD, descriptor, key, events);
}

pub fn modify(epoll: i32, descriptor: i32, key: u64, events: i32) {
    control(epoll, libc::EPOLL_CTL_MOD, descriptor, key, events);
}

fn control(epoll: i32, operation: i32, descriptor: i32, key: u64, events: i32) {
    let mut event = libc::epoll_event {
        events: events as u32,
        u64: key,
    };
    // SAFETY: the kernel copies `event`.
    unsafe { libc::epoll_ctl(epoll, operation, descriptor, &mut event) };
}

/// Fills `events` from the start; returns how many there are.
pub fn wait(epoll: i32, events: &mut [libc::epoll_event], timeout_ms: i32) -> usize {
    let room = events.len() as i32;
    // SAFETY: the kernel writes at most `room` events.
    let count = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), room, timeout_ms) };
    count.max(0) as usize
}

/// Starts to connect to `port` from the loopback address number `source`.
pub fn connect(port: u16, source: u8, receive_buffer: Option<i32>) -> i32 {
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: takes no memory.
    let descriptor = unsafe { libc::socket(libc::AF_INET, kind, 0) };
    assert!(descriptor >= 0, "socket: {}", Error::last_os_error());
    set(descriptor, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1_i32);
    set(
        descriptor,
        libc::IPPROTO_IP,
        libc::IP_BIND_ADDRESS_NO_PORT,
        1_i32,
    );
    if let Some(bytes) = receive_buffer {
        set(descriptor, libc::SOL_SOCKET, libc::SO_RCVBUF, bytes);
    }
    let from = address([127, 0, 0, 2 + source % SOURCES], 0);
    let to = address([127, 0, 0, 1], port);
    // SAFETY: both addresses are read during the calls only.
    let result = unsafe {
        libc::bind(
            descriptor,
            (&raw const from).cast(),
            size_of_val(&from) as u32,
        );
        libc::connect(descriptor, (&raw const to).cast(), size_of_val(&to) as u32)
    };
    let error = Error::last_os_error();
    let is_under_way = result == 0 || error.raw_os_error() == Some(libc::EINPROGRESS);
    assert!(is_under_way, "connect: {error}");
    descriptor
}

fn address(ip: [u8; 4], port: u16) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes(ip),
        },
        sin_zero: [0; 8],
    }
}

fn set<T>(descriptor: i32, level: i32, name: i32, value: T) {
    let size = size_of_val(&value) as u32;
    // SAFETY: the kernel reads `size` bytes of `value`.
    unsafe { libc::setsockopt(descriptor, level, name, (&raw const value).cast(), size) };
}

/// Sends what there is room for; `Ok(0)` if there is none.
#[inline]
pub fn send(descriptor: i32, bytes: &[u8]) -> Result<usize> {
    // SAFETY: the kernel reads within `bytes`.
    let sent = unsafe {
        libc::send(
            descriptor,
            bytes.as_ptr().cast(),
            bytes.len(),
            libc::MSG_NOSIGNAL,
        )
    };
    match usize::try_from(sent) {
        Ok(sent) => Ok(sent),
        Err(_) => match Error::last_os_error() {
            error if error.kind() == ErrorKind::WouldBlock => Ok(0),
            error => Err(error),
        },
    }
}

/// Reads what is there; `Ok(None)` if there is nothing, an error at the end of the connection.
#[inline]
pub fn receive(descriptor: i32, buffer: &mut [u8]) -> Result<Option<usize>> {
    // SAFETY: the kernel writes within `buffer`.
    let read = unsafe { libc::recv(descriptor, buffer.as_mut_ptr().cast(), buffer.len(), 0) };
    match usize::try_from(read) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(read) => Ok(Some(read)),
        Err(_) => match Error::last_os_error() {
            error if error.kind() == ErrorKind::WouldBlock => Ok(None),
            error => Err(error),
        },
    }
}

pub fn close(descriptor: i32) {
    // SAFETY: the caller owns the descriptor and forgets it.
    unsafe { libc::close(descriptor) };
}

/// Lets the next `close` throw away what is unsent and tell the peer by a reset.
pub fn reset_on_close(descriptor: i32) {
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    set(descriptor, libc::SOL_SOCKET, libc::SO_LINGER, linger);
}

/// Raises the limit of open files to what the system allows.
pub fn raise_file_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` outlives both calls.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
}

/// Lets the kernel note when bytes arrive.
pub fn stamp_arrivals(descriptor: i32) {
    set(descriptor, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1_i32);
}

/// Reads what is there, with the wall clock's time of its arrival.
pub fn stamped_receive(descriptor: i32, buffer: &mut [u8]) -> Option<(usize, u64)> {
    let mut control = [0_u64; 16];
    let mut piece = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: all zero is an empty message; its two buffers outlive the call, and the kernel
    // writes within their lengths. `CMSG_FIRSTHDR` is null or points to a whole header in `control`.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut piece;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control);
        let read = libc::recvmsg(descriptor, &raw mut message, 0);
        let read = usize::try_from(read).ok().filter(|read| *read > 0)?;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        if header.is_null() || (*header).cmsg_type != libc::SCM_TIMESTAMPNS {
            return Some((read, crate::clock::wall()));
        }
        let time: libc::timespec = libc::CMSG_DATA(header)
            .cast::<libc::timespec>()
            .read_unaligned();
        Some((
            read,
            time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64,
        ))
    }
}
