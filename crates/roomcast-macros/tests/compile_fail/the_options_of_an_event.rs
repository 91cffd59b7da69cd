use roomcast::Event;

#[derive(Event)]
struct WithoutName;

#[derive(Event)]
#[event(name = "connect")]
struct Reserved;

#[derive(Event)]
#[event(name = "a", name = "b")]
struct Twice;

#[derive(Event)]
#[event(name = "a", replies = u8)]
struct Unknown;

#[derive(Event)]
#[event(name = 5)]
struct NoText;

#[derive(Event)]
#[event(name = "a", object)]
struct NoObject(u8);

fn main() {}
