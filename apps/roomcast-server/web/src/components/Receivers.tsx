import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import type { Presence } from "../connection/protocol";
import type { Delivery } from "../connection/useMessages";
import { type Draft, targetOf } from "../draft";
import { snippetOf } from "../snippets";
import { CodeLines } from "./CodeLines";
import { Panel } from "./Panel";
import { Prose } from "./Prose";
import { Receiver } from "./Receiver";

interface Props {
  draft: Draft;
  presence: Presence;
  ownId: string | undefined;
  delivery: Delivery | undefined;
  /** Sets the composer to one socket. */
  address: (id: string) => void;
}

/** Who is online, and whom the choice in the composer reaches: before it is sent, and after. */
export function Receivers({
  draft,
  presence: { people, count },
  ownId = "",
  delivery,
  address,
}: Props) {
  const { audience, ack } = draft;
  const target = targetOf(draft);
  const isComplete = audience.needs === "nothing" || target !== "";
  const expected = people.filter(
    (member) => isComplete && audience.includes(member, target, ownId),
  );
  const reached = new Set(delivery?.receipt.receivers.map(({ id }) => id));
  const confirmed = new Set(delivery?.receipt.confirmed);
  const shown = people.toSorted(
    (a, b) =>
      Number(b.id === ownId) - Number(a.id === ownId) ||
      a.name.localeCompare(b.name) ||
      a.id.localeCompare(b.id),
  );

  return (
    <Panel
      title="Who gets it"
      order={4}
      aside={
        <Typography variant="body2" color="textSecondary">
          {expected.length} of {count} online
        </Typography>
      }
    >
      <CodeLines snippet={snippetOf(audience.operator, target, audience.needs, ack)} />
      <Typography variant="body2" sx={{ my: 1.5 }}>
        <Prose text={audience.rule} />
      </Typography>
      <Box component="ul" role="list" aria-label="Online" sx={board}>
        {shown.map((member) => (
          <Receiver
            key={member.id}
            member={member}
            isSelf={member.id === ownId}
            isExpected={expected.includes(member)}
            reachedBy={reached.has(member.id) ? delivery?.key : undefined}
            hasConfirmed={confirmed.has(member.id)}
            address={address}
          />
        ))}
      </Box>
    </Panel>
  );
}

// Words for screen readers only are placed absolutely: they must stay inside what scrolls.
const board = {
  position: "relative",
  m: 0,
  p: 0,
  listStyle: "none",
  maxHeight: 320,
  overflowY: "auto",
};
