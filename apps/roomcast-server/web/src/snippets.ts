// The one line of server code that each choice stands for, in both languages.
import type { Operator } from "./connection/protocol";

export interface Snippet {
  javascript: string;
  rust: string;
}

const CALL: Readonly<Record<Operator, (target: string) => string>> = {
  "io.emit": () => "io",
  "socket.broadcast": () => "socket.broadcast",
  "io.to": (target) => `io.to(${target})`,
  "socket.to": (target) => `socket.to(${target})`,
  "io.except": (target) => `io.except(${target})`,
};

/** The call that a message came by, without its arguments: `io.to("devs").emit`. */
export function callOf(operator: Operator, target: string | null) {
  return `${CALL[operator](JSON.stringify(target))}.emit`;
}

/** `target` is text in the code, or the name of a variable while there is none. */
export function snippetOf(
  operator: Operator,
  target: string,
  placeholder: string,
  ack: boolean,
): Snippet {
  const call = CALL[operator](target ? JSON.stringify(target) : placeholder);
  const rustCall = operator === "socket.broadcast" ? `${call}()` : call;
  if (!ack) {
    return {
      javascript: `${call}.emit("message", message);`,
      rust: `${rustCall}.emit("message", message);`,
    };
  }
  return {
    javascript: `await ${call}.timeout(2000).emitWithAck("message", message);`,
    rust: `${rustCall}.timeout(Duration::from_secs(2)).emit_with_ack::<String>("message", message).await?;`,
  };
}
