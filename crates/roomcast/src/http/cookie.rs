//! The cookie with the session's id, for load balancers that route by cookie.

use std::{
    fmt::{self, Write as _},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::HeaderValue;

/// The cookie of the first answer of a session; its value is the Engine.IO `sid`.
///
/// Without changes it is `io={sid}; Path=/; HttpOnly; SameSite=Lax`. The clients of this protocol
/// do not need it: it is there for sticky sessions.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast::{Cookie, SameSite, Server};
///
/// let cookie = Cookie::new("sticky")?
///     .readable_by_scripts()
///     .same_site(SameSite::Strict)
///     .max_age(Duration::from_secs(60));
/// let io = Server::builder().cookie(cookie).build();
/// # Ok::<(), roomcast::CookieError>(())
/// ```
///
/// Spec: RFC 6265, section 4.1; attributes `SameSite`, `Partitioned` and `Priority` as browsers
/// know them; features 1.24.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Cookie {
    name: String,
    max_age: Option<Duration>,
    domain: Option<String>,
    path: Option<String>,
    expires: Option<SystemTime>,
    script_access: ScriptAccess,
    is_secure: bool,
    is_partitioned: bool,
    priority: Option<Priority>,
    same_site: Option<SameSite>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScriptAccess {
    Hidden,
    Readable,
}

/// Says whether a browser sends the cookie with requests that another site causes.
///
/// # Example
///
/// ```
/// use roomcast::{Cookie, SameSite};
///
/// let cookie = Cookie::default().same_site(SameSite::None).secure();
/// assert_eq!(SameSite::None.as_str(), "None");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// Only when the user follows a link; the default.
    Lax,
    /// Never.
    Strict,
    /// Always; browsers want [`Cookie::secure`] with it.
    None,
}

/// Says which cookies a browser drops last.
///
/// # Example
///
/// ```
/// use roomcast::{Cookie, Priority};
///
/// let cookie = Cookie::default().priority(Priority::High);
/// assert_eq!(Priority::High.as_str(), "High");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Priority {
    /// Dropped first.
    Low,
    /// What a browser assumes without the attribute.
    Medium,
    /// Dropped last.
    High,
}

