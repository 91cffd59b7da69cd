//! Origins that may call: the `origin` option of the npm package `cors`.

use http::HeaderValue;
use regex::bytes::{Regex, RegexBuilder};

/// Says which origins may read the server's answers.
///
/// A text stands for itself, so `"http://app.example".into()` is an origin. [`Cors::origins`]
/// takes a list of these, and the function of [`Cors::dynamic`] answers with one.
///
/// # Example
///
/// ```
/// use roomcast::{Cors, CorsOrigin};
///
/// let app = CorsOrigin::from("http://app.example");
/// let cors = Cors::origins([app, CorsOrigin::pattern(r"^https://[a-z]+\.example$")?]);
/// # Ok::<(), roomcast::PatternError>(())
/// ```
///
/// Spec: features 1.25.
///
/// [`Cors::origins`]: crate::Cors::origins
/// [`Cors::dynamic`]: crate::Cors::dynamic
#[derive(Clone, Debug)]
#[must_use]
pub struct CorsOrigin(Rule);

#[derive(Clone, Debug)]
enum Rule {
    /// No CORS at all for this request.
    Disabled,
    /// The request itself is refused.
    Refused,
    /// Allows no origin.
    Nobody,
    Text(HeaderValue),
    Pattern(Regex),
    List(Vec<CorsOrigin>),
    Mirror,
}

/// What one request gets in the place of the origin headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// `Access-Control-Allow-Origin: *`, the same for all, so no `Vary`.
    Any,
    /// `Vary: Origin`, and this `Access-Control-Allow-Origin` if there is one.
    Origin(Option<HeaderValue>),
    /// No CORS header, and a preflight is a request like any other.
    Disabled,
    /// The request is refused.
    Refused,
}

impl CorsOrigin {
    /// Allows each origin that matches a regular expression.
    ///
    /// The expression is searched for anywhere in the origin, as JavaScript's `RegExp.test` does:
    /// anchor it with `^` and `$`. Classes such as `\d` mean ASCII, as they do there; look-around
    /// and back references do not exist here.
    ///
    /// # Errors
    ///
    /// [`PatternError`] if `text` is not a regular expression.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::CorsOrigin;
    ///
    /// assert!(CorsOrigin::pattern(r"^https://([a-z]+\.)?app\.example$").is_ok());
    /// assert!(CorsOrigin::pattern("(").is_err());
    /// ```
    pub fn pattern(text: &str) -> Result<Self, PatternError> {
        // Without Unicode the tables of the expression compiler are not linked; an origin is ASCII.
        match RegexBuilder::new(text).unicode(false).build() {
            Ok(pattern) => Ok(Self(Rule::Pattern(pattern))),
            Err(error) => Err(PatternError {
                pattern: text.to_owned(),
                reason: error.to_string(),
            }),
        }
    }

    /// Allows each origin that one of the items allows.
    ///
    /// Inside a list `"*"` is a text that no browser sends, not a wildcard.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Cors, CorsOrigin};
    ///
    /// let own = CorsOrigin::list(["https://app.example", "https://admin.example"]);
    /// let cors = Cors::origins([own, "https://partner.example".into()]);
    /// ```
    pub fn list<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        Self(Rule::List(items.into_iter().map(Into::into).collect()))
    }

    /// Allows whoever asks, by echoing the origin (`origin: true` in JavaScript).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Cors, CorsOrigin};
    ///
    /// let cors = Cors::origin(CorsOrigin::mirror());
    /// ```
    pub fn mirror() -> Self {
        Self(Rule::Mirror)
    }

    /// Turns CORS off for this request: no header, and a preflight is refused as a request of the
    /// wrong method (`false` in JavaScript).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Cors, CorsOrigin};
    ///
    /// let cors = Cors::dynamic(async |origin: Option<String>| match origin.as_deref() {
    ///     Some("https://app.example") => CorsOrigin::mirror(),
    ///     Some("https://evil.example") => CorsOrigin::refused(),
    ///     _ => CorsOrigin::disabled(),
    /// });
    /// ```
    pub fn disabled() -> Self {
        Self(Rule::Disabled)
    }

    /// Refuses the request itself, not only the reading of its answer: status 400, code 3,
    /// `Bad request` (an error handed to the callback in JavaScript).
    ///
    /// Useful in [`Cors::dynamic`](crate::Cors::dynamic). Inside a list it allows nobody. Example:
    /// [`disabled`](Self::disabled).
    pub fn refused() -> Self {
        Self(Rule::Refused)
    }

    /// The answer for a request whose `Origin` header is `asked`.
    pub(crate) fn grant(&self, asked: Option<&HeaderValue>) -> Grant {
        match &self.0 {
            Rule::Disabled => Grant::Disabled,
            Rule::Refused => Grant::Refused,
            Rule::Nobody => Grant::Origin(None),
            Rule::Text(text) if text == "*" => Grant::Any,
            Rule::Text(text) => Grant::Origin(Some(text.clone())),
            Rule::Pattern(_) | Rule::List(_) | Rule::Mirror => {
                Grant::Origin(asked.filter(|origin| self.lists(origin)).cloned())
            }
        }
    }

    /// Whether a page of this origin may call.
    pub(crate) fn allows(&self, origin: &HeaderValue) -> bool {
        match self.grant(Some(origin)) {
            Grant::Any => true,
            Grant::Origin(granted) => granted.as_ref() == Some(origin),
            Grant::Disabled | Grant::Refused => false,
        }
    }

    /// Whether a list that holds this item allows `origin`.
    fn lists(&self, origin: &HeaderValue) -> bool {
        match &self.0 {
            Rule::Disabled | Rule::Refused | Rule::Nobody => false,
            Rule::Text(text) => text == origin,
            Rule::Pattern(pattern) => pattern.is_match(origin.as_bytes()),
            Rule::List(items) => items.iter().any(|item| item.lists(origin)),
            Rule::Mirror => true,
        }
    }
}

