import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { type SubmitEvent, useEffect, useRef, useState } from "react";
import { MAX_NAME } from "../connection/protocol";
import { MONO } from "../theme";
import { CopyButton } from "./CopyButton";

interface Props {
  id: string | undefined;
  name: string;
  rename: (name: string) => Promise<void>;
}

/** Who this page is to the others: an id by the server, a name by the user. */
export function Identity({ id, name, rename }: Props) {
  const idElement = useRef<HTMLElement>(null);
  const [text, setText] = useState("");
  const [trouble, setTrouble] = useState<string>();

  // The server has the last word on the name.
  useEffect(() => setText(name), [name]);

  function submit(event: SubmitEvent) {
    event.preventDefault();
    setTrouble(undefined);
    rename(text).catch((error: Error) => setTrouble(error.message));
  }

  return (
    <Stack sx={{ gap: 2, flexDirection: { xs: "column", sm: "row" } }}>
      <Stack direction="row" sx={idBox}>
        <Box component="span" sx={{ color: "text.secondary", fontSize: "0.85rem" }}>
          id
        </Box>
        <Box component="code" ref={idElement} data-testid="socket-id" sx={idText}>
          {id ?? "not connected"}
        </Box>
        {id && <CopyButton text={id} source={idElement} />}
      </Stack>
      <Stack component="form" direction="row" onSubmit={submit} autoComplete="off" sx={form}>
        <TextField
          label="Name"
          value={text}
          error={trouble !== undefined}
          helperText={trouble}
          onChange={(event) => setText(event.target.value)}
          slotProps={{ htmlInput: { maxLength: MAX_NAME } }}
        />
        <Button
          type="submit"
          variant="outlined"
          disabled={!id || text === name}
          sx={{ height: 40 }}
        >
          Rename
        </Button>
      </Stack>
    </Stack>
  );
}

const idBox = {
  gap: 1,
  alignItems: "center",
  flex: { sm: 1 },
  minWidth: 0,
  minHeight: 40,
  pl: 1.5,
  pr: 0.5,
  borderRadius: 1,
  bgcolor: "background.default",
};

const form = { gap: 1, flex: 1, alignItems: "start" };

const idText = {
  fontFamily: MONO,
  fontSize: "0.95rem",
  flexGrow: 1,
  minWidth: 0,
  overflow: "hidden",
  textOverflow: "ellipsis",
  whiteSpace: "nowrap",
};
