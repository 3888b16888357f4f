import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  plugins: [svelte()],
  server: { port: 5173, strictPort: true },
  build: {
    // The Content-Security-Policy allows no inline script and fetches nothing but the app's own files.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { panel: page("panel.html"), settings: page("settings.html") },
    },
  },
});
