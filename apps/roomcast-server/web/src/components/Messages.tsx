import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import type { Message } from "../connection/protocol";
import { callOf } from "../snippets";
import { MONO } from "../theme";
import { Avatar } from "./Avatar";
import { Panel } from "./Panel";
import { useStickToEnd } from "./useStickToEnd";

interface Props {
  messages: Message[];
  ownId: string | undefined;
}

/** What this socket received, oldest first. A screen reader says what is new. */
export function Messages({ messages, ownId }: Props) {
  const scroll = useStickToEnd<HTMLUListElement>(messages);
  return (
    <Panel
      title="Received"
      order={3}
      aside={
        <Typography variant="body2" color="textSecondary">
          {messages.length}
        </Typography>
      }
    >
      {messages.length === 0 && (
        <Typography variant="body2" color="textSecondary">
          Nothing yet. Open this address in a second window and send from there.
        </Typography>
      )}
      <Box
        component="ul"
        role="list"
        aria-label="Received messages"
        aria-live="polite"
        tabIndex={0}
        sx={list}
        {...scroll}
      >
        {messages.map((message, index) => (
          <Item key={index} message={message} isOwn={message.from.id === ownId} />
        ))}
      </Box>
    </Panel>
  );
}

function Item({
  message: { from, operator, target, text, at },
  isOwn,
}: {
  message: Message;
  isOwn: boolean;
}) {
  const time = new Date(at);
  return (
    <Box component="li" sx={{ display: "flex", gap: 1.25, py: 1 }}>
      <Avatar person={from} />
      <Box sx={{ minWidth: 0, flex: 1 }}>
        <Box sx={{ display: "flex", gap: 1, alignItems: "baseline", flexWrap: "wrap" }}>
          <Box component="strong" sx={{ overflowWrap: "anywhere" }}>
            {from.name}
            {isOwn && " (you)"}
          </Box>
          <Box component="code" sx={by}>
            {callOf(operator, target)}
          </Box>
          <Box
            component="time"
            dateTime={time.toISOString()}
            sx={{ color: "text.secondary", fontSize: "0.8rem" }}
          >
            {time.toLocaleTimeString()}
          </Box>
        </Box>
        <Box data-testid="text" sx={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {text}
        </Box>
      </Box>
    </Box>
  );
}

const list = {
  m: 0,
  p: 0,
  listStyle: "none",
  maxHeight: { xs: 420, lg: 380 },
  overflowY: "auto",
  "& li + li": { borderTop: 1, borderColor: "divider" },
};

const by = {
  fontFamily: MONO,
  fontSize: "0.78rem",
  color: "secondary.main",
  overflowWrap: "anywhere",
  minWidth: 0,
};
