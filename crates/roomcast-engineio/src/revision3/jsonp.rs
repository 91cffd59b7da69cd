//! Payloads for clients that can only load scripts and send forms.

use std::borrow::Cow;

use crate::query::only_value;

/// The function of a JSONP client that takes each payload: `___eio[0]`.
///
/// # Example
///
/// ```
/// use roomcast_engineio::revision3::Jsonp;
///
/// let jsonp = Jsonp::new("0"); // the query parameter `j`
/// assert_eq!(jsonp.wrap("6:4\"hi\"!"), r#"___eio[0]("6:4\"hi\"!");"#);
/// ```
///
/// Spec: Engine.IO protocol 3, "Transports > JSONP"; features 1.5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jsonp {
    index: String,
}

impl Jsonp {
    /// The function that the query parameter `j` names; what is no digit is left out, so that no
    /// script of a stranger gets into the answer.
    pub fn new(index: &str) -> Self {
        Self {
            index: index.chars().filter(char::is_ascii_digit).collect(),
        }
    }

    /// The script that calls the function with this payload, of type `text/javascript`.
    pub fn wrap(&self, payload: &str) -> String {
        // JSON is JavaScript but for two characters, which were no text there before 2019.
        let literal = serde_json::to_string(payload)
            .expect("text is always valid JSON")
            .replace('\u{2028}', "\\u2028")
            .replace('\u{2029}', "\\u2029");
        format!("___eio[{}]({literal});", self.index)
    }
}

/// Reads the payload in the form that a JSONP client posts: the field `d`.
///
/// `None` if the field is missing or stands there more than once; the official server then takes
/// the request for one without packets.
///
/// # Example
///
/// ```
/// use roomcast_engineio::revision3::decode_form;
///
/// assert_eq!(decode_form("d=6%3A4hello").as_deref(), Some("6:4hello"));
/// assert_eq!(decode_form("x=1"), None);
/// ```
///
/// Spec: Engine.IO protocol 3, "Transports > JSONP"; features 1.5.
pub fn decode_form(body: &str) -> Option<Cow<'_, str>> {
    only_value(body, "d").map(unescape)
}

/// Undoes what the client does to line feeds, which browsers change in a form: `\n` stands for a
/// line feed, and `\\n` for `\n`.
fn unescape(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains("\\n") {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        plain.push_str(before);
        let (character, behind) = match escape.strip_prefix("\\n") {
            Some(behind) => ("\n", behind),
            None => match escape.strip_prefix("\\\\n") {
                Some(behind) => ("\\n", behind),
                None => escape.split_at(1),
            },
        };
        plain.push_str(character);
        rest = behind;
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_the_argument_of_a_call() {
        // Recorded from engine.io 6.6.9.
        let script = r#"___eio[78]("7:4a\nb\\nc");"#;
        assert_eq!(Jsonp::new("78").wrap("7:4a\nb\\nc"), script);
        let script = r#"___eio[78]("6:4\u2028\u2029\"\\<");"#;
        assert_eq!(Jsonp::new("78").wrap("6:4\u{2028}\u{2029}\"\\<"), script);
    }

    #[test]
    fn only_digits_of_the_index_reach_the_script() {
        for (index, name) in [
            ("7x8", "78"),
            ("](alert(1))//[0", "10"),
            ("", ""),
            ("٣", ""),
        ] {
            let expected = format!("___eio[{name}](\"1:6\");");
            assert_eq!(Jsonp::new(index).wrap("1:6"), expected);
        }
    }

    #[test]
    fn the_field_d_holds_the_payload() {
        assert_eq!(decode_form("d=6%3A4hello").unwrap(), "6:4hello");
        assert_eq!(
            decode_form("a=1&d=4%3A4%C3%A9%F0%9F%98%80&b").unwrap(),
            "4:4é😀"
        );
        assert_eq!(decode_form("%64=2:4+").unwrap(), "2:4 ");
        assert_eq!(decode_form("d=").unwrap(), "");
        assert_eq!(decode_form("d").unwrap(), "");
    }

    #[test]
    fn a_form_without_one_such_field_holds_no_payload() {
        for body in ["", "x=1", "D=1:2", "d=1:2&d=1:2", "d=1:2&d"] {
            assert_eq!(decode_form(body), None, "{body:?}");
        }
    }

    /// What the two replacements of engine.io 6.6.9 make of each text.
    #[test]
    fn line_feeds_are_unescaped() {
        for (sent, payload) in [
            ("a", "a"),
            ("a\\nb", "a\nb"),
            ("a\\\\nb", "a\\nb"),
            ("a\\\\\\nb", "a\\\\nb"),
            ("\\\\\\\\n", "\\\\\\n"),
            ("\\n\\n", "\n\n"),
            ("\\", "\\"),
            ("\\\\n\\n\\t\\", "\\n\n\\t\\"),
            ("é\\né", "é\né"),
        ] {
            let form = format!("d={}", sent.replace('\\', "%5C"));
            assert_eq!(decode_form(&form).unwrap(), payload, "{sent:?}");
        }
    }
}
