//! Clients that come over WebTransport (HTTP/3), beside the listener for everything else.
//!
//! Pages connect faster, and a lost datagram of one message holds up no other connection. Turn it
//! on among the [transports](crate::ServerBuilder::transports), and listen on a UDP port with a
//! certificate: browsers take no other. The [guide to WebTransport] tells the rest.
//!
//! [guide to WebTransport]: https://github.com/roomcast/roomcast/blob/main/docs/guide/webtransport.md
//!
//! # Example
//!
//! ```no_run
//! use roomcast::webtransport::Certificate;
//! use roomcast::{Server, Transport};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let io = Server::builder()
//!         .transports([Transport::Polling, Transport::WebSocket, Transport::WebTransport])
//!         .build();
//!     let certificate = Certificate::from_pem_files("fullchain.pem", "privkey.pem")?;
//!     tokio::try_join!(io.serve("[::]:3000"), io.serve_webtransport("[::]:3000", certificate))?;
//!     Ok(())
//! }
//! ```
//!
//! Spec: features 1.8, 1.10.

mod certificate;
mod http3;
mod listen;

pub use certificate::{Certificate, CertificateError};
pub(crate) use http3::{CLOSE_TIMEOUT, close};
pub use listen::{Certificates, Listening};
pub(crate) use roomcast_webtransport::quic::Streams;
