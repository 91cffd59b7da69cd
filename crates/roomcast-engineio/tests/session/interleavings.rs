//! Random orders of everything that can happen.

use crate::{network::Random, rules};

#[test]
fn no_order_of_events_breaks_the_rules_of_a_session() {
    for seed in 0..20_000 {
        let mut random = Random::new(seed);
        let len = random.below(200) as usize;
        let script: Vec<u8> = (0..len).map(|_| random.below(256) as u8).collect();
        rules::run(&script);
    }
}

#[test]
fn no_order_of_events_without_pauses_breaks_the_rules_of_a_session() {
    for seed in 0..20_000 {
        let mut random = Random::new(seed);
        let mut script = vec![random.below(256) as u8];
        script.extend((0..40).flat_map(|_| [random.below(256) as u8, 0]));
        rules::run(&script);
    }
}
