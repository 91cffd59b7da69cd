import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import { connect } from "../connection/socket";
import type { Connection, Status } from "../connection/useConnection";
import { MONO } from "../theme";

const WORDS: Readonly<Record<Status, string>> = {
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "Reconnecting",
  stopped: "Disconnected",
};

/** Whether there is a connection, and how far it has come from polling to WebSocket. */
export function ConnectionState({
  connection: { status, transport, reason },
}: {
  connection: Connection;
}) {
  const isConnected = status === "connected";
  return (
    <Stack direction="row" sx={{ gap: 1.25, alignItems: "center" }}>
      <Stack
        direction="row"
        role="status"
        aria-label="Connection"
        sx={{ gap: 0.9, alignItems: "center" }}
      >
        <Box
          sx={{
            width: 10,
            height: 10,
            borderRadius: "50%",
            bgcolor: isConnected ? "primary.main" : "secondary.main",
            animation: isConnected ? "none" : "breathe 1.4s ease-in-out infinite",
            "@keyframes breathe": { "50%": { opacity: 0.25 } },
          }}
        />
        <Box component="span" sx={{ fontWeight: 600, fontSize: "0.92rem" }}>
          {WORDS[status]}
          {reason && `: ${reason}`}
        </Box>
      </Stack>
      {isConnected && <Transports current={transport} />}
      {status === "stopped" && (
        <Button size="small" variant="outlined" onClick={connect}>
          Connect again
        </Button>
      )}
    </Stack>
  );
}

/** Polling comes first; the upgrade leads to WebSocket. */
function Transports({ current }: { current: string | undefined }) {
  return (
    <Stack
      direction="row"
      data-testid="transport"
      aria-label={`Transport: ${current}`}
      role="img"
      sx={{ gap: 0.5, alignItems: "center", fontFamily: MONO, fontSize: "0.78rem" }}
    >
      <Step name="polling" isCurrent={current === "polling"} />
      <span>→</span>
      <Step name="websocket" isCurrent={current === "websocket"} />
    </Stack>
  );
}

function Step({ name, isCurrent }: { name: string; isCurrent: boolean }) {
  return (
    <Box
      component="span"
      sx={{
        px: 0.9,
        py: 0.2,
        borderRadius: 5,
        border: 1,
        borderColor: isCurrent ? "primary.main" : "divider",
        color: isCurrent ? "primary.contrastText" : "text.secondary",
        bgcolor: isCurrent ? "primary.main" : "transparent",
        transition: "background-color 300ms, color 300ms",
      }}
    >
      {name}
    </Box>
  );
}
