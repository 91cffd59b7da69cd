// The fixture application, for every server of the official package.
module.exports = (io) => {
  io.on("connection", (s) => {
    s.on("echo", (v, cb) => cb(v));
    s.on("broadcast", (v) => io.emit("b", v));
    s.on("join", (r, cb) => {
      s.join(r);
      cb();
    });
    s.on("leave", (r, cb) => {
      s.leave(r);
      cb();
    });
    s.on("room", (m) => s.to(m.room).emit("r", m.payload));
    s.on("private", (sid, v) => io.to(sid).emit("p", v));
  });
};
