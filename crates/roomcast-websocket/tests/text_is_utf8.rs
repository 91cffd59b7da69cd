//! Text passes if and only if it is UTF-8, however long it is and wherever it is cut.

use proptest::prelude::*;
use roomcast_websocket::{DecodeError, Decoder, Event, Header, Limits, OpCode, Role};

/// What a server makes of one masked text frame that arrives in two pieces.
fn received(payload: &[u8], key: [u8; 4], cut: usize) -> Result<String, DecodeError> {
    let mut input = Header::new(OpCode::Text, payload.len())
        .masked(key)
        .to_vec();
    let masked = payload.iter().zip(key.iter().cycle());
    input.extend(masked.map(|(byte, key)| byte ^ key));
    let (first, second) = input.split_at_mut(cut.min(payload.len() + 6));
    let mut decoder = Decoder::new(Role::Server, Limits::default());
    for piece in [first, second] {
        if let Some(Event::Text(text)) = decoder.decode(piece)?.event {
            return Ok(text.into_owned());
        }
    }
    panic!("the message is whole");
}

fn checked(payload: &[u8]) -> Result<String, DecodeError> {
    let text = std::str::from_utf8(payload).map_err(|_| DecodeError::InvalidUtf8)?;
    Ok(text.to_owned())
}

#[test]
fn a_bad_byte_is_found_at_every_place_of_texts_of_every_length() {
    for len in 1..150 {
        for place in 0..len {
            let mut payload = vec![b'x'; len];
            payload[place] = 0xff;
            let whole = received(&payload, [1, 2, 3, 4], usize::MAX);

            assert_eq!(whole, Err(DecodeError::InvalidUtf8), "{place} of {len}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn text_is_received_as_it_was_sent(
        text in prop_oneof![".{0,120}", "[ -~é–😀]{0,120}"],
        key in any::<[u8; 4]>(),
        cut in 0_usize..300,
    ) {
        prop_assert_eq!(received(text.as_bytes(), key, cut).unwrap(), text);
    }

    #[test]
    fn damaged_text_is_judged_as_the_standard_library_does(
        text in "[ -~é–😀]{1,120}",
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in 0_usize..300,
    ) {
        let mut payload = text.into_bytes();
        let place = place.index(payload.len());
        payload[place] = byte;

        prop_assert_eq!(received(&payload, [9, 0, 255, 1], cut), checked(&payload));
    }
}
