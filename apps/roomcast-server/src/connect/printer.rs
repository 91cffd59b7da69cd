//! Standard output.

use std::io::{self, Write as _};
use std::time::SystemTime;

use super::options::OutputOptions;
use super::show::Record;

/// Writes records to standard output, each as a line that leaves at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    options: OutputOptions,
}

impl Printer {
    pub(crate) fn new(options: OutputOptions) -> Self {
        Self { options }
    }

    /// Prints a record. It fails if nobody reads any more.
    pub(crate) fn print(&self, record: &Record) -> io::Result<()> {
        let at = self.options.timestamps.then(SystemTime::now);
        let mut line = match self.options.json {
            true => record.to_json(at),
            false => record.to_text(at),
        };
        line.push('\n');
        // One write under one lock: lines of several threads are not mixed.
        let mut output = io::stdout().lock();
        output.write_all(line.as_bytes())?;
        output.flush()
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.options.verbose
    }
}
