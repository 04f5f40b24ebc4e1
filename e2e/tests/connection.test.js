// The live connection: cut and resumed, a frozen server, a burst of changes, signing in.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Belfry } from '../belfry.js';
import { axe, launch, row, visit } from '../browser.js';
import { Gateway } from '../gateway.js';
import { number, STATION, town } from '../town.js';

let belfry;
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());
beforeEach(async () => {
  belfry = await new Belfry().start();
  await belfry.post(...town());
});
afterEach(() => belfry.end());

test('a stopped server is announced with the age of the data, and a restarted one is picked up again', async () => {
  const { page, errors, context } = await visit(browser, belfry.url);
  await row(page, STATION).waitFor();
  assert.equal(await page.locator('[data-banner=cut]').count(), 0);
  await page.evaluate(() => (window.sameDocument = true));

  await belfry.stop();
  await page.getByText('The live connection is cut. What you see is not current.').waitFor();
  assert.match(await page.locator('.banner .age').innerText(), /Last heard from the server .?\d+s ago/);
  assert.ok(await row(page, STATION).isVisible(), 'the last picture stays');
  assert.deepEqual(await axe(page), []);

  await belfry.start();
  await belfry.patch(STATION, { temperature: number(3.5, 'CEL') });
  await page.locator('[data-banner=cut]').waitFor({ state: 'detached', timeout: 40_000 });
  await row(page, STATION).getByText(/^3.5/).waitFor();
  await belfry.patch(STATION, { temperature: number(4.5, 'CEL') });
  await row(page, STATION).getByText(/^4.5/).waitFor();
  assert.equal(await page.evaluate(() => window.sameDocument), true);
  assert.deepEqual(errors, []);
  await context.close();
});

test('“Try now” does not wait for the pause', async () => {
  const { page, context } = await visit(browser, belfry.url);
  await row(page, STATION).waitFor();
  await belfry.stop();
  await page.locator('[data-banner=cut]').waitFor();
  // Let the pauses grow past what this test would wait.
  await page.waitForTimeout(8000);
  await belfry.start();
  await page.getByRole('button', { name: 'Try now' }).click();
  await page.locator('[data-banner=cut]').waitFor({ state: 'detached', timeout: 4000 });
  await context.close();
});

test('two thousand changes a second do not freeze the page', async () => {
  const fleet = Array.from({ length: 1000 }, (_, i) => ({ id: `urn:ngsi-ld:Bus:${i}`, type: 'Bus' }));
  const send = (value) =>
    fetch(`${belfry.url}/ngsi-ld/v1/entityOperations/upsert?options=update`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fleet.map((bus) => ({ ...bus, speed: number(value, 'KMH') }))),
    });
  await send(1);
  const { page, errors, context } = await visit(browser, belfry.url);
  await row(page, STATION).or(row(page, 'urn:ngsi-ld:Bus:0')).first().waitFor();
  await page.fill('#search', 'urn:ngsi-ld:Bus:0');
  await row(page, 'urn:ngsi-ld:Bus:0').waitFor();
  await page.evaluate(() => {
    window.longest = 0;
    let last = performance.now();
    const beat = () => {
      window.longest = Math.max(window.longest, performance.now() - last);
      last = performance.now();
      setTimeout(beat, 20);
    };
    beat();
  });
  const began = Date.now();
  let sent = 0;
  while (Date.now() - began < 5000) {
    await send(2 + sent);
    sent++;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + sent * 500 - Date.now())));
  }
  await send(7777);
  await row(page, 'urn:ngsi-ld:Bus:0').getByText(/^7,777/).waitFor();
  const longest = await page.evaluate(() => window.longest);
  assert.ok(longest < 1000, `the page stood still for ${Math.round(longest)} ms under ${sent * 1000} changes in 5 s`);
  assert.deepEqual(errors, []);
  await context.close();
});

test('a server that wants a token gets one from the dialog', async () => {
  const context = await browser.newContext({ locale: 'en' });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  // The door in front of the real server: nothing without this token.
  await page.route(/\/(events|ngsi-ld)/, (route) =>
    route.request().headers().authorization === 'Bearer right' ? route.continue() : route.fulfill({ status: 401, body: '{}' }),
  );
  await page.goto(belfry.url);
  const dialog = page.getByRole('dialog', { name: 'Sign in' });
  await dialog.waitFor();
  assert.deepEqual(await axe(page), []);
  await page.fill('#token', 'wrong');
  await page.keyboard.press('Enter');
  await page.getByText('The server did not accept this token.').waitFor();
  await page.fill('#token', 'right');
  await page.keyboard.press('Enter');
  await row(page, STATION).waitFor();
  await dialog.waitFor({ state: 'hidden' });
  await page.reload();
  await row(page, STATION).waitFor();
  assert.deepEqual(await page.evaluate(() => [Object.keys(localStorage), Object.keys(sessionStorage)]), [[], ['belfry.token']]);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await dialog.waitFor();
  assert.equal(await row(page, STATION).count(), 0);
  await context.close();
});

test('a frozen server is noticed although the connection stands', { timeout: 90_000 }, async () => {
  const { page, context } = await visit(browser, belfry.url);
  await row(page, STATION).waitFor();
  belfry.signal('SIGSTOP');
  await page.locator('[data-banner=cut]').waitFor({ timeout: 40_000 });
  belfry.signal('SIGCONT');
  await belfry.patch(STATION, { temperature: number(8.5, 'CEL') });
  await page.locator('[data-banner=cut]').waitFor({ state: 'detached', timeout: 45_000 });
  await row(page, STATION).getByText(/^8.5/).waitFor();
  await context.close();
});

test('a list that cannot be loaded is said, tried again, and shown when it can', async () => {
  const context = await browser.newContext({ locale: 'en' });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  let broken = true;
  await page.route(/\/ngsi-ld\/v1\/entities\?/, (route) =>
    broken ? route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"title":"Busy"}' }) : route.continue(),
  );
  await page.goto(belfry.url);
  await page.getByText(/The list could not be loaded: .?503 Busy/).waitFor();
  broken = false;
  await row(page, STATION).waitFor();
  assert.equal(await page.getByText('The list could not be loaded').count(), 0);
  await context.close();
});

test('a list that fails together with the stream is loaded when the stream is back', async (t) => {
  const gateway = new Gateway(belfry.url);
  t.after(() => gateway.end());
  const url = await gateway.start();
  const { page, errors, context } = await visit(browser, url);
  await row(page, STATION).waitFor();
  await belfry.patch(STATION, { temperature: number(1.5, 'CEL') });
  await row(page, STATION).getByText(/^1.5/).waitFor();

  // The server says that the list must be loaded anew, the list fails, and the stream is gone when it would be tried again.
  gateway.listBroken = true;
  gateway.say('reset');
  await page.getByText(/The list could not be loaded/).waitFor();
  gateway.streamBroken = true;
  gateway.cut();
  await page.locator('[data-banner=cut]').waitFor();
  await page.waitForTimeout(4000);

  gateway.listBroken = gateway.streamBroken = false;
  await page.locator('.link[data-state=live]').waitFor({ timeout: 20_000 });
  await belfry.patch(STATION, { temperature: number(2.5, 'CEL') });
  await row(page, STATION).getByText(/^2.5/).waitFor();
  assert.equal(await page.getByText('The list could not be loaded').count(), 0);
  assert.deepEqual(errors, []);
  await context.close();
});
