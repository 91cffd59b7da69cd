import Box from "@mui/material/Box";
import visuallyHidden from "@mui/utils/visuallyHidden";
import { Fragment, useId } from "react";
import { type Audience, AUDIENCES } from "../audiences";
import { MONO } from "../theme";

interface Props {
  audience: Audience;
  pick: (audience: Audience) => void;
}

/** Six radio buttons that look like cards; the arrow keys move between them. */
export function AudiencePicker({ audience, pick }: Props) {
  const group = useId();
  return (
    <Box component="fieldset" sx={{ border: 0, m: 0, p: 0, minWidth: 0 }}>
      <legend style={visuallyHidden}>Send to</legend>
      <Box
        sx={{ display: "grid", gap: 1, gridTemplateColumns: { xs: "1fr 1fr", sm: "1fr 1fr 1fr" } }}
      >
        {AUDIENCES.map((choice) => (
          <Box component="label" key={choice.key} sx={card}>
            <input
              type="radio"
              name={group}
              aria-label={choice.title}
              checked={choice.key === audience.key}
              onChange={() => pick(choice)}
            />
            <Box component="span" sx={{ fontWeight: 650 }}>
              {choice.title}
            </Box>
            <Box component="code" sx={{ fontFamily: MONO, fontSize: "0.76rem", opacity: 0.82 }}>
              {breakable(choice.call)}
            </Box>
          </Box>
        ))}
      </Box>
    </Box>
  );
}

/** May go on in a second line after each dot. */
function breakable(call: string) {
  return call.split(/(?<=\.)/).map((part, index) => (
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

const card = {
  position: "relative",
  display: "grid",
  gap: 0.25,
  px: 1.25,
  py: 1,
  minWidth: 0,
  overflowWrap: "anywhere",
  lineHeight: 1.3,
  cursor: "pointer",
  border: 1,
  borderColor: "divider",
  borderRadius: 1,
  transition: "background-color 150ms, border-color 150ms",
  "&:hover": { borderColor: "primary.main" },
  "&:has(:checked)": {
    bgcolor: "primary.main",
    borderColor: "primary.main",
    color: "primary.contrastText",
  },
  "&:has(:focus-visible)": { outline: "2px solid", outlineColor: "primary.main", outlineOffset: 2 },
  "& input": { position: "absolute", inset: 0, opacity: 0, m: 0, cursor: "pointer" },
};
