//! Polling: a POST and a GET, and the namespace that is joined by them.

use std::time::Duration;

use http::StatusCode;
use roomcast_client::Value;
use roomcast_engineio::{Packet, revision4};

use super::report::Check;
use crate::terminal::http::{Answer, AskError, Question};
use crate::terminal::{Finding, Opened, Target};

/// CONNECT to the namespace that is meant, as an Engine.IO packet.
pub(super) fn connect_packet(target: &Target) -> String {
    let auth = target
        .auth
        .clone()
        .map(|auth| Value::Object(auth).to_string());
    let auth = auth.unwrap_or_default();
    match target.namespace.as_str() {
        "/" => format!("40{auth}"),
        namespace => format!("40{namespace},{auth}"),
    }
}

/// How the server has answered a CONNECT.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Joined {
    Yes,
    /// With this message.
    Refused(String),
    /// As Socket.IO 2 does.
    WithoutId,
    /// It said nothing about it.
    Unanswered,
}

/// Reads a packet as an answer to a CONNECT.
pub(super) fn joined(packet: &str) -> Option<Joined> {
    let object = |data: &str| {
        let start = data.find('{')?;
        data[start..].parse::<Value>().ok()
    };
    if let Some(data) = packet.strip_prefix("40") {
        let id = object(data).and_then(|data| Some(data.get("sid")?.as_str()?.to_owned()));
        return Some(if id.is_some() {
            Joined::Yes
        } else {
            Joined::WithoutId
        });
    }
    let data = object(packet.strip_prefix("44")?);
    let message = data.and_then(|data| Some(data.get("message")?.as_str()?.to_owned()));
    Some(Joined::Refused(
        message.unwrap_or_else(|| "no reason given".to_owned()),
    ))
}

/// Joins the namespace over the connection on which the session was opened.
pub(super) async fn join(
    target: &Target,
    opened: &mut Opened,
    cookies: &str,
) -> Result<(Joined, Duration), Finding> {
    let sid = opened.handshake.sid.clone();
    let post = Question::post(connect_packet(target))
        .sid(&sid)
        .cookies(cookies);
    let sent = opened.connection.ask(target, &post).await;
    let sent = taken("POST", sent)?;
    let mut took = sent.took;
    for _ in 0..MAX_POLLS {
        let poll = Question::poll().sid(&sid).cookies(cookies);
        let answer = opened.connection.ask(target, &poll).await;
        let answer = taken("GET", answer)?;
        took += answer.took;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        for packet in revision4::decode_payload(&body) {
            let Ok(Packet::Text(text)) = packet else {
                continue;
            };
            if let Some(joined) = joined(&format!("4{text}")) {
                return Ok((joined, took));
            }
        }
    }
    Ok((Joined::Unanswered, took))
}

/// Whether the server's ping is in a body.
pub(super) fn has_ping(body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body);
    revision4::decode_payload(&body).any(|packet| matches!(packet, Ok(Packet::Ping(_))))
}

fn taken(method: &str, answer: Result<Answer, AskError>) -> Result<Answer, Finding> {
    match answer {
        Ok(answer) if answer.status == StatusCode::OK => Ok(answer),
        Ok(answer) => Err(Finding::new(format!(
            "the {method} of the session is answered with status {}: {}",
            answer.status.as_u16(),
            answer.excerpt()
        ))
        .advise(
            "several processes without sticky sessions, a firewall, or another parser at the server",
        )),
        Err(error) => Err(Finding::new(format!("the {method} of the session fails: {error}"))
            .advise(
                "a proxy that holds back, or a server that cuts off, what it does not understand",
            )),
    }
}

/// Judges polling.
pub(super) fn check(joined: &Result<(Joined, Duration), Finding>) -> Check {
    const NAME: &str = "polling";
    match joined {
        Ok((_, took)) => Check::ok(NAME, format!("POST and GET in {} ms", took.as_millis())),
        Err(finding) => Check::fail(NAME, finding.clone()),
    }
}

/// Judges the namespace.
pub(super) fn check_namespace(namespace: &str, joined: &Joined) -> Check {
    const NAME: &str = "namespace";
    let fail = |seen: String, advice: &str| Check::fail(NAME, Finding::new(seen).advise(advice));
    match joined {
        Joined::Yes => Check::ok(NAME, format!("{namespace} lets the client in")),
        Joined::Refused(message) if message == "Invalid namespace" => fail(
            format!("there is no namespace {namespace}"),
            "the path of the URL is the namespace, or --namespace",
        ),
        Joined::Refused(message) => fail(
            format!("{namespace} refuses the client: {message}"),
            "the server's middleware says so: it may want --auth or a --header",
        ),
        Joined::WithoutId => fail(
            format!("{namespace} is confirmed without an id, as by Socket.IO 2"),
            "update the server, or use a client of version 2",
        ),
        Joined::Unanswered => fail(
            format!("the server says nothing of {namespace}"),
            "is it a Socket.IO server, with the default parser? Engine.IO alone has no namespaces",
        ),
    }
}

/// A server may send other packets first.
const MAX_POLLS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::Verdict;

    #[test]
    fn answers_to_connect_are_told_apart() {
        let cases = [
            (r#"40{"sid":"x"}"#, Joined::Yes),
            (r#"40/chat,{"sid":"x"}"#, Joined::Yes),
            ("40", Joined::WithoutId),
            (r#"44{"message":"no"}"#, Joined::Refused("no".to_owned())),
            (
                r#"44/chat,{"message":"no"}"#,
                Joined::Refused("no".to_owned()),
            ),
            ("44", Joined::Refused("no reason given".to_owned())),
        ];

        for (packet, expected) in cases {
            assert_eq!(joined(packet), Some(expected), "{packet}");
        }
        assert_eq!(joined(r#"42["welcome"]"#), None);
        assert_eq!(joined("2"), None);
    }

    #[test]
    fn only_a_namespace_that_lets_the_client_in_is_fine() {
        let verdict = |joined| check_namespace("/", &joined).verdict;

        assert_eq!(verdict(Joined::Yes), Verdict::Ok);
        for refusal in [
            Joined::Refused("no".to_owned()),
            Joined::WithoutId,
            Joined::Unanswered,
        ] {
            assert_eq!(verdict(refusal), Verdict::Fail);
        }
    }
}
