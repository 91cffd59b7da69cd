//! The Autobahn suite against the WebSocket echo server and the echo client.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::cases::Finding;
use super::{Bench, Outcome, Programs, Suite, Tally};
use crate::failure::Failure;
use crate::process::{self, Running};
use crate::workspace;

/// Cases of the suite, under the name that a row of the compatibility table gives them.
#[derive(Clone, Copy, Debug)]
struct Selection {
    name: &'static str,
    args: &'static [&'static str],
}

/// Categories 1 to 10, 301 cases.
const FRAMES: Selection = Selection {
    name: "frames",
    args: &["--exclude", "12.*,13.*"],
};

/// A sample of the 216 compression cases: each kind of offer, small and large messages.
const DEFLATE: Selection = Selection {
    name: "deflate",
    args: &[
        "--cases",
        "12.1.1,12.1.5,12.1.13,13.1.1,13.2.1,13.3.1,13.4.1,13.5.1,13.6.1,13.7.1",
    ],
};

/// Frames without a mask, each of which a server must refuse.
const UNMASKED: Selection = Selection {
    name: "frames without a mask are refused",
    args: &["--unmasked"],
};

/// Makes the programs leave the suite's `client_no_context_takeover` unanswered, so that the
/// inflater's context is kept from one message to the next.
const IGNORE_HINT: &str = "--ignore-context-hint";

/// Where ports are looked for: below the range that the system hands out.
const PORTS: std::ops::Range<u16> = 24_800..24_900;

pub(super) fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let Some(python) = python3() else {
        return Ok(Outcome::Skipped {
            lacks: "python3".to_owned(),
        });
    };
    let folder = workspace::path("conformance/autobahn");
    let echo = bench.command("WEBSOCKET_ECHO_CMD", "websocket_echo")?;
    let client = bench.command("WEBSOCKET_CLIENT_CMD", "websocket_client")?;
    let Some(suite) = install(&folder)? else {
        let lacks = "the Autobahn suite: it needs Python 2.7, or 3.8 to 3.12 with venv and pip";
        return Ok(Outcome::Skipped {
            lacks: lacks.to_owned(),
        });
    };
    let judge = Judge {
        bench,
        python,
        script: folder.join("judge.py"),
        suite,
    };

    let mut tally = Tally::default();
    tally += judge.server(&echo, &[], &[FRAMES, DEFLATE, UNMASKED])?;
    tally += judge.server(&echo, &[IGNORE_HINT], &[DEFLATE])?;
    tally += judge.client(&client, FRAMES)?;
    tally += judge.client(&client, DEFLATE)?;
    Ok(Outcome::Ran(tally))
}

/// The script that runs the suite and judges its report.
#[derive(Debug)]
struct Judge<'b> {
    bench: &'b Bench,
    python: String,
    script: PathBuf,
    suite: PathBuf,
}

impl Judge<'_> {
    /// Starts the echo server with `flags` and runs each of `selections` against it.
    fn server(
        &self,
        echo: &Programs,
        flags: &[&str],
        selections: &[Selection],
    ) -> Result<Tally, Failure> {
        let port = free_port()?;
        let mut command = words(echo);
        command
            .args(flags)
            .env("PORT", port.to_string())
            .stdin(Stdio::null());
        let mut server = Running::start(&mut command)?;
        wait_for(port, &mut server)?;

        let url = format!("ws://127.0.0.1:{port}/");
        let mut tally = Tally::default();
        for &selection in selections {
            tally += self.judge(&["server", &url], selection, &[])?;
        }
        Ok(tally)
    }

    /// Runs `selection` with the echo client, which gets the suite's address as its last argument.
    fn client(&self, client: &Programs, selection: Selection) -> Result<Tally, Failure> {
        let port = free_port()?.to_string();
        let command = words(client);
        let mut tail = vec![
            "--".to_owned(),
            command.get_program().to_string_lossy().into_owned(),
        ];
        tail.extend(
            command
                .get_args()
                .map(|word| word.to_string_lossy().into_owned()),
        );
        self.judge(&["client", &port], selection, &tail)
    }

    fn judge(
        &self,
        peer: &[&str],
        selection: Selection,
        tail: &[String],
    ) -> Result<Tally, Failure> {
        let mut command = Command::new(&self.python);
        command
            .current_dir(workspace::root())
            .env("AUTOBAHN_DIR", &self.suite);
        // Python holds back what it writes to a pipe; its output is to appear as it comes.
        command.env("PYTHONUNBUFFERED", "1");
        command
            .arg(&self.script)
            .args(peer)
            .args(selection.args)
            .args(tail);

        println!("-- {} {}", peer.join(" "), selection.args.join(" "));
        let mut tally = Tally::default();
        let status = process::tee(&mut command, |line| tally.read_judge(line))?;
        let tally = tally.with_end(status);
        let finding = Finding {
            name: format!("{}: {}", peer[0], selection.name),
            has_passed: tally.is_good(),
        };
        self.bench.note(Suite::Autobahn, finding);
        Ok(tally)
    }
}

/// Installs the suite below Cargo's output folder, unless it is there; `None` where no Python takes it.
fn install(folder: &Path) -> Result<Option<PathBuf>, Failure> {
    let suite = workspace::scratch("autobahn-suite");
    if suite.join("wstest").exists() {
        return Ok(Some(suite));
    }
    for script in ["setup.sh", "setup-py3.sh"] {
        println!("installing the Autobahn suite with {script}");
        let mut setup = Command::new("bash");
        setup.arg(folder.join(script)).arg(&suite);
        if process::run(&mut setup).is_ok() {
            return Ok(Some(suite));
        }
        if suite.exists() {
            // A folder that was filled by half would look complete to the next run.
            fs::remove_dir_all(&suite)?;
        }
    }
    Ok(None)
}

fn python3() -> Option<String> {
    let python = "python3".to_owned();
    process::answer(Command::new(&python).arg("--version")).map(|_| python)
}

/// A program's command, in the root, its words separated by spaces.
fn words(programs: &Programs) -> Command {
    let (Programs::Own { command } | Programs::Others { command }) = programs;
    let mut words = command.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).current_dir(workspace::root());
    command
}

fn free_port() -> Result<u16, Failure> {
    let mut ports = PORTS.filter(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok());
    ports
        .next()
        .ok_or_else(|| Failure::new(format!("no free port in {PORTS:?}")))
}

/// Waits until the server takes connections.
fn wait_for(port: u16, server: &mut Running) -> Result<(), Failure> {
    let until = Instant::now() + Duration::from_secs(15);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if let Some(status) = server.ended()? {
            return Err(Failure::new(format!("the echo server ended with {status}")));
        }
        if Instant::now() > until {
            return Err(Failure::new(format!(
                "the echo server does not listen on port {port}"
            )));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_at_spaces() {
        let others = Programs::Others {
            command: "node  echo.mjs --quiet".to_owned(),
        };

        let command = words(&others);

        assert_eq!(command.get_program(), "node");
        assert_eq!(
            command.get_args().collect::<Vec<_>>(),
            ["echo.mjs", "--quiet"]
        );
    }

    #[test]
    fn a_free_port_lies_below_those_that_the_system_hands_out() {
        assert!(PORTS.contains(&free_port().unwrap()));
    }
}
