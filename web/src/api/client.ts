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
 * something to look at. A server that does not count is read until a page is not full.
 */
export async function allEntities(signal: AbortSignal, first: (entities: Json[]) => void): Promise<Loaded> {
  const start = await page(0, signal);
  first(start.entities);
  const pages: Json[][] = [start.entities];
  const total = start.total;
  if (total === undefined) {
    for (let full = start.entities.length >= PAGE; full && pages.length * PAGE < MAX_ENTITIES; ) {
      const { entities } = await page(pages.length * PAGE, signal);
      pages.push(entities);
      full = entities.length >= PAGE;
    }
    const entities = pages.flat();
    return { entities, total: entities.length };
  }
  const last = Math.ceil(Math.min(total, MAX_ENTITIES) / PAGE);
  let next = 1;
  const worker = async (): Promise<void> => {
    while (next < last) {
      const mine = next++;
      pages[mine] = (await page(mine * PAGE, signal)).entities;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return { entities: pages.flat(), total };
}

async function page(offset: number, signal: AbortSignal): Promise<{ entities: Json[]; total: number | undefined }> {
  const query = `local=true&limit=${String(PAGE)}&offset=${String(offset)}&options=sysAttrs&count=true`;
  const response = await get(`/ngsi-ld/v1/entities?${query}`, {}, signal);
  const entities = (await response.json()) as Json[];
  const count = response.headers.get('NGSILD-Results-Count');
  return { entities, total: count === null ? undefined : Number(count) };
}
