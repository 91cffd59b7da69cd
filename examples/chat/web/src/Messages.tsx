import List from "@mui/material/List";
import ListItem from "@mui/material/ListItem";

/** The messages that came, oldest first. React escapes text, so markup in it is harmless. */
export function Messages({ messages }: { messages: unknown[] }) {
  return (
    <List role="list" aria-label="Received messages">
      {messages.map((message, index) => (
        <ListItem key={index} divider sx={{ overflowWrap: "anywhere" }}>
          {typeof message === "string" ? message : JSON.stringify(message)}
        </ListItem>
      ))}
    </List>
  );
}
