//! The command line of `roomcast connect`.

use clap::{Args, ValueEnum};
use roomcast_client::Transport;

use crate::terminal::TargetOptions;

/// What `roomcast connect` is told.
#[derive(Args, Clone, Debug, PartialEq)]
#[command(after_help = INPUT)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) target: TargetOptions,

    /// A transport to use, in this order; may be repeated. Default: polling, then websocket
    #[arg(long, value_name = "NAME", value_enum)]
    pub(crate) transport: Vec<TransportName>,

    /// How packets become messages; the server must use the same
    #[arg(long, value_name = "NAME", value_enum, default_value_t = ParserName::Default)]
    pub(crate) parser: ParserName,

    /// A line to take in place of the input; may be repeated
    #[arg(long, short, value_name = "LINE")]
    pub(crate) send: Vec<String>,

    /// Stay when the input has ended
    #[arg(long)]
    pub(crate) keep_open: bool,

    /// End when the connection is lost
    #[arg(long)]
    pub(crate) no_reconnect: bool,

    /// Try on if there is no server at first
    #[arg(long)]
    pub(crate) retry: bool,

    #[command(flatten)]
    pub(crate) output: OutputOptions,
}

/// How things are shown.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutputOptions {
    /// Print a JSON object for each line
    #[arg(long)]
    pub(crate) json: bool,

    /// Print the time before each line
    #[arg(long, short)]
    pub(crate) timestamps: bool,

    /// Print what is sent and the server's pings, too
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TransportName {
    Polling,
    Websocket,
}

impl From<TransportName> for Transport {
    fn from(name: TransportName) -> Self {
        match name {
            TransportName::Polling => Self::Polling,
            TransportName::Websocket => Self::WebSocket,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ParserName {
    /// JSON with attachments
    Default,
    /// That of socket.io-msgpack-parser
    Msgpack,
}

/// What can be typed.
pub(crate) const INPUT: &str = "\
Input, a line each:
  EVENT [ARGUMENT]...     send an event; arguments are JSON, @FILE, or bytes as 0x00ff
  ? EVENT [ARGUMENT]...   send it and wait for the acknowledgement
  ~ EVENT [ARGUMENT]...   send it as volatile: dropped if it cannot leave at once
  =N [ARGUMENT]...        answer the event that was shown with #N
  /wait EVENT             hold the following lines until the event has come
  /off EVENT, /on EVENT   do not show an event, show it again
  /disconnect, /connect   leave the namespace, join it again
  /drop                   cut the connection, which is then opened again
  /quit, /help

Exit codes: 0 done, 1 no connection, 2 wrong command line, 3 a line or an acknowledgement failed.";
