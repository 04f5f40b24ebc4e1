// The ground of the map: drawn from tiles of this server alone, in every look and language, when there is one and not before.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Belfry } from '../belfry.js';
import { axe, card, launch, visit } from '../browser.js';
import { drawn, ground, putBasemap, shown } from '../ground.js';
import { point, town } from '../town.js';

const belfry = new Belfry();
let browser;
before(async () => {
  await belfry.start();
  await belfry.post(...town());
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await belfry.end();
});

/** The colours of the map's canvas, each with how much of it has it. */
async function colours(page) {
  const png = await page.locator('.maplibregl-canvas').screenshot();
  return page.evaluate(async (bytes) => {
    const image = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: 'image/png' }));
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const seen = {};
    for (let i = 0; i < data.length; i += 4) {
      const colour = `#${[data[i], data[i + 1], data[i + 2]].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
      seen[colour] = (seen[colour] ?? 0) + 4 / data.length;
    }
    return seen;
  }, [...png]);
}

const labels = async (page, layers) => (await shown(page, layers)).map((one) => one.label);

test('without a basemap there are meridians; one that is put is drawn while the page is open', async () => {
  const { page, errors, context } = await visit(browser, belfry.url);
  await page.locator('.map [data-points="4"]').waitFor();
  await page.waitForTimeout(2000);
  assert.equal(await page.locator('.credit').count(), 0);
  const bare = await colours(page);
  assert.ok(bare['#eef1ea'] > 0.5, 'the ground is empty');

  await putBasemap(belfry.url, ground());
  await drawn(page);
  const full = await colours(page);
  // Wood, water and a settlement in the colours of the look.
  for (const colour of ['#cfe3c3', '#a8cfe6', '#ebe8e2']) assert.ok(full[colour] > 0.005, `${colour}: ${full[colour]}`);
  const seen = await shown(page, ['landuse', 'water', 'road', 'place', 'road-name', 'poi']);
  for (const one of ['wood', 'lake', 'primary', 'town', 'fire_station']) assert.ok(seen.some((found) => found.class === one), `no ${one} in ${JSON.stringify(seen)}`);
  assert.ok((await labels(page, ['place'])).includes('Belfort'));
  assert.equal(await page.locator('.credit').innerText(), '© OpenStreetMap contributors');
  assert.deepEqual(errors, []);
  await context.close();
});

test('every look has its own ground, and changing it keeps the map where it is', async () => {
  const { page, errors, context } = await visit(browser, belfry.url, { colorScheme: 'light' });
  await drawn(page);
  const centre = () => page.evaluate(() => document.querySelector('.map [data-points]').map.getCenter().toArray());
  const before = await centre();
  for (const [look, water] of [['dark', '#17465f'], ['contrast', '#00488c'], ['light', '#a8cfe6']]) {
    await page.selectOption('#appearance', look);
    await drawn(page);
    const seen = await colours(page);
    assert.ok(seen[water] > 0.005, `${look}: ${seen[water]}`);
    assert.deepEqual(await axe(page), [], look);
  }
  assert.deepEqual(await centre(), before);
  assert.deepEqual(errors, []);
  await context.close();
});

test('labels are in the language of the page, or else as the place writes itself', async () => {
  for (const [locale, name] of [['es', 'Campanario'], ['zh', '钟楼镇'], ['ar', 'برج الجرس']]) {
    const { page, errors, context } = await visit(browser, belfry.url, { locale });
    await drawn(page);
    const seen = await labels(page, ['place']);
    assert.ok(seen.includes(name), `${locale}: ${seen}`);
    assert.ok(seen.includes('Mühldorf'), `${locale}: ${seen}`);
    assert.deepEqual(errors, []);
    await context.close();
  }
});

test('another edition takes the place of the first; one taken away leaves meridians', async () => {
  await putBasemap(belfry.url, ground().replaceAll('Belfort', 'Newtown'), '?attribution=Surveyors');
  const { page, errors, context } = await visit(browser, belfry.url);
  await drawn(page);
  assert.ok((await labels(page, ['place'])).includes('Newtown'));
  assert.equal(await page.locator('.credit').innerText(), 'Surveyors');
  await context.close();

  // It is there after the server was killed.
  await belfry.stop('SIGKILL');
  await belfry.start();
  const again = await visit(browser, belfry.url);
  await drawn(again.page);
  await again.context.close();
  await fetch(`${belfry.url}/belfry/v1/registers/basemap`, { method: 'DELETE' });
  const bare = await visit(browser, belfry.url);
  await bare.page.locator('.map [data-points="4"]').waitFor();
  await bare.page.waitForTimeout(1500);
  assert.equal(await bare.page.locator('.credit').count(), 0);
  assert.deepEqual([...errors, ...again.errors, ...bare.errors], []);
  await bare.context.close();
});

test('more entities than the page holds are on tiles, and any of them opens its card', async () => {
  const crowd = Array.from({ length: 5100 }, (_, n) => ({
    id: `urn:ngsi-ld:Lamp:${n}`,
    type: 'Lamp',
    name: { type: 'Property', value: `Lamp ${n}` },
    location: point(87.5 + (n % 100) * 0.002, 43.75 + Math.floor(n / 100) * 0.002),
  }));
  for (let from = 0; from < crowd.length; from += 850) await belfry.upsert(crowd.slice(from, from + 850));
  const { page, errors, context } = await visit(browser, belfry.url);
  await page.waitForFunction(() => document.querySelector('.map [data-points]')?.map?.getSource('live') !== undefined, undefined, { timeout: 30_000 });
  await page.waitForFunction(() => document.querySelector('.map [data-points]').map.areTilesLoaded());
  await page.waitForTimeout(700);
  const counts = await page.evaluate(() => {
    const { map } = document.querySelector('.map [data-points]');
    return map.queryRenderedFeatures({ layers: ['live-ring'] }).map((feature) => feature.properties.count ?? 1);
  });
  assert.ok(counts.length < 3000 && Math.max(...counts) > 1, `${counts.length} on the map`);

  // One that is not in the list, in the middle of the map.
  const held = await page.locator('[data-entity="urn:ngsi-ld:Lamp:5099"]').count();
  assert.equal(held, 0);
  const lamp = crowd[5099].location.value.coordinates;
  await page.evaluate((lamp) => document.querySelector('.map [data-points]').map.jumpTo({ center: lamp, zoom: 17 }), lamp);
  await page.waitForTimeout(500);
  await page.waitForFunction(() => document.querySelector('.map [data-points]').map.areTilesLoaded());
  await page.waitForTimeout(700);
  const box = await page.locator('.maplibregl-canvas').boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await card(page, 'urn:ngsi-ld:Lamp:5099').getByRole('heading', { name: 'Lamp 5099' }).waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});
