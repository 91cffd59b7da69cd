//! Reading the URL that a user gives.

use crate::error::UrlError;
use crate::origin::Origin;

/// What a URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) origin: Origin,
    /// What stands before the `@`, decoded.
    pub(crate) user_info: Option<String>,
    /// The path: the name of the namespace.
    pub(crate) namespace: String,
    pub(crate) query: Vec<(String, String)>,
}

impl Address {
    /// Reads `http://`, `https://`, `ws://` and `wss://` URLs.
    pub(crate) fn parse(url: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = url.split_once("://").ok_or(UrlError::Scheme)?;
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => false,
            "https" | "wss" => true,
            _ => return Err(UrlError::Scheme),
        };
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (user_info, host) = match authority.rsplit_once('@') {
            Some((user_info, host)) => (Some(decoded(user_info)), host),
            None => (None, authority),
        };
        let (host, port) = host_and_port(host)?;
        Ok(Self {
            origin: Origin {
                is_secure,
                host,
                port: port.unwrap_or(if is_secure { 443 } else { 80 }),
            },
            user_info,
            namespace: match path {
                "" => "/".to_owned(),
                path => path.to_owned(),
            },
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        })
    }
}

fn host_and_port(authority: &str) -> Result<(String, Option<u16>), UrlError> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or(UrlError::Host)?;
            host.parse::<std::net::Ipv6Addr>()
                .map_err(|_| UrlError::Host)?;
            match rest.strip_prefix(':') {
                None if rest.is_empty() => (host, ""),
                None => return Err(UrlError::Host),
                Some(port) => (host, port),
            }
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"%<>\\^`{|}\"[]".contains(&byte);
    let is_address = authority.starts_with('[');
    if host.is_empty() || !(is_address || host.bytes().all(is_plain)) {
        return Err(UrlError::Host);
    }
    let port = match port {
        "" => None,
        port => Some(port.parse().map_err(|_| UrlError::Port)?),
    };
    Ok((host.to_ascii_lowercase(), port))
}

/// Decodes percent escapes. A plus sign, which means a space in a query, is one here.
fn decoded(text: &str) -> String {
    let text = text
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    let pair = form_urlencoded::parse(text.as_bytes()).next();
    pair.map(|(text, _)| text.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> (String, String, Vec<(String, String)>) {
        let address = Address::parse(url).expect("it is a URL");
        let origin = address.origin;
        let secure = if origin.is_secure { "tls" } else { "tcp" };
        let origin = format!("{secure} {} {}", origin.host, origin.port);
        (origin, address.namespace, address.query)
    }

    #[test]
    fn scheme_host_port_namespace_and_query_are_read() {
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let expected = [
            ("http://Host", "tcp host 80", "/", pairs(&[])),
            ("https://host/", "tls host 443", "/", pairs(&[])),
            ("ws://host:81/a/b", "tcp host 81", "/a/b", pairs(&[])),
            (
                "wss://[::1]:82?x=1&y",
                "tls ::1 82",
                "/",
                pairs(&[("x", "1"), ("y", "")]),
            ),
            (
                "http://[::1]/a?q=%20+#f",
                "tcp ::1 80",
                "/a",
                pairs(&[("q", "  ")]),
            ),
        ];
        for (url, origin, namespace, query) in expected {
            let expected = (origin.to_owned(), namespace.to_owned(), query);
            assert_eq!(parsed(url), expected, "{url}");
        }
    }

    #[test]
    fn what_is_before_the_at_sign_is_decoded() {
        let address = Address::parse("http://a%40b:c+d=e@host:1").expect("it is a URL");
        assert_eq!(address.origin.host, "host");
        assert_eq!(address.user_info.as_deref(), Some("a@b:c+d=e"));
    }

    #[test]
    fn what_is_no_url_is_refused_with_the_part_that_is_wrong() {
        for (url, error) in [
            ("localhost:3000", UrlError::Scheme),
            ("ftp://host", UrlError::Scheme),
            ("http://", UrlError::Host),
            ("http:///path", UrlError::Host),
            ("http://a b", UrlError::Host),
            ("http://[::1", UrlError::Host),
            ("http://[::1]x", UrlError::Host),
            ("http://[host]", UrlError::Host),
            ("http://host:x", UrlError::Port),
            ("http://host:65536", UrlError::Port),
        ] {
            assert_eq!(Address::parse(url), Err(error), "{url}");
        }
    }
}
