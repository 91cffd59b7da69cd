//! The cookies of one server.

use std::time::{Duration, SystemTime};

use cookie::{Cookie, Expiration};
use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use parking_lot::Mutex;

use crate::origin::Origin;

/// Cookies that one server has set, sent back with each request to it.
///
/// All requests go to one host, port and path, so of a cookie only the name, the life and `Secure` are
/// looked at: over `http://` a session of WebTransport is encrypted, and other requests are not.
///
/// COMPAT: engine.io-client 6.6 on Node.js sends every cookie with every request.
#[derive(Debug)]
pub(crate) struct Cookies {
    /// Requests are encrypted whatever the transport.
    is_secure: bool,
    kept: Mutex<Vec<Kept>>,
}

#[derive(Debug)]
struct Kept {
    name: String,
    value: String,
    until: Option<SystemTime>,
    /// It is not sent in the clear.
    is_secure: bool,
}

impl Cookies {
    /// None yet, of the server at this place.
    pub(crate) fn of(origin: &Origin) -> Self {
        Self {
            is_secure: origin.is_secure,
            kept: Mutex::default(),
        }
    }

    /// Takes the cookies of an answer. What is no cookie is not looked at.
    pub(crate) fn store(&self, headers: &HeaderMap) {
        let mut kept = self.kept.lock();
        for value in headers.get_all(SET_COOKIE) {
            let parsed = value
                .to_str()
                .ok()
                .and_then(|text| Cookie::parse(text).ok());
            if let Some(cookie) = parsed {
                kept.retain(|kept| kept.name != cookie.name());
                if kept.len() < MAX_COOKIES {
                    kept.push(Kept::of(&cookie));
                }
            }
        }
    }

    /// Adds the cookies that are alive to a request, behind those of the user.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        self.add(headers, self.is_secure);
    }

    /// The same for a request that is encrypted even if the URL does not say so.
    #[cfg(feature = "webtransport")]
    pub(crate) fn add_to_encrypted(&self, headers: &mut HeaderMap) {
        self.add(headers, true);
    }

    fn add(&self, headers: &mut HeaderMap, is_encrypted: bool) {
        let now = SystemTime::now();
        let mut kept = self.kept.lock();
        kept.retain(|kept| kept.until.is_none_or(|until| until > now));
        let own = headers.get(COOKIE).and_then(|value| value.to_str().ok());
        let pairs = kept
            .iter()
            .filter(|kept| is_encrypted || !kept.is_secure)
            .map(|kept| format!("{}={}", kept.name, kept.value));
        let all: Vec<_> = own.map(str::to_owned).into_iter().chain(pairs).collect();
        // A value that no header can hold was none when it came.
        if !all.is_empty()
            && let Ok(value) = HeaderValue::try_from(all.join("; "))
        {
            headers.insert(COOKIE, value);
        }
    }
}

impl Kept {
    fn of(cookie: &Cookie<'_>) -> Self {
        let expires = match cookie.expires() {
            Some(Expiration::DateTime(time)) => Some(since_1970(time.unix_timestamp())),
            Some(Expiration::Session) | None => None,
        };
        let until = match cookie.max_age() {
            // Who is to live longer than the clock can tell lives as long as the manager.
            Some(age) => SystemTime::now().checked_add(Duration::try_from(age).unwrap_or_default()),
            None => expires.flatten(),
        };
        Self {
            name: cookie.name().to_owned(),
            value: cookie.value().to_owned(),
            until,
            is_secure: cookie.secure().unwrap_or_default(),
        }
    }
}

/// What is before 1970 is long over, whether or not the clock can tell.
fn since_1970(seconds: i64) -> Option<SystemTime> {
    let seconds = u64::try_from(seconds).unwrap_or_default();
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// More than a browser keeps for a host.
const MAX_COOKIES: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(is_secure: bool, set: &[&'static str]) -> Cookies {
        let origin = Origin {
            is_secure,
            host: "example.com".to_owned(),
            port: 3000,
        };
        let set = set
            .iter()
            .map(|text| (SET_COOKIE, HeaderValue::from_static(text)));
        let cookies = Cookies::of(&origin);
        cookies.store(&set.collect());
        cookies
    }

    fn sent_back(add: impl FnOnce(&mut HeaderMap)) -> Option<HeaderValue> {
        let mut headers = HeaderMap::new();
        add(&mut headers);
        headers.remove(COOKIE)
    }

    #[test]
    fn an_age_beyond_the_clock_does_not_panic_and_keeps_the_cookie() {
        let set = [
            "a=1; Max-Age=99999999999999999999",
            "b=2; Max-Age=9223372036854775807; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "c=3; Expires=Fri, 31 Dec 9999 23:59:59 GMT",
            "d=4; Max-Age=-9223372036854775808",
            "e=5; Expires=Mon, 01 Jan 1601 00:00:00 GMT",
        ];
        let cookies = cookies(true, &set);
        let kept = sent_back(|headers| cookies.add_to(headers));
        assert_eq!(kept, Some(HeaderValue::from_static("a=1; b=2; c=3")));
    }

    #[test]
    fn a_secure_cookie_is_not_sent_in_the_clear() {
        let set = ["a=1; secure; HttpOnly", "b=2", "c=3; Secure", "c=4"];
        let plain = cookies(false, &set);
        let secure = cookies(true, &set);
        let all = Some(HeaderValue::from_static("a=1; b=2; c=4"));

        let in_the_clear = sent_back(|headers| plain.add_to(headers));
        assert_eq!(in_the_clear, Some(HeaderValue::from_static("b=2; c=4")));
        assert_eq!(sent_back(|headers| secure.add_to(headers)), all);
        #[cfg(feature = "webtransport")]
        assert_eq!(sent_back(|headers| plain.add_to_encrypted(headers)), all);
    }
}
