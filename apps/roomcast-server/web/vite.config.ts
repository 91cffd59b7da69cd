import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const FONTS = ["atkinson-hyperlegible-next", "atkinson-hyperlegible-mono"];

/** Puts the licence of each font beside the built page; Vite itself lists those of the scripts. */
const fontLicences: Plugin = {
  name: "font-licences",
  apply: "build",
  generateBundle() {
    for (const font of FONTS) {
      const source = readFileSync(`node_modules/@fontsource-variable/${font}/LICENSE`);
      this.emitFile({ type: "asset", fileName: `assets/${font}-licence.txt`, source });
    }
  },
};

export default defineConfig({
  plugins: [react(), fontLicences],
  build: {
    license: { fileName: "assets/licences.md" },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { "/socket.io": { target: "http://localhost:3000", ws: true } } },
});
