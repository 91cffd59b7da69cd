import Box from "@mui/material/Box";
import ButtonBase from "@mui/material/ButtonBase";
import type { Member } from "../connection/protocol";
import type { Delivery } from "../connection/useMessages";
import { MONO } from "../theme";
import { Avatar } from "./Avatar";
import { CheckIcon } from "./icons";

interface Props {
  member: Member;
  isSelf: boolean;
  isExpected: boolean;
  /** The delivery that has just reached this socket. */
  flash: Delivery | undefined;
  isConfirmed: boolean;
  address: (id: string) => void;
}

/** One socket on the board: a lit line leads to it if the message will reach it. */
export function Receiver({ member, isSelf, isExpected, flash, isConfirmed, address }: Props) {
  const state = flash ? "has got the message" : isExpected ? "will get it" : "will not get it";
  return (
    <Box component="li" sx={{ display: "flex", alignItems: "center" }}>
      <Line isLit={isExpected} flash={flash} />
      <ButtonBase
        onClick={() => address(member.id)}
        title={`Send to ${member.name} only`}
        aria-label={`${member.name}${isSelf ? ", you" : ""}: ${state}. Send to this socket only`}
        sx={{ ...row, opacity: isExpected ? 1 : 0.62 }}
      >
        <Avatar person={member} />
        <Box component="span" sx={{ fontWeight: 600, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>
          {member.name}
          {isSelf && " (you)"}
        </Box>
        <Box component="span" sx={roomsText}>
          {member.rooms.join(" · ")}
        </Box>
        {isConfirmed && <CheckIcon color="primary" titleAccess="acknowledged" />}
      </ButtonBase>
    </Box>
  );
}

function Line({ isLit, flash }: { isLit: boolean; flash: Delivery | undefined }) {
  const colour = isLit ? "primary.main" : "divider";
  return (
    <Box aria-hidden component="span" sx={{ ...line, borderColor: colour, borderTopStyle: isLit ? "solid" : "dashed" }}>
      <Box component="span" sx={{ ...plug, bgcolor: isLit ? "primary.main" : "background.paper", borderColor: colour }} />
      {flash && <Box component="span" key={flash.order.text + flash.receipt.count} sx={spark} />}
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
  fontSize: "0.95rem",
  transition: "opacity 200ms",
  "&:hover": { bgcolor: "action.hover" },
};

const roomsText = {
  ml: "auto",
  minWidth: 0,
  overflow: "hidden",
  textOverflow: "ellipsis",
  whiteSpace: "nowrap",
  fontFamily: MONO,
  fontSize: "0.8rem",
  color: "text.secondary",
};

const line = { position: "relative", flex: "none", width: 36, height: 0, borderTopWidth: 2, transition: "border-color 200ms" };

const plug = { position: "absolute", right: -4, top: -6, width: 10, height: 10, borderRadius: "50%", border: 2 };

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
