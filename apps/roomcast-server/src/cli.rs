//! The command line.

use clap::Parser;

/// A ready-to-run Socket.IO server with a web page to try it on.
#[derive(Clone, Debug, Parser, PartialEq, Eq)]
#[command(name = "roomcast", version, after_help = LOG)]
pub(crate) struct Options {
    /// Address or name to listen on; 0.0.0.0 lets other machines in
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    pub(crate) host: String,

    /// Port to listen on; 0 takes a free one
    #[arg(long, short, value_name = "PORT", default_value_t = 3000)]
    pub(crate) port: u16,
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
        let expected = Options {
            host: "127.0.0.1".to_owned(),
            port: 3000,
        };

        assert_eq!(parse("").unwrap(), expected);
    }

    #[test]
    fn host_and_port_are_taken() {
        let expected = Options {
            host: "::".to_owned(),
            port: 80,
        };

        assert_eq!(parse("--host :: --port 80").unwrap(), expected);
    }

    #[test]
    fn a_port_that_cannot_be_is_refused() {
        let error = parse("--port 65536").unwrap_err().to_string();

        assert!(error.contains("65536 is not in 0..=65535"), "{error}");
    }
}
