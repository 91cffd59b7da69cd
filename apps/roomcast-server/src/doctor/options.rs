//! The command line of `roomcast doctor`.

use std::time::Duration;

use clap::Args;

use crate::terminal::{TargetOptions, seconds};

/// What `roomcast doctor` is told.
#[derive(Args, Clone, Debug, PartialEq)]
#[command(after_help = VERDICTS)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) target: TargetOptions,

    /// The origin of the web page from which browsers connect, as https://example.com
    #[arg(long, value_name = "URL")]
    pub(crate) origin: Option<String>,

    /// Wait for a ping of the server if it comes in so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) patience: Duration,

    /// How many connections to try one session over
    #[arg(long, value_name = "COUNT", default_value_t = 8)]
    pub(crate) connections: u16,

    /// Print a JSON object for each line
    #[arg(long)]
    pub(crate) json: bool,
}

const VERDICTS: &str = "\
Verdicts: ok; warn: some clients may have trouble; FAIL: they do; skip: it was not looked at.

Exit codes: 0 nothing FAILs, 1 something does, 2 wrong command line.";
