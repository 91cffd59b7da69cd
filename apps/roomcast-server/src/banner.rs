//! What the program prints when it listens.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Where the server can be reached, and what was not built into it.
#[derive(Clone, Debug)]
pub(crate) struct Banner {
    /// Addresses to open in a browser, the nearest first.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) has_page: bool,
    /// The release of the client bundle.
    pub(crate) bundle: Option<&'static str>,
}

impl fmt::Display for Banner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(nearest) = self.addresses.first() else {
            return Ok(());
        };
        writeln!(f, "\n  roomcast {}\n", env!("CARGO_PKG_VERSION"))?;
        for address in &self.addresses {
            writeln!(f, "  Page       http://{address}/")?;
        }
        writeln!(f, "  Socket.IO  http://{nearest}/socket.io/")?;
        if let Some(version) = self.bundle {
            writeln!(
                f,
                "  Client     http://{nearest}/socket.io/socket.io.js ({version})"
            )?;
        }
        self.write_missing(f)?;
        writeln!(f, "\n  Ctrl+C stops it.")
    }
}

impl Banner {
    fn write_missing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = match (self.has_page, self.bundle) {
            (true, Some(_)) => return Ok(()),
            (true, None) => "client bundle is",
            (false, Some(_)) => "web page is",
            (false, None) => "web page and the client bundle are",
        };
        writeln!(f, "\n  The {missing} not built in. {REMEDY}")
    }
}

const REMEDY: &str = "Install Node.js 20 or later and run `cargo xtask run`.";

/// Where a listener on `address` can be reached: an unspecified address means all of this machine's.
pub(crate) fn reachable(address: SocketAddr) -> Vec<SocketAddr> {
    if !address.ip().is_unspecified() {
        return vec![address];
    }
    let loopback = match address.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    let addresses = [Some(loopback), outward().filter(|found| *found != loopback)];
    addresses
        .into_iter()
        .flatten()
        .map(|ip| SocketAddr::new(ip, address.port()))
        .collect()
}

/// This machine's address towards other networks, if it has a way there.
fn outward() -> Option<IpAddr> {
    // Connecting a UDP socket sends nothing: the system picks the route, and with it the address.
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((DOCUMENTATION_HOST, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// An address that belongs to nobody (RFC 5737).
const DOCUMENTATION_HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

#[cfg(test)]
mod tests {
    use super::*;

    fn banner(has_page: bool, bundle: Option<&'static str>) -> String {
        let address = SocketAddr::from(([127, 0, 0, 1], 3000));
        let text = Banner {
            addresses: vec![address],
            has_page,
            bundle,
        }
        .to_string();
        text.replace(env!("CARGO_PKG_VERSION"), "1.2.3")
    }

    #[test]
    fn a_complete_server_prints_its_addresses() {
        let expected = "
  roomcast 1.2.3

  Page       http://127.0.0.1:3000/
  Socket.IO  http://127.0.0.1:3000/socket.io/
  Client     http://127.0.0.1:3000/socket.io/socket.io.js (4.8.4)

  Ctrl+C stops it.
";

        assert_eq!(banner(true, Some("4.8.4")), expected);
    }

    #[test]
    fn what_was_not_built_in_is_named_with_the_remedy() {
        let expected = "
  roomcast 1.2.3

  Page       http://127.0.0.1:3000/
  Socket.IO  http://127.0.0.1:3000/socket.io/

  The web page and the client bundle are not built in. Install Node.js 20 or later and run `cargo xtask run`.

  Ctrl+C stops it.
";

        assert_eq!(banner(false, None), expected);
    }

    #[test]
    fn a_single_address_is_reached_there_and_nowhere_else() {
        let address = "[::1]:3000".parse().unwrap();

        assert_eq!(reachable(address), [address]);
    }

    #[test]
    fn all_addresses_are_reached_by_the_loopback_first() {
        let reached = reachable(([0, 0, 0, 0], 3000).into());

        assert_eq!(reached[0], ([127, 0, 0, 1], 3000).into());
    }
}
