//! The handshake of the extension, on the value of `Sec-WebSocket-Extensions`.
//!
//! Spec: RFC 7692, sections 5 and 7.1.

use std::fmt::Write;

use super::{ClientContext, Config, NAME, WindowBits};
use crate::Role;
use crate::tokens::{Item, Items};

/// What both ends agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    server: Direction,
    client: Direction,
    response: Parameters,
}

/// How the messages of one end are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Direction {
    pub(super) keeps_context: bool,
    pub(super) window_bits: WindowBits,
}

impl Agreement {
    /// The value of `Sec-WebSocket-Extensions` in the answer to the client.
    #[must_use]
    pub fn response(&self) -> String {
        self.response.to_value()
    }

    /// How messages from the given end are compressed.
    pub(super) const fn sender(&self, role: Role) -> Direction {
        match role {
            Role::Server => self.server,
            Role::Client => self.client,
        }
    }
}

/// Chooses the first of the client's offers that `config` can agree to.
///
/// `offers` is the value of `Sec-WebSocket-Extensions`, several joined by commas. An offer with an
/// unknown or repeated parameter, a value out of range or a window of 256 bytes for the server is
/// declined and the next one looked at. `None` leaves the connection uncompressed; so does a value
/// that breaks the grammar (see [`check_extensions`](crate::handshake::check_extensions)).
///
/// # Example
///
/// ```
/// use roomcast_websocket::deflate::{Config, negotiate};
///
/// let offers = "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10";
/// let agreement = negotiate(offers, &Config::default()).unwrap();
/// assert_eq!(agreement.response(), "permessage-deflate; server_max_window_bits=10");
///
/// assert_eq!(negotiate("permessage-deflate; mystery", &Config::default()), None);
/// ```
///
/// Spec: RFC 7692, section 7.1.
#[must_use]
pub fn negotiate(offers: &str, config: &Config) -> Option<Agreement> {
    let mut agreement = None;
    let mut offer = None;
    for item in Items::new(offers) {
        match item.ok()? {
            Item::Extension(name) => {
                agreement = agreement.or_else(|| offer.and_then(|o| answer(o, config)));
                offer = name.eq_ignore_ascii_case(NAME).then(Parameters::default);
            }
            Item::Parameter(name, value) => {
                offer = offer.and_then(|o: Parameters| o.with(name, value))
            }
        }
    }
    agreement.or_else(|| offer.and_then(|o| answer(o, config)))
}

/// The server's answer to one offer.
fn answer(offer: Parameters, config: &Config) -> Option<Agreement> {
    let mut response = Parameters {
        server_no_context_takeover: offer.server_no_context_takeover
            || config.server_no_context_takeover,
        client_no_context_takeover: match config.client_context {
            ClientContext::Kept => false,
            ClientContext::ResetIfHinted => offer.client_no_context_takeover,
            ClientContext::Reset => true,
        },
        ..Parameters::default()
    };
    let wanted = config.server_max_window_bits.get();
    let server_bits = offer
        .server_max_window_bits
        .map_or(wanted, |Window(bits)| bits.min(wanted));
    // A window of 256 bytes cannot be written: declined.
    let server_window = WindowBits::new(server_bits)?;
    if offer.server_max_window_bits.is_some() || server_window < WindowBits::MAX {
        response.server_max_window_bits = Some(Window(server_bits));
    }
    // SPEC: RFC 7692, section 7.1.2.2: a limit for the client only where it offers to keep one.
    let wanted = config.client_max_window_bits.get();
    let client_bits = match offer.client_max_window_bits {
        None => WindowBits::MAX.get(),
        Some(limit) => limit.map_or(wanted, |Window(bits)| bits.min(wanted)),
    };
    if client_bits < WindowBits::MAX.get() {
        response.client_max_window_bits = Some(Some(Window(client_bits)));
    }
    Some(response.agree())
}

/// The value of `Sec-WebSocket-Extensions` in a client's request.
///
/// # Example
///
/// ```
/// use roomcast_websocket::deflate::{Config, offer};
///
/// assert_eq!(offer(&Config::default()), "permessage-deflate; client_max_window_bits");
/// ```
#[must_use]
pub fn offer(config: &Config) -> String {
    offered(config).to_value()
}

fn offered(config: &Config) -> Parameters {
    let limited = |bits: WindowBits| (bits < WindowBits::MAX).then_some(Window(bits.get()));
    Parameters {
        server_no_context_takeover: config.server_no_context_takeover,
        client_no_context_takeover: config.client_context == ClientContext::Reset,
        server_max_window_bits: limited(config.server_max_window_bits),
        client_max_window_bits: Some(limited(config.client_max_window_bits)),
    }
}

