//! The line of JSON that a run prints.
use crate::histogram::Histogram;
use std::fmt::{Display, Write};

/// An object that grows.
pub struct Report(String);

impl Report {
    pub fn new(scenario: &str) -> Self {
        Report(format!("{{\"scenario\":\"{scenario}\""))
    }

    /// Adds a number or another piece of JSON.
    pub fn add(mut self, name: &str, value: impl Display) -> Self {
        write!(self.0, ",\"{name}\":{value}").expect("a string takes all");
        self
    }

    pub fn rounded(self, name: &str, value: f64, digits: usize) -> Self {
        self.add(name, format_args!("{value:.digits$}"))
    }

    /// Adds the quantiles of `name` in microseconds.
    pub fn latency(mut self, name: &str, histogram: &Histogram) -> Self {
        for (quantile, value) in histogram.quantiles() {
            self = self.rounded(&format!("{name}_{quantile}_us"), value, 1);
        }
        self
    }

    pub fn print(self) {
        println!("{}}}", self.0);
    }
}
