//! One client with its network and its server.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use roomcast::Server;
use roomcast_client::{Client, Socket, SocketConfig, Transport};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::ledger::Ledger;
use super::proxy::Proxy;
use super::random::Random;
use super::report::Figures;
use super::server;

/// One client with its network and its server.
pub(super) struct Lane {
    way: &'static str,
    ledger: Ledger,
    server: Server,
    proxy: Proxy,
    queue: Socket,
    plain: Socket,
    told: watch::Receiver<u64>,
    stop: watch::Sender<bool>,
    producers: [JoinHandle<Produced>; 2],
}

/// What a producer has done.
struct Produced {
    count: u64,
    /// Those whose callbacks have been called.
    free: Arc<Semaphore>,
}

impl Lane {
    pub(super) async fn start(
        way: &'static str,
        transports: &[Transport],
        seed: u64,
    ) -> io::Result<Self> {
        let ledger = Ledger::default();
        let (server, address) = server::start(&ledger).await?;
        let mut random = Random::new(seed);
        let proxy = Proxy::start(address, random.in_range(0..u64::MAX)).await?;
        let queue = Client::new()
            .builder(&format!("http://{}/queue", proxy.address))
            .transports(transports.iter().copied())
            .retries(u32::MAX)
            .ack_timeout(ANSWER)
            .reconnection_delay(Duration::from_millis(10))
            .reconnection_delay_max(Duration::from_millis(100))
            .timeout(Duration::from_secs(2))
            .build()
            .map_err(io::Error::other)?;
        let config = SocketConfig::default().ack_timeout(ANSWER);
        let plain = queue.manager().socket_with("/plain", config);
        let told = listen(&queue, &ledger);
        queue.connect();
        plain.connect();
        let (stop, stopped) = watch::channel(false);
        let producers = [
            Producer::new(queue.clone(), random.split(), stopped.clone()).spawn({
                let ledger = ledger.clone();
                move |number, answer| ledger.answer(number, &answer)
            }),
            Producer::new(plain.clone(), random.split(), stopped).spawn({
                let ledger = ledger.clone();
                move |number, answer| ledger.answer_plain(number, &answer)
            }),
        ];
        Ok(Self {
            way,
            ledger,
            server,
            proxy,
            queue,
            plain,
            told,
            stop,
            producers,
        })
    }

    pub(super) fn has(&self, answers: u64, faults: u64) -> bool {
        let [cuts, resets, hangs, ..] = self.proxy.faults();
        self.ledger.found().answered >= answers && cuts + resets + hangs >= faults
    }

    /// Heals the network, waits for what is on its way, and sums up.
    pub(super) async fn end(mut self) -> Figures {
        // Producers end while the network is as bad as ever.
        let _ = self.stop.send(true);
        let mut produced = Vec::new();
        for producer in self.producers {
            produced.push(producer.await.expect("producers do not panic"));
        }
        self.proxy.heal();
        for (what, Produced { free, .. }) in ["queue", "plain"].iter().zip(&produced) {
            let all = u32::try_from(ON_THE_WAY).expect("a small number");
            if timeout(PATIENCE, free.acquire_many(all)).await.is_err() {
                self.ledger
                    .blame(format!("{what}: callbacks are not called"));
            }
        }
        for socket in [&self.queue, &self.plain] {
            if !matches!(timeout(PATIENCE, socket.connected()).await, Ok(Ok(()))) {
                let name = socket.namespace();
                self.ledger.blame(format!("{name} does not end connected"));
            }
        }
        let last = self.ledger.found().handled;
        let heard = timeout(PATIENCE, self.told.wait_for(|told| *told >= last)).await;
        if heard.is_err() {
            self.ledger
                .blame("not all that was told has come".to_owned());
        }
        let faults = self.proxy.faults();
        self.queue.manager().close();
        self.server.close().await;
        let counts = [produced[0].count, produced[1].count];
        Figures::new(self.way, counts, faults, self.ledger.found())
    }
}

/// Notes connections, and what the server tells; how far it has come.
fn listen(queue: &Socket, ledger: &Ledger) -> watch::Receiver<u64> {
    let connects = ledger.clone();
    queue.on_connect(move |socket: Socket| connects.connect(socket.is_recovered()));
    let sends = ledger.clone();
    queue.on_any_outgoing(move || sends.send());
    let (come, told) = watch::channel(0);
    let tells = ledger.clone();
    queue.on("stored", move |number: u64| {
        tells.tell(number);
        come.send_replace(number + 1);
    });
    told
}

/// Emits numbered events, so many at a time.
struct Producer {
    socket: Socket,
    random: Random,
    stopped: watch::Receiver<bool>,
    free: Arc<Semaphore>,
}

impl Producer {
    fn new(socket: Socket, random: Random, stopped: watch::Receiver<bool>) -> Self {
        Self {
            socket,
            random,
            stopped,
            free: Arc::new(Semaphore::new(ON_THE_WAY)),
        }
    }

    fn spawn(
        mut self,
        note: impl Fn(u64, Result<u64, String>) + Clone + Send + Sync + 'static,
    ) -> JoinHandle<Produced> {
        tokio::spawn(async move {
            let mut pace = tokio::time::interval(PACE);
            let mut count = 0;
            while let Some(permit) = self.permit().await {
                pace.tick().await;
                self.emit(count, permit, note.clone());
                count += 1;
            }
            let free = self.free;
            Produced { count, free }
        })
    }

    /// Waits until another event may be emitted; `None` if none is to be.
    async fn permit(&mut self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            _ = self.stopped.wait_for(|stopped| *stopped) => None,
            permit = Arc::clone(&self.free).acquire_owned() => permit.ok(),
        }
    }

    fn emit(
        &mut self,
        number: u64,
        permit: OwnedSemaphorePermit,
        note: impl Fn(u64, Result<u64, String>) + Send + 'static,
    ) {
        let len = match self.random.is_one_in(100) {
            true => self.random.in_range(0..200_000),
            false => self.random.in_range(0..2000),
        };
        let filler = Bytes::from(vec![7; usize::try_from(len).unwrap_or(0)]);
        let told = self.socket.emit_with_callback("store", (number, filler), {
            let mut permit = Some(permit);
            move |answer| {
                let answer = match answer {
                    Ok(mut args) => args.read::<u64>().map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                };
                note(number, answer);
                drop(permit.take());
            }
        });
        // There is room for so few.
        told.expect("no limit is met");
    }
}

/// Events of a producer without an answer.
const ON_THE_WAY: usize = 16;

/// Between two events of a producer.
const PACE: Duration = Duration::from_millis(4);

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(1);

/// How long all may take that is still to come over a network that is well.
const PATIENCE: Duration = Duration::from_secs(60);
