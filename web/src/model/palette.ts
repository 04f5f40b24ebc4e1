/** One colour for each entity type, in most towns the same on every visit; at least 3:1 against the background it is drawn on. */
import type { Look } from './appearance.svelte';

const ON_LIGHT = ['#1d5fa8', '#b4460f', '#1c7a43', '#8a3ea8', '#a8224b', '#0b7285', '#7a5c00', '#4b4fbf', '#5a6b12', '#8c4a2f'];
const ON_DARK = ['#6db3f8', '#ff9d5c', '#5fd38d', '#d79bf0', '#ff86a3', '#4fd1e0', '#f0cf55', '#a5a8ff', '#c0d964', '#e8a88a'];

const given = new Map<string, number>();

/** The colour of a type. */
export function typeColour(type: string | undefined, look: Look): string {
  const colours = look === 'light' || look === 'contrast-light' ? ON_LIGHT : ON_DARK;
  return colours[place(type ?? '')] ?? '#888888';
}

/** A type's place in the palette: where its name puts it, or the next free one, so that ten types have ten colours. */
function place(type: string): number {
  const known = given.get(type);
  if (known !== undefined) return known;
  let hash = 0;
  for (const char of type) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  let found = hash % ON_LIGHT.length;
  const taken = new Set(given.values());
  for (let i = 0; i < ON_LIGHT.length && taken.has(found); i++) found = (found + 1) % ON_LIGHT.length;
  given.set(type, found);
  return found;
}
