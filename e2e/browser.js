// Starts Debian's Chromium for the tests and opens pages that fail a test on any error or foreign request.
import axeCore from 'axe-core';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser. `webgl: false` is one whose machine draws no map. */
export function launch({ webgl = true } = {}) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...FLAGS, ...(webgl ? ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'] : ['--disable-gpu', '--disable-3d-apis'])],
  });
}

/** A page of its own context on `url`. `errors` collects what went wrong in it; a cut connection is not an error here. */
export async function visit(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en', reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/ERR_|401|Failed to load resource/.test(message.text())) errors.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:') && !request.url().startsWith('blob:')) {
      errors.push(`foreign request: ${request.url()}`);
    }
  });
  await page.goto(url);
  return { page, errors, context };
}

/** What axe finds on the page against WCAG 2.2 A and AA and its own best practices, one line for each finding. */
export async function axe(page) {
  // Sent as an expression, which the page's content security policy does not concern; an eval inside it would be refused.
  await page.evaluate(axeCore.source);
  const violations = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    return (await window.axe.run(document, { runOnly: tags })).violations;
  });
  return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary?.replaceAll('\n', ' ')}`));
}

/** The entity's row in the list. */
export const row = (page, id) => page.locator(`[data-entity="${id}"]`);

/** The open card of an entity. */
export const card = (page, id) => page.locator(`[data-card="${id}"]`);
