import Container from "@mui/material/Container";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { JoinForm } from "./JoinForm";
import { MessageForm } from "./MessageForm";
import { Messages } from "./Messages";
import { useChat } from "./useChat";

export function App() {
  const { id, messages } = useChat();

  return (
    <Container component="main" maxWidth="sm" sx={{ py: 4 }}>
      <Stack spacing={3}>
        <Typography component="h1" variant="h4">
          Welcome to Socket.IO
        </Typography>
        <Typography data-testid="socket-id" sx={{ fontFamily: "monospace" }}>
          {id ?? "not connected"}
        </Typography>
        <MessageForm />
        <JoinForm />
        <Messages messages={messages} />
      </Stack>
    </Container>
  );
}
