import { defineConfig } from "vite";

// One script and one style sheet under fixed names: the built page is kept in the package, and the same
// sources always give the same bytes.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/iconlearn/explorer/page",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: false,
    chunkSizeWarningLimit: 1000,
    rollupOptions: {
      output: {
        entryFileNames: "assets/explorer.js",
        assetFileNames: "assets/explorer[extname]",
        codeSplitting: false,
      },
    },
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8765", ws: true } } },
});
