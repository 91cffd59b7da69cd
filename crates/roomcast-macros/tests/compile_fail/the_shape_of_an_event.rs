use roomcast::Event;

#[derive(Event)]
#[event(name = "a")]
enum Choice {
    A,
}

#[derive(Event)]
#[event(name = "a")]
struct Borrowed<'a>(&'a str);

#[derive(Event)]
#[event(name = "a")]
struct TooMany(u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u16);

#[derive(Event)]
#[event(name = "a")]
struct Option(#[event(rename = "b")] u8);

fn main() {}