/// The text stands for itself, `"*"` for any origin, `""` for [`CorsOrigin::disabled`]. A text that
/// no header can carry (control characters, anything but ASCII) allows nobody.
impl From<&str> for CorsOrigin {
    fn from(text: &str) -> Self {
        if text.is_empty() {
            return Self::disabled();
        }
        Self(HeaderValue::from_str(text).map_or(Rule::Nobody, Rule::Text))
    }
}

/// As from `&str`.
impl From<String> for CorsOrigin {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

/// Says that a text is not a regular expression.
///
/// # Example
///
/// ```
/// use roomcast::CorsOrigin;
///
/// let error = CorsOrigin::pattern("(").expect_err("it is not closed");
/// assert_eq!(error.pattern, "(");
/// println!("{}", error.reason);
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pattern:?} is not a regular expression: {reason}")]
pub struct PatternError {
    /// The text that was handed in.
    pub pattern: String,
    /// What is wrong with it, for people; may have several lines.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: HeaderValue = HeaderValue::from_static("http://a.example");
    const OTHER: HeaderValue = HeaderValue::from_static("http://a.example.org");

    #[test]
    fn a_text_allows_only_itself() {
        let origin = CorsOrigin::from("http://a.example");

        assert!(origin.allows(&ALLOWED));
        assert!(!origin.allows(&OTHER));
        assert!(!origin.allows(&HeaderValue::from_static("HTTP://A.EXAMPLE")));
    }

    #[test]
    fn a_star_is_a_wildcard_alone_and_a_text_in_a_list() {
        assert!(CorsOrigin::from("*").allows(&ALLOWED));
        assert!(!CorsOrigin::list(["*"]).allows(&ALLOWED));
    }

    #[test]
    fn a_pattern_matches_anywhere_unless_it_is_anchored() {
        let loose = CorsOrigin::pattern("a\\.example").expect("a pattern");
        let anchored = CorsOrigin::pattern("\\.example$").expect("a pattern");

        assert!(loose.allows(&ALLOWED) && loose.allows(&OTHER));
        assert!(anchored.allows(&ALLOWED) && !anchored.allows(&OTHER));
    }

    #[test]
    fn a_pattern_means_ascii_by_its_classes_and_may_ignore_case() {
        let pattern = CorsOrigin::pattern(r"(?i)^HTTP://\w\.example$").expect("a pattern");

        assert!(pattern.allows(&ALLOWED));
    }

    #[test]
    fn a_list_mixes_texts_patterns_and_lists() {
        let pattern = CorsOrigin::pattern(r"^http://x\.").expect("a pattern");
        let origin = CorsOrigin::list([CorsOrigin::list(["http://a.example"]), pattern]);

        assert!(origin.allows(&ALLOWED));
        assert!(origin.allows(&HeaderValue::from_static("http://x.example")));
        assert!(!origin.allows(&OTHER));
    }

    #[test]
    fn mirror_allows_all_and_disabled_refused_and_broken_texts_allow_nobody() {
        assert!(CorsOrigin::mirror().allows(&ALLOWED));
        for origin in [
            CorsOrigin::disabled(),
            CorsOrigin::refused(),
            CorsOrigin::from(""),
            CorsOrigin::from("http://a.example\r\nX: y"),
            CorsOrigin::list([CorsOrigin::disabled(), CorsOrigin::refused()]),
        ] {
            assert!(!origin.allows(&ALLOWED), "{origin:?}");
        }
    }

    #[test]
    fn a_broken_pattern_is_named_with_its_text() {
        let error = CorsOrigin::pattern("a(b").expect_err("no pattern");

        assert_eq!(error.pattern, "a(b");
        assert!(
            error
                .to_string()
                .starts_with("\"a(b\" is not a regular expression: ")
        );
    }
}
