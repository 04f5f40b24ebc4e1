import { defineConfig } from 'vite';

/** `npx vite build --config preview/vite.config.ts`, then `cargo run -p belfry-tiles --example serve_tiles -- FILE --page web/preview/dist`. */
export default defineConfig({ root: import.meta.dirname, build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 1200 } });
