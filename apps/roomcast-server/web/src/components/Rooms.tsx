import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { type SubmitEvent, useState } from "react";
import { MAX_ROOM } from "../connection/protocol";
import { CloseIcon } from "./icons";

interface Props {
  rooms: string[];
  isConnected: boolean;
  join: (room: string) => Promise<void>;
  leave: (room: string) => Promise<void>;
}

/** Joins rooms and leaves them: each room is a chip, and pressing it leaves. */
export function Rooms({ rooms, isConnected, join, leave }: Props) {
  const [room, setRoom] = useState("");
  const [trouble, setTrouble] = useState<string>();

  const report = (change: Promise<void>) => {
    setTrouble(undefined);
    change.catch((error: Error) => setTrouble(error.message));
  };

  function submit(event: SubmitEvent) {
    event.preventDefault();
    if (!room.trim()) return;
    report(join(room.trim()));
    setRoom("");
  }

  return (
    <>
      <Stack component="form" direction="row" onSubmit={submit} autoComplete="off" sx={form}>
        <TextField
          label="Room name"
          value={room}
          error={trouble !== undefined}
          helperText={trouble}
          onChange={(event) => setRoom(event.target.value)}
          slotProps={{ htmlInput: { maxLength: MAX_ROOM } }}
        />
        <Button type="submit" variant="outlined" disabled={!isConnected} sx={{ height: 40 }}>
          Join
        </Button>
      </Stack>
      {rooms.length === 0 ? (
        <Typography variant="body2" color="textSecondary" sx={{ mt: 1.5 }}>
          You are in no room but the one of your own id. Join one here and in a second window.
        </Typography>
      ) : (
        <Stack component="ul" role="list" aria-label="Joined rooms" direction="row" sx={list}>
          {rooms.map((joined) => (
            <li key={joined}>
              <Chip
                label={joined}
                disabled={!isConnected}
                aria-label={`Leave ${joined}`}
                title={`Leave ${joined}`}
                onClick={() => report(leave(joined))}
                onDelete={() => report(leave(joined))}
                deleteIcon={<CloseIcon />}
                sx={{ maxWidth: "100%" }}
              />
            </li>
          ))}
        </Stack>
      )}
    </>
  );
}

const form = { mt: 2, gap: 1, alignItems: "start" };

const list = {
  mt: 1.5,
  mb: 0,
  p: 0,
  gap: 1,
  flexWrap: "wrap",
  listStyle: "none",
  "& li": { maxWidth: "100%" },
};
