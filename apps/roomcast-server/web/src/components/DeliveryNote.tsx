import Box from "@mui/material/Box";
import type { Person } from "../connection/protocol";
import type { Delivery } from "../connection/useMessages";

interface Props {
  delivery: Delivery | undefined;
  isWaiting: boolean;
  ownId: string | undefined;
}

const NAMED = 8;

/** What became of the last message, in words; a screen reader says it. */
export function DeliveryNote({ delivery, isWaiting, ownId }: Props) {
  return (
    <Box role="status" aria-label="Delivery" sx={{ minHeight: "3em", fontSize: "0.92rem", color: "text.secondary" }}>
      {isWaiting && "Waiting for the receivers to acknowledge …"}
      {delivery && <Words delivery={delivery} ownId={ownId} />}
    </Box>
  );
}

function Words({ delivery: { receipt }, ownId }: { delivery: Delivery; ownId: string | undefined }) {
  const { count, receivers, confirmed } = receipt;
  if (count === 0) return "Reached nobody.";

  const silent = confirmed && receivers.filter(({ id }) => !confirmed.includes(id));
  return (
    <>
      <Box component="strong" sx={{ color: "text.primary" }}>
        Reached {count === 1 ? "1 socket" : `${count} sockets`}
      </Box>
      {": "}
      {namesOf(receivers, count, ownId)}.
      {confirmed && ` Acknowledged by ${confirmed.length} of ${count}.`}
      {silent && silent.length > 0 && ` No answer within 2 s: ${namesOf(silent, silent.length, ownId)}.`}
    </>
  );
}

function namesOf(people: Person[], count: number, ownId: string | undefined) {
  const names = people.slice(0, NAMED).map(({ id, name }) => (id === ownId ? "you" : name));
  const others = count - names.length;
  return others > 0 ? `${names.join(", ")} and ${others} more` : names.join(", ");
}
