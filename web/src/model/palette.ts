/** One colour for each entity type, the same on every visit; at least 3:1 against the background it is drawn on. */
import type { Look } from './appearance.svelte';

const ON_LIGHT = ['#1d5fa8', '#b4460f', '#1c7a43', '#8a3ea8', '#a8224b', '#0b7285', '#7a5c00', '#4b4fbf', '#5a6b12', '#8c4a2f'];
const ON_DARK = ['#6db3f8', '#ff9d5c', '#5fd38d', '#d79bf0', '#ff86a3', '#4fd1e0', '#f0cf55', '#a5a8ff', '#c0d964', '#e8a88a'];

/** The colour of a type. */
export function typeColour(type: string | undefined, look: Look): string {
  const colours = look === 'light' || look === 'contrast-light' ? ON_LIGHT : ON_DARK;
  let hash = 0;
  for (const char of type ?? '') hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return colours[hash % colours.length] ?? '#888888';
}
