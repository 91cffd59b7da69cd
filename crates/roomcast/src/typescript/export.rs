//! The file.

use std::path::Path;
use std::{fs, io};

use ts_rs::TS;

use super::TypeScript;
use super::declarations::Declarations;
use super::signature::Signature;

/// Gathers events and writes the file for TypeScript.
///
/// Events stand in the order in which they are added, types in that of their names: the same events
/// make the same file. Where namespaces have different events, write a file for each.
///
/// # Example
///
/// ```no_run
/// use roomcast::Event;
/// use roomcast::typescript::{Export, TypeScript};
///
/// #[derive(Event, TypeScript)]
/// #[event(name = "join", reply = bool)]
/// struct Join { room: String }
///
/// #[derive(Event, TypeScript)]
/// #[event(name = "joined")]
/// struct Joined { room: String, name: String }
///
/// # fn main() -> std::io::Result<()> {
/// let events = Export::new().client_to_server::<Join>().server_to_client::<Joined>();
/// events.write("web/src/events.ts")?;
/// # Ok(())
/// # }
/// ```
///
/// In a test, `assert_eq!(fs::read_to_string("web/src/events.ts")?, events.render()?)` tells that a
/// file that is kept in the repository is up to date.
///
/// Spec: features 2.40.
#[derive(Debug, Default)]
#[must_use = "nothing is written until `write` or `render`"]
pub struct Export {
    declarations: Declarations,
    client_to_server: Interface,
    server_to_client: Interface,
    inter_server: Interface,
    socket_data: Option<String>,
}

impl Export {
    /// Starts with no events. Example: [`Export`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event that clients send, to `ClientToServerEvents`. Example: [`Export`].
    pub fn client_to_server<E: TypeScript>(mut self) -> Self {
        self.client_to_server.add::<E>(&mut self.declarations);
        self
    }

    /// Adds an event that the server sends, to `ServerToClientEvents`. Example: [`Export`].
    pub fn server_to_client<E: TypeScript>(mut self) -> Self {
        self.server_to_client.add::<E>(&mut self.declarations);
        self
    }

    /// Adds an event between servers, to `InterServerEvents`: for servers in Node.js that are in a
    /// cluster with this one. Without any the interface is left out.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    /// use roomcast::typescript::{Export, TypeScript};
    ///
    /// #[derive(Event, TypeScript)]
    /// #[event(name = "load", reply = f64)]
    /// struct Load;
    ///
    /// let file = Export::new().inter_server::<Load>().render()?;
    /// assert!(file.contains(r#""load": (callback: (reply: number) => void) => void;"#));
    /// # Ok::<(), roomcast::typescript::ExportError>(())
    /// ```
    pub fn inter_server<E: TypeScript>(mut self) -> Self {
        self.inter_server.add::<E>(&mut self.declarations);
        self
    }

    /// Makes `SocketData` the name of a type: for servers in Node.js, whose `socket.data` has it.
    /// Without it the name is left out.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::typescript::Export;
    /// use ts_rs::TS;
    ///
    /// #[derive(TS)]
    /// struct User { name: String }
    ///
    /// let file = Export::new().socket_data::<User>().render()?;
    /// assert!(file.contains("export type User = { name: string, };"));
    /// assert!(file.ends_with("export type SocketData = User;\n"));
    /// # Ok::<(), roomcast::typescript::ExportError>(())
    /// ```
    pub fn socket_data<T: TS + 'static>(mut self) -> Self {
        self.socket_data = Some(self.declarations.name_of::<T>());
        self
    }

    /// Returns the text of the file.
    ///
    /// # Errors
    ///
    /// [`ExportError::TypeName`] if two types have one name, or a type that of an interface;
    /// [`ExportError::EventName`] if two events of one direction have one name.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    /// use roomcast::typescript::{Export, ExportError, TypeScript};
    ///
    /// #[derive(Event, TypeScript)]
    /// #[event(name = "tick")]
    /// struct Tick;
    ///
    /// let events = Export::new().server_to_client::<Tick>();
    /// assert!(events.render()?.contains(r#""tick": () => void;"#));
    ///
    /// let error = events.server_to_client::<Tick>().render();
    /// assert_eq!(error, Err(ExportError::EventName { name: "tick".to_owned() }));
    /// # Ok::<(), ExportError>(())
    /// ```
    pub fn render(&self) -> Result<String, ExportError> {
        let mut out = HEADER.to_owned();
        self.declarations.write(&mut out)?;
        self.client_to_server
            .write("ClientToServerEvents", &mut out)?;
        out.push('\n');
        self.server_to_client
            .write("ServerToClientEvents", &mut out)?;
        if !self.inter_server.members.is_empty() {
            out.push('\n');
            self.inter_server.write("InterServerEvents", &mut out)?;
        }
        if let Some(data) = &self.socket_data {
            out.push_str(&format!("\nexport type SocketData = {data};\n"));
        }
        Ok(out)
    }

    /// Writes the file, unless it has this text already. Its folder must exist.
    ///
    /// # Errors
    ///
    /// Those of the file system; [`io::ErrorKind::InvalidData`] with an [`ExportError`] if there is
    /// no such text.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # fn main() -> std::io::Result<()> {
    /// roomcast::typescript::Export::new().write("web/src/events.ts")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn write(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let text = self
            .render()
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        // A file that is left alone wakes nobody who watches it, such as a bundler.
        if fs::read_to_string(path).is_ok_and(|known| known == text) {
            return Ok(());
        }
        fs::write(path, text)
    }
}

/// Why there is no file.
///
/// # Example
///
/// ```
/// use roomcast::typescript::ExportError;
///
/// let error = ExportError::TypeName { name: "User".to_owned() };
/// assert_eq!(error.to_string(), "the name of type User is taken: rename one with `#[ts(rename = \"…\")]`");
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// Two different types have this name, or one has the name of an interface.
    #[error("the name of type {name} is taken: rename one with `#[ts(rename = \"…\")]`")]
    TypeName {
        /// The name in TypeScript.
        name: String,
    },
    /// Two events of one direction have this name.
    #[error("two events are named {name:?}")]
    EventName {
        /// The name of the event.
        name: String,
    },
}

/// The events of one direction, in the order in which they were added.
#[derive(Debug, Default)]
struct Interface {
    /// The name of each event, and the member of the interface.
    members: Vec<(&'static str, String)>,
}

impl Interface {
    fn add<E: TypeScript>(&mut self, declarations: &mut Declarations) {
        let mut signature = Signature::new(declarations);
        E::describe(&mut signature);
        let mut member = String::new();
        signature.write(E::NAME, &mut member);
        self.members.push((E::NAME, member));
    }

    fn write(&self, name: &str, out: &mut String) -> Result<(), ExportError> {
        out.push_str(&format!("export interface {name} {{\n"));
        for (index, (event, member)) in self.members.iter().enumerate() {
            if self.members[..index]
                .iter()
                .any(|(other, _)| other == event)
            {
                return Err(ExportError::EventName {
                    name: (*event).to_owned(),
                });
            }
            out.push_str(member);
        }
        out.push_str("}\n");
        Ok(())
    }
}

const HEADER: &str =
    "// Generated by Roomcast from the events of the server. Changes are overwritten.\n\n";
