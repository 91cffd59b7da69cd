import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { type SubmitEvent, useState } from "react";
import { socket } from "./socket";

/** Joins a room, so that messages to it come here. */
export function JoinForm() {
  const [roomName, setRoomName] = useState("");

  function join(event: SubmitEvent) {
    event.preventDefault();
    socket.emit("join-room", roomName);
    setRoomName("");
  }

  return (
    <Stack
      component="form"
      onSubmit={join}
      direction={{ sm: "row" }}
      spacing={2}
      autoComplete="off"
    >
      <TextField
        id="room-name"
        label="Room Name"
        fullWidth
        value={roomName}
        onChange={(event) => setRoomName(event.target.value)}
      />
      <Button type="submit" variant="outlined">
        Join
      </Button>
    </Stack>
  );
}
