//! The program `roomcast`: a Socket.IO server with a web page to try it on, and a client for the
//! terminal.

mod banner;
mod cli;
mod connect;
mod demo;
mod doctor;
mod error;
mod log;
mod page;
mod serve;
mod signals;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Command, Options};

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    log::install();
    match options.command {
        Some(Command::Connect(options)) => connect::run(&options).await,
        Some(Command::Doctor(options)) => doctor::run(&options).await,
        None => match serve::run(&options.server).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("roomcast: {error}");
                ExitCode::FAILURE
            }
        },
    }
}
