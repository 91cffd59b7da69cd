import { type Audience, EVERYONE } from "./audiences";

/** What the user has set up to send, apart from the text. */
export interface Draft {
  audience: Audience;
  room: string;
  id: string;
  ack: boolean;
}

export const FIRST_DRAFT: Draft = { audience: EVERYONE, room: "", id: "", ack: false };

/** The room or the id that the audience needs; empty if it needs none or has none yet. */
export function targetOf({ audience, room, id }: Draft) {
  return { nothing: "", room, id }[audience.needs].trim();
}
