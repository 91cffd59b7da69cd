//! Socket.IO server library: every socket.io-client connects unchanged.

mod http;

pub use crate::http::{
    client_bundle::{ClientBundle, ClientBundleError},
    compression::{Encoding, HttpCompression},
    cookie::{Cookie, CookieError, Priority, SameSite},
    cors::Cors,
    origin::{CorsOrigin, PatternError},
};
