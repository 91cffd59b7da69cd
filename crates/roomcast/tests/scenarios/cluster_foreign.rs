//! Nodes that are no Roomcast server: whatever they answer harms nobody. Spec: cluster, section 5.

use std::time::Duration;

use roomcast::Server;
use roomcast::cluster::{
    Body, Bus as _, Hub, Inbox, LocalBus, Message, NodeId, Options, Port, Response,
};
use roomcast::{Value, value};
use tokio::sync::mpsc;

use crate::support::{gate, idle, pass, within};

/// A node that the test speaks for.
struct Foreign {
    id: NodeId,
    bus: LocalBus,
    heard: mpsc::UnboundedReceiver<Message>,
}

impl Foreign {
    async fn new(hub: &Hub, id: &str) -> Self {
        let (sender, heard) = mpsc::unbounded_channel();
        let bus = hub.bus();
        let id = NodeId::from(id);
        let inbox = Inbox::new(move |message| {
            // What comes after the test has seen enough goes nowhere.
            let _ = sender.send(message.expect("the hub carries messages"));
        });
        bus.open(Port::new(id.clone(), "/".into(), inbox))
            .await
            .expect("the hub is there");
        let node = Self { id, bus, heard };
        let alive = node.message(Body::Heartbeat);
        node.bus
            .publish(vec![alive])
            .await
            .expect("the hub is there");
        node
    }

    fn message(&self, body: Body) -> Message {
        Message {
            from: Some(self.id.clone()),
            namespace: "/".into(),
            body,
        }
    }

    /// Waits for an answer.
    async fn hears_answer(&mut self) -> Body {
        idle().await;
        self.heard_answer().expect("it was answered")
    }

    /// The next answer that has come.
    fn heard_answer(&mut self) -> Option<Body> {
        let heard = std::iter::from_fn(|| self.heard.try_recv().ok());
        let mut bodies = heard.map(|message| message.body);
        bodies.find(Body::is_response)
    }

    /// Waits for a request, and answers it.
    async fn answer(&mut self, answer: impl Fn(Value) -> (u64, Value)) {
        loop {
            let message = within("a request", self.heard.recv()).await;
            let message = message.expect("the bus is open");
            let Some(request) = message.body.request() else {
                continue;
            };
            let (kind, data) = answer(request.as_str().into());
            let message = self.message(Body::read(kind, data).expect("an answer"));
            let to = None;
            let sent = self.bus.respond(vec![Response { to, message }]).await;
            return sent.expect("the hub is there");
        }
    }
}

async fn server(hub: &Hub) -> Server {
    let io = Server::builder().bus(hub.bus()).build();
    io.ready().await.expect("the hub is there");
    io
}

#[tokio::test(start_paused = true)]
async fn counts_of_sockets_beyond_all_numbers_add_up_to_the_largest() {
    let hub = Hub::new();
    let io = server(&hub).await;
    let mut nodes = [Foreign::new(&hub, "x").await, Foreign::new(&hub, "y").await];

    let vote = io.timeout(Duration::from_secs(1));
    let vote = tokio::spawn(async move { vote.emit_with_ack::<u8>("vote", ()).await });
    for node in &mut nodes {
        let count = |request| {
            let clients = ["no id of a socket"];
            let data = value!({
                "requestId": request, "clientCount": u64::MAX, "socketIds": clients
            });
            (11, data)
        };
        node.answer(count).await;
    }

    let answers = vote.await.unwrap().unwrap();
    assert_eq!(answers.missing_unnamed, usize::MAX);
    assert!(answers.has_timed_out && !answers.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_handshake_beyond_the_calendar_is_one_of_1970() {
    let hub = Hub::new();
    let io = server(&hub).await;
    let mut node = Foreign::new(&hub, "x").await;

    // The last second of the year 9999, and later ones.
    let fetch = tokio::spawn(async move { io.fetch_sockets().await });
    let sockets = |request| {
        let found = [253_402_300_799_000, 253_402_300_800_000, u64::MAX].map(|issued| {
            value!({
                "id": "44tjkoMvc9nHEeuIAAAB", "handshake": { "issued": issued },
                "rooms": [], "data": null
            })
        });
        let found = Vec::from(found);
        (8, value!({ "requestId": request, "sockets": found }))
    };
    node.answer(sockets).await;

    let fetched = fetch.await.unwrap().unwrap();
    let times: Vec<_> = fetched
        .iter()
        .map(|socket| socket.handshake().time())
        .collect();
    let epoch = "Thu, 01 Jan 1970 00:00:00 GMT";
    assert_eq!(times, ["Fri, 31 Dec 9999 23:59:59 GMT", epoch, epoch]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_cannot_be_sent_on_is_answered_as_one_for_nobody() {
    let hub = Hub::new();
    let io = server(&hub).await;
    let mut node = Foreign::new(&hub, "x").await;

    for name in [value!("disconnect"), value!(null)] {
        let asked = node.message(Body::Broadcast {
            packet: [name].into(),
            options: Options::default(),
            request: Some("r".into()),
        });
        node.bus.publish(vec![asked]).await.expect("the hub");
        assert_eq!(
            node.hears_answer().await,
            Body::BroadcastClientCount {
                request: "r".into(),
                client_count: 0,
                clients: Vec::new(),
            }
        );
    }
    assert_eq!(io.cluster_stats().malformed, 2);
}

#[tokio::test(start_paused = true)]
async fn events_of_other_servers_are_awaited_up_to_their_number() {
    const MAX_WORK: usize = 10_000;
    let hub = Hub::new();
    let io = server(&hub).await;
    let mut node = Foreign::new(&hub, "x").await;
    let let_through = gate();
    let gate = let_through.clone();
    io.on_server_side("number", async move |number: u64| {
        pass(&gate).await;
        number
    });

    let asked = |number: usize| {
        let packet = value!(["number", number as u64]);
        let data = value!({ "requestId": number.to_string(), "packet": packet });
        node.message(Body::read(9, data).expect("an event of a server"))
    };
    let messages = (0..=MAX_WORK).map(asked).collect();
    node.bus.publish(messages).await.expect("the hub");
    idle().await;
    assert_eq!(io.cluster_stats().failed, 1);
    let_through.add_permits(MAX_WORK + 1);
    idle().await;
    let mut answers = 0;
    while let Some(body) = node.heard_answer() {
        assert!(matches!(body, Body::ServerSideEmitResponse { .. }));
        answers += 1;
    }
    assert_eq!(answers, MAX_WORK);
}
