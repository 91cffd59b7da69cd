//! Waiting for an acknowledgement.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use roomcast_handler::ArgumentError;
use roomcast_socketio::client::AckToken;
use roomcast_socketio::{ArgError, Packet, Spread};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::Socket;
use crate::error::{AckError, EmitError};
use crate::manager::AckWaiter;

/// The server's acknowledgement, which is on its way. The event was sent, or is kept to be.
#[must_use = "the answer is forgotten if nobody waits for it"]
pub struct Acknowledgement<T>(State<T>);

enum State<T> {
    Failed(Option<EmitError>),
    Waiting {
        socket: Socket,
        token: Option<AckToken>,
        answer: oneshot::Receiver<Result<T, AckError>>,
    },
}

impl<T: DeserializeOwned + Send + 'static> Acknowledgement<T> {
    pub(super) fn new(
        socket: Socket,
        emit: impl FnOnce(AckWaiter) -> Result<Option<AckToken>, EmitError>,
    ) -> Self {
        let (sender, answer) = oneshot::channel();
        let waiter: AckWaiter = Box::new(|result| {
            let answer = match result {
                Ok(packet) => read(packet).map_err(AckError::from),
                Err(error) => Err(error.into()),
            };
            // Who does not wait any more is not told.
            let _ = sender.send(answer);
        });
        Self(match emit(waiter) {
            Ok(token) => State::Waiting {
                socket,
                token,
                answer,
            },
            Err(error) => State::Failed(Some(error)),
        })
    }
}

/// A tuple takes several values, any other type the first one.
fn read<T: DeserializeOwned>(packet: &Packet<'_>) -> Result<T, ArgumentError> {
    if Spread::<T>::is_tuple() {
        let data = packet.data().unwrap_or(Err(ArgError::Missing { index: 0 }));
        return data.map_err(|error| ArgumentError::read::<T>(&error));
    }
    let first = packet.args().read();
    first.map_err(|error| ArgumentError::read::<T>(&error))
}

impl<T> Unpin for Acknowledgement<T> {}

impl<T> Future for Acknowledgement<T> {
    type Output = Result<T, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Failed(error) => match error.take() {
                Some(error) => Poll::Ready(Err(error.into())),
                None => Poll::Pending,
            },
            State::Waiting { token, answer, .. } => Pin::new(answer).poll(cx).map(|answer| {
                *token = None;
                answer.unwrap_or(Err(AckError::Disconnected))
            }),
        }
    }
}

impl<T> Drop for Acknowledgement<T> {
    fn drop(&mut self) {
        if let State::Waiting { socket, token, .. } = &mut self.0
            && let Some(token) = token.take()
        {
            let waiter = socket.shared().update(|state, _| {
                state.core.forget_ack(token);
                state.acks.remove(&token)
            });
            // It may hold the last of a task, which is not to be dropped under the lock.
            drop(waiter);
        }
    }
}

impl<T> fmt::Debug for Acknowledgement<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acknowledgement(..)")
    }
}
