import { expect, it } from 'vitest';
import { typeColour } from './palette';

/** Relative luminance (WCAG 2.2). */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

it('gives ten types ten colours that are seen on the map and the list of every look', () => {
  const types = Array.from({ length: 10 }, (_, i) => `Type${String(i * 7)}`);
  const grounds = { light: ['#eef1ea', '#ffffff'], dark: ['#141a20', '#171e25'], contrast: ['#000000'], 'contrast-light': ['#ffffff'] } as const;
  for (const [look, colours] of Object.entries(grounds)) {
    const given = types.map((type) => typeColour(type, look as keyof typeof grounds));
    expect(new Set(given).size).toBe(10);
    for (const colour of given) for (const ground of colours) expect(contrast(colour, ground), `${colour} on ${ground}`).toBeGreaterThan(3);
  }
});

it('keeps a colour for a type, and has one for the eleventh', () => {
  expect(typeColour('Type0', 'light')).toBe(typeColour('Type0', 'light'));
  expect(typeColour('One more', 'light')).toMatch(/^#/);
});
