//! What a message allocates where nobody listens to the metrics, in a test program of its own: it
//! has an allocator that counts. Spec: features N16.
//!
//! No program is built both with the feature `metrics` of `roomcast` and without it, so this one is
//! built twice: with all features of the workspace, and alone, where nothing turns `metrics` on. The
//! number is one.

use roomcast::{Server, Socket, SocketError};
use roomcast_test::{TestClient, TestServer};

/// Allocations of server and client together for one [`round`], with the feature `metrics` and
/// without it. Another version of a dependency may change the number; then measure it without.
const ALLOCATIONS: u64 = 64;
const ROUNDS: u64 = 200;

/// An event that is answered later, a question to the client, and an argument of a wrong type.
async fn round(socket: &Socket, client: &mut TestClient) {
    let echoed: u32 = client.emit_with_ack("echo", 7).await;
    assert_eq!(echoed, 7);
    let asked = socket.emit_with_ack::<u32>("question", ());
    let answered = async { client.expect_event("question").await.ack(8) };
    let (answer, ()) = tokio::join!(asked, answered);
    assert_eq!(answer, Ok(8));
    client.emit("echo", "no number");
    client.expect("refused", ()).await;
}

#[test]
fn a_message_allocates_the_same_with_metrics_and_without_where_nobody_listens() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let io = Server::new();
    io.on("echo", async |number: u32| {
        tokio::task::yield_now().await;
        number
    });
    io.on_error(|socket: Socket, _: SocketError| socket.emit("refused", ()));
    let (socket, mut client) = runtime.block_on(async {
        let client = TestServer::new(&io).connect("/").await;
        let socket = io.socket(client.id()).expect("it is connected");
        (socket, client)
    });
    let mut rounds = || {
        runtime.block_on(async {
            for _ in 0..ROUNDS {
                round(&socket, &mut client).await;
            }
        });
    };
    rounds();

    let first = allocation_counter::measure(&mut rounds).count_total;
    let second = allocation_counter::measure(&mut rounds).count_total;
    // What grows is doubled now and then: less than once in a round.
    assert_eq!(first / ROUNDS, ALLOCATIONS);
    assert_eq!(second / ROUNDS, ALLOCATIONS);
}
