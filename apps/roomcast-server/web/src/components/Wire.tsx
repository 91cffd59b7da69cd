import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import FormControlLabel from "@mui/material/FormControlLabel";
import Stack from "@mui/material/Stack";
import Switch from "@mui/material/Switch";
import Typography from "@mui/material/Typography";
import { useState } from "react";
import { isNoise } from "../connection/frame";
import type { WireEntry } from "../connection/useWire";
import { INK } from "../theme";
import { Panel } from "./Panel";
import { useStickToEnd } from "./useStickToEnd";
import { WireRow } from "./WireRow";

interface Props {
  entries: WireEntry[];
  clear: () => void;
}

/** The packets of this page's connection, as they are on the wire. */
export function Wire({ entries, clear }: Props) {
  const [showsNoise, setShowsNoise] = useState(false);
  const shown = entries.filter(({ frame }) => showsNoise || !frame || !isNoise(frame));
  const scroll = useStickToEnd<HTMLUListElement>(shown.length);

  return (
    <Panel
      title="On the wire"
      order={5}
      aside={
        <Button size="small" onClick={clear}>
          Clear
        </Button>
      }
    >
      <Box component="ul" role="list" aria-label="Packets" tabIndex={0} sx={list} {...scroll}>
        {shown.map((entry) => (
          <WireRow key={entry.key} entry={entry} />
        ))}
      </Box>
      <Stack sx={{ mt: 1.25, gap: 0.75 }}>
        <FormControlLabel
          sx={{ ml: -0.5 }}
          control={
            <Switch
              size="small"
              checked={showsNoise}
              onChange={(event) => setShowsNoise(event.target.checked)}
            />
          }
          label={<Typography variant="body2">Show heartbeats and who is online</Typography>}
        />
        <Typography variant="body2" color="textSecondary">
          First digit: Engine.IO (4 is a message). Second: Socket.IO (2 is an event, 3 an ack). A
          number after them is the id that ties an ack to its event.
        </Typography>
      </Stack>
    </Panel>
  );
}

// Words for screen readers only are placed absolutely: they must stay inside what scrolls.
const list = {
  position: "relative",
  m: 0,
  p: 1,
  listStyle: "none",
  height: { xs: 360, lg: 520 },
  overflowY: "auto",
  borderRadius: 1,
  bgcolor: INK.ground,
  border: `1px solid ${INK.line}`,
  color: INK.text,
  colorScheme: "dark",
};
