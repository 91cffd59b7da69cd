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
        let max_age = cookie.max_age().map(|age| {
            let age = Duration::try_from(age).unwrap_or_default();
            SystemTime::now() + age
        });
        let expires = match cookie.expires() {
            Some(Expiration::DateTime(time)) => Some(time.into()),
            Some(Expiration::Session) | None => None,
        };
        Self {
            name: cookie.name().to_owned(),
            value: cookie.value().to_owned(),
            until: max_age.or(expires),
        }
    }
}

/// More than a browser keeps for a host.
const MAX_COOKIES: usize = 200;
