import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The server admits exactly the origin http://localhost:5173, so another port is of no use.
const place = { port: 5173, strictPort: true };

export default defineConfig({ plugins: [react()], server: place, preview: place });
