//! The server's life: listen, serve, end.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use roomcast::{ClientBundle, Server, ServerBuilder};
use tokio::net::{TcpListener, lookup_host};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::banner::{self, Banner};
use crate::cli::ServerOptions;
use crate::demo;
use crate::error::StartError;
use crate::page::{self, PAGE};
use crate::signals::Signals;

/// Serves until a signal asks to end.
pub(crate) async fn run(options: &ServerOptions) -> Result<(), StartError> {
    let (listener, address) = listen(&options.host, options.port).await?;
    let mut signals = Signals::take().map_err(StartError::Signals)?;
    let io = demo::server(builder());
    let app = page::router(&PAGE).layer(io.layer());

    let (end, ended) = oneshot::channel();
    let serving = tokio::spawn(serve(listener, app, ended));
    announce(address);
    signals.next().await;
    drop(end);
    close(&io, serving).await;
    Ok(())
}

/// Listens on the first of the host's addresses that can be had.
async fn listen(host: &str, port: u16) -> Result<(TcpListener, SocketAddr), StartError> {
    let unknown = |cause| StartError::UnknownHost {
        host: host.to_owned(),
        cause,
    };
    let mut failure = unknown(io::ErrorKind::NotFound.into());
    for address in lookup_host((host, port)).await.map_err(unknown)? {
        let bound = TcpListener::bind(address).await;
        match bound.and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok((address, listener)) => return Ok((listener, address)),
            Err(cause) => failure = StartError::listen(address, cause),
        }
    }
    Err(failure)
}

/// A Socket.IO server that serves the client bundle, if it is there.
fn builder() -> ServerBuilder {
    let bundle = roomcast_client_bundle::VERSION
        .map(|version| ClientBundle::from_files(version, bundle_files()));
    match bundle {
        Some(Ok(bundle)) => Server::builder().client_bundle(bundle),
        Some(Err(error)) => {
            tracing::error!(%error, "the client bundle is not served");
            Server::builder()
        }
        None => Server::builder(),
    }
}

fn bundle_files() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    roomcast_client_bundle::files().iter().copied()
}

/// Serves until `ended` has lost its other end and all connections are closed.
async fn serve(listener: TcpListener, app: Router, ended: oneshot::Receiver<()>) {
    // Small packets leave at once: heartbeats and acknowledgements are a few bytes each.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "small packets may be delayed");
        }
    });
    let end = async { drop(ended.await) };
    if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(end).await {
        tracing::error!(%error, "the listener has ended");
    }
}

/// Prints where the server is. Nobody may be reading: that is no reason to end.
fn announce(address: SocketAddr) {
    let banner = Banner {
        addresses: banner::reachable(address),
        has_page: !PAGE.is_empty(),
        bundle: roomcast_client_bundle::VERSION,
    };
    let mut output = io::stdout();
    if let Err(error) = write!(output, "{banner}").and_then(|()| output.flush()) {
        tracing::debug!(%error, "standard output is closed");
    }
}

/// Closes all connections. Clients see a lost connection and come back by themselves.
async fn close(io: &Server, serving: JoinHandle<()>) {
    tracing::info!("closing");
    let end = async {
        io.close().await;
        serving.await
    };
    match tokio::time::timeout(PATIENCE, end).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "the listener has panicked"),
        Err(_) => tracing::warn!("some connections were still open"),
    }
}

/// How long requests that are being answered may hold up the end.
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn port_0_becomes_the_port_that_is_listened_on() {
        let (_listener, address) = listen("127.0.0.1", 0).await.unwrap();

        assert_ne!(address.port(), 0);
    }

    #[tokio::test]
    async fn a_taken_port_is_an_error_that_names_it() {
        let (_listener, address) = listen("127.0.0.1", 0).await.unwrap();

        let error = listen("127.0.0.1", address.port()).await.unwrap_err();

        assert!(
            matches!(error, StartError::Taken(taken) if taken == address),
            "{error}"
        );
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_an_error_that_names_it() {
        let error = listen("192.0.2.1", 0).await.unwrap_err();

        assert!(
            matches!(error, StartError::NotHere(address) if address.port() == 0),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_host_that_is_no_name_is_an_error_that_quotes_it() {
        let error = listen("not a name", 0).await.unwrap_err();

        assert!(
            error
                .to_string()
                .starts_with("host not a name is unknown: "),
            "{error}"
        );
    }
}
