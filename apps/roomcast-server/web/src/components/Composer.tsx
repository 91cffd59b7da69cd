import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import FormControlLabel from "@mui/material/FormControlLabel";
import Stack from "@mui/material/Stack";
import Switch from "@mui/material/Switch";
import TextField from "@mui/material/TextField";
import { type KeyboardEvent, type SubmitEvent, useRef, useState } from "react";
import type { Member, Order } from "../connection/protocol";
import { MAX_TEXT } from "../connection/protocol";
import type { Delivery } from "../connection/useMessages";
import { type Draft, targetOf } from "../draft";
import { AudiencePicker } from "./AudiencePicker";
import { DeliveryNote } from "./DeliveryNote";
import { SendIcon } from "./icons";
import { Panel } from "./Panel";
import { TargetField } from "./TargetField";

interface Props {
  draft: Draft;
  change: (changes: Partial<Draft>) => void;
  people: Member[];
  ownId: string | undefined;
  delivery: Delivery | undefined;
  send: (order: Order) => Promise<void>;
}

/** Picks who gets the next message, and sends it. */
export function Composer({ draft, change, people, ownId, delivery, send }: Props) {
  const [text, setText] = useState("");
  const [waiting, setWaiting] = useState(0);
  const [trouble, setTrouble] = useState<string>();
  const [isTargetMissing, setTargetMissing] = useState(false);
  const targetInput = useRef<HTMLInputElement>(null);
  const textInput = useRef<HTMLInputElement>(null);
  const { audience, ack } = draft;
  const target = targetOf(draft);

  async function submit(event?: SubmitEvent) {
    event?.preventDefault();
    const lacksTarget = audience.needs !== "nothing" && !target;
    setTargetMissing(lacksTarget);
    if (lacksTarget) return targetInput.current?.focus();
    if (!ownId || !text.trim()) return textInput.current?.focus();

    setText("");
    setTrouble(undefined);
    setWaiting((count) => count + 1);
    try {
      await send({ operator: audience.operator, target: target || null, text, ack });
    } catch (error) {
      setTrouble((error as Error).message);
      setText((typedSince) => typedSince || text);
    }
    setWaiting((count) => count - 1);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void submit();
  }

  const set = (changes: Partial<Draft>) => {
    setTargetMissing(false);
    change(changes);
  };

  return (
    <Panel title="Send" order={2}>
      <Stack
        component="form"
        onSubmit={(event) => void submit(event)}
        autoComplete="off"
        sx={{ gap: 2 }}
      >
        <AudiencePicker audience={audience} pick={(picked) => set({ audience: picked })} />
        {audience.needs !== "nothing" && (
          <TargetField
            kind={audience.needs}
            value={draft[audience.needs]}
            change={(value) => set({ [audience.needs]: value })}
            people={people}
            ownId={ownId}
            input={targetInput}
            isMissing={isTargetMissing}
          />
        )}
        <TextField
          label="Message"
          multiline
          maxRows={6}
          value={text}
          inputRef={textInput}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          slotProps={{ htmlInput: { maxLength: MAX_TEXT } }}
        />
        <Stack
          direction="row"
          sx={{ justifyContent: "space-between", alignItems: "center", gap: 1 }}
        >
          <FormControlLabel
            control={
              <Switch checked={ack} onChange={(event) => set({ ack: event.target.checked })} />
            }
            label="Ask for acknowledgement"
          />
          <Button
            type="submit"
            variant="contained"
            size="large"
            disabled={!ownId}
            endIcon={<SendIcon />}
          >
            Send
          </Button>
        </Stack>
        {trouble && <Alert severity="error">Not sent: {trouble}</Alert>}
        <DeliveryNote delivery={delivery} isWaiting={waiting > 0 && ack} ownId={ownId} />
      </Stack>
    </Panel>
  );
}
