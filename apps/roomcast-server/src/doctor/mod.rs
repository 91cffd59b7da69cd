//! `roomcast doctor`: what is wrong between a server and its clients.

mod clock;
mod cookies;
mod cors;
mod handshake;
mod heartbeats;
mod options;
mod polling;
mod quic;
mod report;
mod sticky;
mod upgrade;

use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use http::StatusCode;
use http::header::{CONNECTION, DATE};
use roomcast_engineio::Transport;

use self::handshake::Direct;
use self::heartbeats::Ping;
pub(crate) use self::options::Options;
use self::polling::Joined;
use self::report::{Check, Report};
use crate::terminal::cookies::kept;
use crate::terminal::http::{AskError, Connection, Question};
use crate::terminal::{Finding, Opened, Silence, Target, dismiss, look, unasked};

/// Looks at a server, check by check.
pub(crate) async fn run(options: &Options) -> ExitCode {
    let target = match Target::new(&options.target) {
        Ok(target) => target,
        Err(mistake) => {
            eprintln!("roomcast: {mistake}");
            return ExitCode::from(2);
        }
    };
    let mut report = Report::new(options.json);
    examine(&target, options, &mut report).await;
    match report.finish() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

async fn examine(target: &Target, options: &Options, report: &mut Report) {
    let begun = Instant::now();
    if let Err(error) = Connection::open(target).await {
        return report.add(&Check::fail("connection", unasked(target, &error)));
    }
    let (took, kind) = (begun.elapsed().as_millis(), layers(target));
    report.add(&Check::ok("connection", format!("{kind} in {took} ms")));

    let polling = look(target).await;
    let direct = handshake::direct(target).await;
    report.add(&handshake::check(&polling, &direct));
    let has_polling = polling.is_ok();
    let offers_webtransport = polling
        .as_ref()
        .is_ok_and(|opened| opened.handshake.upgrades.contains(&Transport::WebTransport));
    if let Ok(opened) = polling {
        examine_polling(target, options, opened, report).await;
    }
    report.add(&handshake::check_websocket(&direct, has_polling));
    if has_polling {
        report.add(&upgrade::check(&upgrade::attempt(target).await));
    }
    if offers_webtransport {
        report.add(&quic::check(&quic::attempt(target).await));
    }
    let has_websocket = direct.is_ok();
    if let Ok(direct) = direct {
        if !has_polling {
            report.add(&polling::check_namespace(&target.namespace, &direct.joined));
        }
        report.add(&handshake::check_compression(&direct));
        direct.socket.close().await;
    }
    if !has_polling && !has_websocket {
        return report.add(&Check::skip("cors", "there is no handshake"));
    }
    examine_heartbeats(target, options, has_websocket, report).await;
    report.add(&examine_cors(target, options).await);
}

fn layers(target: &Target) -> &'static str {
    match target.dialer.is_secure() {
        true => "TCP and TLS",
        false => "TCP",
    }
}

/// What a session by polling shows.
async fn examine_polling(
    target: &Target,
    options: &Options,
    mut opened: Opened,
    report: &mut Report,
) {
    let date = opened.answer.header(DATE);
    report.add(&clock::check(date, SystemTime::now()));
    let headers = &opened.answer.headers;
    report.add(&cookies::check(
        headers,
        &target.path,
        target.dialer.is_secure(),
    ));
    let cookies = kept(headers);
    report.add(&keep_alive(&mut opened).await);

    let joined = polling::join(target, &mut opened, &cookies).await;
    report.add(&polling::check(&joined));
    if let Ok((joined, _)) = &joined {
        report.add(&polling::check_namespace(&target.namespace, joined));
    }
    // A server that ends the session after a refusal would look as if it had lost it.
    let fresh = match joined {
        Ok((Joined::Yes, _)) => Ok(opened),
        _ => look(target).await,
    };
    match fresh {
        Ok(opened) => report.add(&stickiness(target, options, &opened).await),
        Err(finding) => report.add(&Check::fail("stickiness", finding)),
    }
}

