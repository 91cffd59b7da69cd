import Box from "@mui/material/Box";
import ButtonBase from "@mui/material/ButtonBase";
import visuallyHidden from "@mui/utils/visuallyHidden";
import type { Member } from "../connection/protocol";
import { MONO } from "../theme";
import { Avatar } from "./Avatar";
import { CheckIcon } from "./icons";

interface Props {
  member: Member;
  isSelf: boolean;
  isExpected: boolean;
  /** The key of the delivery that has just reached this socket. */
  reachedBy: number | undefined;
  hasConfirmed: boolean;
  address: (id: string) => void;
}

/** One socket on the board: a lit line leads to it if the message will reach it. */
export function Receiver({ member, isSelf, isExpected, reachedBy, hasConfirmed, address }: Props) {
  const wasReached = reachedBy !== undefined;
  const outcome = hasConfirmed ? "acknowledged" : wasReached ? "got it" : undefined;
  const prospect = isExpected ? "will get it" : "will not get it";
  return (
    <Box component="li" sx={{ display: "flex", alignItems: "center" }}>
      <Line isLit={isExpected} reachedBy={reachedBy} />
      <ButtonBase
        onClick={() => address(member.id)}
        title={`Send to ${member.name} only`}
        sx={[row, !isExpected && unlit]}
      >
        <Avatar person={member} />
        <Box component="span" sx={nameText}>
          {member.name}
          {isSelf && " (you)"}
        </Box>
        <Box component="span" sx={roomsText}>
          {member.rooms.join(" · ")}
        </Box>
        {!outcome && <span style={visuallyHidden}>{prospect}</span>}
        {outcome && (
          <Box component="span" sx={outcomeText}>
            <CheckIcon sx={{ fontSize: 18 }} />
            {outcome}
          </Box>
        )}
      </ButtonBase>
    </Box>
  );
}

/** The line to one socket. A new key starts the spark again. */
function Line({ isLit, reachedBy }: { isLit: boolean; reachedBy: number | undefined }) {
  const colour = isLit ? "primary.main" : "divider";
  return (
    <Box
      aria-hidden
      component="span"
      sx={{ ...line, borderColor: colour, borderTopStyle: isLit ? "solid" : "dashed" }}
    >
      <Box
        component="span"
        sx={{ ...plug, bgcolor: isLit ? "primary.main" : "background.paper", borderColor: colour }}
      />
      {reachedBy !== undefined && <Box component="span" key={reachedBy} sx={spark} />}
    </Box>
  );
}

const row = {
  flex: 1,
  minWidth: 0,
  gap: 1.25,
  px: 1,
  py: 0.75,
  borderRadius: 1,
  justifyContent: "start",
  font: "inherit",
  "&:hover": { bgcolor: "action.hover" },
};

const unlit = {
  color: "text.secondary",
  "& > [aria-hidden]": { filter: "grayscale(0.85)", opacity: 0.55 },
};

const nameText = {
  flexShrink: 0,
  maxWidth: "55%",
  fontWeight: 600,
  overflow: "hidden",
  textOverflow: "ellipsis",
  whiteSpace: "nowrap",
};

const outcomeText = {
  flex: "none",
  display: "inline-flex",
  alignItems: "center",
  gap: 0.25,
  fontSize: "0.8rem",
  fontWeight: 600,
  color: "primary.main",
};

const roomsText = {
  flex: 1,
  minWidth: 0,
  textAlign: "right",
  overflow: "hidden",
  textOverflow: "ellipsis",
  whiteSpace: "nowrap",
  fontFamily: MONO,
  fontSize: "0.8rem",
  color: "text.secondary",
};

const line = {
  position: "relative",
  flex: "none",
  width: 36,
  height: 0,
  borderTopWidth: 2,
  transition: "border-color 200ms",
};

const plug = {
  position: "absolute",
  right: -4,
  top: -6,
  width: 10,
  height: 10,
  borderRadius: "50%",
  border: 2,
};

const spark = {
  position: "absolute",
  top: -5,
  width: 8,
  height: 8,
  borderRadius: "50%",
  bgcolor: "secondary.main",
  opacity: 0,
  animation: "fly 650ms ease-out",
  "@keyframes fly": {
    "0%": { left: 0, opacity: 1 },
    "90%": { left: 30, opacity: 1 },
    "100%": { left: 30, opacity: 0, transform: "scale(2.6)" },
  },
};
