import IconButton from "@mui/material/IconButton";
import Tooltip from "@mui/material/Tooltip";
import { type RefObject, useState } from "react";
import { CheckIcon, CopyIcon } from "./icons";

interface Props {
  text: string;
  /** Where the text stands on the page. */
  source: RefObject<HTMLElement | null>;
}

/** Copies `text`. Where the browser forbids that (no HTTPS, not localhost), selects it instead. */
export function CopyButton({ text, source }: Props) {
  const [hint, setHint] = useState<string>();

  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setHint("Copied");
    } catch {
      if (source.current) getSelection()?.selectAllChildren(source.current);
      setHint("Selected: copy it with Ctrl+C");
    }
  }

  return (
    <Tooltip title={hint ?? "Copy your id"} onClose={() => setHint(undefined)}>
      <IconButton aria-label={hint ?? "Copy your id"} size="small" onClick={() => void copy()}>
        {hint === "Copied" ? <CheckIcon color="primary" /> : <CopyIcon />}
      </IconButton>
    </Tooltip>
  );
}
