import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { bundle, choose, LANGS, SOURCES } from './catalogues';

const ids = (text: string): string[] => [...text.matchAll(/^([a-zA-Z][\w-]*) =/gm)].map((m) => m[1] ?? '');
const variables = (text: string): string[] => [...new Set([...text.matchAll(/\$(\w+)/g)].map((m) => m[1] ?? ''))].sort();

/** Each message of a catalogue with its text up to the next message. */
function messages(text: string): Map<string, string> {
  const parts = text.split(/^(?=[a-zA-Z][\w-]* =)/m).filter((part) => /^[a-zA-Z]/.test(part));
  return new Map(parts.map((part) => [part.slice(0, part.indexOf(' =')), part]));
}

it.each(LANGS)('%s has the messages of English, once each, with the same variables', (lang) => {
  expect(ids(SOURCES[lang]).sort()).toEqual(ids(SOURCES.en).sort());
  expect(new Set(ids(SOURCES[lang])).size).toBe(ids(SOURCES[lang]).length);
  const english = messages(SOURCES.en);
  for (const [id, text] of messages(SOURCES[lang])) {
    // A plural may say "one entity" in words, so a count that is also a number may be missing in it, never added.
    expect(variables(english.get(id) ?? ''), id).toEqual(variables(text));
  }
});

it.each(LANGS)('%s formats every message without an error', (lang) => {
  const catalogue = bundle(lang);
  for (const id of ids(SOURCES.en)) {
    for (const count of [0, 1, 2, 5, 11, 100]) {
      const pattern = catalogue.getMessage(id)?.value;
      const errors: Error[] = [];
      const args = Object.fromEntries(variables(SOURCES.en).map((name) => [name, name === 'count' ? count : 'x']));
      expect(catalogue.formatPattern(pattern ?? '', args, errors)).not.toBe('');
      expect(errors).toEqual([]);
    }
  }
});

it('every message the page asks for exists, and every message is asked for', () => {
  const code = readdirSync(new URL('..', import.meta.url), { recursive: true })
    .map(String)
    .filter((name) => /\.(svelte|ts)$/.test(name) && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'))
    .join('\n');
  const asked = new Set([...code.matchAll(/\b(?:t|say)\(\s*'([\w-]+)'/g)].map((m) => m[1] ?? ''));
  const known = new Set(ids(SOURCES.en));
  expect([...asked].filter((id) => !known.has(id))).toEqual([]);
  // Families whose last part is chosen at run time, or that are named in a table.
  const families = /^(link|range|period|appearance)-/;
  expect([...known].filter((id) => !asked.has(id) && !families.test(id) && id !== 'language-name')).toEqual([]);
});

it.each([
  [['de-DE', 'zh-Hant-TW', 'en'], 'zh'],
  [['AR-eg'], 'ar'],
  [['es-419'], 'es'],
  [['de'], 'en'],
  [[], 'en'],
])('chooses for %j', (wanted, lang) => {
  expect(choose(wanted)).toBe(lang);
});
