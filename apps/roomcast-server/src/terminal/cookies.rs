//! The cookies that a server sets.

use http::HeaderMap;
use http::header::SET_COOKIE;

/// A cookie that the server has set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) path: Option<String>,
    /// In lower case.
    pub(crate) same_site: Option<String>,
    pub(crate) is_secure: bool,
    pub(crate) is_http_only: bool,
}

/// What a client that keeps cookies sends back: the value of `Cookie`.
pub(crate) fn kept(headers: &HeaderMap) -> String {
    let pairs = set(headers).into_iter();
    let pairs: Vec<_> = pairs
        .map(|Cookie { name, value, .. }| format!("{name}={value}"))
        .collect();
    pairs.join("; ")
}

/// The cookies that an answer sets.
pub(crate) fn set(headers: &HeaderMap) -> Vec<Cookie> {
    let values = headers.get_all(SET_COOKIE).into_iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.filter_map(parse).collect()
}

fn parse(text: &str) -> Option<Cookie> {
    let mut parts = text.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let mut cookie = Cookie {
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
        ..Cookie::default()
    };
    for part in parts {
        let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
        match attribute.to_ascii_lowercase().as_str() {
            "path" if value.starts_with('/') => cookie.path = Some(value.to_owned()),
            "samesite" => cookie.same_site = Some(value.to_ascii_lowercase()),
            "secure" => cookie.is_secure = true,
            "httponly" => cookie.is_http_only = true,
            _ => {}
        }
    }
    Some(cookie)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn names_and_values_are_sent_back_without_attributes() {
        let mut headers = HeaderMap::new();
        headers.append(
            SET_COOKIE,
            HeaderValue::from_static("io=x; Path=/; HttpOnly"),
        );
        headers.append(SET_COOKIE, HeaderValue::from_static("lb=a=b"));

        assert_eq!(kept(&headers), "io=x; lb=a=b");
    }
}
