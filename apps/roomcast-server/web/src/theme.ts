import "@fontsource-variable/atkinson-hyperlegible-mono";
import "@fontsource-variable/atkinson-hyperlegible-next";
import { createTheme } from "@mui/material/styles";

export const MONO = "'Atkinson Hyperlegible Mono Variable', ui-monospace, monospace";
const SANS = "'Atkinson Hyperlegible Next Variable', system-ui, sans-serif";

/** The panes that show code and packets look like an instrument: dark in both schemes. */
export const INK = {
  ground: "#0b1512",
  line: "#243831",
  text: "#d7e7e0",
  faint: "#93ada3",
  sent: "#f6b95c",
  received: "#6fe0c2",
};

export const theme = createTheme({
  cssVariables: { colorSchemeSelector: "data-color-scheme" },
  colorSchemes: {
    light: {
      palette: {
        primary: { main: "#0b6b57", contrastText: "#ffffff" },
        secondary: { main: "#9a4a06", contrastText: "#ffffff" },
        error: { main: "#b3261e" },
        background: { default: "#e9eeea", paper: "#fbfcfa" },
        text: { primary: "#12211c", secondary: "#4a5d55" },
        divider: "#cfd9d2",
      },
    },
    dark: {
      palette: {
        primary: { main: "#5bd8b8", contrastText: "#04211a" },
        secondary: { main: "#f6b95c", contrastText: "#2a1700" },
        error: { main: "#ff9d92" },
        background: { default: "#0a100e", paper: "#131c19" },
        text: { primary: "#e5efea", secondary: "#9fb4ab" },
        divider: "#2a3833",
      },
    },
  },
  shape: { borderRadius: 10 },
  typography: {
    fontFamily: SANS,
    h1: { fontSize: "1.35rem", fontWeight: 750, letterSpacing: "-0.02em" },
    h2: { fontSize: "1.05rem", fontWeight: 700, letterSpacing: "-0.01em" },
    button: { textTransform: "none", fontWeight: 650 },
  },
  components: {
    MuiCssBaseline: {
      styleOverrides: {
        "@media (prefers-reduced-motion: reduce)": {
          "*, *::before, *::after": {
            animationDuration: "1ms !important",
            animationIterationCount: "1 !important",
            transitionDuration: "1ms !important",
            scrollBehavior: "auto !important",
          },
        },
      },
    },
    MuiButton: { defaultProps: { disableElevation: true } },
    MuiTextField: { defaultProps: { size: "small", fullWidth: true } },
    MuiChip: { styleOverrides: { root: { fontFamily: MONO, fontWeight: 550 } } },
    MuiButtonBase: {
      styleOverrides: {
        root: ({ theme: { vars } }) => ({
          "&.Mui-focusVisible": {
            outline: `2px solid ${vars?.palette.primary.main}`,
            outlineOffset: 2,
          },
        }),
      },
    },
  },
});
