import IconButton from "@mui/material/IconButton";
import { useColorScheme } from "@mui/material/styles";
import Tooltip from "@mui/material/Tooltip";
import { MoonIcon, ScreenIcon, SunIcon } from "./icons";

const MODES = {
  system: { next: "light", words: "as the system", Icon: ScreenIcon },
  light: { next: "dark", words: "light", Icon: SunIcon },
  dark: { next: "system", words: "dark", Icon: MoonIcon },
} as const;

/** Goes round: as the system, light, dark. The browser remembers it. */
export function ThemeSwitch() {
  const { mode = "system", setMode } = useColorScheme();
  const { next, words, Icon } = MODES[mode];
  return (
    <Tooltip title={`Colours: ${words}`}>
      <IconButton aria-label={`Colours: ${words}`} onClick={() => setMode(next)}>
        <Icon />
      </IconButton>
    </Tooltip>
  );
}
