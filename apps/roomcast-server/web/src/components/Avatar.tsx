import Box from "@mui/material/Box";
import type { Person } from "../connection/protocol";

/** The first letters of a name on a colour that comes from the id. */
export function Avatar({ person: { id, name } }: { person: Person }) {
  const hue = [...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
  return (
    <Box
      aria-hidden="true"
      component="span"
      sx={{
        flex: "none",
        display: "grid",
        placeItems: "center",
        width: 30,
        height: 30,
        borderRadius: "38%",
        fontSize: "0.78rem",
        fontWeight: 700,
        color: "#fff",
        bgcolor: `hsl(${hue} 42% 34%)`,
      }}
    >
      {[...name].slice(0, 2).join("").toUpperCase()}
    </Box>
  );
}
