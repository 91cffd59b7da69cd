//! Handlers in tasks of their own, and handlers one after the other. Spec: features N17, 3.14, 3.15.

use std::sync::{Arc, Barrier};

use roomcast::{Server, SocketError, parallel};

use crate::support::{Frame, Host, channel, echo_server, errors, gate, pass, reasons};

/// They block their threads until both run: in one task they would for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn parallel_handlers_of_one_client_run_at_the_same_time() {
    let io = Server::new();
    let barrier = Arc::new(Barrier::new(2));
    io.on(
        "meet",
        parallel(move |number: u32| {
            let barrier = Arc::clone(&barrier);
            async move {
                barrier.wait();
                number
            }
        }),
    );
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["meet",1]"#).await;
    client.send(r#"422["meet",2]"#).await;

    let mut answers = [client.next_text().await, client.next_text().await];
    answers.sort();
    assert_eq!(answers, ["431[1]", "432[2]"]);
}

#[tokio::test]
async fn without_it_all_handlers_of_a_client_run_in_one_task() {
    let io = Server::new();
    let id = || tokio::task::id().to_string();
    io.on("now", id);
    io.on("later", async move || id());
    io.on("elsewhere", parallel(async move || id()));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    let mut ask = async |event: &str| {
        client.send(&format!(r#"420["{event}"]"#)).await;
        client.next_text().await
    };
    let session = ask("now").await;
    assert_eq!(ask("later").await, session);
    assert_ne!(ask("elsewhere").await, session);
}

#[tokio::test]
async fn a_panic_in_a_parallel_handler_closes_its_socket_only_and_is_told_to_on_error() {
    let io = echo_server();
    io.on("boom", parallel(async || -> () { panic!("on purpose") }));
    let (mut errors, mut reasons) = (errors(&io), reasons(&io));
    let host = Host::tcp(&io).await;
    let mut neighbour = host.joined().await;
    let mut client = host.joined().await;

    client.send(r#"42["boom"]"#).await;

    client.expect("41").await;
    let told = SocketError::Panic {
        event: "boom".into(),
        message: "on purpose".into(),
    };
    assert_eq!(errors.next().await, told);
    assert_eq!(reasons.next().await, "server namespace disconnect");
    neighbour.expect_alive().await;
}

#[tokio::test]
async fn parallel_handlers_count_as_handlers_that_wait() {
    let io = Server::builder().max_waiting_handlers(2).build();
    let gate = gate();
    let (teller, mut started) = channel();
    let passage = Arc::clone(&gate);
    io.on(
        "work",
        parallel(async move |number: u32| {
            teller.tell(number);
            pass(&passage).await;
            number
        }),
    );
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    for number in 0..3 {
        client
            .send(&format!(r#"42{number}["work",{number}]"#))
            .await;
    }
    let mut both = [started.next().await, started.next().await];
    both.sort_unstable();
    assert_eq!(both, [0, 1]);
    client.send_frame(0x89, b"read so far").await;
    let pong = Frame::Pong(b"read so far".to_vec());
    assert_eq!(client.next().await, pong);
    assert_eq!(started.so_far(), Vec::<u32>::new());

    gate.add_permits(3);
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(client.next_text().await);
    }
    answers.sort();
    assert_eq!(answers, ["430[0]", "431[1]", "432[2]"]);
    assert_eq!(started.so_far(), [2]);
}

#[tokio::test]
async fn a_limit_of_one_waiting_handler_is_strictly_one_after_the_other() {
    let io = Server::builder().max_waiting_handlers(1).build();
    let (teller, mut heard) = channel();
    io.on("step", async move |number: u32| {
        teller.tell(("begin", number));
        tokio::task::yield_now().await;
        teller.tell(("end", number));
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    for number in 0..3 {
        client.send(&format!(r#"42["step",{number}]"#)).await;
    }
    for number in 0..3 {
        assert_eq!(heard.next().await, ("begin", number));
        assert_eq!(heard.next().await, ("end", number));
    }
}
