// Access for everyone: keyboard alone, what axe checks in every look and direction, phones, languages.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Belfry } from '../belfry.js';
import { axe, card, launch, row, visit } from '../browser.js';
import { GAUGE, HALL, number, STATION, town } from '../town.js';

const belfry = new Belfry();
let browser;
before(async () => {
  await belfry.start();
  await belfry.post(...town());
  for (const value of [20, 22.5]) await belfry.patch(STATION, { temperature: number(value, 'CEL') });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await belfry.end();
});

const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

for (const [name, options] of Object.entries({
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  'high contrast': { colorScheme: 'dark', contrast: 'more' },
  'high contrast, light': { colorScheme: 'light', contrast: 'more' },
  'right to left': { locale: 'ar' },
  phone,
  'phone, right to left, dark': { ...phone, locale: 'ar', colorScheme: 'dark' },
})) {
  test(`axe finds nothing: ${name}`, async () => {
    const { page, context } = await visit(browser, belfry.url, options);
    await row(page, STATION).waitFor();
    await page.waitForTimeout(1000);
    assert.deepEqual(await axe(page), [], 'list and map');
    await row(page, STATION).click();
    await card(page, STATION).locator('canvas').waitFor();
    await card(page, STATION).locator('[aria-expanded]').click();
    assert.deepEqual(await axe(page), [], 'card');
    await context.close();
  });
}

test('the switch overrides what the system prefers, and is remembered', async () => {
  const { page, context } = await visit(browser, belfry.url, { colorScheme: 'dark' });
  const look = () => page.locator('html').getAttribute('data-look');
  assert.equal(await look(), 'dark');
  await page.selectOption('#appearance', 'light');
  assert.equal(await look(), 'light');
  await page.reload();
  assert.equal(await look(), 'light');
  await page.selectOption('#appearance', 'contrast');
  assert.equal(await look(), 'contrast');
  await context.close();
});

test('keyboard alone: skip link, list, card, chart table, back to the row', async () => {
  const { page, errors, context } = await visit(browser, belfry.url);
  await row(page, STATION).waitFor();
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-entity') ?? document.activeElement?.id ?? '');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the list');
  await page.keyboard.press('Enter');
  assert.equal(await focused(), GAUGE);
  await page.keyboard.press('ArrowDown');
  assert.equal(await focused(), STATION);
  await page.keyboard.press('End');
  assert.equal(await focused(), HALL);
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await card(page, STATION).waitFor();
  await page.waitForFunction(() => document.activeElement?.id === 'card-title');
  // From the card's title Tab reaches everything in it: close, map, link, choices, table switch.
  const reached = [];
  for (let i = 0; i < 7; i++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => document.activeElement?.textContent?.trim() ?? ''));
    if (reached.at(-1) === 'Show as a table') break;
  }
  assert.ok(reached.includes('Show on the map') && reached.some((text) => text.includes('Town hall')), reached.join(' | '));
  assert.equal(reached.at(-1), 'Show as a table');
  await page.keyboard.press('Enter');
  await card(page, STATION).locator('table').waitFor();
  await page.keyboard.press('Escape');
  await card(page, STATION).waitFor({ state: 'detached' });
  assert.equal(await focused(), STATION);
  // Every place of the keyboard focus is to be seen.
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    const outline = await page.evaluate(() => {
      const element = document.activeElement;
      return element === null || element === document.body ? 'none of the page' : getComputedStyle(element).outlineStyle;
    });
    assert.notEqual(outline, 'none', await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200)));
  }
  assert.deepEqual(errors, []);
  await context.close();
});

test('a phone, 360 and 320 pixels wide: nothing sticks out, list and map take turns, the card fills the page', async () => {
  for (const [locale, width] of [['en', 360], ['en', 320], ['es', 360], ['ar', 360], ['zh', 360]]) {
    const { page, context } = await visit(browser, belfry.url, { ...phone, viewport: { width, height: 740 }, locale });
    await row(page, STATION).waitFor();
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(await wide(), width, locale);
    await row(page, STATION).tap();
    await card(page, STATION).locator('canvas').waitFor();
    assert.equal(await wide(), width, locale);
    assert.equal((await card(page, STATION).boundingBox()).width, width);
    await page.keyboard.press('Escape');
    await page.locator('.switch button').last().tap();
    await page.locator('.maplibregl-canvas').waitFor();
    assert.equal(await row(page, STATION).count(), 0);
    assert.equal(await wide(), width, locale);
    await context.close();
  }
});

test('four languages: from the browser, by the switch, with direction, names, numbers and ages', async () => {
  for (const [locale, lang, dir, search, hall] of [
    ['en-GB', 'en', 'ltr', 'Search by name, id or type', 'Town hall'],
    ['es-MX', 'es', 'ltr', 'Buscar por nombre, id o tipo', 'Ayuntamiento'],
    ['zh-CN', 'zh', 'ltr', '按名称、标识或类型搜索', '市政厅'],
    ['ar', 'ar', 'rtl', 'ابحث بالاسم أو المعرّف أو النوع', 'دار البلدية'],
    ['de-DE', 'en', 'ltr', 'Search by name, id or type', 'Town hall'],
  ]) {
    const { page, errors, context } = await visit(browser, belfry.url, { locale });
    await row(page, HALL).waitFor();
    const html = page.locator('html');
    assert.deepEqual([await html.getAttribute('lang'), await html.getAttribute('dir')], [lang, dir], locale);
    assert.equal(await page.locator('#search').getAttribute('placeholder'), search);
    assert.equal(await row(page, HALL).locator('.name').innerText(), hall);
    assert.deepEqual(errors, []);
    await context.close();
  }
  const { page, context } = await visit(browser, belfry.url);
  await page.selectOption('#language', 'es');
  assert.equal(await page.locator('html').getAttribute('lang'), 'es');
  assert.match(await row(page, STATION).innerText(), /22,5/);
  await page.reload();
  await row(page, STATION).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'es');
  await context.close();
});
