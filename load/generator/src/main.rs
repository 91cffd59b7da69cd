//! Load generator for Socket.IO servers: one scenario per run, one line of JSON on standard output.
mod clock;
mod histogram;
mod meter;
mod net;
mod options;
mod probe;
mod process;
mod random;
mod report;
mod scenario;
mod server_stats;
mod wire;

use meter::Meter;
use net::Net;
use options::Options;
use scenario::{
    broadcast, churn, connect, echo, idle, join_leave, order, polling, private, rooms,
    slow_readers, soak,
};

const USAGE: &str = "\
usage: generator SCENARIO --port P --pid PID [--warmup S] [--seconds S] [--spin] [option…]
  echo          --connections --window --size [--binary]
  broadcast     --connections --window --size [--rate]
  rooms         --connections --window --size [--rooms]
  private       --connections --window --size
  connect       --connections --parallel
  churn         --parallel
  idle          --connections
  polling       --connections --size
  order         --connections --window
  join-leave    --connections --rate --windows [--everyone] [--turns]
  slow-readers  --connections --slow --rate --size --patience [--told]
  soak          --connections --sample";

fn main() {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_default();
    let options = Options::parse(words);
    net::raise_file_limit();
    let port = options.value("port", 0);
    let mut net = Net::new(port);
    net.spins = options.has("spin");
    let meter = Meter::new(options.value("pid", 0));
    match name.as_str() {
        "echo" => echo::run(&options, net, meter),
        "broadcast" => broadcast::run(&options, net, meter),
        "rooms" => rooms::run(&options, net, meter),
        "private" => private::run(&options, net, meter),
        "connect" => connect::run(&options, net, meter),
        "churn" => churn::run(&options, net, meter),
        "idle" => idle::run(&options, net, meter),
        "polling" => polling::run(&options, port, meter),
        "order" => order::run(&options, net, meter),
        "join-leave" => join_leave::run(&options, net, meter),
        "slow-readers" => slow_readers::run(&options, net, meter),
        "soak" => soak::run(&options, net, meter),
        _ => {
            eprintln!("{USAGE}");
            std::process::exit(2);
        }
    }
}
