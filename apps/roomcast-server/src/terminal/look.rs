//! The first look at a server: is there one, and does it speak our protocol?

use std::io;

use http::StatusCode;
use http::header::LOCATION;
use roomcast_client::Value;
use roomcast_engineio::{Handshake, Packet, revision4};
use rustls::CertificateError;

use super::cookies::kept;
use super::http::{Answer, AskError, Connection, Question, ask};
use super::{Finding, Target};

/// An Engine.IO 4 session that was opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) handshake: Handshake<'static>,
    pub(crate) answer: Answer,
    pub(crate) connection: Connection,
}

/// Ends the session that an answer opens, if it opens one: otherwise the server keeps it until it
/// times out.
pub(crate) async fn dismiss(target: &Target, answer: &Answer) {
    if let Some(handshake) = opened(answer) {
        let farewell = Question::post("1")
            .sid(&handshake.sid)
            .cookies(&kept(&answer.headers));
        // A server that does not take it ends the session by itself, later.
        let _ = ask(target, &farewell).await;
    }
}

/// Opens a session by polling, over a connection of its own.
pub(crate) async fn look(target: &Target) -> Result<Opened, Finding> {
    let mut connection = Connection::open(target)
        .await
        .map_err(|error| unasked(target, &error))?;
    let answer = connection.ask(target, &Question::poll()).await;
    let answer = answer.map_err(|error| unasked(target, &error))?;
    match opened(&answer) {
        Some(handshake) => Ok(Opened {
            handshake,
            answer,
            connection,
        }),
        None => Err(refused(target, &answer)),
    }
}

/// The handshake in an answer. Other packets may follow it.
fn opened(answer: &Answer) -> Option<Handshake<'static>> {
    if answer.status != StatusCode::OK {
        return None;
    }
    let body = str::from_utf8(&answer.body).ok()?;
    match revision4::decode_payload(body).next()? {
        Ok(Packet::Open(json)) => Some(Handshake::decode(json).ok()?.into_owned()),
        _ => None,
    }
}

/// There is an answer, and it is not a handshake.
fn refused(target: &Target, answer: &Answer) -> Finding {
    let host = target.dialer.authority();
    if is_engine_io_3(&answer.body) {
        return Finding::new(format!(
            "the server at {host} speaks Socket.IO 2 (Engine.IO 3)"
        ))
        .advise(
            "this client, and the JavaScript client since 3.0, speak Socket.IO 3 and 4: update \
                 the server, or use a client of version 2",
        );
    }
    match engine_error(&answer.body) {
        Some((code, message)) => by_engine(&host, answer, code, &message),
        None => by_status(&host, &target.path, answer),
    }
}

/// An Engine.IO server says no.
fn by_engine(host: &str, answer: &Answer, code: u64, message: &str) -> Finding {
    let status = answer.status.as_u16();
    let finding = Finding::new(format!(
        "the Socket.IO server at {host} refuses the handshake: {message} (code {code}, status \
         {status})"
    ));
    match code {
        0 => finding.advise(POLLING_IS_OFF),
        3 => {
            finding.advise("a middleware of the server does not like the request: its log says why")
        }
        4 => finding.advise(
            "the server's allowRequest says no: it may want a --header, an Origin or a cookie",
        ),
        5 => finding.advise("the server speaks another version of the protocol: update it"),
        _ => finding,
    }
}

/// Something else has answered.
fn by_status(host: &str, path: &str, answer: &Answer) -> Finding {
    let status = answer.status.as_u16();
    let said = match answer.excerpt() {
        text if text.is_empty() => String::new(),
        text => format!(": {text}"),
    };
    let (seen, advice) = match status {
        200 => (
            format!("what {host} answers at {path} is no Socket.IO handshake{said}"),
            "another program listens there, or another path is meant: --path says which",
        ),
        300..=399 => {
            let to = answer.header(LOCATION).unwrap_or("nowhere");
            (
                format!("{host} redirects {path} to {to} (status {status})"),
                "clients do not follow redirects: give the URL that they lead to",
            )
        }
        401 | 403 => (
            format!("{host} lets nobody in at {path} (status {status}){said}"),
            "it may want a --header such as 'Authorization: Bearer …', an Origin or a cookie",
        ),
        404 | 405 => (
            format!("the server at {host} knows no {path} (status {status}){said}"),
            "no Socket.IO server listens at this path; --path says where it does, the default is \
             /socket.io",
        ),
        502..=504 => (
            format!("the proxy at {host} reaches no server (status {status}){said}"),
            "is the server behind it up, and does the proxy know its port?",
        ),
        _ => (
            format!("{host} answers {path} with status {status}{said}"),
            "a Socket.IO server answers with 200; is another program at this address?",
        ),
    };
    Finding::new(seen).advise(advice)
}

