//! Sockets that were found, and servers that did not answer.

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use roomcast_cluster::Answer;

use super::{Broadcast, MissingNodes, RemoteSocket};
use crate::cluster::Inquiry;
use crate::error::EmitError;
use crate::id::SocketId;
use crate::namespace::Namespace;

/// The sockets that [`Broadcast::fetch_sockets`](crate::Broadcast::fetch_sockets) has found: a
/// slice, and whose answer is missing in it.
///
/// # Example
///
/// ```
/// # async fn example(io: roomcast::Server) -> Result<(), Box<dyn std::error::Error>> {
/// let fetched = io.to("lobby").fetch_sockets().await?;
/// println!("{} sockets", fetched.len());
/// if !fetched.is_complete() {
///     println!("{}", fetched.missing()); // no answer from 7091f9242a3d22fa
/// }
/// for socket in fetched {
///     println!("{}", socket.id());
/// }
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 2.34, N19.
#[derive(Clone, Debug, Default)]
pub struct FetchedSockets {
    sockets: Vec<RemoteSocket>,
    missing: MissingNodes,
}

impl FetchedSockets {
    pub(super) fn new(here: Vec<RemoteSocket>) -> Self {
        Self {
            sockets: here,
            missing: MissingNodes::default(),
        }
    }

    /// Adds the sockets of other servers, until all have answered or are missing.
    pub(super) async fn collect(&mut self, namespace: &Namespace, mut inquiry: Inquiry) {
        loop {
            match inquiry.next().await {
                Ok(Answer::Sockets(sockets)) => {
                    let sockets = sockets.into_iter().map(Arc::new);
                    let known =
                        sockets.filter_map(|socket| RemoteSocket::elsewhere(namespace, &socket));
                    self.sockets.extend(known);
                }
                Ok(_) => {}
                Err(outcome) => {
                    self.missing.extend(outcome.missing);
                    return;
                }
            }
        }
    }

    /// Returns the servers that did not answer. Example: [`FetchedSockets`].
    #[must_use]
    pub fn missing(&self) -> &MissingNodes {
        &self.missing
    }

    /// Tells whether every server has answered. Example: [`FetchedSockets`].
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// Gives the sockets if no server is missing, as the official server does.
    ///
    /// # Errors
    ///
    /// [`MissingNodes`], and the sockets that were found are gone.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), Box<dyn std::error::Error>> {
    /// let everyone = io.fetch_sockets().await?.complete()?;
    /// println!("exactly {}", everyone.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Spec: N19.
    pub fn complete(self) -> Result<Vec<RemoteSocket>, MissingNodes> {
        match self.missing.is_empty() {
            true => Ok(self.sockets),
            false => Err(self.missing),
        }
    }
}

impl Broadcast {
    /// Finds the selected sockets, in a cluster those of all servers.
    ///
    /// Sockets of other servers are described as they were when asked. Servers that did not answer
    /// within the [`timeout`](Self::timeout), or
    /// [`Cluster::request_timeout`](crate::cluster::Cluster::request_timeout), are named in the
    /// result, beside what came.
    ///
    /// # Errors
    ///
    /// [`EmitError::Parent`] for a parent namespace, as in the official server: use its children.
    /// Servers that are missing are no error: [`FetchedSockets::complete`] makes one of them.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// for socket in io.to("lobby").fetch_sockets().await? {
    ///     println!("{} is in {:?}", socket.id(), socket.rooms());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed, so dropping the future loses nothing.
    ///
    /// Spec: features 2.34, N19.
    pub async fn fetch_sockets(self) -> Result<FetchedSockets, EmitError> {
        if self.namespace.is_parent() {
            return Err(EmitError::Parent);
        }
        let here = self.local_sockets().into_iter();
        let mut fetched = FetchedSockets::new(here.map(RemoteSocket::here).collect());
        if let Some(inquiry) = self.fetch_elsewhere() {
            fetched.collect(&self.namespace, inquiry).await;
        }
        Ok(fetched)
    }

    /// Returns the ids of the selected sockets, in a cluster those of all servers; see
    /// [`Namespace::all_sockets`].
    ///
    /// # Errors
    ///
    /// As [`fetch_sockets`](Self::fetch_sockets).
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// println!("{} are in the lobby", io.to("lobby").all_sockets().await?.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed, so dropping the future loses nothing.
    ///
    /// Spec: features 2.37.
    pub async fn all_sockets(self) -> Result<HashSet<SocketId>, EmitError> {
        let fetched = self.fetch_sockets().await?;
        if !fetched.is_complete() {
            tracing::debug!(missing = %fetched.missing(), "ids of sockets are missing");
        }
        Ok(fetched.iter().map(RemoteSocket::id).collect())
    }
}

impl Deref for FetchedSockets {
    type Target = [RemoteSocket];

    fn deref(&self) -> &[RemoteSocket] {
        &self.sockets
    }
}

/// They may be put into another order.
impl DerefMut for FetchedSockets {
    fn deref_mut(&mut self) -> &mut [RemoteSocket] {
        &mut self.sockets
    }
}

impl IntoIterator for FetchedSockets {
    type Item = RemoteSocket;
    type IntoIter = std::vec::IntoIter<RemoteSocket>;

    fn into_iter(self) -> Self::IntoIter {
        self.sockets.into_iter()
    }
}

impl<'f> IntoIterator for &'f FetchedSockets {
    type Item = &'f RemoteSocket;
    type IntoIter = std::slice::Iter<'f, RemoteSocket>;

    fn into_iter(self) -> Self::IntoIter {
        self.sockets.iter()
    }
}
