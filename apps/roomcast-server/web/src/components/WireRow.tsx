import Box from "@mui/material/Box";
import visuallyHidden from "@mui/utils/visuallyHidden";
import type { Frame } from "../connection/frame";
import type { WireEntry } from "../connection/useWire";
import { INK, MONO } from "../theme";
import { Code } from "./Code";

const SHOWN = 600;
const AFTER_COMMA = /(?<=,)/;
const ARROW = { in: "↓", out: "↑", note: "·" };
const WORD = { in: "received", out: "sent", note: "" };

/** One packet: which way it went, its text with the digits set off, and what it means. */
export function WireRow({ entry: { direction, frame, note, transport } }: { entry: WireEntry }) {
  const colour = { in: INK.received, out: INK.sent, note: INK.faint }[direction];
  return (
    <Box component="li" sx={row}>
      <Box component="span" sx={{ color: colour, fontWeight: 700 }}>
        <span aria-hidden="true">{ARROW[direction]}</span>
        <span style={visuallyHidden}>{WORD[direction]}</span>
      </Box>
      <Box sx={{ minWidth: 0 }}>
        {frame && <FrameText frame={frame} colour={colour} />}
        <Box sx={{ color: INK.faint, fontSize: "0.76rem" }}>
          {frame?.meaning ?? note}
          {frame && transport === "polling" && ", by polling"}
        </Box>
      </Box>
    </Box>
  );
}

function FrameText({
  frame: { engine, packet, ackId, payload },
  colour,
}: {
  frame: Frame;
  colour: string;
}) {
  const rest = payload.length - SHOWN;
  return (
    <Box data-testid="frame" sx={{ fontFamily: MONO, fontSize: "0.84rem" }}>
      <Box component="b" sx={{ color: colour }}>
        {engine}
        {packet}
      </Box>
      <Box component="b" sx={{ color: "#fff" }}>
        {ackId}
      </Box>
      <Code text={payload.slice(0, SHOWN)} breakAt={AFTER_COMMA} />
      {rest > 0 && ` … ${rest} more`}
    </Box>
  );
}

const row = {
  display: "grid",
  gridTemplateColumns: "1.4em 1fr",
  px: 0.75,
  py: 0.6,
  "& + li": { borderTop: `1px solid ${INK.line}` },
};
