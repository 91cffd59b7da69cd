//! Sessions of a client in virtual time, through the public interface.

mod rules;

use proptest::prelude::*;

proptest! {
    #[test]
    fn no_order_of_events_breaks_the_rules(script in prop::collection::vec(any::<u8>(), 0..200)) {
        rules::run(&script);
    }

    /// Most orders end a session before it has moved; here nothing ends it but its last steps.
    #[test]
    fn no_order_of_events_within_an_open_session_breaks_the_rules(
        steps in prop::collection::vec((0_u8..3, 4_u8..17, any::<u8>()), 0..100),
        last in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let steps = steps
            .into_iter()
            .filter(|(from, kind, _)| !(13..16).contains(kind) || *from > 0)
            .filter(|(_, kind, _)| *kind != 7)
            .flat_map(|(from, kind, delay)| [from << 5 | kind, delay % 8]);
        let script: Vec<_> = [0, 0, 0].into_iter().chain(steps).chain(last).collect();
        rules::run(&script);
    }
}
