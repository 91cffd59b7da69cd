//! What is handed to another library's WebSocket, when, and when it counts as gone.

use std::sync::Arc;

use parking_lot::Mutex;

use super::*;
use crate::engine::departure::Mark;
use crate::engine::mailbox::{OutboxLimits, SendOptions};

/// A WebSocket that takes as many messages as it is told, and passes them on when it is told.
#[derive(Clone, Default)]
struct Narrow(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    takes: usize,
    passes_on: bool,
    taken: Vec<SocketMessage>,
    flushes: usize,
}

impl MessageSocket for Narrow {
    fn poll_receive(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<SocketMessage, ReceiveError>>> {
        Poll::Pending
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0.lock().takes {
            0 => Poll::Pending,
            _ => Poll::Ready(Ok(())),
        }
    }

    fn start_send(&mut self, message: SocketMessage) -> io::Result<()> {
        let mut inside = self.0.lock();
        inside.takes -= 1;
        inside.taken.push(message);
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inside = self.0.lock();
        inside.flushes += 1;
        match inside.passes_on {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    }
}

impl Narrow {
    fn set(&self, takes: usize, passes_on: bool) {
        let mut inside = self.0.lock();
        (inside.takes, inside.passes_on) = (takes, passes_on);
    }

    /// The texts that were taken since the last call, cut to 8 bytes.
    fn texts(&self) -> Vec<String> {
        let taken = std::mem::take(&mut self.0.lock().taken);
        let text = |message| match message {
            SocketMessage::Text(text) => text[..text.len().min(8)].to_owned(),
            other => format!("{other:?}"),
        };
        taken.into_iter().map(text).collect()
    }
}

fn carried(socket: &Narrow) -> (Carried, Mailbox) {
    let mailbox = Mailbox::new(OutboxLimits::default(), Arc::default());
    (Carried::new(socket.clone(), 1000, None), mailbox)
}

fn write(carried: &mut Carried, mailbox: Option<&Mailbox>) -> Written {
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let written = carried.poll_write(mailbox, &mut cx);
    written.expect("the socket does not break")
}

fn send(mailbox: &Mailbox, packet: &str) {
    mailbox.send(&[Frame::text(packet.as_bytes())], SendOptions::default());
}

#[test]
fn packets_of_the_transport_go_ahead_of_what_is_queued() {
    let socket = Narrow::default();
    socket.set(10, true);
    let (mut carried, mailbox) = carried(&socket);
    carried.greet(std::iter::once(Frame::text(b"0{}")));
    carried.answer_probe();
    send(&mailbox, "4a");

    assert_eq!(write(&mut carried, None), Written::All);
    assert_eq!(socket.texts(), ["0{}", "3probe"]);
    assert_eq!(write(&mut carried, Some(&mailbox)), Written::All);
    assert_eq!(socket.texts(), ["4a"]);
    assert_eq!(mailbox.pending_bytes(), 0);
}

/// With its header of 4 bytes each packet counts as 30 004 bytes.
#[test]
fn no_more_is_handed_over_than_leaves_at_a_time() {
    let socket = Narrow::default();
    socket.set(100, false);
    let (mut carried, mailbox) = carried(&socket);
    (0..5).for_each(|_| send(&mailbox, &"4".repeat(30_000)));

    for _ in 0..2 {
        assert_eq!(write(&mut carried, Some(&mailbox)), Written::Blocked);
    }
    assert_eq!(socket.texts().len(), 3);
    assert_eq!(mailbox.pending_bytes(), 5 * 30_004);
    // What comes meanwhile waits in the mailbox.
    send(&mailbox, "4b");
    assert_eq!(mailbox.pending_packets(), 1);

    socket.set(100, true);
    assert_eq!(write(&mut carried, Some(&mailbox)), Written::All);
    assert_eq!(socket.texts(), ["44444444", "44444444", "4b"]);
    assert_eq!(mailbox.pending_bytes(), 0);
    assert!(mailbox.is_writable());
}

#[test]
fn a_mark_is_passed_when_what_is_before_it_has_left() {
    let socket = Narrow::default();
    socket.set(1, false);
    let (mut carried, mailbox) = carried(&socket);
    let (mark, departure) = Mark::of_message();
    let frames = [Frame::text(b"4a")];
    mailbox.send_marked(&frames, SendOptions::default(), mark);
    let mut departure = Box::pin(departure);
    let mut cx = Context::from_waker(std::task::Waker::noop());

    assert_eq!(write(&mut carried, Some(&mailbox)), Written::Blocked);
    assert_eq!(socket.texts(), ["4a"]);
    assert!(departure.as_mut().poll(&mut cx).is_pending());
    socket.set(0, true);
    assert_eq!(write(&mut carried, Some(&mailbox)), Written::All);
    assert!(departure.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn a_socket_that_takes_one_message_at_a_time_is_flushed_between_them() {
    let socket = Narrow::default();
    socket.set(1, true);
    let (mut carried, mailbox) = carried(&socket);
    send(&mailbox, "4a");
    send(&mailbox, "4b");

    assert_eq!(write(&mut carried, Some(&mailbox)), Written::Blocked);
    assert_eq!(socket.texts(), ["4a"]);
    assert_eq!(socket.0.lock().flushes, 1);
    assert_eq!(mailbox.pending_bytes(), 4);
    socket.set(1, true);
    assert_eq!(write(&mut carried, Some(&mailbox)), Written::All);
    assert_eq!(socket.texts(), ["4b"]);
}

/// Answers to pings may lie with the socket then, and nothing else would have them leave.
#[test]
fn a_socket_that_was_asked_for_messages_is_flushed_once() {
    let socket = Narrow::default();
    socket.set(0, true);
    let (mut carried, mailbox) = carried(&socket);
    let mut cx = Context::from_waker(std::task::Waker::noop());

    assert!(carried.poll_receive(&mut cx).is_pending());
    for _ in 0..2 {
        assert_eq!(write(&mut carried, Some(&mailbox)), Written::All);
        assert_eq!(socket.0.lock().flushes, 1);
    }
}

/// A WebSocket that is asked for messages while it is closed: it gives these.
#[derive(Clone)]
struct Late(Arc<Mutex<std::vec::IntoIter<Given>>>);

type Given = fn() -> Result<SocketMessage, ReceiveError>;

impl MessageSocket for Late {
    fn poll_receive(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<SocketMessage, ReceiveError>>> {
        Poll::Ready(self.0.lock().next().map(|message| message()))
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(&mut self, _: SocketMessage) -> io::Result<()> {
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_closing_socket_is_asked_until_its_end_or_a_second_error() {
    let text: Given = || Ok(SocketMessage::Text(String::new()));
    let error: Given = || Err(ReceiveError::TooLarge);
    let lost: Given = || Err(io::Error::from(io::ErrorKind::ConnectionReset).into());
    let left = async |given: Vec<Given>| {
        let socket = Late(Arc::new(Mutex::new(given.into_iter())));
        Carried::new(socket.clone(), 1000, None)
            .close(None, None)
            .await;
        socket.0.lock().len()
    };

    assert_eq!(left(vec![text, error, text, text]).await, 0);
    assert_eq!(left(vec![error, text, error, text, text]).await, 2);
    assert_eq!(left(vec![text, lost, text]).await, 1);
}

#[test]
fn a_client_that_probes_without_reading_is_read_no_more() {
    let socket = Narrow::default();
    let (mut carried, _) = carried(&socket);
    (0..MAX_CONTROL_PACKETS).for_each(|_| carried.answer_probe());

    assert!(!carried.owes_much());
    carried.answer_probe();
    assert!(carried.owes_much());
    socket.set(usize::MAX, true);
    write(&mut carried, None);
    assert!(!carried.owes_much());
}