impl Cookie {
    /// Makes a cookie of this name with the default attributes.
    ///
    /// # Errors
    ///
    /// [`CookieError::Name`] unless `name` is one or more of the characters of an HTTP token.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Cookie;
    ///
    /// assert_eq!(Cookie::new("io"), Ok(Cookie::default()));
    /// assert!(Cookie::new("io; Path=/").is_err());
    /// ```
    pub fn new(name: impl Into<String>) -> Result<Self, CookieError> {
        let name = name.into();
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(CookieError::Name { name });
        }
        Ok(Self {
            name,
            max_age: None,
            domain: None,
            path: Some("/".into()),
            expires: None,
            script_access: ScriptAccess::Hidden,
            is_secure: false,
            is_partitioned: false,
            priority: None,
            same_site: Some(SameSite::Lax),
        })
    }

    /// Sets the host, with its subdomains, that gets the cookie back. Default: the host of the
    /// answer.
    ///
    /// # Errors
    ///
    /// [`CookieError::Domain`] unless `domain` is a host name, with or without a leading dot.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Cookie;
    ///
    /// let cookie = Cookie::default().domain("app.example")?;
    /// assert!(Cookie::default().domain("app.example; Secure").is_err());
    /// # Ok::<(), roomcast::CookieError>(())
    /// ```
    pub fn domain(mut self, domain: impl Into<String>) -> Result<Self, CookieError> {
        let domain = domain.into();
        let labels = domain.strip_prefix('.').unwrap_or(&domain);
        if !labels.split('.').all(is_label) {
            return Err(CookieError::Domain { domain });
        }
        self.domain = Some(domain);
        Ok(self)
    }

    /// Sets the path below which the cookie is sent back. Default: `/`. An empty text leaves the
    /// attribute out.
    ///
    /// # Errors
    ///
    /// [`CookieError::Path`] if `path` holds `;`, `<`, a control character or more than ASCII.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Cookie;
    ///
    /// let cookie = Cookie::default().path("/socket.io")?;
    /// assert!(Cookie::default().path("/;").is_err());
    /// # Ok::<(), roomcast::CookieError>(())
    /// ```
    pub fn path(mut self, path: impl Into<String>) -> Result<Self, CookieError> {
        let path = path.into();
        if !path
            .bytes()
            .all(|byte| matches!(byte, b' '..=b':' | b'='..=b'~'))
        {
            return Err(CookieError::Path { path });
        }
        self.path = Some(path).filter(|path| !path.is_empty());
        Ok(self)
    }

    /// Sets how long the browser keeps the cookie, in whole seconds, a fraction cut off. Default:
    /// until the browser ends.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use roomcast::Cookie;
    ///
    /// let for_an_hour = Cookie::default().max_age(Duration::from_secs(3600));
    /// let day = Duration::from_secs(86_400);
    /// let until_tomorrow = Cookie::default().expires(SystemTime::now() + day);
    /// ```
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Sets when the browser drops the cookie; one fixed moment, in whole seconds. Default: none.
    ///
    /// A moment outside of the years 1970 to 9999 becomes the nearest one inside. Example:
    /// [`max_age`](Self::max_age).
    pub fn expires(mut self, expires: SystemTime) -> Self {
        self.expires = Some(expires.clamp(UNIX_EPOCH, UNIX_EPOCH + LAST_SECOND));
        self
    }

    /// Lets scripts of the page read the cookie: no `HttpOnly`. Default: they cannot.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Cookie;
    ///
    /// let cookie = Cookie::default().readable_by_scripts();
    /// ```
    pub fn readable_by_scripts(mut self) -> Self {
        self.script_access = ScriptAccess::Readable;
        self
    }

    /// Keeps the cookie to encrypted connections. Default: any connection.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Cookie, SameSite};
    ///
    /// let embedded = Cookie::default().secure().partitioned().same_site(SameSite::None);
    /// ```
    pub fn secure(mut self) -> Self {
        self.is_secure = true;
        self
    }

    /// Keeps the cookie apart for each site that embeds this one. Default: one for all. Example:
    /// [`secure`](Self::secure).
    pub fn partitioned(mut self) -> Self {
        self.is_partitioned = true;
        self
    }

    /// Sets which cookies are dropped last when there are too many. Default: not said. Example:
    /// [`Priority`].
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Sets whether other sites' requests carry the cookie. Default: [`SameSite::Lax`]. Example:
    /// [`SameSite`].
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = Some(same_site);
        self
    }

    /// Leaves the `SameSite` attribute out: the browser decides.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Cookie;
    ///
    /// let cookie = Cookie::default().without_same_site();
    /// ```
    pub fn without_same_site(mut self) -> Self {
        self.same_site = None;
        self
    }

    /// The value of `Set-Cookie` for one session. An own id generator may give any text: what a
    /// cookie cannot hold is percent-encoded, as `encodeURIComponent` does.
    pub(crate) fn header_value(&self, sid: &str) -> HeaderValue {
        let mut text = String::with_capacity(self.name.len() + sid.len() + 40);
        text.push_str(&self.name);
        text.push('=');
        push_component(&mut text, sid);
        write!(text, "{}", Attributes(self)).expect("writing to a String does not fail");
        HeaderValue::try_from(text).expect("each part was checked to be visible ASCII or a space")
    }
}

/// `io={sid}; Path=/; HttpOnly; SameSite=Lax`.
impl Default for Cookie {
    fn default() -> Self {
        Self::new("io").expect("two letters are a token")
    }
}

