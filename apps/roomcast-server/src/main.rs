//! The program `roomcast`: a Socket.IO server with a web page to try it on.

mod banner;
mod cli;
mod demo;
mod error;
mod log;
mod page;
mod serve;
mod signals;

use std::process::ExitCode;

use clap::Parser as _;

use cli::Options;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    log::install();
    match serve::run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("roomcast: {error}");
            ExitCode::FAILURE
        }
    }
}
