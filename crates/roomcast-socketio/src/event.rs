//! Events as Rust types: the name, the arguments and the reply in one place.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ArgError, Args};

/// An event as a type, for both of its ends: its name, its arguments and what acknowledges it.
///
/// `#[derive(Event)]` of the server and the client crates implements it. This is what it writes:
///
/// ```
/// use roomcast_socketio::{Event, ReadArguments};
/// use serde::Serialize;
///
/// struct Move {
///     piece: String,
///     to: (u8, u8),
/// }
///
/// impl Event for Move {
///     const NAME: &'static str = "move";
///     type Reply = bool;
///
///     fn args(&self) -> impl Serialize {
///         (&self.piece, &self.to)
///     }
///
///     fn read<R: ReadArguments>(arguments: &mut R) -> Result<Self, R::Error> {
///         Ok(Self { piece: arguments.next()?, to: arguments.next()? })
///     }
/// }
/// ```
///
/// Spec: features 2.40.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no event",
    label = "not an event",
    note = "an event is a struct with `#[derive(Event)]` and `#[event(name = \"…\")]`"
)]
pub trait Event: Sized + 'static {
    /// The name under which the event is sent and handled.
    const NAME: &'static str;

    /// What acknowledges the event; [`NoReply`] if nothing does. A tuple is several values, `()`
    /// is an acknowledgement without a value.
    type Reply;

    /// Returns the arguments as every emit takes them: a tuple is spread into several, `()` is
    /// none, everything else is one. Example: [`Event`].
    fn args(&self) -> impl Serialize;

    /// Reads the event from the arguments that are next. Example: [`Event`].
    ///
    /// # Errors
    ///
    /// The reader's, for the first argument that is missing or of another type.
    fn read<R: ReadArguments>(arguments: &mut R) -> Result<Self, R::Error>;
}

/// Gives the arguments of a packet one after the other, as [`Event::read`] asks for them.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{ArgError, Decoder, ReadArguments};
///
/// let mut decoder = Decoder::default();
/// let packet = decoder.text(r#"2["move","king",[4,0]]"#)?.expect("no attachments");
/// let mut args = packet.args();
/// let piece: String = ReadArguments::next(&mut args)?;
/// let to: (u8, u8) = ReadArguments::next(&mut args)?;
/// let missing: Result<u8, _> = ReadArguments::next(&mut args);
/// assert_eq!((piece.as_str(), to), ("king", (4, 0)));
/// assert_eq!(missing, Err(ArgError::Missing { index: 2 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ReadArguments {
    /// Why an argument cannot be read.
    type Error;

    /// Reads the next argument. One that is missing counts as `null`, as in JavaScript: an
    /// `Option` is `None`.
    ///
    /// # Errors
    ///
    /// If the argument is something else than a `T`, or missing and `T` cannot be read from `null`.
    fn next<T: DeserializeOwned>(&mut self) -> Result<T, Self::Error>;
}

impl ReadArguments for Args<'_> {
    type Error = ArgError;

    fn next<T: DeserializeOwned>(&mut self) -> Result<T, ArgError> {
        self.read()
    }
}

/// The [`Reply`](Event::Reply) of an event that nobody acknowledges. It has no values.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{Event, NoReply, ReadArguments};
/// use serde::Serialize;
///
/// struct Ping;
///
/// impl Event for Ping {
///     const NAME: &'static str = "ping";
///     type Reply = NoReply;
///
///     fn args(&self) -> impl Serialize {}
///
///     fn read<R: ReadArguments>(_: &mut R) -> Result<Self, R::Error> {
///         Ok(Self)
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "it never has a value")]
pub enum NoReply {}

/// What derived code names; no part of the API.
#[doc(hidden)]
pub mod __derive {
    pub use serde::Serialize;
    pub use serde::de::DeserializeOwned;

    pub use super::{Event, NoReply, ReadArguments};
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decoder, Header, encode_event};

    #[derive(Debug, PartialEq)]
    struct Move(String, Option<u8>);

    impl Event for Move {
        const NAME: &'static str = "move";
        type Reply = bool;

        fn args(&self) -> impl Serialize {
            (&self.0, &self.1)
        }

        fn read<R: ReadArguments>(arguments: &mut R) -> Result<Self, R::Error> {
            Ok(Self(arguments.next()?, arguments.next()?))
        }
    }

    fn read(packet: &str) -> Result<Move, ArgError> {
        let mut decoder = Decoder::default();
        let packet = decoder.text(packet).unwrap().unwrap();
        Move::read(&mut packet.args())
    }

    #[test]
    fn the_arguments_of_an_event_are_spread() {
        let main = Header {
            namespace: "/",
            ack: None,
        };
        let mut out = Vec::new();

        let king = Move("king".to_owned(), Some(4));
        encode_event(&mut out, main, Move::NAME, &king.args()).unwrap();
        assert_eq!(out, br#"2["move","king",4]"#);
        out.clear();
        let pawn = Move("pawn".to_owned(), None);
        encode_event(&mut out, main, Move::NAME, &pawn.args()).unwrap();
        assert_eq!(out, br#"2["move","pawn",null]"#);
    }

    #[test]
    fn an_event_is_read_from_its_arguments() {
        assert_eq!(
            read(r#"2["move","king",4]"#),
            Ok(Move("king".to_owned(), Some(4)))
        );
        assert_eq!(
            read(r#"2["move","pawn"]"#),
            Ok(Move("pawn".to_owned(), None))
        );
        assert_eq!(read(r#"2["move"]"#), Err(ArgError::Missing { index: 0 }));
    }
}
