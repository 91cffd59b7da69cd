//! `roomcast connect`: what a server sends is printed, what is typed is sent.

mod conversation;
mod input;
mod line;
mod options;
mod printer;
mod progress;
mod show;
mod talk;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::time::Duration;

use roomcast_client::{Parser, Socket, Transport};

use self::conversation::Conversation;
pub(crate) use self::options::Options;
use self::options::ParserName;
use self::printer::Printer;
use self::talk::{Talk, leave};
use crate::signals::Signals;
use crate::terminal::{Mistake, Target};

/// Talks to a server until the input ends, the server does, or a signal comes.
pub(crate) async fn run(options: &Options) -> ExitCode {
    match prepare(options) {
        Ok((target, socket)) => {
            let code = talk(options, &target, socket).await;
            ExitCode::from(code)
        }
        Err(mistake) => {
            eprintln!("roomcast: {mistake}");
            ExitCode::from(MISTAKE)
        }
    }
}

fn prepare(options: &Options) -> Result<(Target, Socket), Mistake> {
    let target = Target::new(&options.target)?;
    let (mut builder, config) = target.client();
    builder = match options.parser {
        ParserName::Default => builder,
        ParserName::Msgpack => builder.parser(Parser::MessagePack),
    };
    if !options.transport.is_empty() {
        builder = builder.transports(options.transport.iter().map(|&name| name.into()));
    }
    if options.no_reconnect {
        builder = builder.without_reconnection();
    }
    let manager = builder.manager()?;
    let config = config.ack_timeout(target.timeout);
    let socket = manager.socket_with(&target.namespace, config);
    Ok((target, socket))
}

async fn talk(options: &Options, target: &Target, socket: Socket) -> u8 {
    let mut signals = match Signals::take() {
        Ok(signals) => signals,
        Err(error) => {
            eprintln!("roomcast: cannot take signals: {error}");
            return NO_CONNECTION;
        }
    };
    let is_typed = options.send.is_empty() && io::stdin().is_terminal();
    if is_typed && !options.output.json {
        eprintln!("/help lists what can be typed; Ctrl+D ends.");
    }
    let conversation = Conversation::new(socket, Printer::new(options.output), options.retry);
    conversation.socket().connect();
    let first = options.transport.first().copied();
    let first = first.map_or(Transport::Polling, Transport::from);
    let talk = Talk::new(conversation.clone(), target, first);
    tokio::select! {
        code = talk.hold(options) => code,
        () = signals.next() => {
            conversation.change(|progress| progress.is_leaving = true);
            leave(conversation.socket(), FAREWELL).await;
            0
        }
    }
}

/// The command line cannot be understood; the number is clap's.
const MISTAKE: u8 = 2;

const NO_CONNECTION: u8 = 1;

/// Something that was asked for was not done.
const FAILURE: u8 = 3;

/// How long a signal may be held up.
const FAREWELL: Duration = Duration::from_secs(1);
