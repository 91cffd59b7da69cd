//! What stands around a session in HTTP: cross-origin rules, the cookie, compression, and the
//! client bundle. Nothing here knows a session; each part looks at one request and answers.

pub(crate) mod client_bundle;
pub(crate) mod compression;
pub(crate) mod cookie;
pub(crate) mod cors;
mod field_names;
pub(crate) mod head;
pub(crate) mod origin;
pub(crate) mod vary;
