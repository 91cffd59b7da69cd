//! The client over a network that breaks, for as many seconds as the first argument says (600), by the seed of
//! the second (random).

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use roomcast_conformance::faults::{Plan, Until, run};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let seconds = args.next().map_or(Ok(600), |text| text.parse())?;
    let seed = match args.next() {
        Some(seed) => seed.parse()?,
        None => u64::from(SystemTime::UNIX_EPOCH.elapsed()?.subsec_nanos()),
    };
    println!("{seconds} s, seed {seed}");
    let report = run(Plan {
        seed,
        until: Until::Over(Duration::from_secs(seconds)),
    })
    .await?;
    println!("{report}");
    let wrong = report.wrong();
    for what in &wrong {
        println!("wrong: {what}");
    }
    Ok(match wrong.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
