/** Labels: which name, in which letters. */
import type { ExpressionSpecification } from 'maplibre-gl';

/**
 * The reader's own fonts, drawn by the browser: every script that it can write is written, joined and reordered where the
 * script asks for it, and no glyph is fetched. MapLibre reads weight and style out of the first name; that is no font,
 * so the next ones are used.
 */
export const FONT = ['system-ui', 'sans-serif'];
export const BOLD = ['Belfry Bold', 'system-ui', 'sans-serif'];
export const ITALIC = ['Belfry Italic', 'system-ui', 'sans-serif'];

/** The name in the page's language, or else as it is written where the thing is. */
export function nameIn(lang: string): ExpressionSpecification {
  return ['coalesce', ['get', `name:${lang}`], ['get', 'name']];
}
