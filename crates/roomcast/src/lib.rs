//! Socket.IO server library: every socket.io-client connects unchanged.
