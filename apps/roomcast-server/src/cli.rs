//! The command line.

use clap::{Parser, Subcommand};

use crate::{connect, doctor};

/// A ready-to-run Socket.IO server with a web page to try it on, and a client for the terminal.
#[derive(Clone, Debug, Parser, PartialEq)]
#[command(name = "roomcast", version, after_help = LOG, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) server: ServerOptions,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What the server is told. Without a command the program is one.
#[derive(Clone, Debug, clap::Args, PartialEq, Eq)]
pub(crate) struct ServerOptions {
    /// Address or name to listen on; 0.0.0.0 lets other machines in
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    pub(crate) host: String,

    /// Port to listen on; 0 takes a free one
    #[arg(long, short, value_name = "PORT", default_value_t = 3000)]
    pub(crate) port: u16,
}

/// What else the program can be.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub(crate) enum Command {
    /// Connect to a server, print its events and send what is typed
    Connect(connect::Options),
    /// Look for what is wrong between a server and its clients
    Doctor(doctor::Options),
}

const LOG: &str = "\
RUST_LOG sets what is logged to standard error, such as RUST_LOG=roomcast=debug.
By default warnings and errors are.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Options, clap::Error> {
        Options::try_parse_from(std::iter::once("roomcast").chain(line.split_whitespace()))
    }

    #[test]
    fn the_declaration_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn without_arguments_it_is_port_3000_of_the_loopback() {
        let expected = ServerOptions {
            host: "127.0.0.1".to_owned(),
            port: 3000,
        };

        let options = parse("").unwrap();

        assert_eq!((options.server, options.command), (expected, None));
    }

    #[test]
    fn host_and_port_are_taken() {
        let expected = ServerOptions {
            host: "::".to_owned(),
            port: 80,
        };

        let options = parse("--host :: --port 80").unwrap();

        assert_eq!(options.server, expected);
    }

    #[test]
    fn a_port_that_cannot_be_is_refused() {
        let error = parse("--port 65536").unwrap_err().to_string();

        assert!(error.contains("65536 is not in 0..=65535"), "{error}");
    }
}
