//! Middleware: functions that let a connection or an event pass, or refuse it.

use std::any::TypeId;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use roomcast_handler::{FromCall, via};

use super::{Call, ServerSide};
use crate::error::Refusal;

/// A function that lets a connection, or an event, pass with `Ok` or refuses it with `Err`.
///
/// Up to four parameters, as those of a [`Handler`](super::Handler). The value in `Ok` is kept for
/// the socket's handlers, which take it as [`Data<T>`](super::Data); `Ok(())` keeps nothing. The
/// error is anything that becomes a [`Refusal`]: a text, or a text with data.
///
/// # Example
///
/// ```
/// use roomcast::{Auth, Refusal, Server};
///
/// #[derive(serde::Deserialize)]
/// struct Token { token: String }
///
/// struct User { id: u64 }
///
/// async fn authenticate(Auth(auth): Auth<Token>) -> Result<User, Refusal> {
///     match auth.token.as_str() {
///         "secret-of-7" => Ok(User { id: 7 }),
///         _ => Err(Refusal::new("unauthorized").with_data(401)),
///     }
/// }
///
/// Server::new().of("/admin").middleware(authenticate);
/// ```
///
/// Spec: features 2.11, 2.13.
#[diagnostic::on_unimplemented(
    message = "this function cannot be a middleware",
    label = "not a middleware",
    note = "a middleware is a cloneable function of up to 4 parameters, as a handler's, that returns `Result<T, E>`, directly or from a future, where `E` is a `Refusal` or a text",
    note = "what it captures is `Clone`, `Send` and `Sync`: share the rest in an `Arc`"
)]
pub trait Middleware<Signature>: Clone + Send + Sync + 'static {
    #[doc(hidden)]
    fn call(self, call: &mut Call<'_>) -> Verdict;
}

/// What a middleware says, now or later.
#[doc(hidden)]
#[expect(
    clippy::exhaustive_enums,
    reason = "hidden, matched in this crate only"
)]
pub enum Verdict {
    Now(Result<(), Refusal>),
    Later(Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>),
}

impl std::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verdict")
    }
}

/// A middleware without its signature.
pub(crate) trait AnyMiddleware: Send + Sync {
    fn call(&self, call: &mut Call<'_>) -> Verdict;
}

pub(crate) type BoxMiddleware = Arc<dyn AnyMiddleware>;

struct Erased<M, Signature>(M, PhantomData<fn() -> Signature>);

impl<Signature: 'static, M: Middleware<Signature>> AnyMiddleware for Erased<M, Signature> {
    fn call(&self, call: &mut Call<'_>) -> Verdict {
        self.0.clone().call(call)
    }
}

pub(crate) fn erase<Signature: 'static>(middleware: impl Middleware<Signature>) -> BoxMiddleware {
    Arc::new(Erased(middleware, PhantomData))
}

macro_rules! middleware {
    ($($parameter:ident $via:ident),*) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "a parameter's type names its variable too; some have none")]
        impl<Function, Kept, Error, $($parameter, $via),*> Middleware<(via::Now, Kept, Error, $(($parameter, $via),)*)> for Function
        where
            Function: FnOnce($($parameter),*) -> Result<Kept, Error> + Clone + Send + Sync + 'static,
            Kept: Send + Sync + 'static,
            Error: Into<Refusal>,
            $($parameter: FromCall<ServerSide, $via>,)*
        {
            fn call(self, call: &mut Call<'_>) -> Verdict {
                $(let $parameter = match $parameter::from_call(call) {
                    Ok(parameter) => parameter,
                    Err(error) => return Verdict::Now(Err(error.into())),
                };)*
                Verdict::Now(self($($parameter),*).map(|kept| keep(call.context().socket, kept)).map_err(Into::into))
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, reason = "a parameter's type names its variable too; some have none")]
        impl<Function, Fut, Kept, Error, $($parameter, $via),*> Middleware<(via::Later, (Fut, Kept, Error), $(($parameter, $via),)*)> for Function
        where
            Function: FnOnce($($parameter),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Result<Kept, Error>> + Send + 'static,
            Kept: Send + Sync + 'static,
            Error: Into<Refusal>,
            $($parameter: FromCall<ServerSide, $via>,)*
        {
            fn call(self, call: &mut Call<'_>) -> Verdict {
                $(let $parameter = match $parameter::from_call(call) {
                    Ok(parameter) => parameter,
                    Err(error) => return Verdict::Now(Err(error.into())),
                };)*
                let future = self($($parameter),*);
                let socket = call.context().socket.cloned();
                Verdict::Later(Box::pin(async move {
                    future.await.map(|kept| keep(socket.as_ref(), kept)).map_err(Into::into)
                }))
            }
        }
    };
}

middleware!();
middleware!(A ViaA);
middleware!(A ViaA, B ViaB);
middleware!(A ViaA, B ViaB, C ViaC);
middleware!(A ViaA, B ViaB, C ViaC, D ViaD);

fn keep<T: Send + Sync + 'static>(socket: Option<&crate::Socket>, value: T) {
    if let Some(socket) = socket
        && TypeId::of::<T>() != TypeId::of::<()>()
    {
        socket.insert(value);
    }
}
