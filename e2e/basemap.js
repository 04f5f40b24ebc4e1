// Pictures of the page's map, to look at after a change of tiles or style: `node basemap.js FOLDER [MAP [LON,LAT]]`; without a map, of the
// simulated county. Built binary, real browser, in every look, on a desk and on a phone.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Belfry } from './belfry.js';
import { launch, visit } from './browser.js';
import { drawn, putBasemap } from './ground.js';

const [folder, map, centre] = process.argv.slice(2);
if (!folder) throw new Error('node basemap.js FOLDER [MAP [LON,LAT]]');
const phone = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const PICTURES = [
  ['light', 'en', {}, [10, 12, 14, 16, 17.5]],
  ['dark', 'zh', { colorScheme: 'dark' }, [12, 14, 16]],
  ['contrast', 'ar', { colorScheme: 'dark', contrast: 'more' }, [12, 14, 16]],
  ['contrast-light', 'es', { contrast: 'more' }, [14]],
  ['phone', 'en', phone, [12, 15]],
  ['phone-arabic', 'ar', { ...phone, colorScheme: 'dark' }, [12, 15]],
];
const server = new Belfry(map ? {} : { demo: [] });
await server.start();
if (map) console.log(await putBasemap(server.url, readFileSync(map)));
mkdirSync(folder, { recursive: true });
const browser = await launch();
const faults = [];
for (const [name, locale, options, zooms] of PICTURES) {
  const { page, errors, context } = await visit(browser, server.url, { locale, ...options });
  if (name.startsWith('phone')) await page.locator('.switch button').nth(1).click();
  await drawn(page);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  for (const zoom of zooms) {
    await page.evaluate(
      ([zoom, centre]) => {
        const { map } = document.querySelector('.map [data-points]');
        map.jumpTo({ zoom, ...(centre ? { center: centre.split(',').map(Number) } : {}) });
      },
      [zoom, centre],
    );
    await drawn(page);
    await page.screenshot({ path: join(folder, `${name}-${zoom}.png`) });
  }
  faults.push(...errors);
  await context.close();
}
await browser.close();
await server.end();
console.log(faults.length === 0 ? `pictures are in ${folder}` : faults.join('\n'));
process.exitCode = faults.length === 0 ? 0 : 1;