/// Reads the server's answer to [`offer`] with the same `config`.
///
/// `None` means that the server does not compress.
///
/// # Errors
///
/// An [`AcceptError`] if the answer is none to this offer; the client then ends the connection.
///
/// # Example
///
/// ```
/// use roomcast_websocket::deflate::{AcceptError, Config, accept};
///
/// let config = Config::default();
/// assert!(accept("permessage-deflate; client_max_window_bits=10", &config)?.is_some());
/// assert_eq!(accept("", &config)?, None);
/// assert_eq!(accept("mystery", &config), Err(AcceptError::UnknownExtension));
/// # Ok::<(), AcceptError>(())
/// ```
///
/// Spec: RFC 7692, sections 5.1 and 7.1.
pub fn accept(response: &str, config: &Config) -> Result<Option<Agreement>, AcceptError> {
    let mut found: Option<Parameters> = None;
    for item in Items::new(response) {
        found = Some(match (item.map_err(|_| AcceptError::Malformed)?, found) {
            (Item::Extension(name), None) if name.eq_ignore_ascii_case(NAME) => {
                Parameters::default()
            }
            (Item::Extension(_), _) => return Err(AcceptError::UnknownExtension),
            (Item::Parameter(name, value), parameters) => parameters
                .and_then(|parameters| parameters.with(name, value))
                .ok_or(AcceptError::InvalidParameter)?,
        });
    }
    let Some(answer) = found else { return Ok(None) };
    check_answer(answer, config)?;
    let own = config.client_max_window_bits.get();
    let agreed = Parameters {
        // A client may always use less than what it was allowed.
        client_no_context_takeover: answer.client_no_context_takeover
            || config.client_context == ClientContext::Reset,
        client_max_window_bits: match answer.client_max_window_bits {
            Some(Some(Window(bits))) => Some(Some(Window(bits.min(own)))),
            _ => Some(Some(Window(own))),
        },
        ..answer
    };
    Ok(Some(agreed.agree()))
}

/// A server must grant what the offer demands and may add only what it allows.
fn check_answer(answer: Parameters, config: &Config) -> Result<(), AcceptError> {
    let demanded = offered(config);
    if answer.client_max_window_bits == Some(None) {
        return Err(AcceptError::InvalidParameter);
    }
    if demanded.server_no_context_takeover && !answer.server_no_context_takeover {
        return Err(AcceptError::ContextNotGranted);
    }
    let server_bits = answer
        .server_max_window_bits
        .map_or(15, |Window(bits)| bits);
    if demanded
        .server_max_window_bits
        .is_some_and(|Window(most)| server_bits > most)
    {
        return Err(AcceptError::WindowNotGranted);
    }
    // A window of 256 bytes cannot be written.
    if answer.client_max_window_bits == Some(Some(Window(8))) {
        return Err(AcceptError::WindowTooSmall);
    }
    Ok(())
}

/// Why a server's answer to the offer is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// The value does not follow the grammar.
    #[error("header sec-websocket-extensions is malformed")]
    Malformed,
    /// The server names an extension that was not offered, or the same one twice.
    #[error("server chose an extension that was not offered")]
    UnknownExtension,
    /// A parameter is unknown, repeated or has a value out of range.
    #[error("server answered with an invalid parameter")]
    InvalidParameter,
    /// The offer demands `server_no_context_takeover` and the server does not grant it.
    #[error("server did not grant server_no_context_takeover")]
    ContextNotGranted,
    /// The server's window is larger than the offer demands.
    #[error("server did not grant server_max_window_bits")]
    WindowNotGranted,
    /// The server demands a window of 256 bytes.
    #[error("server demands a window of 8 bits, the smallest is 9")]
    WindowTooSmall,
}

/// A window size on the wire: 8 to 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window(u8);

impl Window {
    /// SPEC: RFC 7692, section 7.1.2: a decimal number without leading zeros.
    fn parse(value: &str) -> Option<Self> {
        Some(Self(match value {
            "8" => 8,
            "9" => 9,
            "10" => 10,
            "11" => 11,
            "12" => 12,
            "13" => 13,
            "14" => 14,
            "15" => 15,
            _ => return None,
        }))
    }
}

/// The parameters of one offer or answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Parameters {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<Window>,
    /// An offer may name it without a value.
    client_max_window_bits: Option<Option<Window>>,
}

impl Parameters {
    /// Adds a parameter; `None` if it is unknown, already there, or has a wrong value.
    fn with(mut self, name: &str, value: Option<&str>) -> Option<Self> {
        match (name, value) {
            ("server_no_context_takeover", None) if !self.server_no_context_takeover => {
                self.server_no_context_takeover = true;
            }
            ("client_no_context_takeover", None) if !self.client_no_context_takeover => {
                self.client_no_context_takeover = true;
            }
            ("server_max_window_bits", Some(value)) if self.server_max_window_bits.is_none() => {
                self.server_max_window_bits = Some(Window::parse(value)?);
            }
            ("client_max_window_bits", value) if self.client_max_window_bits.is_none() => {
                self.client_max_window_bits = Some(match value {
                    Some(value) => Some(Window::parse(value)?),
                    None => None,
                });
            }
            _ => return None,
        }
        Some(self)
    }

    fn agree(self) -> Agreement {
        // Receiving works with any window up to the largest, so only what is sent needs the number.
        let window = |bits: Option<Window>| {
            bits.and_then(|Window(bits)| WindowBits::new(bits))
                .unwrap_or(WindowBits::MAX)
        };
        Agreement {
            server: Direction {
                keeps_context: !self.server_no_context_takeover,
                window_bits: window(self.server_max_window_bits),
            },
            client: Direction {
                keeps_context: !self.client_no_context_takeover,
                window_bits: window(self.client_max_window_bits.flatten()),
            },
            response: self,
        }
    }

    fn to_value(self) -> String {
        let mut value = String::from(NAME);
        if self.server_no_context_takeover {
            value.push_str("; server_no_context_takeover");
        }
        if self.client_no_context_takeover {
            value.push_str("; client_no_context_takeover");
        }
        if let Some(Window(bits)) = self.server_max_window_bits {
            // Writing into a String cannot fail.
            let _ = write!(value, "; server_max_window_bits={bits}");
        }
        match self.client_max_window_bits {
            None => {}
            Some(None) => value.push_str("; client_max_window_bits"),
            Some(Some(Window(bits))) => {
                let _ = write!(value, "; client_max_window_bits={bits}");
            }
        }
        value
    }
}
