//! Sans-IO Engine.IO 4 protocol: packets, payloads, handshake and the session state machine.
