//! The signature of one event.

use std::any::TypeId;

use roomcast_socketio::Spread;
use ts_rs::TS;

use super::declarations::Declarations;

/// Takes an event's arguments and reply, as [`TypeScript::describe`](super::TypeScript::describe)
/// tells them. Example: [`TypeScript`](super::TypeScript).
#[derive(Debug)]
pub struct Signature<'d> {
    declarations: &'d mut Declarations,
    docs: Vec<String>,
    arguments: Vec<Argument>,
    /// The parameters of the callback.
    reply: Option<String>,
}

#[derive(Debug)]
struct Argument {
    name: String,
    ty: String,
    is_option: bool,
}

impl<'d> Signature<'d> {
    pub(super) fn new(declarations: &'d mut Declarations) -> Self {
        Self {
            declarations,
            docs: Vec::new(),
            arguments: Vec::new(),
            reply: None,
        }
    }

    /// Adds a line to the event's documentation.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    /// use roomcast::typescript::{Export, TypeScript};
    ///
    /// /// Tells that somebody is here.
    /// #[derive(Event, TypeScript)]
    /// #[event(name = "joined")]
    /// struct Joined(String);
    ///
    /// let file = Export::new().server_to_client::<Joined>().render()?;
    /// assert!(file.contains("  /** Tells that somebody is here. */\n  \"joined\": "));
    /// # Ok::<(), roomcast::typescript::ExportError>(())
    /// ```
    pub fn docs(&mut self, line: &str) {
        self.docs.push(line.replace("*/", "*\\/"));
    }

    /// Adds an argument of the type `T`. Example: [`TypeScript`](super::TypeScript).
    pub fn argument<T: TS + 'static + ?Sized>(&mut self, name: &str) {
        let ty = self.declarations.name_of::<T>();
        self.push(name, ty, T::IS_OPTION);
    }

    /// Adds an argument whose type is written in TypeScript.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    /// use roomcast::typescript::{Export, TypeScript};
    ///
    /// #[derive(Event, TypeScript)]
    /// #[event(name = "turn")]
    /// struct Turn(#[event(ts = "\"left\" | \"right\"")] String);
    ///
    /// let file = Export::new().client_to_server::<Turn>().render()?;
    /// assert!(file.contains(r#""turn": (arg0: "left" | "right") => void;"#));
    /// # Ok::<(), roomcast::typescript::ExportError>(())
    /// ```
    pub fn argument_as(&mut self, name: &str, ty: &str) {
        self.push(name, ty.to_owned(), false);
    }

    /// Sets what acknowledges the event. Example: [`TypeScript`](super::TypeScript).
    pub fn reply<T: TS + 'static>(&mut self) {
        let ty = self.declarations.name_of::<T>();
        self.reply = Some(if TypeId::of::<T>() == TypeId::of::<()>() {
            String::new()
        } else if Spread::<T>::is_tuple() {
            format!("...reply: {ty}")
        } else {
            format!("reply: {ty}")
        });
    }

    fn push(&mut self, name: &str, ty: String, is_option: bool) {
        let name = self.free_name(name);
        self.arguments.push(Argument {
            name,
            ty,
            is_option,
        });
    }

    /// A name that a parameter may have in TypeScript, and that no other has.
    fn free_name(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while NO_PARAMETERS.contains(&name.as_str())
            || self.arguments.iter().any(|argument| argument.name == name)
        {
            name.push('_');
        }
        name
    }

    /// Writes the event as a member of an interface.
    pub(super) fn write(&self, event: &str, out: &mut String) {
        self.write_docs(out);
        let name = serde_json::Value::from(event);
        let parameters = self.parameters().join(", ");
        out.push_str(&format!("  {name}: ({parameters}) => void;\n"));
    }

    fn write_docs(&self, out: &mut String) {
        match self.docs.as_slice() {
            [] => {}
            [line] => out.push_str(&format!("  /** {line} */\n")),
            lines => {
                out.push_str("  /**\n");
                for line in lines {
                    out.push_str(format!("   * {line}").trim_end());
                    out.push('\n');
                }
                out.push_str("   */\n");
            }
        }
    }

    fn parameters(&self) -> Vec<String> {
        // A parameter that may be left out cannot stand in front of one that may not, and the
        // official types take the callback for the last.
        let needed = match &self.reply {
            Some(_) => self.arguments.len(),
            None => {
                let last = self.arguments.iter().rposition(|last| !last.is_option);
                last.map_or(0, |last| last + 1)
            }
        };
        let arguments = self.arguments.iter().enumerate().map(|(index, argument)| {
            let mark = if index < needed { "" } else { "?" };
            format!("{}{mark}: {}", argument.name, argument.ty)
        });
        let callback = self.reply.as_ref().map(|reply| {
            let name = self.free_name("callback");
            format!("{name}: ({reply}) => void")
        });
        arguments.chain(callback).collect()
    }
}

/// Words that name no parameter in a module of TypeScript, which is strict, and can be the name of a
/// field in Rust.
const NO_PARAMETERS: [&str; 47] = [
    "arguments",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
];
