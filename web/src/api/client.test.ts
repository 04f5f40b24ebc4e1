import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { allEntities, get, MAX_ENTITIES, Refused, Unauthorised } from './client';

let asked: string[];

/** A server of `size` entities; `counting` decides whether it sends the count, `most` is what fits into one of its pages. */
function serve(size: number, counting: boolean, most = 100): void {
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path);
    const query = new URLSearchParams(path.split('?')[1]);
    const [offset, limit] = [Number(query.get('offset')), Number(query.get('limit'))];
    const given = Math.max(0, Math.min(limit, most, size - offset));
    const entities = Array.from({ length: given }, (_, i) => ({ id: `urn:${String(offset + i)}` }));
    const headers = new Headers(counting ? { 'NGSILD-Results-Count': String(size) } : {});
    const link = (to: number, rel: string) =>
      headers.append('Link', `</ngsi-ld/v1/entities?count=true&limit=${String(limit)}&offset=${String(to)}>; rel="${rel}"; type="application/json"`);
    headers.append('Link', '<https://example.org/c.jsonld>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"');
    if (offset > 0) link(Math.max(0, offset - limit), 'prev');
    if (offset + given < size) link(offset + given, 'next');
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
  [100, false, 100, 1],
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

it.each([
  [250, true, 40, 8],
  [250, true, 1, 250],
  [250, false, 40, 7],
  [7000, true, 60, 100],
])('misses none of %i entities, counted %s, when a page ends after %i: %i requests', async (size, counting, most, requests) => {
  serve(size, counting, most);
  const { entities } = await allEntities(new AbortController().signal, () => undefined);
  const held = Array.from({ length: Math.min(size, MAX_ENTITIES) }, (_, i) => `urn:${String(i)}`);
  expect(entities.map((one) => (one as { id: string }).id)).toEqual(held);
  expect(asked).toHaveLength(requests);
});

it('goes on after a page that the server went past but shows nothing of', async () => {
  serve(150, true);
  const whole = fetch;
  vi.stubGlobal('fetch', async (path: string) => {
    const response = await whole(path);
    return path.includes('offset=0&') ? new Response('[]', { headers: response.headers }) : response;
  });
  const { entities } = await allEntities(new AbortController().signal, () => undefined);
  expect(entities).toHaveLength(50);
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
