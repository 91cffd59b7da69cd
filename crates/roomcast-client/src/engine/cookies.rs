//! The cookies of one server.

use std::time::{Duration, SystemTime};

use cookie::{Cookie, Expiration};
use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use parking_lot::Mutex;

/// Cookies that the server has set, sent back with each request of the same manager.
///
/// All requests go to one host and path, so only the names and lives of cookies are looked at.
#[derive(Debug, Default)]
pub(crate) struct Cookies(Mutex<Vec<Kept>>);

#[derive(Debug)]
struct Kept {
    name: String,
    value: String,
    until: Option<SystemTime>,
}

impl Cookies {
    /// Takes the cookies of an answer. What is no cookie is not looked at.
    pub(crate) fn store(&self, headers: &HeaderMap) {
        let mut kept = self.0.lock();
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
        let now = SystemTime::now();
        let mut kept = self.0.lock();
        kept.retain(|kept| kept.until.is_none_or(|until| until > now));
        let own = headers.get(COOKIE).and_then(|value| value.to_str().ok());
        let pairs = kept
            .iter()
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

    /// What is sent back after these were set.
    fn sent_back(set: &[&'static str]) -> Option<HeaderValue> {
        let set = set
            .iter()
            .map(|text| (SET_COOKIE, HeaderValue::from_static(text)));
        let cookies = Cookies::default();
        cookies.store(&set.collect());
        let mut headers = HeaderMap::new();
        cookies.add_to(&mut headers);
        headers.remove(COOKIE)
    }

    #[test]
    fn an_age_beyond_the_clock_does_not_panic_and_keeps_the_cookie() {
        let kept = sent_back(&[
            "a=1; Max-Age=99999999999999999999",
            "b=2; Max-Age=9223372036854775807; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "c=3; Expires=Fri, 31 Dec 9999 23:59:59 GMT",
            "d=4; Max-Age=-9223372036854775808",
            "e=5; Expires=Mon, 01 Jan 1601 00:00:00 GMT",
        ]);
        assert_eq!(kept, Some(HeaderValue::from_static("a=1; b=2; c=3")));
    }
}
