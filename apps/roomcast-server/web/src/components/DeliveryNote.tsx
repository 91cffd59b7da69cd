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
    <Box
      role="status"
      aria-label="Delivery"
      sx={{ minHeight: "1.5em", fontSize: "0.92rem", color: "text.secondary" }}
    >
      {isWaiting && "Waiting for the receivers to acknowledge …"}
      {delivery && <Words delivery={delivery} ownId={ownId} />}
    </Box>
  );
}

function Words({
  delivery: { receipt },
  ownId,
}: {
  delivery: Delivery;
  ownId: string | undefined;
}) {
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
      {silent &&
        silent.length > 0 &&
        ` No answer within 2 s: ${namesOf(silent, silent.length, ownId)}.`}
    </>
  );
}

function namesOf(people: Person[], count: number, ownId: string | undefined) {
  const own = people.filter(({ id }) => id === ownId).map(() => "you");
  const names = people
    .filter(({ id }) => id !== ownId)
    .map(({ name }) => name)
    .toSorted();
  const named = [...own, ...names].slice(0, NAMED);
  const others = count - named.length;
  return others > 0 ? `${named.join(", ")} and ${others} more` : named.join(", ");
}
