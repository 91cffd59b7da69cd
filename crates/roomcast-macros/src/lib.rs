//! Derive macros of Roomcast.
//!
//! Nobody depends on this crate directly: the crates whose traits it implements export the macros.
//! A macro knows the crate that exports it, so the code it writes names that crate; where it is
//! known under another name, `#[event(crate = path)]` says so.

mod attributes;
mod event;
mod typescript;

use proc_macro::TokenStream;
use syn::{DeriveInput, Path, parse_macro_input, parse_quote};

/// Makes an event of a struct: its fields are the arguments, in order.
///
/// ```
/// use roomcast::{Event, Server, Socket};
///
/// #[derive(Event)]
/// #[event(name = "send-message", reply = u64)]
/// struct SendMessage {
///     room: String,
///     text: String,
/// }
///
/// #[derive(Event)]
/// #[event(name = "message")]
/// struct Message(String);
///
/// let io = Server::new();
/// io.on_event(|socket: Socket, SendMessage { room, text }: SendMessage| {
///     socket.to(room).emit_event(&Message(text));
///     1_u64
/// });
/// ```
///
/// The event above is what `socket.emit("send-message", "lobby", "hello", (id) => …)` sends in
/// JavaScript. Fields are separate arguments, whether they have names or not; a unit struct has no
/// arguments. The types of the fields implement serde's `Serialize` and `Deserialize`, the struct
/// itself need not. An `Option` is `null` where it is `None`, so every argument keeps its place;
/// an argument that a client leaves out at the end is `None`, too. An event has at most 16
/// arguments, and owns them.
///
/// # Options of the struct
///
/// - `name = "…"`: the event's name. Reserved names are refused.
/// - `reply = Type`: what acknowledges the event; a tuple is several values, `()` is an
///   acknowledgement without a value. Without it nothing acknowledges the event.
/// - `object`: the whole struct is one argument, an object. The struct itself implements
///   `Serialize` and `Deserialize`, and serde's attributes count.
/// - `crate = path`: where the traits are, if the crate is known under another name.
///
/// ```
/// use roomcast::Event;
/// use serde::{Deserialize, Serialize};
///
/// // socket.emit("sign-in", { userName: "ada", password: "…" }, (token, hours) => …)
/// #[derive(Event, Serialize, Deserialize)]
/// #[event(name = "sign-in", object, reply = (String, u32))]
/// #[serde(rename_all = "camelCase")]
/// struct SignIn {
///     user_name: String,
///     password: String,
/// }
/// ```
#[proc_macro_derive(Event, attributes(event))]
pub fn event(input: TokenStream) -> TokenStream {
    expand(input, &parse_quote!(::roomcast), event::derive)
}

/// The same as [`Event`], as the client crate exports it.
#[doc(hidden)]
#[proc_macro_derive(ClientEvent, attributes(event))]
pub fn client_event(input: TokenStream) -> TokenStream {
    expand(input, &parse_quote!(::roomcast_client), event::derive)
}

/// Describes an event to TypeScript, so that it can be exported; it stands beside `Event`.
///
/// The types of the fields and the reply implement `ts_rs::TS`, for which the crate ts-rs has a
/// derive macro that knows serde's attributes; `Bytes` is `ArrayBuffer | Uint8Array`. A type that
/// has none is described at the field: `#[event(ts = "string")]`. Documentation of the struct is
/// that of the event.
///
/// ```
/// use roomcast::Event;
/// use roomcast::typescript::{TypeScript, Export};
/// use ts_rs::TS;
///
/// #[derive(serde::Serialize, serde::Deserialize, TS)]
/// struct Receipt {
///     id: u64,
/// }
///
/// /// Sends a message to everybody in the room.
/// #[derive(Event, TypeScript)]
/// #[event(name = "send-message", reply = Receipt)]
/// struct SendMessage {
///     room: String,
///     text: String,
/// }
///
/// let file = Export::new().client_to_server::<SendMessage>().render()?;
/// assert!(file.contains(r#""send-message": (room: string, text: string, callback:"#));
/// # Ok::<(), roomcast::typescript::ExportError>(())
/// ```
#[proc_macro_derive(TypeScript, attributes(event))]
pub fn typescript(input: TokenStream) -> TokenStream {
    expand(input, &parse_quote!(::roomcast), typescript::derive)
}

fn expand(
    input: TokenStream,
    default_crate: &Path,
    derive: fn(&DeriveInput, &Path) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive(&input, default_crate)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
