import Box from "@mui/material/Box";
import { Fragment } from "react";
import { MONO } from "../theme";

interface Props {
  text: string;
  /** Where a line may break: an expression that matches no characters. */
  breakAt: RegExp;
}

/** Code on a line that may have to break, at places where a reader expects it. */
export function Code({ text, breakAt }: Props) {
  return (
    <Box component="code" sx={{ fontFamily: MONO, overflowWrap: "anywhere" }}>
      {text.split(breakAt).map((piece, index) => (
        <Fragment key={index}>
          <wbr />
          {piece}
        </Fragment>
      ))}
    </Box>
  );
}
