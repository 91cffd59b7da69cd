// The six ways to say who gets a message: what the page teaches.
import type { Member, Operator } from "./connection/protocol";

export interface Audience {
  key: string;
  operator: Operator;
  /** What the user picks. */
  title: string;
  /** The call as a name. */
  call: string;
  needs: "nothing" | "room" | "id";
  /** The one thing to remember; code stands between backticks. */
  rule: string;
  includes(member: Member, target: string, ownId: string): boolean;
}

const isIn = (member: Member, room: string) => member.id === room || member.rooms.includes(room);

export const EVERYONE: Audience = {
  key: "everyone",
  operator: "io.emit",
  title: "Everyone",
  call: "io.emit",
  needs: "nothing",
  rule: "`io` speaks as the server: every socket gets it, yours too.",
  includes: () => true,
};

export const ONE_SOCKET: Audience = {
  key: "one-socket",
  operator: "io.to",
  title: "One socket",
  call: "io.to(id)",
  needs: "id",
  rule: "Each socket is in a room that has its own id as a name, so `to(id)` reaches exactly one.",
  includes: isIn,
};

export const AUDIENCES: readonly Audience[] = [
  EVERYONE,
  {
    key: "everyone-else",
    operator: "socket.broadcast",
    title: "Everyone else",
    call: "socket.broadcast.emit",
    needs: "nothing",
    rule: "`socket` speaks for its sender: `broadcast` reaches every socket but that one.",
    includes: (member, _target, ownId) => member.id !== ownId,
  },
  {
    key: "room",
    operator: "io.to",
    title: "A room",
    call: "io.to(room)",
    needs: "room",
    rule: "All members, the sender too if it is one. You can send without being a member. `io.in` is the same: another name for `to`.",
    includes: isIn,
  },
  {
    key: "room-others",
    operator: "socket.to",
    title: "Others in a room",
    call: "socket.to(room)",
    needs: "room",
    rule: "All members but the sender. `socket.in(room)` is the same: another name for `to`.",
    includes: (member, target, ownId) => member.id !== ownId && isIn(member, target),
  },
  ONE_SOCKET,
  {
    key: "outside-room",
    operator: "io.except",
    title: "All but a room",
    call: "io.except(room)",
    needs: "room",
    rule: "Every socket that is not in the room.",
    includes: (member, target) => !isIn(member, target),
  },
];
