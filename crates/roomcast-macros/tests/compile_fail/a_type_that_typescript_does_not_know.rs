use roomcast::Event;
use roomcast::typescript::TypeScript;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Account {
    id: u64,
}

#[derive(Event, TypeScript)]
#[event(name = "opened")]
struct Opened {
    account: Account,
}

#[derive(TypeScript)]
struct NoEvent;

#[derive(Event, TypeScript)]
#[event(name = "changed")]
struct Changed<T>(T);

fn main() {}
