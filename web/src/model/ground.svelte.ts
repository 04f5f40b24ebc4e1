/**
 * The ground that the map is drawn on: whether the server has a basemap, which edition, and whose it is. It is asked again
 * now and then, since somebody may put one while the page is open. Draws nothing.
 */
import { get } from '../api/client';
import type { Tiles } from '../map/style';

const PATH = '/belfry/v1/registers/basemap';
/** Milliseconds until the server is asked again: soon while a map is being read, or the page is new. */
const SOON = 3_000;
const LATER = 60_000;
/** How often it is asked soon while there is none. */
const EAGER = 20;

/** A basemap that can be shown. */
export interface Basemap {
  tiles: Tiles;
  /** West, south, east, north. */
  bounds: [number, number, number, number];
  /** What must be shown with it. */
  credit: string;
}

/** What the server says of its basemap, as far as the page needs it. `undefined` when it has none to show. */
export function parseBasemap(told: unknown, origin: string): Basemap | undefined {
  if (typeof told !== 'object' || told === null) return undefined;
  const { state, edition, minzoom, maxzoom, bounds, attribution } = told as Record<string, unknown>;
  const numbers = Array.isArray(bounds) && bounds.length === 4 && bounds.every((one) => typeof one === 'number');
  if (state !== 'ready' || typeof edition !== 'number' || typeof minzoom !== 'number' || typeof maxzoom !== 'number' || !numbers) return undefined;
  return {
    tiles: { basemap: `${origin}/belfry/v1/registers/tiles/basemap/{z}/{x}/{y}?edition=${String(edition)}`, minzoom, maxzoom },
    bounds: bounds as [number, number, number, number],
    credit: typeof attribution === 'string' ? attribution : '',
  };
}

class Ground {
  /** The basemap; undefined as long as the server has none. */
  basemap = $state.raw<Basemap | undefined>(undefined);

  private asked = 0;
  private known = '';

  /** Keeps asking until the function that it gives is called. */
  follow(): () => void {
    let later: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const again = async (): Promise<void> => {
      const pause = await this.ask();
      if (!ended) later = setTimeout(() => void again(), pause);
    };
    void again();
    return () => {
      ended = true;
      clearTimeout(later);
    };
  }

  /** Asks once; how long to wait before the next time. */
  private async ask(): Promise<number> {
    this.asked++;
    try {
      const told: unknown = await (await get(PATH)).json();
      const found = parseBasemap(told, location.origin);
      const text = JSON.stringify(found);
      // The same map again must not be drawn again.
      if (text !== this.known) [this.known, this.basemap] = [text, found];
      if (found !== undefined) return LATER;
    } catch {
      // No connection, or nobody is signed in: what is shown stays, and the banner says why.
    }
    return this.asked < EAGER ? SOON : LATER;
  }
}

/** The one ground of this page. */
export const ground = new Ground();
