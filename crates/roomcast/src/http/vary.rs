//! The `Vary` header, to which several parts of an answer add.

use http::{HeaderMap, HeaderValue, header::VARY};

/// Puts `more` on an answer that may have headers already: `Vary` grows, any other is replaced.
pub(crate) fn merge_headers(headers: &mut HeaderMap, more: &HeaderMap) {
    for (name, value) in more {
        if name == VARY {
            add_to_vary(headers, value);
        } else {
            headers.insert(name, value.clone());
        }
    }
}

/// Adds names to `Vary`, in one line, unless it holds `*`; names that are there stay as they are.
pub(crate) fn add_to_vary(headers: &mut HeaderMap, names: &HeaderValue) {
    let lines: Vec<_> = headers.get_all(VARY).iter().chain([names]).collect();
    let mut merged: Vec<&str> = Vec::new();
    for name in lines
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|l| l.split(','))
    {
        let name = name.trim();
        if !name.is_empty() && !merged.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            merged.push(name);
        }
    }
    let text = if merged.contains(&"*") {
        "*".to_owned()
    } else {
        merged.join(", ")
    };
    let value = HeaderValue::try_from(text).expect("the parts come from header values");
    headers.insert(VARY, value);
}

#[cfg(test)]
mod tests {
    use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

    use super::*;

    fn value(text: &'static str) -> HeaderValue {
        HeaderValue::from_static(text)
    }

    fn lines(headers: &HeaderMap) -> Vec<&HeaderValue> {
        headers.get_all(VARY).iter().collect()
    }

    #[test]
    fn merging_extends_vary_and_replaces_the_rest() {
        let mut headers = HeaderMap::from_iter([
            (VARY, value("Accept-Encoding")),
            (CONTENT_LENGTH, value("7")),
            (CONTENT_TYPE, value("text/html")),
        ]);
        let more = HeaderMap::from_iter([(VARY, value("Origin")), (CONTENT_LENGTH, value("0"))]);

        merge_headers(&mut headers, &more);

        assert_eq!(lines(&headers), ["Accept-Encoding, Origin"]);
        assert_eq!(headers[CONTENT_LENGTH], "0");
        assert_eq!(headers[CONTENT_TYPE], "text/html");
    }

    // The next two were recorded from the npm package vary 1.1.2.

    #[test]
    fn names_that_are_there_in_another_case_are_not_added() {
        let mut headers = HeaderMap::from_iter([(VARY, value("origin"))]);

        add_to_vary(&mut headers, &value("Origin"));
        add_to_vary(&mut headers, &value("Accept"));

        assert_eq!(lines(&headers), ["origin, Accept"]);
    }

    #[test]
    fn vary_on_everything_stays() {
        let mut headers = HeaderMap::from_iter([(VARY, value("*"))]);

        add_to_vary(&mut headers, &value("Origin"));

        assert_eq!(lines(&headers), ["*"]);
    }

    #[test]
    fn several_lines_become_one() {
        let mut headers = HeaderMap::new();
        headers.append(VARY, value("Accept-Encoding"));
        headers.append(VARY, value("Accept,,Origin"));

        add_to_vary(&mut headers, &value("Cookie"));

        assert_eq!(lines(&headers), ["Accept-Encoding, Accept, Origin, Cookie"]);
    }
}
