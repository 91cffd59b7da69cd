import Box from "@mui/material/Box";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import type { Connection } from "../connection/useConnection";
import { ConnectionState } from "./ConnectionState";
import { ThemeSwitch } from "./ThemeSwitch";

export function Header({ connection }: { connection: Connection }) {
  return (
    <Stack
      component="header"
      direction="row"
      sx={{
        flexWrap: { xs: "wrap", sm: "nowrap" },
        columnGap: { xs: 1, sm: 2 },
        rowGap: 0.5,
        alignItems: "center",
        maxWidth: 1480,
        mx: "auto",
        px: { xs: 1.5, sm: 2.5 },
        pt: { xs: 1.5, sm: 2.25 },
      }}
    >
      <Box component="img" src="/assets/favicon.svg" alt="" sx={{ width: 32, height: 32 }} />
      <Typography variant="h1" sx={{ flexGrow: 1 }}>
        Roomcast
      </Typography>
      <Box sx={{ order: { xs: 1, sm: 0 }, width: { xs: "100%", sm: "auto" } }}>
        <ConnectionState connection={connection} />
      </Box>
      <ThemeSwitch />
    </Stack>
  );
}
