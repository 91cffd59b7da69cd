//! CORS: may a page of another origin connect?

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN,
};
use http::{HeaderMap, Method};

use super::report::Check;
use crate::terminal::http::{AskError, Question, ask};
use crate::terminal::{Finding, Target, dismiss};

const NAME: &str = "cors";

/// What an answer allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Allowed {
    status: u16,
    origin: Option<String>,
    has_credentials: bool,
    methods: Option<String>,
    headers: Option<String>,
}

/// Asks as a browser does for a page of this origin: by a preflight, and by a handshake.
pub(super) async fn ask_as(target: &Target, origin: &str) -> Result<[Allowed; 2], AskError> {
    let mut wanted: Vec<_> = target
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    wanted.push("content-type");
    let preflight = Question::new(Method::OPTIONS, "polling")
        .header(ORIGIN, origin)
        .header(ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(ACCESS_CONTROL_REQUEST_HEADERS, wanted.join(","));
    let handshake = Question::poll().header(ORIGIN, origin);
    let mut allowed = [Allowed::default(), Allowed::default()];
    for (question, allowed) in [preflight, handshake].iter().zip(&mut allowed) {
        let answer = ask(target, question).await?;
        dismiss(target, &answer).await;
        *allowed = Allowed::of(answer.status.as_u16(), &answer.headers);
    }
    Ok(allowed)
}

impl Allowed {
    fn of(status: u16, headers: &HeaderMap) -> Self {
        let text = |name| {
            let value = headers.get(name)?.to_str().ok()?;
            Some(value.to_ascii_lowercase())
        };
        Self {
            status,
            origin: text(ACCESS_CONTROL_ALLOW_ORIGIN),
            has_credentials: text(ACCESS_CONTROL_ALLOW_CREDENTIALS).as_deref() == Some("true"),
            methods: text(ACCESS_CONTROL_ALLOW_METHODS),
            headers: text(ACCESS_CONTROL_ALLOW_HEADERS),
        }
    }

    fn allows(&self, origin: &str) -> bool {
        let allowed = self.origin.as_deref();
        allowed == Some("*") || allowed == Some(origin.to_ascii_lowercase().as_str())
    }
}

/// Judges what an origin is allowed, and what a stranger is.
pub(super) fn check(
    origin: &str,
    wanted: &HeaderMap,
    [preflight, handshake]: &[Allowed; 2],
    stranger: &Allowed,
) -> Check {
    let fail = |seen: String| {
        Check::fail(
            NAME,
            Finding::new(seen).advise(format!(
                "the server's option: `cors: {{ origin: \"{origin}\" }}`, in Rust \
                 `.cors(\"{origin}\")`; and no proxy may add the headers a second time"
            )),
        )
    };
    if handshake.status != 200 {
        return fail(format!(
            "the handshake of {origin} is answered with status {}",
            handshake.status
        ));
    }
    if !handshake.allows(origin) {
        return fail(match &handshake.origin {
            Some(other) => format!("pages of {origin} are not let in, but those of {other}"),
            None => format!("pages of {origin} are not let in: no Access-Control-Allow-Origin"),
        });
    }
    if !(200..300).contains(&preflight.status) || !preflight.allows(origin) {
        return fail(format!(
            "the preflight of {origin} is refused (status {})",
            preflight.status
        ));
    }
    let lacking = wanted.keys().map(http::HeaderName::as_str);
    let mut lacking = lacking.filter(|name| !is_listed(preflight.headers.as_deref(), name));
    if let Some(name) = lacking.next() {
        return fail(format!(
            "the header {name} is not allowed to pages of {origin}"
        ));
    }
    let is_any = handshake.origin.as_deref() == Some("*");
    let seen = match (is_any, handshake.has_credentials) {
        (true, true) => {
            return Check::warn(
                NAME,
                Finding::new("any origin is allowed (*), with credentials, which browsers refuse")
                    .advise("name the origins that may send cookies"),
            );
        }
        (true, false) => "pages of any origin are let in, without cookies".to_owned(),
        (false, true) => format!("pages of {origin} are let in, with cookies"),
        (false, false) => format!("pages of {origin} are let in, without cookies"),
    };
    if stranger.has_credentials && stranger.allows(STRANGER) {
        return Check::warn(
            NAME,
            Finding::new(format!("{seen}; so are those of {STRANGER}, with cookies"))
                .advise("any page can act for its visitors: name the origins"),
        );
    }
    Check::ok(NAME, seen)
}

/// Whether a list of names, or `*`, has this one.
fn is_listed(list: Option<&str>, name: &str) -> bool {
    let Some(list) = list else {
        return false;
    };
    list.split(',')
        .map(str::trim)
        .any(|one| one == "*" || one == name)
}

/// An origin that nobody has (RFC 6761).
pub(super) const STRANGER: &str = "https://stranger.invalid";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::Verdict;

    const PAGE: &str = "https://page.example";

    fn allowed(origin: Option<&str>, has_credentials: bool) -> Allowed {
        Allowed {
            status: 200,
            origin: origin.map(str::to_owned),
            has_credentials,
            methods: None,
            headers: None,
        }
    }

    fn judged(both: &Allowed, stranger: &Allowed) -> (Verdict, String) {
        let both = [both.clone(), both.clone()];
        let check = check(PAGE, &HeaderMap::new(), &both, stranger);
        (check.verdict, check.seen)
    }

    #[test]
    fn an_origin_that_is_named_and_any_are_let_in() {
        let nobody = allowed(None, false);

        assert_eq!(judged(&allowed(Some(PAGE), true), &nobody).0, Verdict::Ok);
        assert_eq!(
            judged(&allowed(Some("*"), false), &allowed(Some("*"), false)).0,
            Verdict::Ok
        );
    }

    #[test]
    fn an_origin_that_is_not_named_is_not() {
        let nobody = allowed(None, false);

        let (verdict, seen) = judged(&nobody, &nobody);
        assert_eq!(verdict, Verdict::Fail);
        assert!(seen.ends_with("no Access-Control-Allow-Origin"), "{seen}");
        let (verdict, seen) = judged(&allowed(Some("https://other.example"), false), &nobody);
        assert_eq!(verdict, Verdict::Fail);
        assert!(seen.ends_with("those of https://other.example"), "{seen}");
    }

    #[test]
    fn what_is_too_open_is_told() {
        let mirrored = allowed(Some(STRANGER), true);

        assert_eq!(
            judged(&allowed(Some("*"), true), &mirrored).0,
            Verdict::Warn
        );
        assert_eq!(
            judged(&allowed(Some(PAGE), true), &mirrored).0,
            Verdict::Warn
        );
    }

    #[test]
    fn a_preflight_that_is_refused_or_lacks_a_header_fails() {
        let mut wanted = HeaderMap::new();
        wanted.insert("x-token", http::HeaderValue::from_static("1"));
        let (fine, nobody) = (allowed(Some(PAGE), false), allowed(None, false));
        let refused = Allowed {
            status: 404,
            ..fine.clone()
        };

        let judged = |preflight: &Allowed, wanted: &HeaderMap| {
            check(PAGE, wanted, &[preflight.clone(), fine.clone()], &nobody)
        };

        assert_eq!(judged(&refused, &HeaderMap::new()).verdict, Verdict::Fail);
        let lacking = judged(&fine, &wanted);
        assert!(
            lacking
                .seen
                .starts_with("the header x-token is not allowed"),
            "{}",
            lacking.seen
        );
        let listed = Allowed {
            headers: Some("a, x-token".to_owned()),
            ..fine.clone()
        };
        assert_eq!(judged(&listed, &wanted).verdict, Verdict::Ok);
    }
}
