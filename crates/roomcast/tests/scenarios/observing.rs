//! What a program counts of its server. Spec: features N16.
//!
//! Spans have a test program of their own, `roomcast-test/tests/spans.rs`: who listens is a matter of
//! the whole process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use roomcast::recovery::Recovery;
use roomcast::{OutboxPolicy, Refusal, Server, Socket, metrics};

use crate::support::{Host, WebSocket, idle};

/// Runs `test` with a recorder of its own, on a clock that is paused.
fn recorded<F: Future<Output = ()>>(test: impl FnOnce(Snapshotter) -> F) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorded_by(&recorder, || test(snapshotter));
}

fn recorded_by<F: Future<Output = ()>>(
    recorder: &dyn ::metrics::Recorder,
    test: impl FnOnce() -> F,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    ::metrics::with_local_recorder(recorder, || runtime.block_on(test()));
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
fn events_that_met_a_full_outbox_or_one_of_their_key_are_counted() {
    recorded(|snapshotter| async move {
        let io = Server::builder()
            .max_outbox(1_000_000, OutboxPolicy::DropOldest)
            .max_outbox_packets(2)
            .build();
        Host::memory(&io).joined_polling().await;
        idle().await;

        for number in 0..5 {
            io.emit("tick", number);
        }
        io.coalesce("key").emit("value", 1);
        io.coalesce("key").emit("value", 2);
        let refusing = io.when_full(OutboxPolicy::Error);
        assert!(refusing.try_emit("tick", 5).is_err());
        idle().await;

        let found = series(&snapshotter);
        let count =
            |outcome| found[&format!(r#"roomcast_outbox_events_total{{outcome="{outcome}"}}"#)];
        assert_eq!(
            [count("dropped"), count("coalesced"), count("refused")],
            [4.0, 1.0, 1.0]
        );
    });
}

/// A recorder that calls back into the server, but for what comes of that.
#[derive(Clone, Default)]
struct Emitting(Arc<Emitter>);

#[derive(Default)]
struct Emitter {
    io: OnceLock<Server>,
    is_emitting: AtomicBool,
    emitted: AtomicU64,
    /// What it was told of full outboxes.
    told: AtomicU64,
}

impl Emitter {
    fn emit(&self) {
        let Some(io) = self.io.get() else { return };
        let is_over = self.emitted.fetch_add(1, Ordering::Relaxed) > 100;
        if is_over || self.is_emitting.swap(true, Ordering::Relaxed) {
            return;
        }
        io.emit("counted", ());
        io.sockets().iter().for_each(|socket| {
            socket.emit("counted", socket.conn().pending_bytes());
        });
        self.is_emitting.store(false, Ordering::Relaxed);
    }
}

impl ::metrics::CounterFn for Emitter {
    fn increment(&self, _: u64) {
        self.emit();
    }

    fn absolute(&self, _: u64) {}
}

/// The counter of full outboxes.
struct Outboxes(Arc<Emitter>);

impl ::metrics::CounterFn for Outboxes {
    fn increment(&self, events: u64) {
        self.0.told.fetch_add(events, Ordering::Relaxed);
        self.0.emit();
    }

    fn absolute(&self, _: u64) {}
}

impl ::metrics::Recorder for Emitting {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.0.emit();
        match key.name() {
            metrics::OUTBOX => Counter::from_arc(Arc::new(Outboxes(Arc::clone(&self.0)))),
            _ => Counter::from_arc(Arc::clone(&self.0)),
        }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn a_recorder_may_emit_whatever_it_is_told_of() {
    let policies = [
        OutboxPolicy::DropNewest,
        OutboxPolicy::DropOldest,
        OutboxPolicy::Error,
    ];
    for (policy, recovers) in policies.into_iter().zip([false, true, false]) {
        let recorder = Emitting::default();
        let emitter = Arc::clone(&recorder.0);
        recorded_by(&recorder, || async move {
            let builder = Server::builder()
                .max_outbox(1_000_000, policy)
                .max_outbox_packets(1);
            let io = match recovers {
                true => builder.connection_state_recovery(Recovery::new()).build(),
                false => builder.build(),
            };
            assert!(emitter.io.set(io.clone()).is_ok());
            let client = Host::memory(&io).polling().await;
            client.send("40").await;
            client.get().await;
            idle().await;

            io.coalesce("key").emit("value", 1);
            io.coalesce("key").emit("value", 2);
            io.emit("tick", 1);
            io.sockets().remove(0).emit("tick", 2);
            idle().await;
            assert!(emitter.told.load(Ordering::Relaxed) >= 3, "{policy:?}");
        });
    }
}

#[test]
fn late_receivers_of_an_awaited_broadcast_are_counted_with_the_others() {
    recorded(|snapshotter| async move {
        let io = Server::builder().max_outbox_packets(2).build();
        let host = Host::memory(&io);
        let mut reader = host.joined().await;
        let late = host.joined_polling().await;
        idle().await;
        io.emit("fill", ());
        reader.expect(r#"42["fill"]"#).await;
        series(&snapshotter);

        let server = io.clone();
        let sending = tokio::spawn(async move { server.emit_async("news", 1).await });
        reader.expect(r#"42["news",1]"#).await;
        late.get().await;
        let delivery = sending.await.expect("it does not panic");
        assert_eq!(delivery.map(|delivery| delivery.queued), Ok(2));

        let found = snapshotter.snapshot().into_vec();
        let of = |name: &str| {
            let mut found = found.iter().filter(|(key, ..)| key.key().name() == name);
            found.next().map(|(.., value)| value)
        };
        assert_eq!(of(metrics::EVENTS_DELIVERED), Some(&DebugValue::Counter(2)));
        let receivers = DebugValue::Histogram(vec![2.0.into()]);
        assert_eq!(of(metrics::BROADCAST_RECEIVERS), Some(&receivers));
    });
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
        let lost = r#"{reason="transport close",cause="connection-lost"}"#;
        assert_eq!(found[&format!("roomcast_sessions_closed_total{lost}")], 1.0);
        assert_eq!(found[r#"roomcast_sockets{namespace="/"}"#], -1.0);
        let reason = r#"reason="client namespace disconnect",cause="client""#;
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
