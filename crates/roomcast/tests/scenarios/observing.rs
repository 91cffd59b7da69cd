//! What a program sees of its server: spans and metrics. Spec: features N16.

use std::sync::Arc;

use parking_lot::Mutex;
use roomcast::{Server, Socket};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::support::{Host, gate, pass};

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
    let gate = gate();
    let waited = Arc::clone(&gate);
    io.on("save", async move |_: Socket| {
        tracing::info!(target: "a program", "before");
        pass(&waited).await;
        tracing::info!(target: "a program", "after");
        "saved"
    });
    let mut client = Host::memory(&io).websocket().await;
    let id = client.join("/").await;

    client.send(r#"421["save"]"#).await;
    gate.add_permits(1);
    client.expect(r#"431["saved"]"#).await;
    tracing::info!(target: "a program", "outside");
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

#[cfg(feature = "metrics")]
mod counted {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
    use roomcast::{Refusal, metrics};

    use super::*;
    use crate::support::{WebSocket, idle};

    /// Runs `test` with a recorder of its own, on a clock that is paused.
    fn recorded<F: Future<Output = ()>>(test: impl FnOnce(Snapshotter) -> F) {
        let recorder = DebuggingRecorder::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        ::metrics::with_local_recorder(&recorder, || {
            runtime.block_on(test(recorder.snapshotter()));
        });
    }

    /// What was counted since the last look, as `name{label="value"}`; of histograms how many values.
    fn series(snapshotter: &Snapshotter) -> BTreeMap<String, f64> {
        let all = snapshotter.snapshot().into_vec();
        let shown = all.into_iter().map(|(key, _, _, value)| {
            let labels: Vec<_> = key
                .key()
                .labels()
                .map(|label| format!("{}={:?}", label.key(), label.value()))
                .collect();
            let value = match value {
                DebugValue::Counter(count) => count as f64,
                DebugValue::Gauge(value) => value.into_inner(),
                DebugValue::Histogram(values) => values.len() as f64,
            };
            (
                format!("{}{{{}}}", key.key().name(), labels.join(",")),
                value,
            )
        });
        shown.collect()
    }

    async fn client(io: &Server) -> WebSocket {
        Host::memory(io).joined().await
    }

    #[test]
    fn sessions_and_sockets_are_counted_from_their_beginning_to_their_end() {
        recorded(|snapshotter| async move {
            let io = Server::new();
            let mut client = client(&io).await;
            let found = series(&snapshotter);
            assert_eq!(found[r#"roomcast_sessions{transport="websocket"}"#], 1.0);
            assert_eq!(
                found[r#"roomcast_sessions_opened_total{transport="websocket"}"#],
                1.0
            );
            assert_eq!(found[r#"roomcast_sockets{namespace="/"}"#], 1.0);
            assert_eq!(found[r#"roomcast_connects_total{namespace="/"}"#], 1.0);

            client.send("41").await;
            drop(client);
            idle().await;
            let found = series(&snapshotter);
            assert_eq!(found[r#"roomcast_sessions{transport="websocket"}"#], -1.0);
            assert_eq!(
                found[r#"roomcast_sessions_closed_total{reason="transport close"}"#],
                1.0
            );
            assert_eq!(found[r#"roomcast_sockets{namespace="/"}"#], -1.0);
            let reason = r#"reason="client namespace disconnect""#;
            assert_eq!(
                found[&format!(r#"roomcast_disconnects_total{{namespace="/",{reason}}}"#)],
                1.0
            );
        });
    }

    #[test]
    fn events_are_counted_by_name_where_they_have_a_handler() {
        recorded(|snapshotter| async move {
            let io = Server::new();
            io.on("known", |socket: Socket| socket.emit("answer", 1));
            let mut client = client(&io).await;
            client.send(r#"42["known"]"#).await;
            client.send(r#"42["made up by the client"]"#).await;
            client.expect(r#"42["answer",1]"#).await;
            io.emit("news", 2);
            client.expect(r#"42["news",2]"#).await;

            let found = series(&snapshotter);
            let of = |metric: &str, event: &str| {
                found[&format!(r#"{metric}{{namespace="/",event="{event}"}}"#)]
            };
            assert_eq!(of(metrics::EVENTS_RECEIVED, "known"), 1.0);
            assert_eq!(of(metrics::EVENTS_RECEIVED, metrics::UNHANDLED), 1.0);
            assert_eq!(of(metrics::EVENTS_EMITTED, "answer"), 1.0);
            assert_eq!(of(metrics::EVENTS_EMITTED, "news"), 1.0);
            assert_eq!(of(metrics::HANDLER_SECONDS, "known"), 1.0);
            assert_eq!(
                found[r#"roomcast_events_delivered_total{namespace="/"}"#],
                2.0
            );
            assert_eq!(found[r#"roomcast_broadcast_receivers{namespace="/"}"#], 1.0);
        });
    }

    #[test]
    fn a_program_that_makes_up_names_without_end_has_a_bounded_number_of_series() {
        recorded(|snapshotter| async move {
            let io = Server::new();
            for number in 0..metrics::MAX_EVENTS + 50 {
                io.emit(&format!("event {number}"), ());
            }
            let found = series(&snapshotter);
            let emitted = found
                .iter()
                .filter(|(name, _)| name.starts_with(metrics::EVENTS_EMITTED));
            assert_eq!(emitted.count(), metrics::MAX_EVENTS + 1);
            let rest = r#"roomcast_events_emitted_total{namespace="/",event="other"}"#;
            assert_eq!(found[rest], 50.0);
        });
    }

    #[test]
    fn refusals_errors_and_unanswered_questions_are_counted_by_cause() {
        recorded(|snapshotter| async move {
            let io = Server::new();
            io.on("number", |_: u32| ());
            io.of("/closed")
                .middleware(|| Err::<(), _>(Refusal::new("closed")));
            let mut client = client(&io).await;
            client.send("40/closed,").await;
            client.expect(r#"44/closed,{"message":"closed"}"#).await;
            client.send("40/nowhere,").await;
            client
                .expect(r#"44/nowhere,{"message":"Invalid namespace"}"#)
                .await;
            client.send(r#"42["number","a"]"#).await;
            let question = io
                .timeout(Duration::from_secs(1))
                .emit_with_ack::<u8>("question", ());
            assert_eq!(question.await.expect("it is sent").missing.len(), 1);

            let found = series(&snapshotter);
            assert_eq!(
                found[r#"roomcast_connect_errors_total{namespace="/closed"}"#],
                1.0
            );
            assert_eq!(
                found[r#"roomcast_connect_errors_total{namespace="other"}"#],
                1.0
            );
            assert_eq!(
                found[r#"roomcast_errors_total{namespace="/",kind="argument"}"#],
                1.0
            );
            assert_eq!(
                found[r#"roomcast_acks_total{namespace="/",outcome="timed out"}"#],
                1.0
            );
        });
    }

    #[test]
    fn refused_requests_are_counted_by_the_code_of_their_answer() {
        recorded(|snapshotter| async move {
            let host = Host::memory(&Server::new());
            assert_eq!(
                host.get("EIO=4&transport=polling&sid=abc").await.status,
                400
            );
            assert_eq!(
                series(&snapshotter)[r#"roomcast_requests_refused_total{code="1"}"#],
                1.0
            );
        });
    }

    #[test]
    fn clients_of_child_namespaces_count_for_the_parent() {
        recorded(|snapshotter| async move {
            let io = Server::new();
            io.of_pattern("^/room-[0-9]+$").expect("it is a pattern");
            let mut client = Host::memory(&io).websocket().await;
            client.join("/room-1").await;
            client.join("/room-2").await;

            let found = series(&snapshotter);
            assert_eq!(found[r#"roomcast_connects_total{namespace="/_"}"#], 2.0);
        });
    }
}
