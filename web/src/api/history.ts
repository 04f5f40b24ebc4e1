/** Reads the history of numeric attributes from the temporal API: raw values or means over a period. */
import { get, Refused } from './client';
import { isObject, type Json } from '../model/entity';

/** One value in time: milliseconds since 1970, value. */
export type Sample = [at: number, value: number];

/** Which time a series is ordered by: when it was measured, or when it arrived. */
export type TimeProperty = 'observedAt' | 'modifiedAt';

/** The newest `last` values of some attributes since `after` (milliseconds since 1970), oldest first, by attribute. */
export async function values(
  id: string, attrs: string[], by: TimeProperty, after: number, last: number, signal?: AbortSignal,
): Promise<Map<string, Sample[]>> {
  const query = `${base(attrs, by, after)}&lastN=${String(last)}&options=temporalValues`;
  return series(await read(id, query, signal), 'values');
}

/** The mean of some attributes over each `period` (ISO 8601 duration) since `after`, placed at the start of the period. */
export async function means(
  id: string, attrs: string[], by: TimeProperty, after: number, period: string, signal?: AbortSignal,
): Promise<Map<string, Sample[]>> {
  const query = `${base(attrs, by, after)}&options=aggregatedValues&aggrMethods=avg&aggrPeriodDuration=${period}`;
  return series(await read(id, query, signal), 'avg');
}

function base(attrs: string[], by: TimeProperty, after: number): string {
  const names = attrs.map(encodeURIComponent).join(',');
  const at = encodeURIComponent(new Date(after).toISOString());
  return `attrs=${names}&timeproperty=${by}&timerel=after&timeAt=${at}`;
}

async function read(id: string, query: string, signal?: AbortSignal): Promise<Json> {
  try {
    const response = await get(`/ngsi-ld/v1/temporal/entities/${encodeURIComponent(id)}?${query}`, {}, signal);
    return (await response.json()) as Json;
  } catch (error) {
    // No history of this entity is an empty history.
    if (error instanceof Refused && error.status === 404) return {};
    throw error;
  }
}

/**
 * The numeric series of each attribute in a temporal representation; `key` is `values` or the aggregation's name.
 * Where an attribute has several datasets, the one without an id is taken, or else the first.
 */
export function series(json: Json, key: 'values' | 'avg'): Map<string, Sample[]> {
  const out = new Map<string, Sample[]>();
  if (!isObject(json)) return out;
  for (const [name, raw] of Object.entries(json)) {
    const all = (Array.isArray(raw) ? raw : [raw]).filter(isObject);
    const one = all.find((instance) => instance['datasetId'] === undefined) ?? all[0];
    const rows = one?.[key];
    if (!Array.isArray(rows)) continue;
    const samples: Sample[] = [];
    for (const row of rows) {
      if (!Array.isArray(row) || typeof row[0] !== 'number' || typeof row[1] !== 'string') continue;
      const at = Date.parse(row[1]);
      if (!Number.isNaN(at)) samples.push([at, row[0]]);
    }
    samples.sort((a, b) => a[0] - b[0]);
    out.set(name, samples);
  }
  return out;
}
