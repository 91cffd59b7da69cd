//! Latencies.

/// Log-linear histogram of nanoseconds: 64 steps per power of two, an error of 1.6 % at most.
pub struct Histogram {
    steps: Vec<u64>,
    count: u64,
    max: u64,
}

impl Histogram {
    pub fn new() -> Self {
        Histogram {
            steps: vec![0; 64 * 64],
            count: 0,
            max: 0,
        }
    }

    #[inline]
    pub fn record(&mut self, nanoseconds: u64) {
        let step = if nanoseconds < 64 {
            nanoseconds as usize
        } else {
            let power = 63 - nanoseconds.leading_zeros() as usize;
            (power - 5) * 64 + ((nanoseconds >> (power - 6)) as usize & 63)
        };
        self.steps[step] += 1;
        self.count += 1;
        self.max = self.max.max(nanoseconds);
    }

    pub fn clear(&mut self) {
        *self = Self::new();
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest, in microseconds.
    pub fn max(&self) -> f64 {
        self.max as f64 / 1000.0
    }

    /// Names and values in microseconds.
    pub fn quantiles(&self) -> [(&'static str, f64); 5] {
        [
            ("p50", self.quantile(0.50)),
            ("p90", self.quantile(0.90)),
            ("p99", self.quantile(0.99)),
            ("p999", self.quantile(0.999)),
            ("max", self.max()),
        ]
    }

    fn quantile(&self, quantile: f64) -> f64 {
        let wanted = ((self.count as f64) * quantile).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (step, count) in self.steps.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return lower_bound(step) as f64 / 1000.0;
            }
        }
        0.0
    }
}

fn lower_bound(step: usize) -> u64 {
    if step < 64 {
        return step as u64;
    }
    (64 + (step & 63) as u64) << (step / 64 - 1)
}
