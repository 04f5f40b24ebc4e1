/**
 * How old an entity's values are and whether they look stale. An entity is stale when its newest value is older than three
 * times its usual interval (at least one minute; one hour while its interval is unknown). Things that nobody measures,
 * such as a building, never are: they have neither a measurement nor an interval.
 */
import type { Entity } from './entity';

const SHORTEST = 60_000;
const UNKNOWN = 3_600_000;
const MISSED = 3;

/** When the entity's newest value was true: its newest observation, or else its last change. Milliseconds since 1970. */
export function shownAt(entity: Entity): number {
  return entity.observedAt ?? entity.modifiedAt;
}

/** Whether its values look stale at `now`; `interval` is the usual time between two of its values, in milliseconds. */
export function isStale(entity: Entity, now: number, interval: number | undefined): boolean {
  if (entity.observedAt === undefined && interval === undefined) return false;
  const allowed = interval === undefined ? UNKNOWN : Math.max(SHORTEST, MISSED * interval);
  return now - shownAt(entity) > allowed;
}

/** Whether its newest value came much later than it was measured: what a gateway held back, or what is played back. */
export function isLate(entity: Entity): boolean {
  return entity.observedAt !== undefined && entity.modifiedAt - entity.observedAt > UNKNOWN;
}

/** The usual interval between some instants: the median of the gaps. `undefined` for fewer than three instants. */
export function usualInterval(instants: number[]): number | undefined {
  if (instants.length < 3) return undefined;
  const sorted = [...instants].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((at, i) => at - (sorted[i] ?? at));
  gaps.sort((a, b) => a - b);
  return gaps[Math.floor(gaps.length / 2)];
}
