// The map: present without any other server, shows every place, opens cards; without WebGL the list still works.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Belfry } from '../belfry.js';
import { card, launch, row, visit } from '../browser.js';
import { GAUGE, STATION, town } from '../town.js';

const belfry = new Belfry();
before(async () => {
  await belfry.start();
  await belfry.post(...town());
});
after(() => belfry.end());

/** How many distinct colours are drawn in the map: one is an empty canvas. */
async function colours(page) {
  const png = await page.locator('.maplibregl-canvas').screenshot();
  return page.evaluate(async (bytes) => {
    const image = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const data = context.getImageData(0, 0, image.width, image.height).data;
    const seen = new Set();
    for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    return seen.size;
  }, [...png]);
}

test('the map draws the town and opens a card where an entity is clicked', async () => {
  const browser = await launch();
  const { page, errors } = await visit(browser, belfry.url);
  await page.locator('.map [data-points="4"]').waitFor();
  await page.locator('.maplibregl-canvas').waitFor();
  await page.waitForTimeout(3000);
  assert.ok((await colours(page)) > 30);

  // "Show on the map" brings the entity to the middle, so that is where its circle is.
  await row(page, GAUGE).click();
  await card(page, GAUGE).getByRole('button', { name: 'Show on the map' }).click();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.waitForTimeout(2000);
  const box = await page.locator('.maplibregl-canvas').boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await card(page, GAUGE).waitFor();

  await page.getByRole('button', { name: 'Show all' }).click();
  await page.selectOption('#type', 'WeatherStation');
  await page.locator('.map [data-points="1"]').waitFor();
  assert.deepEqual(errors, []);
  await browser.close();
});

test('without WebGL the page says so and the list works', async () => {
  const browser = await launch({ webgl: false });
  const { page, errors } = await visit(browser, belfry.url);
  await page.getByText('The map needs WebGL').waitFor();
  await row(page, STATION).click();
  await card(page, STATION).waitFor();
  assert.deepEqual(errors, []);
  await browser.close();
});
