//! Sans-IO WebSocket protocol: RFC 6455 frames and RFC 7692 deflate, both roles.