impl SameSite {
    /// Returns the attribute's value as it is on the wire. Example: [`SameSite`].
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
            Self::None => "None",
        }
    }
}

impl Priority {
    /// Returns the attribute's value as it is on the wire. Example: [`Priority`].
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
        }
    }
}

/// Says that a part of a cookie holds a character that could end it and start another attribute or
/// header.
///
/// # Example
///
/// ```
/// use roomcast::{Cookie, CookieError};
///
/// let error = Cookie::new("a cookie").expect_err("a space is no token");
/// assert_eq!(error, CookieError::Name { name: "a cookie".to_owned() });
/// ```
///
/// Spec: features, section 10.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "each variant carries the text that was handed in"
)]
pub enum CookieError {
    /// The name is not a token.
    #[error("{name:?} is no cookie name: letters, digits and !#$%&'*+-.^_`|~ only")]
    Name { name: String },
    /// The domain is not a host name.
    #[error("{domain:?} is no cookie domain: a host name, with or without a leading dot")]
    Domain { domain: String },
    /// The path holds a character that a cookie cannot carry.
    #[error("{path:?} is no cookie path: visible ASCII and spaces without ; and <")]
    Path { path: String },
}

/// The attributes, in the order in which the npm package `cookie` writes them.
struct Attributes<'a>(&'a Cookie);

impl fmt::Display for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cookie = self.0;
        if let Some(max_age) = cookie.max_age {
            write!(f, "; Max-Age={}", max_age.as_secs())?;
        }
        if let Some(domain) = &cookie.domain {
            write!(f, "; Domain={domain}")?;
        }
        if let Some(path) = &cookie.path {
            write!(f, "; Path={path}")?;
        }
        if let Some(expires) = cookie.expires {
            write!(f, "; Expires={}", httpdate::fmt_http_date(expires))?;
        }
        if cookie.script_access == ScriptAccess::Hidden {
            f.write_str("; HttpOnly")?;
        }
        if cookie.is_secure {
            f.write_str("; Secure")?;
        }
        if cookie.is_partitioned {
            f.write_str("; Partitioned")?;
        }
        if let Some(priority) = cookie.priority {
            write!(f, "; Priority={}", priority.as_str())?;
        }
        if let Some(same_site) = cookie.same_site {
            write!(f, "; SameSite={}", same_site.as_str())?;
        }
        Ok(())
    }
}

/// Appends `text`, everything percent-encoded but what `encodeURIComponent` leaves alone.
fn push_component(into: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            into.push(char::from(byte));
        } else {
            write!(into, "%{byte:02X}").expect("writing to a String does not fail");
        }
    }
}

/// SPEC: RFC 9110, 5.6.2, "Tokens".
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// One part of a host name: 1 to 63 letters, digits and, inside only, hyphens.
fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    bytes.len() <= 63
        && first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
        && bytes
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The end of the year 9999, the last that `Expires` can spell.
const LAST_SECOND: Duration = Duration::from_secs(253_402_300_799);

#[cfg(test)]
mod tests {
    use super::*;

    // Every expected value was recorded from `serialize` of the npm package cookie 0.7.2 with the
    // defaults that engine.io 6.6.9 puts in.

    fn named(name: &str) -> Cookie {
        Cookie::new(name).expect("a cookie name")
    }

