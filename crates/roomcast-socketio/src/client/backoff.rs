//! How long to wait before the next attempt.

use std::time::Duration;

use super::Settings;

/// Counts the attempts of one reconnection, and spaces them.
///
/// Spec: backo2, as in socket.io-client 4.8.3.
#[derive(Clone, Debug, Default)]
pub(super) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The delay before the next attempt, which is counted: the smallest delay times two to the power
    /// of the attempts so far, spread by the randomization factor, at most the largest delay.
    ///
    /// `random` is at least 0 and below 1.
    pub(super) fn next_delay(&mut self, settings: &Settings, random: f64) -> Duration {
        // 2^100 nanoseconds are above any largest delay.
        let doubled = 2_f64.powi(self.attempts.min(100) as i32);
        self.attempts = self.attempts.saturating_add(1);
        let plain = settings.reconnection_delay.as_secs_f64() * doubled;
        let deviation = random * settings.randomization_factor.clamp(0.0, 1.0) * plain;
        let is_shorter = ((random * 10.0) as u32).is_multiple_of(2);
        let seconds = if is_shorter {
            plain - deviation
        } else {
            plain + deviation
        };
        let delay = Duration::try_from_secs_f64(seconds).unwrap_or(settings.reconnection_delay_max);
        delay.min(settings.reconnection_delay_max)
    }

    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// The numbers by which delays are spread, all from one seed of the caller (splitmix64).
#[derive(Clone, Debug)]
pub(super) struct Spreading(u64);

impl Spreading {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, at least 0 and below 1.
    pub(super) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // 53 bits are what a double holds.
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(delay: u64, delay_max: u64, randomization_factor: f64) -> Settings {
        Settings {
            reconnection_delay: Duration::from_millis(delay),
            reconnection_delay_max: Duration::from_millis(delay_max),
            randomization_factor,
            ..Settings::default()
        }
    }

    #[test]
    fn without_jitter_delays_double_up_to_the_largest() {
        let settings = settings(60, 240, 0.0);
        let mut backoff = Backoff::default();

        let delays: Vec<_> = (0..5).map(|_| backoff.next_delay(&settings, 0.9)).collect();
        assert_eq!(delays, [60, 120, 240, 240, 240].map(Duration::from_millis));
        assert_eq!(backoff.attempts(), 5);
        backoff.reset();
        assert_eq!(
            backoff.next_delay(&settings, 0.9),
            Duration::from_millis(60)
        );
    }

    #[test]
    fn the_first_decimal_of_the_random_number_decides_the_direction() {
        let settings = settings(1000, 5000, 0.5);
        let first = |random| Backoff::default().next_delay(&settings, random);

        assert_eq!(first(0.0), Duration::from_millis(1000));
        assert_eq!(first(0.5), Duration::from_millis(1250));
        assert_eq!(first(0.25), Duration::from_millis(875));
    }

    #[test]
    fn a_change_of_the_settings_counts_for_the_next_delay() {
        let mut backoff = Backoff::default();
        backoff.next_delay(&settings(10, 5000, 0.0), 0.0);

        let delay = backoff.next_delay(&settings(100, 5000, 0.0), 0.0);
        assert_eq!(delay, Duration::from_millis(200));
    }

    #[test]
    fn no_number_of_attempts_and_no_factor_goes_above_the_largest_delay() {
        let mut backoff = Backoff { attempts: u32::MAX };
        let wild = settings(1000, 5000, f64::INFINITY);

        assert_eq!(backoff.next_delay(&wild, 0.1), Duration::from_secs(5));
        assert_eq!(backoff.next_delay(&wild, 0.99), Duration::from_secs(5));
        assert_eq!(backoff.attempts(), u32::MAX);
    }

    #[test]
    fn random_numbers_lie_between_0_and_1_and_differ() {
        let mut spreading = Spreading::new(7);
        let numbers: Vec<_> = (0..100).map(|_| spreading.next()).collect();

        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        let mean = numbers.iter().sum::<f64>() / 100.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
    }
}
