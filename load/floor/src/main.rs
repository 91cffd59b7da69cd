//! The physical limit: a single-threaded server that does almost nothing but system calls.
//! IO=epoll (default) | epoll-batch (one write per connection and loop round) | uring | tokio | tokio-batch
mod bare_tokio;
mod epoll;
mod protocol;
mod uring;

pub fn env(k: &str, d: u64) -> u64 {
    std::env::var(k)
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(d)
}
pub fn now_ms() -> u64 {
    let mut ts = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut ts) };
    ts.tv_sec as u64 * 1000 + ts.tv_nsec as u64 / 1_000_000
}
pub fn listen() -> i32 {
    unsafe {
        let fd = libc::socket(
            libc::AF_INET,
            libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK,
            0,
        );
        let one = 1i32;
        let p = &one as *const i32 as *const libc::c_void;
        libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, p, 4);
        libc::setsockopt(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, p, 4);
        let mut a: libc::sockaddr_in = std::mem::zeroed();
        a.sin_family = libc::AF_INET as u16;
        a.sin_addr.s_addr = u32::from_be_bytes([127, 0, 0, 1]).to_be();
        a.sin_port = (env("PORT", 42100) as u16).to_be();
        assert_eq!(
            libc::bind(fd, &a as *const _ as *const libc::sockaddr, 16),
            0,
            "bind"
        );
        assert_eq!(libc::listen(fd, 4096), 0);
        fd
    }
}

fn main() {
    match std::env::var("IO").as_deref() {
        Ok("uring") => uring::run(),
        Ok("tokio") => bare_tokio::run(false),
        Ok("tokio-batch") => bare_tokio::run(true),
        Ok("epoll-batch") => epoll::run(true),
        _ => epoll::run(false),
    }
}
