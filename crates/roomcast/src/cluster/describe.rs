//! Sockets as other servers see them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use roomcast_cluster::SocketDescription;
use roomcast_socketio::{Map, Value};

use crate::engine::{Peer, Request};
use crate::namespace::{RoomName, RoomNames};
use crate::socket::{Handshake, Socket};

/// Describes a socket to other servers. Spec: cluster, section 3.
pub(super) fn describe(socket: &Socket) -> SocketDescription {
    SocketDescription {
        id: socket.id().as_str().into(),
        handshake: describe_handshake(socket.handshake()),
        rooms: socket.rooms(),
        data: socket.data().to_value(),
    }
}

fn describe_handshake(handshake: &Handshake) -> Value {
    let mut headers = Map::new();
    for name in handshake.headers().keys() {
        let values = handshake.headers().get_all(name).iter();
        let values: Vec<_> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        headers.insert(name.as_str(), values.join(", "));
    }
    let issued = handshake
        .issued()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let address = handshake
        .address()
        .map(|address| address.ip().to_canonical().to_string());
    let query: Map = handshake.queries().collect();
    let mut map = Map::new();
    map.insert("headers", headers);
    map.insert("time", javascript_time(handshake.issued()));
    map.insert("address", address.unwrap_or_default());
    map.insert("xdomain", handshake.is_cross_domain());
    map.insert("secure", handshake.is_secure());
    map.insert(
        "issued",
        u64::try_from(issued.as_millis()).unwrap_or(u64::MAX),
    );
    map.insert("url", handshake.url());
    map.insert("query", query);
    map.insert("auth", handshake.auth_value().clone());
    map.into()
}

/// What `new Date().toString()` is where the clock shows UTC.
fn javascript_time(time: SystemTime) -> String {
    let http = httpdate::fmt_http_date(time);
    let mut parts = http.split([' ', ',']).filter(|part| !part.is_empty());
    let mut part = || parts.next().unwrap_or_default();
    let (weekday, day, month, year, clock) = (part(), part(), part(), part(), part());
    format!("{weekday} {month} {day} {year} {clock} GMT+0000 (Coordinated Universal Time)")
}

/// The handshake that another server describes.
pub(crate) fn handshake_of(described: &Value) -> Handshake {
    let headers = described["headers"].as_object();
    let headers = headers.into_iter().flat_map(Map::iter);
    let headers: Vec<_> = headers
        .filter_map(|(name, value)| Some((name, value.as_str()?)))
        .collect();
    let address: Option<IpAddr> = described["address"]
        .as_str()
        .and_then(|address| address.parse().ok());
    let peer = address.map(|address| {
        let address = SocketAddr::new(address, 0);
        match described["secure"].as_bool() {
            Some(true) => Peer::secure(address),
            _ => Peer::new(address),
        }
    });
    let url = described["url"].as_str().unwrap_or_default();
    let issued = Duration::from_millis(described["issued"].as_u64().unwrap_or(0));
    Handshake::described(
        Request::described(url, &headers, peer),
        described["auth"].clone(),
        UNIX_EPOCH
            + Some(issued)
                .filter(|issued| *issued < YEAR_10_000)
                .unwrap_or_default(),
    )
}

/// No date is written from here on, counted from 1970.
const YEAR_10_000: Duration = Duration::from_secs(253_402_300_800);

/// Rooms that another server names.
pub(crate) fn rooms_of(rooms: &[Arc<str>]) -> RoomNames {
    rooms
        .iter()
        .map(|room| RoomName::from(Arc::clone(room)))
        .collect()
}

#[cfg(test)]
mod tests {
    use roomcast_socketio::value;

    use super::*;

    #[test]
    fn the_time_is_that_of_javascript() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_176_910_541);

        assert_eq!(
            javascript_time(time),
            "Fri Nov 20 2026 12:15:10 GMT+0000 (Coordinated Universal Time)"
        );
    }

    #[test]
    fn the_handshake_of_a_node_js_server_is_read() {
        // From the recorded answer of the sharded adapter, shortened.
        let handshake = handshake_of(&value!({
            "headers": { "upgrade": "websocket", "host": "127.0.0.1:44302" },
            "time": "Fri Nov 20 2026 12:15:10 GMT+0000 (Coordinated Universal Time)",
            "address": "127.0.0.1", "xdomain": false, "secure": false, "issued": 1795176910541_u64,
            "url": "/socket.io/?EIO=4&transport=websocket",
            "query": { "EIO": "4", "transport": "websocket" },
            "auth": { "token": "secret" },
        }));

        assert_eq!(handshake.header("host"), Some("127.0.0.1:44302"));
        assert_eq!(
            handshake
                .address()
                .map(|address| address.ip().to_string())
                .as_deref(),
            Some("127.0.0.1")
        );
        assert_eq!(handshake.query("transport"), Some("websocket"));
        assert_eq!(handshake.auth_value()["token"], "secret");
        assert_eq!(handshake.time(), "Fri, 20 Nov 2026 12:15:10 GMT");
        assert!(!handshake.is_cross_domain() && !handshake.is_secure());
    }
}
