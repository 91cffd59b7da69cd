//! The answer to what was not done.

use std::fmt;

use roomcast::{ArgumentError, Reply};
use serde::Serialize;

/// Nothing was done; `error` says why, for the user of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Refused {
    error: String,
}

pub(super) fn refused(reason: impl fmt::Display) -> Reply<Refused> {
    Reply(Refused {
        error: reason.to_string(),
    })
}

/// An argument is missing, of another kind, or beyond its limit.
pub(super) fn unreadable(error: ArgumentError) -> Reply<Refused> {
    refused(error.cause)
}
