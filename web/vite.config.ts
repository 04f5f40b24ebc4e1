import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds the API: a running `belfry serve`. */
const broker = process.env['BELFRY_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    // Nothing may become a data: URL script or an inline tag: the page is served under a strict content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // MapLibre is one megabyte before compression and is loaded only when a map is shown.
    chunkSizeWarningLimit: 1200,
  },
  server: { proxy: { '/ngsi-ld': broker, '/belfry': broker, '/events': broker, '/health': broker } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
