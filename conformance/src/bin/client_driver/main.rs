//! The program that `conformance/client` drives: commands on stdin, reports on stdout.
//!
//! The protocol is written in `conformance/client/README.md`.

mod commands;
mod driver;
mod listeners;
mod options;
mod reports;
mod values;

use std::io::{self, BufRead as _};
use std::sync::Arc;
use std::time::Duration;

use roomcast_client::{Value, value};

use crate::commands::Outcome;
use crate::driver::Driver;

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let driver = Arc::new(Driver::default());
    {
        let _entered = runtime.enter();
        reports::print(&value!({ "type": "ready", "protocol": 1 }));
        for line in io::stdin().lock().lines() {
            let command: Value = line?.parse().map_err(io::Error::other)?;
            carry_out(&driver, &command);
        }
        driver.close_all();
    }
    runtime.shutdown_timeout(Duration::from_millis(200));
    Ok(())
}

/// Carries a command out and replies, now or when the server has answered.
fn carry_out(driver: &Arc<Driver>, command: &Value) {
    let id = command["id"].clone();
    match driver.execute(command) {
        Ok(Outcome::Now(result)) => reports::reply(id, Ok(result)),
        Ok(Outcome::Later(result)) => {
            tokio::spawn(async move { reports::reply(id, result.await) });
        }
        Err(error) => reports::reply(id, Err(error)),
    }
}
