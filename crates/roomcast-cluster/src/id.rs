//! Identifiers: of adapters and of their requests.

use std::fmt;
use std::sync::Arc;

/// Names the adapter of one node in one namespace: `uid` on the wire.
///
/// It is random and new with each adapter; two adapters with the same id would ignore each other.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{IdForm, NodeId};
///
/// let id = NodeId::random(IdForm::Hex, 0x7091_f924_2a3d_22fa);
/// assert_eq!(id.as_str(), "7091f9242a3d22fa");
/// assert!(NodeId::from("emitter").is_emitter());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(Arc<str>);

/// Names one request of an adapter, and the answers to it: `requestId` on the wire.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{IdForm, RequestId};
///
/// assert_eq!(RequestId::random(IdForm::Short, 0).as_str(), "AAAAAA");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(Arc<str>);

/// How a bus writes the ids that its adapters draw.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{IdForm, NodeId};
///
/// assert_eq!(NodeId::random(IdForm::Short, u64::MAX).as_str(), "______");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdForm {
    /// 16 lower-case hex digits: every adapter but the classic one.
    #[default]
    Hex,
    /// 6 characters of `[A-Za-z0-9_-]`: the classic Redis adapter.
    Short,
}

impl IdForm {
    fn write(self, random: u64) -> Arc<str> {
        match self {
            Self::Hex => format!("{random:016x}").into(),
            Self::Short => (0..6)
                .map(|place| char::from(ALPHABET[(random >> (6 * place)) as usize % 64]))
                .collect::<String>()
                .into(),
        }
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl NodeId {
    /// Whether this stands for an emitter: a process that sends and has no sockets. Example:
    /// [`NodeId`].
    #[must_use]
    pub fn is_emitter(&self) -> bool {
        &*self.0 == "emitter"
    }
}

macro_rules! id {
    ($($name:ident)*) => {$(
        impl $name {
            /// Writes a drawn number as an id. Example: the type.
            #[must_use]
            pub fn random(form: IdForm, random: u64) -> Self {
                Self(form.write(random))
            }

            /// Returns the text on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )*};
}

id! { NodeId RequestId }
