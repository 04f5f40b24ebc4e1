// The list: what was posted is shown, what changes is shown without reloading, what is deleted goes; search and filter.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Belfry } from '../belfry.js';
import { launch, row, visit } from '../browser.js';
import { GAUGE, HALL, number, OLD, point, STATION, town } from '../town.js';

const belfry = new Belfry();
let browser;
before(async () => {
  await belfry.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await belfry.end();
});

test('an empty town says how to begin, and the first entity appears by itself', async () => {
  const { page, errors, context } = await visit(browser, belfry.url);
  await page.getByText('Nothing has reported yet').waitFor();
  assert.match(await page.locator('pre').innerText(), new RegExp(`curl -X POST ${belfry.url}/ngsi-ld/v1/entities`));
  await belfry.post(...town());
  await row(page, STATION).waitFor();
  assert.match(await page.locator('#count').innerText(), /4.? entities/);
  assert.deepEqual(errors, []);
  await context.close();
});

test('the list shows name, type, values with units and age', async () => {
  const { page, errors, context } = await visit(browser, belfry.url);
  const text = await row(page, STATION).innerText();
  for (const expected of ['North station', 'WeatherStation', 'temperature', '21.5\u00a0°C', '40\u00a0%']) assert.ok(text.includes(expected), `${expected} in ${text}`);
  assert.match(text, /\d+(s|m) ago/);
  const names = await page.locator('[data-entity] .name').allInnerTexts();
  assert.deepEqual(names, ['Canal gauge 1', 'North station', 'Probe in field 7', 'Town hall']);
  assert.deepEqual(errors, []);
  await context.close();
});

test('old values look stale, things that nobody measures do not', async () => {
  const { page, context } = await visit(browser, belfry.url);
  await row(page, OLD).and(page.locator('.stale')).waitFor();
  assert.match(await row(page, OLD).innerText(), /Older than usual/);
  assert.match(await row(page, OLD).innerText(), /26h ago/);
  for (const id of [HALL, STATION, GAUGE]) assert.equal(await row(page, id).and(page.locator('.stale')).count(), 0, id);
  await context.close();
});

test('a change, a new entity and a deletion show without reloading', async () => {
  const { page, errors, context } = await visit(browser, belfry.url);
  await row(page, STATION).waitFor();
  await page.evaluate(() => (window.sameDocument = true));
  await belfry.patch(STATION, { temperature: number(-7.25, 'CEL') });
  await row(page, STATION).getByText(/^[-−]7.25/).waitFor();
  await belfry.post({ id: 'urn:ngsi-ld:Siren:1', type: 'Siren', name: { type: 'Property', value: 'Siren one' }, location: point(87.6, 43.8) });
  await row(page, 'urn:ngsi-ld:Siren:1').waitFor();
  await belfry.remove('urn:ngsi-ld:Siren:1');
  await row(page, 'urn:ngsi-ld:Siren:1').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => window.sameDocument), true);
  assert.deepEqual(errors, []);
  await context.close();
});

test('a sparkline grows from history and live changes', async () => {
  await belfry.patch(GAUGE, { level: number(1.3, 'MTR') });
  const { page, context } = await visit(browser, belfry.url);
  const line = row(page, GAUGE).locator('svg polyline');
  await line.waitFor();
  const before = (await line.getAttribute('points')).split(' ').length;
  assert.ok(before >= 2, String(before));
  await belfry.patch(GAUGE, { level: number(1.4, 'MTR') });
  await page.waitForFunction(([id, n]) => (document.querySelector(`[data-entity="${id}"] polyline`)?.getAttribute('points') ?? '').split(' ').length > n, [GAUGE, before]);
  await context.close();
});

test('search by name, id or type, and the type filter', async () => {
  const { page, context } = await visit(browser, belfry.url);
  await row(page, STATION).waitFor();
  const shown = () => page.locator('[data-entity] .name').allInnerTexts();
  for (const [words, expected] of [
    ['canal', ['Canal gauge 1']],
    ['SOILPROBE', ['Probe in field 7']],
    ['urn:ngsi-ld:weather', ['North station']],
    ['hall town', ['Town hall']],
    ['', ['Canal gauge 1', 'North station', 'Probe in field 7', 'Town hall']],
  ]) {
    await page.fill('#search', words);
    await page.waitForFunction((n) => document.querySelectorAll('[data-entity]').length === n, expected.length);
    assert.deepEqual(await shown(), expected, words);
  }
  await page.selectOption('#type', 'WaterGauge');
  await page.waitForFunction(() => document.querySelectorAll('[data-entity]').length === 1);
  assert.deepEqual(await shown(), ['Canal gauge 1']);
  await page.fill('#search', 'nothing like this');
  await page.getByText('Nothing matches this search').waitFor();
  await page.getByRole('button', { name: 'Clear search and filter' }).click();
  await row(page, HALL).waitFor();
  await context.close();
});
