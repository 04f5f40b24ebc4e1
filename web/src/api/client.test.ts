import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { allEntities, get, MAX_ENTITIES, Refused, Unauthorised } from './client';

let asked: string[];

/** A server of `size` entities; `counting` decides whether it sends the count. */
function serve(size: number, counting: boolean): void {
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path);
    const offset = Number(new URLSearchParams(path.split('?')[1]).get('offset'));
    const entities = Array.from({ length: Math.max(0, Math.min(100, size - offset)) }, (_, i) => ({ id: `urn:${String(offset + i)}` }));
    const headers: Record<string, string> = counting ? { 'NGSILD-Results-Count': String(size) } : {};
    return Promise.resolve(new Response(JSON.stringify(entities), { headers }));
  });
}

beforeEach(() => {
  asked = [];
  vi.stubGlobal('sessionStorage', { getItem: () => 'secret' });
});
afterEach(() => vi.unstubAllGlobals());

it.each([
  [0, true, 0, 1],
  [1, true, 1, 1],
  [100, true, 100, 1],
  [101, true, 101, 2],
  [1234, true, 1234, 13],
  [7000, true, MAX_ENTITIES, 50],
  [0, false, 0, 1],
  [99, false, 99, 1],
  [100, false, 100, 2],
  [250, false, 250, 3],
  [7000, false, MAX_ENTITIES, 50],
])('loads %i entities, counted %s: %i of them in %i requests, in order', async (size, counting, held, requests) => {
  serve(size, counting);
  let first = -1;
  const { entities, total } = await allEntities(new AbortController().signal, (page) => (first = page.length));
  expect(first).toBe(Math.min(100, size));
  expect(entities.map((one) => (one as { id: string }).id)).toEqual(Array.from({ length: held }, (_, i) => `urn:${String(i)}`));
  expect(total).toBe(counting ? size : held);
  expect(asked).toHaveLength(requests);
});

it('sends the token and tells refusals apart', async () => {
  let authorization: string | null = null;
  const answer = (status: number, body: string) =>
    vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
      authorization = new Headers(init.headers).get('authorization');
      return Promise.resolve(new Response(body, { status, statusText: 'Plain' }));
    });
  answer(401, '');
  await expect(get('/x')).rejects.toBeInstanceOf(Unauthorised);
  expect(authorization).toBe('Bearer secret');
  answer(403, '{"title":"No permission"}');
  await expect(get('/x')).rejects.toMatchObject({ status: 403, title: 'No permission' });
  answer(500, '<html>');
  await expect(get('/x')).rejects.toEqual(new Refused(500, 'Plain'));
});
