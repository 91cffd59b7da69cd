//! HTTP routes that send a message to a user.

use std::future::Future;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, post};
use roomcast::Value;

/// A route for `POST …/{user}/…` with the body `{"message": any JSON}`.
///
/// `send` gives the text of the answer, or `None` if nobody is there: 404. Without a message: 400.
pub fn message_route<F, Sent>(send: F) -> MethodRouter
where
    F: Fn(String, Value) -> Sent + Clone + Send + Sync + 'static,
    Sent: Future<Output = Option<String>> + Send,
{
    post(async move |Path(user): Path<String>, body: Bytes| {
        let Some(message) = message(&body) else {
            return (StatusCode::BAD_REQUEST, "message is missing".to_owned());
        };
        match send(user.clone(), message).await {
            Some(text) => (StatusCode::OK, text),
            None => (
                StatusCode::NOT_FOUND,
                format!("No socket found for user {user}"),
            ),
        }
    })
}

fn message(body: &[u8]) -> Option<Value> {
    let body: Value = String::from_utf8_lossy(body).parse().ok()?;
    body.get("message").cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_any_json_null_too() {
        assert_eq!(message(br#"{"message":null}"#), Some(Value::Null));
        assert_eq!(message(br#"{"message":[4]}"#), Some(roomcast::value!([4])));
    }

    #[test]
    fn a_body_without_a_message_has_none() {
        for body in ["", "{", "{}", "[]", "\"message\"", "null"] {
            assert_eq!(message(body.as_bytes()), None, "{body}");
        }
    }
}
