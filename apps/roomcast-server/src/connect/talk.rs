//! A conversation that is held, line by line.

use std::fmt;
use std::time::Duration;

use roomcast_client::{Socket, Spread, Transport};
use tokio::sync::watch;
use tokio::time::timeout;

use super::conversation::Conversation;
use super::input::Input;
use super::line::{self, Line};
use super::options::{INPUT, Options};
use super::progress::{End, Phase, Progress};
use super::{FAILURE, NO_CONNECTION};
use crate::terminal::{Finding, Target, explain};

/// A conversation that is held.
pub(super) struct Talk<'t> {
    conversation: Conversation,
    watch: watch::Receiver<Progress>,
    target: &'t Target,
    /// The transport that opens the connection.
    first: Transport,
    /// How many acknowledgements were asked for.
    asked: u64,
}

impl<'t> Talk<'t> {
    pub(super) fn new(conversation: Conversation, target: &'t Target, first: Transport) -> Self {
        Self {
            watch: conversation.watch(),
            conversation,
            target,
            first,
            asked: 0,
        }
    }

    /// Takes lines until they end or the server does, and returns the program's exit code.
    pub(super) async fn hold(mut self, options: &Options) -> u8 {
        self.until(|progress| progress.phase != Phase::Opening)
            .await;
        let mut input = match options.send.is_empty() {
            true => Input::standard(),
            false => Input::of(&options.send),
        };
        loop {
            let line = tokio::select! {
                biased;
                () = self.until(Progress::is_over) => break,
                line = input.next() => line,
            };
            match line {
                Some(Ok(line)) if self.take(&line).await.is_none() => break,
                Some(Ok(_)) => {}
                Some(Err(error)) => self.blame(&error),
                None if options.keep_open => self.until(Progress::is_over).await,
                None => break,
            }
        }
        self.end().await
    }

    /// Does what a line says. `None` if it is to be the last.
    async fn take(&mut self, text: &str) -> Option<()> {
        let line = match line::parse(text) {
            Ok(line) => line,
            Err(error) => {
                self.blame(&error);
                return Some(());
            }
        };
        let socket = self.conversation.socket();
        match line {
            Line::Nothing => {}
            Line::Emit {
                event,
                args,
                manner,
            } => {
                let asked = &mut self.asked;
                if let Err(error) = self.conversation.emit(asked, &event, args, manner) {
                    self.blame(&format_args!("{event}: {error}"));
                }
            }
            Line::Answer { number, args } => {
                match self.change(|progress| progress.take_ack(number)) {
                    Some(ack) => ack.send(Spread(args)),
                    None => self.blame(&format_args!("no event #{number} waits for an answer")),
                }
            }
            Line::Wait(event) => self.wait(&event).await,
            Line::Off(event) => self.change(|progress| progress.hide(event)),
            Line::On(event) => self.change(|progress| progress.show(&event)),
            Line::Connect => socket.connect(),
            Line::Disconnect => socket.disconnect(),
            Line::Drop => socket.manager().drop_connection(),
            Line::Help => eprintln!("{INPUT}"),
            Line::Quit => return None,
        }
        Some(())
    }

    /// Waits for an event, as long as it can come and there is time.
    async fn wait(&mut self, event: &str) {
        let limit = self.target.timeout;
        let coming = self.until(|progress| progress.has_seen(event) || progress.is_over());
        // Whether it came is looked at below: it may come at the last moment.
        let _ = timeout(limit, coming).await;
        if !self.change(|progress| progress.use_up(event)) {
            self.blame(&format_args!("/wait: {event} did not come"));
        }
    }

    /// Waits for what was asked for, leaves, and says how it went.
    async fn end(&mut self) -> u8 {
        let limit = self.target.timeout;
        let asked = self.until(|progress| progress.waiting == 0 || progress.is_over());
        // Each acknowledgement has its own end, which counts as a failure.
        let _ = timeout(limit + SLACK, asked).await;
        let (end, is_left, is_unread) = self.change(|progress| {
            let end = match &progress.phase {
                Phase::Over(end) => Some(end.clone()),
                _ => None,
            };
            (end, progress.phase == Phase::Left, progress.is_unread)
        });
        if is_unread {
            return 0;
        }
        if let Some(end) = end {
            eprint!("{}", why(&end, self.target, self.first).await);
            return NO_CONNECTION;
        }
        self.change(|progress| progress.is_leaving = true);
        if !is_left && !leave(self.conversation.socket(), limit).await {
            self.blame(&"not all events could be sent in time");
        }
        match self.change(|progress| progress.failures + progress.waiting) {
            0 => 0,
            _ => FAILURE,
        }
    }

    /// Waits until the conversation is so far.
    async fn until(&mut self, mut is_so: impl FnMut(&Progress) -> bool) {
        // The sender lives as long as the conversation.
        drop(self.watch.wait_for(|progress| is_so(progress)).await);
    }

    fn change<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> T {
        self.conversation.change(change)
    }

    /// Tells that a line was not done.
    fn blame(&self, why: &dyn fmt::Display) {
        eprintln!("roomcast: {why}");
        self.change(|progress| progress.failures += 1);
    }
}

/// Disconnects when all has been sent. Tells whether it was, in time.
pub(super) async fn leave(socket: &Socket, limit: Duration) -> bool {
    let sending = async {
        let is_sent = socket.flushed().await.is_ok();
        socket.disconnect();
        // What matters has left; now the farewell does.
        let _ = socket.flushed().await;
        is_sent
    };
    timeout(limit, sending).await.unwrap_or(false)
}

/// Why it is over.
async fn why(end: &End, target: &Target, first: Transport) -> Finding {
    match end {
        End::Unreachable(error) | End::Refused(error) => explain(error, target, first).await,
        End::TurnedAway(reason) => Finding::new(format!(
            "the connection ended before the server let the client into {}: {reason}",
            target.namespace
        ))
        .advise("do both sides use the same parser? --parser says which"),
        End::Lost(reason) => Finding::new(format!("the connection is lost: {reason}")),
        End::GaveUp => Finding::new("the connection could not be opened again"),
    }
}

/// Timers do not go off at the same moment.
const SLACK: Duration = Duration::from_secs(1);
