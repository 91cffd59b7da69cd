//! Fixture programs and suites.
