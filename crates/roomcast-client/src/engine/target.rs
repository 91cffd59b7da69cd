//! The path and query of each request.

use form_urlencoded::Serializer;
use rand::RngExt as _;
use roomcast_engineio::Transport;

use super::options::Options;

/// The target of a request for `transport`: the user's parameters, then the protocol's.
pub(crate) fn target(options: &Options, transport: Transport, sid: Option<&str>) -> String {
    // Only what is behind the `?` is encoded.
    let start = options.path.len() + 1;
    let mut query = Serializer::for_suffix(format!("{}?", options.path), start);
    for (name, value) in &options.query {
        query.append_pair(name, value);
    }
    query.append_pair("EIO", "4");
    query.append_pair("transport", transport.as_str());
    if let Some(sid) = sid {
        query.append_pair("sid", sid);
    }
    if options.stamps(transport) {
        query.append_pair(&options.timestamp_param, &timestamp());
    }
    if options.forces_base64 && (transport != Transport::Polling || sid.is_none()) {
        query.append_pair("b64", "1");
    }
    query.finish()
}

/// A text that no cache has seen.
fn timestamp() -> String {
    let mut rng = rand::rng();
    (0..8)
        .map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]))
        .collect()
}

const ALPHABET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
