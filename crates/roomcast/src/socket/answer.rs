//! What a client has answered.

use roomcast_socketio::{ArgError, Packet, Spread, Value};
use serde::de::DeserializeOwned;

use crate::error::ArgumentError;
use crate::id::SocketId;

/// A client's acknowledgement, whatever its values are.
///
/// # Example
///
/// ```
/// # async fn example(socket: roomcast::Socket) -> Result<(), Box<dyn std::error::Error>> {
/// let answer = socket.emit_for_answer("anything?", ()).await?;
/// if answer.is_empty() {
///     println!("{} has nothing to say", answer.from());
/// } else {
///     println!("{} values: {:?}", answer.len(), answer.values());
/// }
/// let (name, age): (String, u32) = answer.read()?;
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 2.29.
#[derive(Debug)]
pub struct Answer {
    from: SocketId,
    packet: Packet<'static>,
}

impl Answer {
    pub(crate) fn new(from: SocketId, packet: Packet<'static>) -> Self {
        Self { from, packet }
    }

    /// Returns the id of the socket that answered. Example: [`Answer`].
    #[must_use]
    pub fn from(&self) -> SocketId {
        self.from.clone()
    }

    /// Counts the values. Example: [`Answer`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.packet.args().len()
    }

    /// Tells whether the answer has no value. Example: [`Answer`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns all values, bytes included. Example: [`Answer`].
    #[must_use]
    pub fn values(&self) -> Vec<Value> {
        let mut args = self.packet.args();
        // Whatever JSON holds is a value; `null` stands for what is none.
        std::iter::from_fn(|| args.next::<Value>())
            .map(Result::unwrap_or_default)
            .collect()
    }

    /// Reads the answer: a tuple takes several values, any other type the first one.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`] if the values are not of this type.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(socket: roomcast::Socket) -> Result<(), Box<dyn std::error::Error>> {
    /// let answer = socket.emit_for_answer("who and how old?", ()).await?;
    /// let name: String = answer.read()?;
    /// let (name, age): (String, Option<u32>) = answer.read()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ArgumentError> {
        if Spread::<T>::is_tuple() {
            let all = self
                .packet
                .data()
                .unwrap_or(Err(ArgError::Missing { index: 0 }));
            return all.map_err(|error| ArgumentError::read::<T>(&error));
        }
        self.packet
            .args()
            .read()
            .map_err(|error| ArgumentError::read::<T>(&error))
    }
}
