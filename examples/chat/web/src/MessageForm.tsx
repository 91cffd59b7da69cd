import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { type SubmitEvent, useState } from "react";
import { socket } from "./socket";

/** Sends a message to a room; the id of a socket is a room too, with that socket in it. */
export function MessageForm() {
  const [message, setMessage] = useState("");
  const [room, setRoom] = useState("");

  function send(event: SubmitEvent) {
    event.preventDefault();
    socket.emit("message", { room, message });
    setMessage("");
  }

  return (
    <Stack
      component="form"
      onSubmit={send}
      direction={{ sm: "row" }}
      spacing={2}
      autoComplete="off"
    >
      <TextField
        id="message"
        label="Message"
        fullWidth
        value={message}
        onChange={(event) => setMessage(event.target.value)}
      />
      <TextField
        id="room"
        label="Room"
        fullWidth
        value={room}
        onChange={(event) => setRoom(event.target.value)}
      />
      <Button type="submit" variant="contained">
        Send
      </Button>
    </Stack>
  );
}
