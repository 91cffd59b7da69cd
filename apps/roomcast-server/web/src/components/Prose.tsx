import Box from "@mui/material/Box";
import { MONO } from "../theme";

/** A sentence with code between backticks. */
export function Prose({ text }: { text: string }) {
  return text.split("`").map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      <Box
        key={index}
        component="code"
        sx={{ fontFamily: MONO, fontSize: "0.93em", color: "secondary.main" }}
      >
        {part}
      </Box>
    ),
  );
}
