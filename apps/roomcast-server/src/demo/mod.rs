//! The server side of the page, as `web/PROTOCOL.md` describes it.

mod limited;
mod order;
mod person;
mod presence;
mod refused;
mod rooms;
mod send;

use roomcast::{ArgumentError, Reply, Server, ServerBuilder, Socket, State};

use limited::Name;
use person::Member;
use presence::Presence;
use refused::{Refused, unreadable};

/// Makes the server that the page talks to. Must be called in a tokio runtime.
pub(crate) fn server(builder: ServerBuilder) -> Server {
    let presence = Presence::default();
    let io = builder.state(presence.clone()).build();

    io.on("hello", hello);
    io.on("join", rooms::join);
    io.on("leave", rooms::leave);
    io.on("send", send::send);
    io.on_disconnect(|presence: State<Presence>| presence.changed());

    tokio::spawn(presence.announce(io.clone()));
    io
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a handler owns its parameters"
)]
fn hello(socket: Socket, presence: State<Presence>, name: Argument<Name>) -> Answer<Member> {
    let name = name.map_err(unreadable)?;
    person::rename(&socket, &name);
    presence.changed();
    Ok(Reply(Member::of(&socket)))
}

/// What the page sent, which may be anything.
type Argument<T> = Result<T, ArgumentError>;

/// What the page gets: what it asked for, or why nothing was done.
type Answer<T> = Result<Reply<T>, Reply<Refused>>;
