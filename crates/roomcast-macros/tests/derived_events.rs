//! What derived events write and read, in literal packets.

use bytes::Bytes;
use roomcast_socketio::{
    ArgError, Decoder, Event, Header, NoReply, RESERVED_EVENTS, Value, encode_event, value,
};
use serde::{Deserialize, Serialize};

#[derive(roomcast::Event, Debug, PartialEq)]
#[event(name = "send-message", reply = u64)]
struct SendMessage {
    room: String,
    text: String,
}

#[derive(roomcast::Event, Debug, PartialEq)]
#[event(name = "moved")]
struct Moved(String, (u8, u8));

#[derive(roomcast::Event, Debug, PartialEq)]
#[event(name = "tick", reply = ())]
struct Tick;

#[derive(roomcast::Event, Debug, PartialEq)]
#[event(name = "tock")]
struct Tock {}

#[derive(roomcast::Event, Debug, PartialEq, Serialize, Deserialize)]
#[event(name = "sign-in", object, reply = (String, u32))]
#[serde(rename_all = "camelCase")]
struct SignIn {
    user_name: String,
    #[serde(default)]
    is_guest: bool,
}

#[derive(roomcast::Event, Debug, PartialEq)]
#[event(name = "upload")]
struct Upload {
    r#type: String,
    file: Bytes,
    tags: Option<Vec<String>>,
}

#[derive(roomcast::Event, Debug, PartialEq)]
#[event(name = "changed")]
struct Changed<T> {
    key: String,
    value: T,
}

#[derive(roomcast::Event, Debug, PartialEq)]
#[event(crate = roomcast_socketio, name = "elsewhere")]
struct Elsewhere(u8);

/// The text of the packet and its attachments.
fn written<E: Event>(event: &E) -> (String, Vec<Bytes>) {
    let mut out = Vec::new();
    let main = Header {
        namespace: "/",
        ack: None,
    };
    let attachments = encode_event(&mut out, main, E::NAME, &event.args());
    let attachments = attachments.expect("a JSON form");
    (String::from_utf8(out).expect("JSON is UTF-8"), attachments)
}

fn read<E: Event>(text: &str) -> Result<E, ArgError> {
    let mut decoder = Decoder::default();
    let packet = decoder.text(text).expect("a packet");
    let packet = packet.expect("no attachments");
    E::read(&mut packet.args())
}

fn text_of<E: Event>(event: &E) -> String {
    written(event).0
}

#[test]
fn named_fields_are_separate_arguments_in_order() {
    let event = SendMessage {
        room: "lobby".to_owned(),
        text: "hi".to_owned(),
    };
    let packet = r#"2["send-message","lobby","hi"]"#;

    assert_eq!(text_of(&event), packet);
    assert_eq!(read(packet), Ok(event));
}

#[test]
fn unnamed_fields_are_separate_arguments_and_a_tuple_inside_is_one() {
    let event = Moved("king".to_owned(), (4, 0));
    let packet = r#"2["moved","king",[4,0]]"#;

    assert_eq!(text_of(&event), packet);
    assert_eq!(read(packet), Ok(event));
}

#[test]
fn a_struct_without_fields_has_no_arguments() {
    assert_eq!(text_of(&Tick), r#"2["tick"]"#);
    assert_eq!(read(r#"2["tick"]"#), Ok(Tick));
    assert_eq!(read(r#"2["tick",1]"#), Ok(Tick));
    assert_eq!(text_of(&Tock {}), r#"2["tock"]"#);
    assert_eq!(read(r#"2["tock"]"#), Ok(Tock {}));
}

#[test]
fn an_object_is_one_argument_as_serde_writes_it() {
    let event = SignIn {
        user_name: "ada".to_owned(),
        is_guest: true,
    };

    assert_eq!(
        text_of(&event),
        r#"2["sign-in",{"userName":"ada","isGuest":true}]"#
    );
    let guest = read::<SignIn>(r#"2["sign-in",{"userName":"ada"}]"#).unwrap();
    assert!(!guest.is_guest);
}

#[test]
fn bytes_leave_as_an_attachment_and_none_keeps_its_place() {
    let event = Upload {
        r#type: "image/png".to_owned(),
        file: Bytes::from_static(b"\x89PNG"),
        tags: None,
    };
    let packet = r#"51-["upload","image/png",{"_placeholder":true,"num":0},null]"#;

    assert_eq!(
        written(&event),
        (packet.to_owned(), vec![event.file.clone()])
    );
    let mut decoder = Decoder::default();
    assert!(decoder.text(packet).unwrap().is_none());
    let packet = decoder.binary(&b"\x89PNG"[..]).unwrap().unwrap();
    assert_eq!(Upload::read(&mut packet.args()), Ok(event));
}

#[test]
fn an_option_that_is_left_out_at_the_end_is_none() {
    #[derive(roomcast::Event, Debug, PartialEq)]
    #[event(name = "find")]
    struct Find(String, Option<u8>, Option<u8>);

    let packet = r#"2["find","ada"]"#;
    assert_eq!(read(packet), Ok(Find("ada".to_owned(), None, None)));
}

#[test]
fn an_argument_that_is_missing_or_of_another_type_is_named_by_its_place() {
    assert_eq!(
        read::<SendMessage>(r#"2["send-message","lobby"]"#),
        Err(ArgError::Missing { index: 1 })
    );
    let error = read::<Moved>(r#"2["moved","king","e1"]"#);
    assert!(matches!(error, Err(ArgError::Mismatch { index: 1, .. })));
}

#[test]
fn an_event_may_have_type_parameters() {
    let event = Changed {
        key: "size".to_owned(),
        value: value!({ "x": 1 }),
    };
    let packet = r#"2["changed","size",{"x":1}]"#;

    assert_eq!(text_of(&event), packet);
    assert_eq!(read::<Changed<Value>>(packet), Ok(event));
}

#[test]
fn the_traits_may_be_elsewhere() {
    assert_eq!(text_of(&Elsewhere(1)), r#"2["elsewhere",1]"#);
}

#[test]
fn the_reply_is_that_of_the_attribute_or_none() {
    fn is<E: Event<Reply = R>, R>() {}

    is::<SendMessage, u64>();
    is::<Tick, ()>();
    is::<SignIn, (String, u32)>();
    is::<Moved, NoReply>();
}

#[test]
fn every_reserved_name_is_refused_when_it_is_derived() {
    let source = include_str!("../src/attributes.rs");

    assert!(
        RESERVED_EVENTS
            .iter()
            .all(|name| source.contains(&format!("    \"{name}\",\n")))
    );
}
