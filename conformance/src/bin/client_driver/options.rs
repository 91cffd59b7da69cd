//! The official client's options, said to the builder.

use std::time::Duration;

use roomcast_client::{Builder, Client, Parser, SocketConfig, Tls, Transport, Value};

use crate::values::decode;

/// Everything of the options but `auth` if it is a function.
pub(crate) fn builder(client: &Client, url: &str, options: &Value) -> Result<Builder, String> {
    let mut builder = client.builder(url);
    builder = connection(builder, options)?;
    builder = requests(builder, options)?;
    builder = reconnection(builder, options);
    let config = options.as_object();
    for (name, value) in config.into_iter().flat_map(|object| object.iter()) {
        builder = match name {
            "ackTimeout" => builder.ack_timeout(millis(value)),
            "retries" => builder.retries(number(value)),
            "auth" if is_object(value) => builder.auth(decode(value)),
            _ => builder,
        };
    }
    Ok(builder)
}

/// The part of the options that is about one socket.
pub(crate) fn socket(options: &Value) -> SocketConfig {
    let mut config = SocketConfig::default();
    if let Some(timeout) = options.get("ackTimeout") {
        config = config.ack_timeout(millis(timeout));
    }
    if let Some(retries) = options.get("retries") {
        config = config.retries(number(retries));
    }
    match options.get("auth") {
        Some(auth) if is_object(auth) => config.auth(decode(auth)),
        _ => config,
    }
}

/// Whether the suite answers when `auth` is wanted.
pub(crate) fn asks_for_auth(options: &Value) -> bool {
    options["auth"]["$callback"].as_bool() == Some(true)
}

fn is_object(auth: &Value) -> bool {
    auth.as_object().is_some() && auth.get("$callback").is_none()
}

fn connection(mut builder: Builder, options: &Value) -> Result<Builder, String> {
    if let Some(path) = options["path"].as_str() {
        builder = builder.path(path);
    }
    if is(options, "addTrailingSlash", false) {
        builder = builder.without_trailing_slash();
    }
    if is(options, "forceNew", true) || is(options, "multiplex", false) {
        builder = builder.force_new();
    }
    if let Some(names) = options["transports"].as_array() {
        let transports: Option<Vec<_>> = names
            .iter()
            .map(|name| Transport::parse(name.as_str()?))
            .collect();
        builder = builder.transports(transports.ok_or("unknown transport")?);
    }
    if is(options, "upgrade", false) {
        builder = builder.without_upgrade();
    }
    if is(options, "rememberUpgrade", true) {
        builder = builder.remember_upgrade();
    }
    if is(options, "tryAllTransports", true) {
        builder = builder.try_all_transports();
    }
    if options["parser"] == "msgpack" {
        builder = builder.parser(Parser::MessagePack);
    }
    if let Some(url) = options["proxy"].as_str() {
        builder = builder.proxy(url);
    }
    Ok(builder.tls(tls(options)?))
}

fn tls(options: &Value) -> Result<Tls, String> {
    let mut tls = Tls::default();
    let pem = |name: &str| options[name].as_str().map(str::as_bytes);
    if let Some(ca) = pem("ca") {
        tls = tls.with_roots(ca).map_err(|error| error.to_string())?;
    }
    if let (Some(cert), Some(key)) = (pem("cert"), pem("key")) {
        let identity = tls.with_identity(cert, key);
        tls = identity.map_err(|error| error.to_string())?;
    }
    Ok(match is(options, "rejectUnauthorized", false) {
        true => tls.danger_without_verification(),
        false => tls,
    })
}

fn requests(mut builder: Builder, options: &Value) -> Result<Builder, String> {
    for (name, value) in pairs(&options["query"]) {
        builder = builder.query(name, text(value));
    }
    for (name, value) in pairs(&options["extraHeaders"]) {
        builder = builder.header(name, &text(value));
    }
    if is(options, "withCredentials", true) {
        builder = builder.keep_cookies();
    }
    if is(options, "forceBase64", true) {
        builder = builder.force_base64();
    }
    match options["timestampRequests"].as_bool() {
        Some(true) => builder = builder.timestamp_all_requests(),
        Some(false) => builder = builder.without_timestamps(),
        None => {}
    }
    if let Some(name) = options["timestampParam"].as_str() {
        builder = builder.timestamp_param(name);
    }
    if let Some(protocols) = options["protocols"].as_array() {
        builder = builder.protocols(protocols.iter().map(text));
    }
    Ok(builder)
}

fn reconnection(mut builder: Builder, options: &Value) -> Builder {
    if is(options, "reconnection", false) {
        builder = builder.without_reconnection();
    }
    for (name, value) in pairs(options) {
        builder = match name {
            "reconnectionAttempts" => builder.reconnection_attempts(number(value)),
            "reconnectionDelay" => builder.reconnection_delay(millis(value)),
            "reconnectionDelayMax" => builder.reconnection_delay_max(millis(value)),
            "randomizationFactor" => {
                builder.randomization_factor(value.as_f64().unwrap_or_default())
            }
            "timeout" if value.as_bool() == Some(false) => builder.without_timeout(),
            "timeout" => builder.timeout(millis(value)),
            _ => builder,
        };
    }
    builder
}

fn pairs(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object
        .as_object()
        .into_iter()
        .flat_map(|object| object.iter())
}

fn is(options: &Value, name: &str, wanted: bool) -> bool {
    options[name].as_bool() == Some(wanted)
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

pub(crate) fn millis(value: &Value) -> Duration {
    Duration::from_secs_f64(value.as_f64().unwrap_or_default().max(0.0) / 1000.0)
}

pub(crate) fn number(value: &Value) -> u32 {
    value
        .as_u64()
        .and_then(|value| value.try_into().ok())
        .unwrap_or(u32::MAX)
}
