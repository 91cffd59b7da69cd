//! Scripts of all kinds keep the rules.

use proptest::prelude::*;

use crate::rules;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_order_of_events_keeps_the_rules(script in prop::collection::vec(any::<u8>(), 0..200)) {
        rules::run(&script);
    }
}

#[test]
fn a_script_of_every_step_keeps_the_rules() {
    let script: Vec<u8> = (0..4).flat_map(|_| 0..=u8::MAX).collect();
    rules::run(&script);
}
