use roomcast::Event;

struct Account;

#[derive(Event)]
#[event(name = "account")]
struct Opened {
    id: u64,
    account: Account,
}

fn main() {}
