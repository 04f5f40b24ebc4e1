// A year of soil moisture, played back through MQTT at a thousand times life into the demo, and watched on the page: what
// it shows is what the file says, with the file's instants, in the file's pace; a second start goes on and repeats nothing.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Belfry } from '../belfry.js';
import { axe, card, launch, row, visit } from '../browser.js';

const PROBE = 'urn:ngsi-ld:SoilProbe:openagri-1';
const SPEED = 1000;
/** The rows are an hour apart. Milliseconds between two of them at that speed. */
const PACE = 3_600_000 / SPEED;
const MAP = fileURLToPath(new URL('../../docs/guide/examples/soil-probe.toml', import.meta.url));
const HEADER =
  'Date,Soil Moisture 10cm (%) ,Soil Moisture 20cm (%) ,Soil Moisture 30cm (%),Soil Moisture 40cm (%),Soil Moisture 50cm (%),Soil Moisture 60cm (%) ,Rain,Temperature (oC),Humidity (%)';

const folder = mkdtempSync(join(tmpdir(), 'belfry-replay-'));

/** The real series where it is; else one of the same form, newest first as that one is. */
function series() {
  const data = process.env.BELFRY_TEST_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
  const real = join(data, 'soil/openagri_soil_moisture_2024.csv');
  if (existsSync(real)) return real;
  console.log(`${real} is not here (set BELFRY_TEST_DATA): a made series of the same form is played back`);
  const rows = Array.from({ length: 200 }, (_, hour) => {
    const at = new Date(Date.UTC(2024, 5, 1, hour)).toISOString().slice(0, 19).replace('T', ' ');
    return [at, (30 + hour / 10).toFixed(2), 20, 19, 18, 17, 16, 0, (15 + 5 * Math.sin(hour / 4)).toFixed(2), 60].join(',');
  });
  const made = join(folder, 'soil.csv');
  writeFileSync(made, [HEADER, ...rows.reverse()].join('\n'));
  return made;
}

const file = series();
/** Instant (as written on the wire) and moisture at 10 cm, oldest first. */
const told = readFileSync(file, 'utf8')
  .split('\n')
  .slice(1)
  .filter((line) => line.trim() !== '')
  .map((line) => line.split(','))
  .map(([at, moisture]) => [`${at.replace(' ', 'T')}Z`, Number(moisture)])
  .sort(([a], [b]) => (a < b ? -1 : 1));

const belfry = new Belfry({ demo: ['--devices', '40', '--replay', file, '--map', MAP, '--speed', String(SPEED)] });
let browser;
before(async () => {
  await belfry.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await belfry.end();
  rmSync(folder, { recursive: true, force: true });
});

/** What the server holds of the probe: instants and moisture, oldest first. */
async function held() {
  const asked = `${belfry.url}/ngsi-ld/v1/temporal/entities/${PROBE}?attrs=soilMoisture10&timerel=after&timeAt=2000-01-01T00:00:00Z`;
  const found = (await (await fetch(asked)).json()).soilMoisture10;
  return [found].flat().map((instance) => [instance.observedAt, instance.value]).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** As one reads it: white space is white space, and the marks around what is put into a sentence are none. */
const plain = (text) => text.replace(/[\u2068\u2069]/g, '').replace(/\s/g, ' ');
const written = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' });

test('the replayed sensor lives on the page, with the values, instants and units of the file', async () => {
  const { page, errors, context } = await visit(browser, belfry.url, { timezoneId: 'UTC' });
  await page.fill('#search', 'SoilProbe');
  const probe = row(page, PROBE);
  await probe.getByText(/°C|%/).first().waitFor();
  await probe.click();
  await card(page, PROBE).waitFor();
  await page.selectOption('#history-of', { label: 'soilMoisture10' });
  await card(page, PROBE).getByRole('button', { name: 'Show as a table' }).click();
  const table = async () =>
    (await card(page, PROBE).locator('tbody tr').allInnerTexts()).map(plain).map((line) => line.trim()).reverse();

  // Four rows grow while one looks, without a reload.
  await page.evaluate(() => (window.sameDocument = true));
  const rows = card(page, PROBE).locator('tbody tr');
  await rows.first().waitFor();
  const first = await rows.count();
  const seen = [];
  for (let more = 1; more <= 4; more++) {
    await page.waitForFunction(([n]) => document.querySelectorAll('[data-card] tbody tr').length >= n, [first + more], { timeout: 4 * PACE });
    seen.push(Date.now());
  }
  const pace = (seen[3] - seen[0]) / 3;
  assert.ok(pace > PACE * 0.7 && pace < PACE * 1.3, `a row each ${Math.round(pace)} ms, not each ${PACE} ms`);
  const shown = await table();
  const expected = told.slice(0, shown.length).map(([at, value]) => plain(`${written.format(Date.parse(at))} ${value}`));
  assert.deepEqual(shown, expected);
  assert.match(await card(page, PROBE).locator('thead').innerText(), /%/);
  // Each value has its date, and the card says that it came just now.
  const [day] = written.format(Date.parse(told[0][0])).split(/, \d+:/);
  const text = plain(await card(page, PROBE).innerText());
  assert.match(text, new RegExp(`measured ${day}`));
  assert.match(text, /Older than usual: \d+(mo|y) ago\s+arrived \d+s ago/);
  assert.equal(await page.evaluate(() => window.sameDocument), true);
  // The card scrolls in itself, the page does not.
  assert.equal(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight), 0);
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(errors, []);
  await context.close();
});

test('a second start goes on where the first one stopped, and tells nothing twice', async () => {
  await belfry.stop();
  await belfry.start();
  const before = (await held()).length;
  const { page, context } = await visit(browser, `${belfry.url}/#${PROBE}`, { timezoneId: 'UTC' });
  await card(page, PROBE).waitFor();
  const until = Date.now() + 5 * PACE;
  while ((await held()).length < before + 2 && Date.now() < until) await page.waitForTimeout(200);
  const now = await held();
  assert.ok(now.length >= before + 2, `${before}, then ${now.length}`);
  assert.deepEqual(now, told.slice(0, now.length));
  await context.close();
});
