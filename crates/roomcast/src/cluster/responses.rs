//! Answers that wait for the bus.

use roomcast_cluster::Response;

use super::Cluster;

/// Answers in the order in which they are to leave, bounded in number and in bytes.
#[derive(Debug)]
pub(super) struct Responses {
    entries: Vec<Response>,
    bytes: usize,
    max_bytes: usize,
}

impl Responses {
    pub(super) fn new(limits: &Cluster) -> Self {
        Self {
            entries: Vec::new(),
            bytes: 0,
            max_bytes: limits.max_queued_bytes,
        }
    }

    /// Adds an answer, unless there is no room for it: false then, and who asked learns by its
    /// timeout that it is lost. One answer alone is kept, whatever its size.
    pub(super) fn push(&mut self, response: Response) -> bool {
        let bytes = self.bytes + response.message.body.approximate_bytes();
        let has_room = self.entries.len() < MAX_RESPONSES && bytes <= self.max_bytes;
        if !has_room && !self.entries.is_empty() {
            return false;
        }
        self.bytes = bytes;
        self.entries.push(response);
        true
    }

    pub(super) fn take(&mut self) -> Vec<Response> {
        self.bytes = 0;
        std::mem::take(&mut self.entries)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// The most answers of one namespace that wait for the bus.
const MAX_RESPONSES: usize = 100_000;

#[cfg(test)]
mod tests {
    use roomcast_cluster::{Body, Hub, Message};

    use super::*;

    fn responses(max_bytes: usize) -> Responses {
        Responses::new(&Cluster::new(Hub::new().bus()).max_queued_bytes(max_bytes))
    }

    fn response(rooms: usize) -> Response {
        Response {
            to: None,
            message: Message {
                from: None,
                namespace: "/".into(),
                body: Body::AllRoomsResponse {
                    request: "r".into(),
                    rooms: vec!["a room".into(); rooms],
                },
            },
        }
    }

    #[test]
    fn answers_fit_up_to_the_limit_of_bytes_and_one_always_does() {
        let one = response(10).message.body.approximate_bytes();
        let mut responses = responses(2 * one);

        assert!(responses.push(response(10)));
        assert!(responses.push(response(10)));
        assert!(!responses.push(response(0)));
        assert_eq!(responses.take().len(), 2);
        assert!(responses.push(response(1000)));
        assert!(!responses.push(response(0)));
        assert_eq!(responses.take(), [response(1000)]);
        assert!(responses.is_empty());
    }

    #[test]
    fn answers_fit_up_to_their_number() {
        let mut responses = responses(usize::MAX);

        assert!((0..MAX_RESPONSES).all(|_| responses.push(response(0))));
        assert!(!responses.push(response(0)));
        assert_eq!(responses.take().len(), MAX_RESPONSES);
    }
}
