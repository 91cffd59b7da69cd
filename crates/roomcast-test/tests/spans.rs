//! The spans of events, in a test program of their own: who listens is a matter of the whole process.

use std::sync::Arc;

use parking_lot::Mutex;
use roomcast::{Server, Socket};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use roomcast_test::TestServer;
use tokio::sync::Semaphore;

/// What happened inside of the spans of events, in order: `fields: message`.
#[derive(Clone, Default)]
struct Recorded(Arc<Mutex<Vec<String>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() != "message" {
            self.0.push_str(&format!("{}={value:?} ", field.name()));
        } else {
            self.0.push_str(&format!("{value:?}"));
        }
    }
}

impl<S: tracing::Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Recorded {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().target() == "roomcast::event" {
            let mut fields = Fields(String::new());
            attributes.record(&mut fields);
            let span = context.span(id).expect("it was made now");
            span.extensions_mut().insert(fields);
        }
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != "a program" {
            return;
        }
        let mut message = Fields(String::new());
        event.record(&mut message);
        let span = context.event_span(event);
        let fields = span.as_ref().map(|span| {
            let extensions = span.extensions();
            let fields: Option<&Fields> = extensions.get();
            fields.map_or("another span", |fields| &fields.0).to_owned()
        });
        let fields = fields.unwrap_or_else(|| "no span ".to_owned());
        self.0.lock().push(format!("{fields}: {}", message.0));
    }
}

#[tokio::test]
async fn handlers_run_in_a_span_of_their_event_also_after_they_waited() {
    let recorded = Recorded::default();
    let subscriber = tracing_subscriber::registry().with(recorded.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let io = Server::new();
    let gate = Arc::new(Semaphore::new(0));
    let waited = Arc::clone(&gate);
    io.on("save", async move |_: Socket| {
        tracing::info!(target: "a program", "before");
        waited.acquire().await.expect("nobody closes it").forget();
        tracing::info!(target: "a program", "after");
        "saved"
    });
    let client = TestServer::new(&io).connect("/").await;

    let answer = client.emit_with_ack::<String>("save", ());
    gate.add_permits(1);
    assert_eq!(answer.await, "saved");
    tracing::info!(target: "a program", "outside");
    let id = client.id();
    let span = format!(r#"event="save" namespace="/" socket={id} transport="websocket" "#);
    assert_eq!(
        *recorded.0.lock(),
        [
            format!("{span}: before"),
            format!("{span}: after"),
            "no span : outside".to_owned()
        ]
    );
}

#[tokio::test]
async fn a_parallel_handler_runs_in_the_span_of_its_event_too() {
    let recorded = Recorded::default();
    let subscriber = tracing_subscriber::registry().with(recorded.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let io = Server::new();
    let compute = async |_: Socket| {
        tracing::info!(target: "a program", "computed");
        "done"
    };
    io.on("compute", roomcast::parallel(compute));
    let client = TestServer::new(&io).connect("/").await;

    client.emit_with_ack::<String>("compute", ()).await;
    let id = client.id();
    assert_eq!(
        *recorded.0.lock(),
        [format!(
            r#"event="compute" namespace="/" socket={id} transport="websocket" : computed"#
        )]
    );
}

#[tokio::test]
async fn an_outgoing_handler_that_waits_runs_in_a_span_of_its_own() {
    let recorded = Recorded::default();
    let subscriber = tracing_subscriber::registry().with(recorded.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let io = Server::new();
    io.on_any_outgoing(async |_: Socket| {
        tracing::info!(target: "a program", "before");
        tokio::task::yield_now().await;
        tracing::info!(target: "a program", "after");
    });
    io.on("ask", || "answer");
    let client = TestServer::new(&io).connect("/").await;

    io.emit("news", ());
    // Its handlers start in order, and are driven by the same task.
    for _ in 0..3 {
        client.emit_with_ack::<String>("ask", ()).await;
    }
    let id = client.id();
    let span =
        format!(r#"event="on_any_outgoing" namespace="/" socket={id} transport="websocket" "#);
    assert_eq!(
        *recorded.0.lock(),
        [format!("{span}: before"), format!("{span}: after")]
    );
}
