/**
 * The HTTP side of the API: one `fetch` with the bearer token of this browser tab, and the errors it can end in.
 * It knows paths and paging, not what an entity means.
 */
import type { Json } from '../model/entity';

/** Entities the page holds at most; more are counted but not shown. */
export const MAX_ENTITIES = 5000;
const PAGE = 100;
const PARALLEL = 4;
const TOKEN_KEY = 'belfry.token';

/** The server wants a token, or refused the one given. */
export class Unauthorised extends Error {}

/** Any other answer that is not a success; `title` is the problem's own (RFC 9457), or the status text. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
  ) {
    super(`${String(status)} ${title}`);
  }
}

/** The bearer token of this tab; gone when the tab is closed. */
export function token(): string | undefined {
  return sessionStorage.getItem(TOKEN_KEY) ?? undefined;
}

/** Stores a token for this tab, or forgets it. */
export function setToken(value: string | undefined): void {
  if (value === undefined) sessionStorage.removeItem(TOKEN_KEY);
  else sessionStorage.setItem(TOKEN_KEY, value);
}

/** GET with the token. Throws {@link Unauthorised}, {@link Refused}, or fetch's own TypeError when there is no connection. */
export async function get(path: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  const bearer = token();
  const all: Record<string, string> = { accept: 'application/json', ...headers };
  if (bearer !== undefined) all['authorization'] = `Bearer ${bearer}`;
  const init: RequestInit = { headers: all, cache: 'no-store', credentials: 'same-origin' };
  if (signal !== undefined) init.signal = signal;
  const response = await fetch(path, init);
  if (response.status === 401) throw new Unauthorised();
  if (!response.ok) throw new Refused(response.status, await problemTitle(response));
  return response;
}

async function problemTitle(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { title?: unknown };
    if (typeof body.title === 'string') return body.title;
  } catch {
    // Not a problem document: the status text says what there is to say.
  }
  return response.statusText;
}

/** What a load of the list found. `total` is what the server counts; it may be more than the page takes. */
export interface Loaded {
  entities: Json[];
  total: number;
}

/**
 * Every entity, page by page, at most {@link MAX_ENTITIES}. `first` gets the first page at once, so that there is
 * something to look at. A page may be shorter than asked for (the server bounds its bytes), or show fewer entities than
 * it went past (some just expired): where the next one begins is what its `Link` says. A server that does not count is
 * read one page after the other.
 */
export async function allEntities(signal: AbortSignal, first: (entities: Json[]) => void): Promise<Loaded> {
  const start = await page(0, PAGE, signal);
  first(start.entities);
  const { total } = start;
  const end = Math.min(total ?? MAX_ENTITIES, MAX_ENTITIES);
  const slices: Json[][] = [start.entities];
  if (total === undefined) {
    slices.push(await slice(start.next, end, signal));
  } else {
    slices.push(await slice(start.next, Math.min(PAGE, end), signal));
    let from = PAGE;
    const worker = async (): Promise<void> => {
      while (from < end) {
        const mine = from;
        from += PAGE;
        slices[1 + mine / PAGE] = await slice(mine, Math.min(mine + PAGE, end), signal);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  }
  const entities = slices.flat();
  return { entities, total: total ?? entities.length };
}

/** The entities at the offsets `from` up to, not with, `end`, in as many pages as the server makes of them. */
async function slice(from: number | undefined, end: number, signal: AbortSignal): Promise<Json[]> {
  const held: Json[][] = [];
  for (let at = from; at !== undefined && at < end; ) {
    const { entities, next } = await page(at, Math.min(PAGE, end - at), signal);
    held.push(entities);
    at = next !== undefined && next > at ? next : undefined;
  }
  return held.flat();
}

interface Page {
  entities: Json[];
  /** What the server counts in all, if it does. */
  total: number | undefined;
  /** The offset at which the next page begins; undefined after the last one. */
  next: number | undefined;
}

async function page(offset: number, limit: number, signal: AbortSignal): Promise<Page> {
  const query = `local=true&limit=${String(limit)}&offset=${String(offset)}&options=sysAttrs&count=true`;
  const response = await get(`/ngsi-ld/v1/entities?${query}`, {}, signal);
  const entities = (await response.json()) as Json[];
  const count = response.headers.get('NGSILD-Results-Count');
  const total = count === null ? undefined : Number(count);
  return { entities, total, next: nextOffset(response.headers.get('Link') ?? '') };
}

/** The offset in the target of the `rel="next"` link of a Link header (RFC 8288). */
function nextOffset(links: string): number | undefined {
  for (const [, target, parameters] of links.matchAll(/<([^>]*)>([^,<]*)/g)) {
    if (!/;\s*rel="?next"?\s*(;|$)/i.test(parameters ?? '')) continue;
    const offset = new URLSearchParams(target?.split('?')[1]).get('offset');
    return offset === null ? undefined : Number(offset);
  }
  return undefined;
}
