use roomcast::Event;

#[derive(Event)]
#[event(name = "opened", object)]
struct Opened {
    id: u64,
}

fn main() {}