/// Judges whether a connection carries more than one request.
async fn keep_alive(opened: &mut Opened) -> Check {
    const NAME: &str = "keep-alive";
    if opened.connection.is_kept().await {
        return Check::ok(NAME, "HTTP connections are kept");
    }
    let header = opened.answer.header(CONNECTION).unwrap_or("-").to_owned();
    Check::warn(
        NAME,
        Finding::new(format!(
            "the connection is closed after one request (Connection: {header})"
        ))
        .advise(
            "each poll opens a connection of its own, with TLS each a handshake: keep them alive",
        ),
    )
}

async fn stickiness(target: &Target, options: &Options, opened: &Opened) -> Check {
    let (sid, cookies) = (&opened.handshake.sid, kept(&opened.answer.headers));
    let with = sticky::tally(target, sid, &cookies, options.connections).await;
    let without = match cookies.is_empty() {
        true => None,
        false => Some(sticky::tally(target, sid, "", options.connections).await),
    };
    dismiss(target, &opened.answer).await;
    sticky::check(&with, without.as_ref())
}

/// Waits for a ping, over a WebSocket if there is one.
async fn examine_heartbeats(
    target: &Target,
    options: &Options,
    has_websocket: bool,
    report: &mut Report,
) {
    if has_websocket && let Ok(mut direct) = handshake::direct(target).await {
        let ping = ping_by_websocket(&mut direct, options).await;
        direct.socket.close().await;
        return report.add(&heartbeats::check(&direct.handshake, &ping));
    }
    // Without a session there are no heartbeats, and that was told.
    if let Ok(mut opened) = look(target).await {
        let ping = ping_by_polling(target, &mut opened, options).await;
        dismiss(target, &opened.answer).await;
        report.add(&heartbeats::check(&opened.handshake, &ping));
    }
}

async fn ping_by_websocket(direct: &mut Direct, options: &Options) -> Ping {
    // A server may end the session of a client that it refuses.
    let Some(limit) = heartbeats::wait(&direct.handshake, options.patience)
        .filter(|_| direct.joined == Joined::Yes)
    else {
        return Ping::NotAwaited;
    };
    let begun = Instant::now();
    match direct.socket.next_of(&["2"], limit).await {
        Ok(_) => Ping::Came(begun.elapsed()),
        Err(Silence::TimedOut(limit)) => Ping::Missing(limit),
        Err(silence) => Ping::Broke(silence.to_string()),
    }
}

async fn ping_by_polling(target: &Target, opened: &mut Opened, options: &Options) -> Ping {
    let Some(limit) = heartbeats::wait(&opened.handshake, options.patience) else {
        return Ping::NotAwaited;
    };
    let cookies = kept(&opened.answer.headers);
    let Ok((Joined::Yes, _)) = polling::join(target, opened, &cookies).await else {
        return Ping::NotAwaited;
    };
    let begun = Instant::now();
    let poll = Question::poll()
        .sid(&opened.handshake.sid)
        .cookies(&cookies);
    loop {
        let rest = limit.saturating_sub(begun.elapsed());
        match opened.connection.ask_for(target, &poll, rest).await {
            Ok(answer) if answer.status != StatusCode::OK => {
                let status = answer.status.as_u16();
                return Ping::Broke(format!("status {status} {}", answer.excerpt()));
            }
            // Events may come first.
            Ok(answer) if polling::has_ping(&answer.body) => return Ping::Came(begun.elapsed()),
            Ok(_) => {}
            Err(AskError::TimedOut(_)) => return Ping::Missing(limit),
            Err(error) => return Ping::Broke(error.to_string()),
        }
    }
}

async fn examine_cors(target: &Target, options: &Options) -> Check {
    let Some(origin) = &options.origin else {
        return Check::skip("cors", "pages of other origins: --origin URL looks at it");
    };
    let asked = cors::ask_as(target, origin).await;
    let stranger = cors::ask_as(target, cors::STRANGER).await;
    match (asked, stranger) {
        (Ok(allowed), Ok([_, stranger])) => {
            cors::check(origin, &target.headers, &allowed, &stranger)
        }
        (Err(error), _) | (_, Err(error)) => Check::fail("cors", unasked(target, &error)),
    }
}
