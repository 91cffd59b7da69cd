import Paper from "@mui/material/Paper";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { type ReactNode, useId } from "react";

interface Props {
  title: string;
  /** The place in a window that has one column. */
  order: number;
  /** Stands at the right of the title. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A part of the page with its heading. */
export function Panel({ title, order, aside, children }: Props) {
  const headingId = useId();
  return (
    <Paper
      component="section"
      aria-labelledby={headingId}
      elevation={0}
      sx={{
        order: { xs: order, lg: 0 },
        border: 1,
        borderColor: "divider",
        borderRadius: 1.6,
        p: { xs: 1.75, sm: 2.25 },
      }}
    >
      <Stack direction="row" sx={{ mb: 1.25, gap: 1, alignItems: "center", minHeight: 30 }}>
        <Typography id={headingId} variant="h2" sx={{ flexGrow: 1 }}>
          {title}
        </Typography>
        {aside}
      </Stack>
      {children}
    </Paper>
  );
}
