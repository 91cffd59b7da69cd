import Box from "@mui/material/Box";
import type { Snippet } from "../snippets";
import { INK } from "../theme";
import { Code } from "./Code";

/** The line that the server runs, in JavaScript and in Rust. */
export function CodeLines({ snippet }: { snippet: Snippet }) {
  return (
    <Box component="dl" aria-label="What the server runs" sx={block}>
      <dt>JavaScript</dt>
      <dd>
        <Code text={snippet.javascript} breakAt={BEFORE_DOT_OR_ARGUMENT} />
      </dd>
      <dt>Rust</dt>
      <dd>
        <Code text={snippet.rust} breakAt={BEFORE_DOT_OR_ARGUMENT} />
      </dd>
    </Box>
  );
}

const BEFORE_DOT_OR_ARGUMENT = /(?=\.[a-z])|(?<=, )/;

const block = {
  display: "grid",
  gridTemplateColumns: { xs: "1fr", sm: "auto 1fr" },
  columnGap: 2,
  rowGap: { xs: 0.25, sm: 0.75 },
  m: 0,
  px: 1.75,
  py: 1.25,
  borderRadius: 1,
  bgcolor: INK.ground,
  color: INK.text,
  border: `1px solid ${INK.line}`,
  fontSize: "0.85rem",
  "& dt": { color: INK.faint },
  "& dd": { m: 0, mb: { xs: 0.5, sm: 0 }, minWidth: 0 },
};
