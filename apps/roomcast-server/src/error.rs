//! Why the server did not start.

use std::io;
use std::net::SocketAddr;

/// Why the server did not start, in one line for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// Nobody knows the host's name.
    #[error("host {host} is unknown: {cause}")]
    UnknownHost { host: String, cause: io::Error },
    /// Another program listens there.
    #[error("{0} is taken by another program: choose another port with --port")]
    Taken(SocketAddr),
    /// The address belongs to another machine.
    #[error("{} is no address of this machine: choose another with --host", .0.ip())]
    NotHere(SocketAddr),
    /// The system lets only some users listen there, mostly on ports below 1024.
    #[error("this user may not listen on {0}: choose another port with --port")]
    Forbidden(SocketAddr),
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        address: SocketAddr,
        cause: io::Error,
    },
    #[error("cannot take signals: {0}")]
    Signals(io::Error),
}

impl StartError {
    pub(crate) fn listen(address: SocketAddr, cause: io::Error) -> Self {
        match cause.kind() {
            io::ErrorKind::AddrInUse => Self::Taken(address),
            io::ErrorKind::AddrNotAvailable => Self::NotHere(address),
            io::ErrorKind::PermissionDenied => Self::Forbidden(address),
            _ => Self::Listen { address, cause },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: io::ErrorKind) -> String {
        StartError::listen(([127, 0, 0, 1], 3000).into(), kind.into()).to_string()
    }

    #[test]
    fn a_taken_port_is_said_with_the_way_out() {
        let expected =
            "127.0.0.1:3000 is taken by another program: choose another port with --port";

        assert_eq!(text(io::ErrorKind::AddrInUse), expected);
    }

    #[test]
    fn an_address_of_another_machine_is_named_without_the_port() {
        let expected = "127.0.0.1 is no address of this machine: choose another with --host";

        assert_eq!(text(io::ErrorKind::AddrNotAvailable), expected);
    }
}
