//! Where lines come from.

use std::io::{self, BufRead as _};
use std::thread;

use tokio::sync::mpsc;

/// Lines, as they are asked for.
#[derive(Debug)]
pub(crate) struct Input(mpsc::Receiver<io::Result<String>>);

impl Input {
    /// Standard input. A thread of its own reads it, which does not hold up the program's end: the
    /// system cannot read a terminal in any other way.
    pub(crate) fn standard() -> Self {
        let (sender, lines) = mpsc::channel(1);
        thread::spawn(move || {
            for line in io::stdin().lock().split(b'\n') {
                let line = line.and_then(|line| {
                    String::from_utf8(line)
                        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, NO_TEXT))
                });
                let is_over =
                    matches!(&line, Err(error) if error.kind() != io::ErrorKind::InvalidData);
                // Without a receiver the program ends.
                if sender.blocking_send(line).is_err() || is_over {
                    return;
                }
            }
        });
        Self(lines)
    }

    /// These lines.
    pub(crate) fn of(lines: &[String]) -> Self {
        let (sender, receiver) = mpsc::channel(lines.len().max(1));
        for line in lines {
            // There is room for all of them.
            let _ = sender.try_send(Ok(line.clone()));
        }
        Self(receiver)
    }

    /// The next line; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<io::Result<String>> {
        self.0.recv().await
    }
}

const NO_TEXT: &str = "the line is not in UTF-8";
