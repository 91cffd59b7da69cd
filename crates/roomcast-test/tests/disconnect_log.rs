//! The log of disconnections, in a test program of its own: who listens is a matter of the whole
//! process. Spec: features N9.

use std::sync::Arc;

use parking_lot::Mutex;
use roomcast::{DisconnectReason, Server, Socket};
use roomcast_test::TestServer;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// The lines of the target `roomcast::disconnect`, without the fields that differ from run to run.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if !matches!(field.name(), "sid" | "socket") {
            self.0 += &format!("{}={value:?} ", field.name());
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "roomcast::disconnect" {
            let mut line = Line(String::new());
            event.record(&mut line);
            self.0.lock().push(line.0);
        }
    }
}

#[tokio::test]
async fn the_log_has_one_structured_line_for_each_socket_and_each_session() {
    let log = Log::default();
    let subscriber = tracing_subscriber::registry().with(log.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let io = Server::new();
    let (gone, mut reasons) = tokio::sync::mpsc::unbounded_channel();
    io.on("bye", |socket: Socket| socket.disconnect_and_close());
    io.on_disconnect(move |reason: DisconnectReason| gone.send(reason).is_ok());
    let client = TestServer::new(&io).connect("/").await;

    client.emit("bye", ());
    let reason = reasons.recv().await.expect("the handler lives");
    assert_eq!(reason, DisconnectReason::ServerNamespaceDisconnect);
    while io.engine().clients_count() > 0 {
        tokio::task::yield_now().await;
    }

    assert_eq!(
        *log.0.lock(),
        [
            r#"message=socket disconnected namespace="/" reason=server namespace disconnect cause="application" detail=the application closed it "#,
            r#"message=session closed reason=forced close cause="application" detail=the application closed it "#,
        ]
    );
}
