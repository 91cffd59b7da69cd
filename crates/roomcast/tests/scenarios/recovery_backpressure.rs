//! Events at the pace of their receivers, where what clients miss is kept. Spec: features N6, N8.

use std::time::Duration;

use roomcast::recovery::Recovery;
use roomcast::{OutboxPolicy, Server, ServerBuilder, Socket};
use tokio::time::Instant;

use crate::support::{Host, Polling, Session, idle, socket};

/// A server whose outboxes hold this many events.
fn of_packets(count: u32, policy: OutboxPolicy, recovery: Recovery) -> ServerBuilder {
    Server::builder()
        .connection_state_recovery(recovery)
        .max_outbox(1_000_000, policy)
        .max_outbox_packets(count)
}

/// A client that polls once for each answer, and its socket.
async fn polling_client(io: &Server, host: &Host) -> (Polling, Socket) {
    let mut client = host.polling().await;
    client.send("40").await;
    let session = Session::connected(&client.next().await);
    let socket = socket(io, &session.id);
    (client, socket)
}

#[tokio::test(start_paused = true)]
async fn one_client_that_reads_nothing_holds_an_awaited_broadcast_up_for_a_limited_time() {
    for (ack_timeout, timeout, waited) in [
        (None, None, 10),
        (Some(4), None, 4),
        (Some(4), Some(2), 2),
        (None, Some(15), 15),
    ] {
        let builder = of_packets(2, OutboxPolicy::Error, Recovery::new());
        let io = match ack_timeout {
            Some(seconds) => builder.ack_timeout(Duration::from_secs(seconds)).build(),
            None => builder.build(),
        };
        let host = Host::memory(&io);
        let mut reader = host.websocket().await;
        Session::begin(&mut reader).await;
        let (_slow, sleeper) = polling_client(&io, &host).await;
        idle().await;
        sleeper.emit("fill", 1);
        sleeper.emit("fill", 2);
        let everyone = match timeout {
            Some(seconds) => io.timeout(Duration::from_secs(seconds)),
            None => io.except("nobody"),
        };
        let start = Instant::now();

        let delivery = everyone.emit_async("tick", 1).await.expect("it is sent");

        assert_eq!(delivery.late, [sleeper.id()]);
        assert_eq!(delivery.queued, 1);
        assert_eq!(start.elapsed(), Duration::from_secs(waited));
        assert!(reader.next_text().await.starts_with(r#"42["tick",1,"#));
    }
}

#[cfg(feature = "redb")]
mod on_disk {
    use futures_util::FutureExt as _;
    use roomcast::recovery::RedbLog;

    use super::*;
    use crate::support::packets;

    /// The names and numbers of what waits for the client, without their offsets.
    async fn all(client: &Polling) -> Vec<String> {
        let packets = packets(&client.get().await);
        let heads = packets
            .iter()
            .map(|packet| packet[.."42[\"tick\",1".len()].to_owned());
        heads.collect()
    }

    fn server(folder: &tempfile::TempDir) -> Server {
        let log = RedbLog::open(folder.path().join("log.redb")).expect("the file is new");
        of_packets(4, OutboxPolicy::Disconnect, Recovery::new().log(log)).build()
    }

    #[tokio::test]
    async fn emit_async_waits_for_the_disk_so_the_next_sees_what_the_client_has_to_read() {
        let folder = tempfile::tempdir().expect("there is room");
        let io = server(&folder);
        let host = Host::tcp(&io).await;
        let (client, socket) = polling_client(&io, &host).await;

        for number in 1..=2 {
            assert_eq!(socket.emit_async("tick", number).await, Ok(()));
            assert_eq!(socket.conn().pending_packets(), number);
        }
        let mut third = std::pin::pin!(socket.emit_async("tick", 3));
        assert_eq!(third.as_mut().now_or_never(), None);
        assert_eq!(all(&client).await, [r#"42["tick",1"#, r#"42["tick",2"#]);
        assert_eq!(third.await, Ok(()));
        assert_eq!(all(&client).await, [r#"42["tick",3"#]);
    }

    #[tokio::test]
    async fn an_awaited_broadcast_waits_for_the_disk_so_the_next_sees_what_clients_have_to_read() {
        let folder = tempfile::tempdir().expect("there is room");
        let io = server(&folder);
        let host = Host::tcp(&io).await;
        let (client, socket) = polling_client(&io, &host).await;

        for number in 1..=2 {
            let delivery = io.emit_async("tick", number).await.expect("it is sent");
            assert_eq!(delivery.queued, 1);
            assert_eq!(socket.conn().pending_packets(), number);
        }
        let mut third = std::pin::pin!(io.emit_async("tick", 3));
        assert_eq!(third.as_mut().now_or_never(), None);
        assert_eq!(all(&client).await, [r#"42["tick",1"#, r#"42["tick",2"#]);
        assert_eq!(third.await.map(|delivery| delivery.queued), Ok(1));
        assert_eq!(all(&client).await, [r#"42["tick",3"#]);
    }
}
