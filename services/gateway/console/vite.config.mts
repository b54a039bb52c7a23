import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** `npx vite build services/gateway/console`; while developing, `npx vite services/gateway/console` next to a suite on port 8080. */
const suite = process.env['WEIR_URL'] ?? 'http://127.0.0.1:8080';
const routes = ['stream', 'decisions', 'transactions', 'features', 'definitions', 'lists', 'keys', 'readyz', 'docs', 'openapi.json'];

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: { outDir: '../../../dist/console', emptyOutDir: true, assetsInlineLimit: 0, chunkSizeWarningLimit: 900, modulePreload: { polyfill: false } },
  server: { proxy: Object.fromEntries(routes.map((route) => [`/${route}`, suite])) },
});
