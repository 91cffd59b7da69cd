//! The log, on standard error.

use std::env;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Writes to standard error what `RUST_LOG` asks for, or warnings and errors.
pub(crate) fn install() {
    let wish = env::var("RUST_LOG").unwrap_or_default();
    let (targets, complaint) = targets(&wish);
    tracing_subscriber::registry()
        .with(
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(false),
        )
        .with(targets)
        .init();
    if let Some(complaint) = complaint {
        tracing::warn!("RUST_LOG is ignored: {complaint}");
    }
}

/// Reads a wish such as `info` or `warn,roomcast=debug`; an empty one is the default.
fn targets(wish: &str) -> (Targets, Option<String>) {
    let default = || Targets::new().with_default(LevelFilter::WARN);
    if wish.is_empty() {
        return (default(), None);
    }
    match wish.parse() {
        Ok(targets) => (targets, None),
        Err(error) => (default(), Some(format!("{wish:?}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn by_default_warnings_are_logged_and_what_is_less_is_not() {
        let (targets, complaint) = targets("");

        assert!(targets.would_enable("roomcast", &Level::WARN));
        assert!(!targets.would_enable("roomcast", &Level::INFO));
        assert_eq!(complaint, None);
    }

    #[test]
    fn a_wish_may_name_a_crate() {
        let (targets, _) = targets("error,roomcast=debug");

        assert!(targets.would_enable("roomcast::engine", &Level::DEBUG));
        assert!(!targets.would_enable("hyper", &Level::WARN));
    }

    #[test]
    fn a_wish_that_cannot_be_read_leaves_the_default() {
        let (targets, complaint) = targets("roomcast=loud");

        assert!(targets.would_enable("roomcast", &Level::WARN));
        assert!(complaint.is_some());
    }
}
