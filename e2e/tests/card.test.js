// The card: every value, relationships both ways, history as a chart and as a table, links in the address.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Belfry } from '../belfry.js';
import { card, launch, row, visit } from '../browser.js';
import { GAUGE, HALL, number, STATION, town } from '../town.js';

const belfry = new Belfry();
let browser;
before(async () => {
  await belfry.start();
  await belfry.post(...town());
  for (const value of [20, 22.5, 19, 24]) await belfry.patch(STATION, { temperature: number(value, 'CEL') });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await belfry.end();
});

test('a click opens the card with all values, units and ages', async () => {
  const { page, errors, context } = await visit(browser, belfry.url);
  await row(page, STATION).click();
  const text = await card(page, STATION).innerText();
  for (const expected of ['North station', 'WeatherStation', 'temperature', '24\u00a0°C', 'humidity', '40\u00a0%', '43.84000, 87.61000', STATION]) {
    assert.ok(text.includes(expected), `${expected} in ${text}`);
  }
  assert.match(text, /measured .?\d+s ago/);
  await page.getByRole('button', { name: 'Close' }).click();
  await card(page, STATION).waitFor({ state: 'detached' });
  assert.deepEqual(errors, []);
  await context.close();
});

test('truth values and language maps read well', async () => {
  const { page, context } = await visit(browser, belfry.url);
  await row(page, GAUGE).click();
  assert.match(await card(page, GAUGE).locator('[data-attribute=gateOpen]').innerText(), /yes/);
  await row(page, HALL).click();
  assert.match(await card(page, HALL).locator('h2').innerText(), /Town hall/);
  await context.close();
});

test('relationships lead there and back', async () => {
  const { page, context } = await visit(browser, belfry.url);
  await row(page, STATION).click();
  await card(page, STATION).getByRole('button', { name: 'Town hall' }).click();
  await card(page, HALL).getByText('Linked from').waitFor();
  await card(page, HALL).getByRole('button', { name: 'North station' }).click();
  await card(page, STATION).waitFor();
  await context.close();
});

test('history is a chart that says what it shows, and a table', async () => {
  const { page, errors, context } = await visit(browser, belfry.url);
  await row(page, STATION).click();
  const chart = card(page, STATION).locator('[data-chart=temperature]');
  await chart.locator('canvas').waitFor();
  assert.match(await chart.getAttribute('aria-label'), /temperature.?: .?5.? values .*lowest .?19.?, highest .?24.?, last .?24/);
  await page.getByRole('button', { name: 'Show as a table' }).click();
  const values = await card(page, STATION).locator('tbody td').allInnerTexts();
  assert.deepEqual(values, ['24', '19', '22.5', '20', '21.5']);

  await belfry.patch(STATION, { temperature: number(30, 'CEL') });
  await card(page, STATION).locator('tbody td', { hasText: /^30$/ }).waitFor();

  await page.selectOption('#history-of', 'humidity');
  await card(page, STATION).locator('[data-chart=humidity] canvas').waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test('what comes while history is asked for is not missing from it', async () => {
  const { page, errors, context } = await visit(browser, belfry.url);
  let answer;
  const asked = new Promise((resolve) => {
    // Only the chart asks for the newest hundred; its answer was made before the next value, and comes after it.
    void page.route('**/temporal/entities/**lastN=100**', async (route) => {
      const response = await route.fetch();
      answer = () => route.fulfill({ response });
      resolve();
    });
  });
  await row(page, STATION).click();
  await asked;
  await belfry.patch(STATION, { temperature: number(31, 'CEL') });
  await row(page, STATION).getByText(/^31/).waitFor();
  await answer();
  await page.getByRole('button', { name: 'Show as a table' }).click();
  await card(page, STATION).locator('tbody td', { hasText: /^31$/ }).waitFor();
  await belfry.patch(STATION, { temperature: number(32, 'CEL') });
  await card(page, STATION).locator('tbody td', { hasText: /^32$/ }).waitFor();
  const values = await card(page, STATION).locator('tbody td').allInnerTexts();
  assert.deepEqual(values.slice(0, 3), ['32', '31', '30']);
  assert.deepEqual(errors, []);
  await context.close();
});

test('longer spans show means', async () => {
  const { page, context } = await visit(browser, belfry.url);
  await row(page, STATION).click();
  for (const [span, period] of [['day', '10 minutes'], ['week', '1 hour'], ['month', '6 hours'], ['year', '1 day']]) {
    await page.selectOption('#range', span);
    await card(page, STATION).getByText(new RegExp(`Means over .?${period}`)).waitFor();
    await card(page, STATION).locator('[data-chart=temperature]').waitFor();
  }
  await context.close();
});

test('a card has an address, and a deleted entity says so', async () => {
  const id = 'urn:ngsi-ld:Siren:2';
  await belfry.post({ id, type: 'Siren', loudness: number(90, '2N') });
  const { page, context } = await visit(browser, `${belfry.url}/#${encodeURIComponent(id)}`);
  await card(page, id).getByText('90\u00a0dB').first().waitFor();
  await belfry.remove(id);
  await card(page, id).getByText('This entity no longer exists.').waitFor();
  await page.goto(`${belfry.url}/#urn%3Angsi-ld%3ANone%3A1`);
  await page.getByText('There is no entity with this id here.').waitFor();
  await context.close();
});
