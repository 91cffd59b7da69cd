//! Cookies: those that the handshake sets, and whether browsers send them back.

use http::HeaderMap;

use super::report::Check;
use crate::terminal::Finding;
use crate::terminal::cookies::{Cookie, set};

/// Judges the cookies of an answer from the Engine.IO path.
pub(super) fn check(headers: &HeaderMap, path: &str, is_secure: bool) -> Check {
    const NAME: &str = "cookies";

    let cookies = set(headers);
    if cookies.is_empty() {
        return Check::ok(NAME, "the handshake sets none");
    }
    let names: Vec<_> = cookies.iter().map(|cookie| cookie.name.as_str()).collect();
    let names = names.join(", ");
    let troubles: Vec<_> = cookies
        .iter()
        .flat_map(|cookie| troubles(cookie, path, is_secure))
        .collect();
    match troubles.is_empty() {
        true => Check::ok(NAME, format!("the handshake sets {names}")),
        false => Check::warn(
            NAME,
            Finding::new(format!(
                "the handshake sets {names}: {}",
                troubles.join("; ")
            ))
            .advise(
                "pages of other sites get it back with SameSite=None; Secure over https only; \
                 HttpOnly keeps it from scripts",
            ),
        ),
    }
}

fn troubles(cookie: &Cookie, path: &str, is_secure: bool) -> Vec<String> {
    let name = &cookie.name;
    let is_none = cookie.same_site.as_deref() == Some("none");
    let leads_here = cookie
        .path
        .as_deref()
        .is_none_or(|own| is_within(path, own));
    let mut troubles = Vec::new();
    let mut tell = |is_so: bool, text: &str| {
        if is_so {
            troubles.push(format!("{name} {text}"));
        }
    };
    tell(
        is_none && !cookie.is_secure,
        "is SameSite=None without Secure, which browsers refuse",
    );
    tell(
        cookie.is_secure && !is_secure,
        "is Secure, and this connection is not",
    );
    tell(
        is_secure && !cookie.is_secure && !is_none,
        "is not Secure, though the connection is",
    );
    tell(!cookie.is_http_only, "can be read by scripts (no HttpOnly)");
    tell(
        !leads_here,
        "has a Path that the Socket.IO path is not below: it never comes back",
    );
    troubles
}

/// SPEC: RFC 6265, section 5.1.4.
fn is_within(path: &str, of_cookie: &str) -> bool {
    let rest = path.strip_prefix(of_cookie);
    rest.is_some_and(|rest| rest.is_empty() || of_cookie.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::SET_COOKIE;

    use super::*;
    use crate::doctor::report::Verdict;

    fn judged(cookie: &'static str, is_secure: bool) -> (Verdict, String) {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
        let check = check(&headers, "/socket.io/", is_secure);
        (check.verdict, check.seen)
    }

    #[test]
    fn the_official_servers_cookie_is_fine() {
        let (verdict, seen) = judged("io=x; Path=/; HttpOnly; SameSite=Lax", false);

        assert_eq!(
            (verdict, seen.as_str()),
            (Verdict::Ok, "the handshake sets io")
        );
        assert_eq!(check(&HeaderMap::new(), "/", false).verdict, Verdict::Ok);
    }

    #[test]
    fn what_browsers_refuse_is_told() {
        let cases = [
            (
                "a=1; SameSite=None; HttpOnly",
                false,
                "SameSite=None without Secure",
            ),
            (
                "a=1; Secure; HttpOnly",
                false,
                "is Secure, and this connection is not",
            ),
            ("a=1; HttpOnly", true, "is not Secure"),
            ("a=1", false, "can be read by scripts"),
            ("a=1; HttpOnly; Path=/app", false, "never comes back"),
            ("a=1; HttpOnly; Path=/sock", false, "never comes back"),
        ];

        for (cookie, is_secure, expected) in cases {
            let (verdict, seen) = judged(cookie, is_secure);
            assert_eq!(verdict, Verdict::Warn, "{cookie}");
            assert!(seen.contains(expected), "{cookie}: {seen}");
        }
    }
}
