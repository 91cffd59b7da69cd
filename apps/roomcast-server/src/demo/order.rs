//! What the page wants to have sent, and to whom.

use std::fmt;

use roomcast::Value;
use serde::Deserialize;

use super::limited::{Room, Text};

/// A message that the page wants to have sent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Fields")]
pub(super) struct Order {
    pub(super) audience: Audience,
    pub(super) text: Text,
    pub(super) wants_ack: bool,
}

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    Everyone,
    EveryoneElse,
    Room(Room),
    OthersInRoom(Room),
    AllBut(Room),
}

impl Audience {
    fn new(operator: &str, target: &Value) -> Result<Self, Unclear> {
        let target = || {
            target
                .parse()
                .map_err(|error| Unclear::Target(error.to_string()))
        };
        Ok(match operator {
            "io.emit" => Self::Everyone,
            "socket.broadcast" => Self::EveryoneElse,
            "io.to" => Self::Room(target()?),
            "socket.to" => Self::OthersInRoom(target()?),
            "io.except" => Self::AllBut(target()?),
            _ => return Err(Unclear::Operator),
        })
    }

    /// The name on the wire: how the call begins in JavaScript.
    pub(super) fn operator(&self) -> &'static str {
        match self {
            Self::Everyone => "io.emit",
            Self::EveryoneElse => "socket.broadcast",
            Self::Room(_) => "io.to",
            Self::OthersInRoom(_) => "socket.to",
            Self::AllBut(_) => "io.except",
        }
    }

    /// The room, where one is named.
    pub(super) fn target(&self) -> Option<&str> {
        match self {
            Self::Everyone | Self::EveryoneElse => None,
            Self::Room(room) | Self::OthersInRoom(room) | Self::AllBut(room) => Some(room.as_str()),
        }
    }
}

/// An order as it comes. The target may be anything where the operator needs none.
#[derive(Deserialize)]
struct Fields {
    operator: String,
    #[serde(default)]
    target: Value,
    text: Text,
    #[serde(default)]
    ack: bool,
}

impl TryFrom<Fields> for Order {
    type Error = Unclear;

    fn try_from(fields: Fields) -> Result<Self, Unclear> {
        Ok(Self {
            audience: Audience::new(&fields.operator, &fields.target)?,
            text: fields.text,
            wants_ack: fields.ack,
        })
    }
}

/// Nobody knows whom an order is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unclear {
    Operator,
    Target(String),
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("there is no such operator"),
            Self::Target(cause) => write!(f, "the target names no room: {cause}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn each_operator_keeps_its_name_and_its_target() {
        for operator in ["io.emit", "socket.broadcast"] {
            let audience = Audience::new(operator, &Value::Null).unwrap();
            assert_eq!((audience.operator(), audience.target()), (operator, None));
        }
        for operator in ["io.to", "socket.to", "io.except"] {
            let audience = Audience::new(operator, &"devs".into()).unwrap();
            assert_eq!(
                (audience.operator(), audience.target()),
                (operator, Some("devs"))
            );
        }
    }

    #[test]
    fn a_target_that_nobody_needs_may_be_anything() {
        for target in [json!(4), json!("x".repeat(101)), json!(null)] {
            let order = json!({ "operator": "io.emit", "target": target, "text": "hi" });

            let order: Order = from_value(order).unwrap();
            assert_eq!(
                (order.audience, order.wants_ack),
                (Audience::Everyone, false)
            );
        }
    }

    #[test]
    fn an_order_without_a_target_is_refused_where_one_is_needed() {
        let error = from_value::<Order>(json!({ "operator": "io.to", "text": "hi" })).unwrap_err();

        assert!(
            error.to_string().starts_with("the target names no room: "),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_operator_is_refused() {
        let order = json!({ "operator": "io.everything", "text": "hi" });

        let error = from_value::<Order>(order).unwrap_err();
        assert_eq!(error.to_string(), "there is no such operator");
    }
}