/// `{"code":5,"message":"Unsupported protocol version"}`
pub(crate) fn engine_error(body: &[u8]) -> Option<(u64, String)> {
    let value: Value = str::from_utf8(body).ok()?.parse().ok()?;
    let message = value.get("message")?.as_str()?.to_owned();
    Some((value.get("code")?.as_u64()?, message))
}

/// `97:0{"sid":…}2:40`: packets of Engine.IO 3 have their length before them.
fn is_engine_io_3(body: &[u8]) -> bool {
    let digits = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && body[digits..].starts_with(b":0{")
}

/// There is no answer.
pub(crate) fn unasked(target: &Target, error: &AskError) -> Finding {
    let (host, is_secure) = (target.dialer.authority(), target.dialer.is_secure());
    match error {
        AskError::Dial(error) => undialled(&host, is_secure, error),
        AskError::Http(error) if error.is_parse() => {
            let seen = format!("what listens at {host} does not speak HTTP: {error}");
            Finding::new(seen).advise(match is_secure {
                true => "another program listens there: is the port right?",
                false => "another program listens there: is the port right? Or TLS is: https://",
            })
        }
        AskError::Http(error) => {
            let seen = format!("{host} closed the connection instead of answering: {error}");
            Finding::new(seen).advise(
                "another program listens there, it wants TLS (https://), or a firewall cut the \
                 connection",
            )
        }
        AskError::TimedOut(_) => Finding::new(format!("{host} does not answer: {error}")).advise(
            "is the port right? A firewall that drops packets looks like this; --timeout waits \
             longer",
        ),
        error => Finding::new(format!("{host}: {error}")),
    }
}

fn undialled(host: &str, is_secure: bool, error: &io::Error) -> Finding {
    use io::ErrorKind;

    let inner = error.get_ref();
    if let Some(error) = inner.and_then(|error| error.downcast_ref::<rustls::Error>()) {
        return untrusted(host, error);
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            Finding::new(format!("nothing listens at {host}: connection refused")).advise(
                "is the server running, and is this its port? A server on 127.0.0.1 is reached \
                 from its own machine only",
            )
        }
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset if is_secure => Finding::new(
            format!("{host} closed the connection during the TLS handshake: {error}"),
        )
        .advise("does the server speak TLS at this port? If not, write http://"),
        // The system has no kind for it.
        _ if error.to_string().contains("lookup") => {
            Finding::new(format!("the name in {host} is unknown: {error}"))
                .advise("is it spelled right, and does this machine's DNS know it?")
        }
        _ => Finding::new(format!("{host} cannot be reached: {error}"))
            .advise("is the machine up, and no firewall between?"),
    }
}

fn untrusted(host: &str, error: &rustls::Error) -> Finding {
    use rustls::Error::{InvalidCertificate, InvalidMessage};

    let finding = Finding::new(format!("TLS with {host} failed: {error}"));
    match error {
        InvalidMessage(_) => {
            finding.advise("the server does not speak TLS at this port: write http://")
        }
        InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => finding.advise("the certificate is for another name: use the name that it is for"),
        InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            finding.advise("the certificate has expired: renew it, or set this machine's clock")
        }
        InvalidCertificate(_) => finding.advise(
            "nobody whom this machine trusts has signed the certificate, or the chain is \
             incomplete: --cacert FILE trusts its root, --insecure takes any certificate",
        ),
        _ => finding.advise("do both sides have a TLS version and a cipher in common?"),
    }
}

/// What to do about a server that has WebSocket only.
pub(super) const POLLING_IS_OFF: &str = "polling is switched off there: try --transport websocket";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_of_engine_io_3_is_known_by_its_length() {
        // socket.io 2.5.1 answers so, though it is asked with EIO=4.
        let body = b"97:0{\"sid\":\"ALG-sY8SAreKGSpUAAAA\",\"upgrades\":[\"websocket\"],\
                     \"pingInterval\":25000,\"pingTimeout\":20000}2:40";

        assert!(is_engine_io_3(body));
        assert!(!is_engine_io_3(br#"0{"sid":"x"}"#));
        assert!(!is_engine_io_3(b""));
    }

    #[test]
    fn an_error_of_the_engine_is_read_with_its_code() {
        let body = br#"{"code":5,"message":"Unsupported protocol version"}"#;

        let expected = (5, "Unsupported protocol version".to_owned());
        assert_eq!(engine_error(body), Some(expected));
        assert_eq!(engine_error(b"<html>"), None);
    }
}
