// Pictures of the basemap, to look at after a change of tiles or style: `node basemap.js ../target/release/examples/serve_tiles MAP FOLDER`.
// The page is `web/preview`, built by `npx vite build --config preview/vite.config.ts` in `web/`.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, visit } from './browser.js';

const [serve, map, folder] = process.argv.slice(2);
if (!folder) throw new Error('node basemap.js SERVE MAP FOLDER [lon,lat]');
const [lon, lat] = (process.argv[5] ?? '9.5215,47.1395').split(',');
const page = fileURLToPath(new URL('../web/preview/dist', import.meta.url));
const server = spawn(serve, [map, '--page', page], { stdio: ['ignore', 'pipe', 'inherit'] });
const url = await new Promise((resolve, reject) => {
  let log = '';
  server.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${log}`)));
  server.stdout.on('data', (chunk) => {
    log += chunk;
    const found = /listening on (\S+)/.exec(log);
    if (found) resolve(found[1]);
  });
});
mkdirSync(folder, { recursive: true });
const browser = await launch();
const faults = [];
for (const [look, lang] of [['light', 'en'], ['dark', 'zh'], ['contrast', 'ar'], ['contrast-light', 'es']]) {
  for (const zoom of [9, 12, 14, 16, 18]) {
    const shown = await visit(browser, `${url}/?look=${look}&lang=${lang}#${zoom}/${lat}/${lon}`, { viewport: { width: 1000, height: 700 } });
    await shown.page.locator('body[data-idle]').waitFor({ timeout: 60_000 });
    await shown.page.screenshot({ path: join(folder, `${look}-${zoom}.png`) });
    faults.push(...shown.errors.filter((fault) => !fault.startsWith(`foreign request: ${url}/`)));
    await shown.context.close();
  }
}
await browser.close();
server.removeAllListeners('exit');
server.kill();
console.log(faults.length === 0 ? `pictures are in ${folder}` : faults.join('\n'));
process.exitCode = faults.length === 0 ? 0 : 1;