    #[test]
    fn the_default_is_http_only_and_lax_for_the_whole_site() {
        assert_eq!(
            Cookie::default().header_value("abc-_AB9"),
            "io=abc-_AB9; Path=/; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn ids_of_an_own_generator_are_percent_encoded() {
        assert_eq!(
            Cookie::default().header_value("a b;é€😀!~*'()\""),
            "io=a%20b%3B%C3%A9%E2%82%AC%F0%9F%98%80!~*'()%22; Path=/; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn name_age_and_same_site_can_be_chosen() {
        let cookie = named("sticky")
            .readable_by_scripts()
            .same_site(SameSite::Strict)
            .max_age(Duration::from_secs(60));

        assert_eq!(
            cookie.header_value("s"),
            "sticky=s; Max-Age=60; Path=/; SameSite=Strict"
        );
    }

    #[test]
    fn attributes_stand_in_the_order_of_the_npm_package() {
        let cookie = Cookie::default()
            .max_age(Duration::from_millis(1900))
            .expires(UNIX_EPOCH + Duration::from_millis(1_445_412_480_999))
            .secure()
            .partitioned()
            .priority(Priority::High)
            .same_site(SameSite::None)
            .path("/a b")
            .and_then(|cookie| cookie.domain(".Example.com"))
            .expect("legal parts");

        assert_eq!(
            cookie.header_value("s"),
            "io=s; Max-Age=1; Domain=.Example.com; Path=/a b; Expires=Wed, 21 Oct 2015 07:28:00 GMT; \
             HttpOnly; Secure; Partitioned; Priority=High; SameSite=None"
        );
    }

    #[test]
    fn attributes_can_be_left_out() {
        let cookie = Cookie::default()
            .expires(UNIX_EPOCH)
            .readable_by_scripts()
            .without_same_site()
            .priority(Priority::Low)
            .path("")
            .expect("an empty path");

        assert_eq!(
            cookie.header_value("s"),
            "io=s; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Priority=Low"
        );
    }

    #[test]
    fn moments_that_expires_cannot_spell_become_the_nearest_ones() {
        let expires = |at| {
            Cookie::default()
                .readable_by_scripts()
                .without_same_site()
                .expires(at)
                .header_value("s")
        };

        assert_eq!(
            expires(UNIX_EPOCH - Duration::from_secs(1)),
            "io=s; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        );
        assert_eq!(
            expires(UNIX_EPOCH + LAST_SECOND + Duration::from_secs(1)),
            "io=s; Path=/; Expires=Fri, 31 Dec 9999 23:59:59 GMT"
        );
    }

    #[test]
    fn names_with_illegal_characters_are_refused_cve_2024_47764() {
        for name in [
            "a b",
            "a;b",
            "",
            "é",
            "a=b",
            "a\r\nb",
            "userName=<script>alert('XSS')</script>",
        ] {
            assert_eq!(
                Cookie::new(name),
                Err(CookieError::Name { name: name.into() })
            );
        }
        assert_eq!(
            named("!#$%&'*+-.^_`|~09aZ").header_value("s"),
            "!#$%&'*+-.^_`|~09aZ=s; Path=/; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn paths_with_illegal_characters_are_refused_cve_2024_47764() {
        for path in ["/;x", "/<", "/é", "/\x7f", "/\r\n", "/\t"] {
            let refused = Cookie::default().path(path);
            assert_eq!(refused, Err(CookieError::Path { path: path.into() }));
        }
        for path in ["/:=~", "/x,y", "/>"] {
            let value = Cookie::default()
                .path(path)
                .map(|cookie| cookie.header_value("s"));
            let expected = format!("io=s; Path={path}; HttpOnly; SameSite=Lax");
            assert_eq!(value.map(|value| value == expected), Ok(true), "{path}");
        }
    }

    #[test]
    fn domains_that_are_no_host_names_are_refused_cve_2024_47764() {
        let long = "x".repeat(64);
        for domain in [
            "a..b",
            "-a.b",
            "a-.b",
            "a_b",
            "a.b.",
            ".",
            "",
            "..a",
            "a;b",
            "é.example",
            &long,
            "ex.com\r\nSet-Cookie: x=1",
        ] {
            let refused = Cookie::default().domain(domain);
            assert_eq!(
                refused,
                Err(CookieError::Domain {
                    domain: domain.into()
                })
            );
        }
        for domain in ["a", ".a.b", "a-b.c", &long[1..]] {
            assert!(Cookie::default().domain(domain).is_ok(), "{domain}");
        }
    }
}
