//! Which transports a session may change over to.

use crate::Transport;

/// Which transports a session may change over to.
///
/// # Example
///
/// ```
/// use roomcast_engineio::Transport;
/// use roomcast_engineio::client::Upgrades;
///
/// assert_eq!(Upgrades::Never.filter(&[Transport::WebSocket]).count(), 0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum Upgrades {
    /// The session stays on its first transport.
    Never,
    /// To these, if the server offers them.
    To(Vec<Transport>),
}

impl Upgrades {
    /// Those of `offered` that may be tried, in the server's order.
    pub fn filter<'o>(&self, offered: &'o [Transport]) -> impl Iterator<Item = Transport> + 'o {
        let wanted = match self {
            Self::Never => Vec::new(),
            Self::To(transports) => transports.clone(),
        };
        let offered = offered.iter().copied();
        offered.filter(move |transport| wanted.contains(transport))
    }
}
