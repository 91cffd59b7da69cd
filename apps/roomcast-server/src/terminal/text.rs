//! Texts of strangers on a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Escapes control characters as JSON does: a server's text does not move the cursor, change the
/// title or begin a line of its own.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_hidden(letter) {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                // Writing to a `String` cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// Controls, and the marks that turn the direction of the text around them.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        let text = "a\u{1b}[2J\n\u{9b}1m\u{202e}b";

        assert_eq!(printable(text), r"a\u001b[2J\u000a\u009b1m\u202eb");
    }

    #[test]
    fn text_in_any_script_is_left_alone() {
        let text = "häuser 家 🦀 \"quoted\\n\"";

        assert!(matches!(printable(text), Cow::Borrowed(shown) if shown == text));
    }
}
