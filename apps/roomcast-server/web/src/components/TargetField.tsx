import Autocomplete, { createFilterOptions } from "@mui/material/Autocomplete";
import Box from "@mui/material/Box";
import TextField from "@mui/material/TextField";
import type { RefObject } from "react";
import type { Member } from "../connection/protocol";
import { MAX_ROOM } from "../connection/protocol";
import { MONO } from "../theme";

interface Props {
  kind: "room" | "id";
  value: string;
  change: (value: string) => void;
  people: Member[];
  ownId: string | undefined;
  input: RefObject<HTMLInputElement | null>;
  isMissing: boolean;
}

/** A room or a socket id: typed freely, or picked from those that exist now. */
export function TargetField({ kind, value, change, people, ownId, input, isMissing }: Props) {
  const names = new Map(people.map(({ id, name }) => [id, id === ownId ? `${name} (you)` : name]));
  const rooms = [...new Set(people.flatMap((member) => member.rooms))].toSorted();
  const options = kind === "room" ? rooms : [...names.keys()];

  return (
    <Autocomplete
      key={kind}
      freeSolo
      disableClearable
      size="small"
      options={options}
      inputValue={value}
      onInputChange={(_event, text) => change(text)}
      filterOptions={createFilterOptions({
        stringify: (option) => `${option} ${names.get(option) ?? ""}`,
      })}
      renderOption={({ key, ...properties }, option) => (
        <Box component="li" key={key} {...properties} sx={{ gap: 1 }}>
          {names.has(option) && <span>{names.get(option)}</span>}
          <Box component="code" sx={{ fontFamily: MONO, fontSize: "0.85rem" }}>
            {option}
          </Box>
        </Box>
      )}
      renderInput={(parameters) => (
        <TextField
          {...parameters}
          label={kind === "room" ? "Room" : "Socket id"}
          inputRef={input}
          error={isMissing}
          helperText={isMissing ? "Say which one" : hint(kind, value, people, ownId, names)}
          slotProps={{
            ...parameters.slotProps,
            htmlInput: { ...parameters.slotProps.htmlInput, maxLength: MAX_ROOM },
          }}
        />
      )}
    />
  );
}

function hint(
  kind: "room" | "id",
  value: string,
  people: Member[],
  ownId: string | undefined,
  names: Map<string, string>,
) {
  if (!value || !ownId) return " ";
  if (kind === "id") return names.get(value) ?? "Nobody is online with this id";
  const members = people.filter(({ rooms }) => rooms.includes(value));
  if (members.length === 0) return "Nobody is in this room";
  const count = members.length === 1 ? "1 member" : `${members.length} members`;
  return members.some(({ id }) => id === ownId)
    ? `${count}, you are one`
    : `${count}, you are not one`;
}
