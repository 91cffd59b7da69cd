//! Sans-IO Socket.IO 5 protocol: packets, attachments, arguments, acknowledgements.
