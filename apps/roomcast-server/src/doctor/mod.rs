//! `roomcast doctor`: what is wrong between a server and its clients.

use std::process::ExitCode;

use crate::terminal::TargetOptions;

#[derive(clap::Args, Clone, Debug, PartialEq)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

pub(crate) async fn run(_options: &Options) -> ExitCode {
    ExitCode::SUCCESS
}
