/**
 * Short recent series of numeric attributes, for sparklines: loaded when a row is first shown, then grown by live
 * changes. Bounded: the entities shown longest ago are forgotten first.
 */
import { type Sample, type TimeProperty, values } from '../api/history';
import type { Entity, Reading } from './entity';
import { shownAt, usualInterval } from './freshness';

/** Values a sparkline shows. */
const LENGTH = 60;
/** How far back a sparkline looks, milliseconds before the newest value. */
const REACH = 30 * 86_400_000;
const KEPT = 400;
const PARALLEL = 3;

interface Kept {
  loaded: boolean;
  samples: Map<string, Sample[]>;
  interval?: number;
}

class SeriesCache {
  /** Grows when loaded series arrive; live growth comes with the town's own version. */
  version = $state(0);

  private kept = new Map<string, Kept>();
  private queue: Entity[] = [];
  private running = 0;

  /** The series of one attribute, oldest first; empty until loaded. Depends on {@link version}. */
  of(id: string, attribute: string): Sample[] {
    void this.version;
    return this.kept.get(id)?.samples.get(attribute) ?? [];
  }

  /** The usual time between two values of an entity, milliseconds; `undefined` while unknown. */
  interval(id: string): number | undefined {
    void this.version;
    return this.kept.get(id)?.interval;
  }

  /** Asks for an entity's series, once; the newest wish is served first because it is what the reader looks at. */
  want(entity: Entity): void {
    const known = this.kept.get(entity.id);
    if (known !== undefined) {
      this.kept.delete(entity.id);
      this.kept.set(entity.id, known);
      if (known.loaded) return;
    } else {
      this.kept.set(entity.id, { loaded: false, samples: new Map() });
      for (const id of this.kept.keys()) {
        if (this.kept.size <= KEPT) break;
        this.kept.delete(id);
      }
    }
    this.queue = [...this.queue.filter((other) => other.id !== entity.id).slice(-50), entity];
    this.pump();
  }

  /** Grows the series by what is new in `now` against `before`. */
  append(before: Entity, now: Entity): void {
    const kept = this.kept.get(now.id);
    if (kept === undefined) return;
    for (const reading of numericReadings(now)) {
      if (reading.value.kind !== 'number') continue;
      const at = readAt(reading) ?? shownAt(now);
      const samples = kept.samples.get(reading.name) ?? [];
      const last = samples.at(-1);
      if (last !== undefined && at <= last[0]) continue;
      kept.samples.set(reading.name, [...samples.slice(1 - LENGTH), [at, reading.value.number]]);
    }
    if (shownAt(now) !== shownAt(before)) measure(kept);
  }

  private pump(): void {
    while (this.running < PARALLEL) {
      const entity = this.queue.pop();
      if (entity === undefined) return;
      this.running++;
      void this.load(entity).finally(() => {
        this.running--;
        this.pump();
      });
    }
  }

  private async load(entity: Entity): Promise<void> {
    const kept = this.kept.get(entity.id);
    if (kept === undefined || kept.loaded) return;
    kept.loaded = true;
    for (const by of ['observedAt', 'modifiedAt'] as TimeProperty[]) {
      const names = numericReadings(entity).filter((r) => timeProperty(r) === by).map((r) => r.name);
      if (names.length === 0) continue;
      try {
        const found = await values(entity.id, [...new Set(names)], by, shownAt(entity) - REACH, LENGTH);
        for (const [name, samples] of found) {
          const live = (kept.samples.get(name) ?? []).filter(([at]) => at > (samples.at(-1)?.[0] ?? 0));
          kept.samples.set(name, [...samples, ...live].slice(-LENGTH));
        }
      } catch {
        // No sparkline then; the value itself is on the page, and the next look asks again.
        kept.loaded = false;
        return;
      }
    }
    measure(kept);
    this.version++;
  }
}

function measure(kept: Kept): void {
  const gaps = [...kept.samples.values()].map((s) => usualInterval(s.map(([at]) => at))).filter((gap) => gap !== undefined);
  if (gaps.length > 0) kept.interval = Math.min(...gaps);
}

/** The numeric readings of an entity, the default dataset of each name before others, one for each name. */
export function numericReadings(entity: Entity): Reading[] {
  const found = new Map<string, Reading>();
  for (const reading of entity.readings) {
    if (reading.value.kind !== 'number') continue;
    const other = found.get(reading.name);
    if (other === undefined || (other.datasetId !== undefined && reading.datasetId === undefined)) found.set(reading.name, reading);
  }
  return [...found.values()];
}

/** The time a reading's history is ordered by. */
export function timeProperty(reading: Reading): TimeProperty {
  return reading.observedAt === undefined ? 'modifiedAt' : 'observedAt';
}

/** When a reading was true: measured, or else stored. */
export function readAt(reading: Reading): number | undefined {
  return reading.observedAt ?? reading.modifiedAt;
}

/** The one cache of this page. */
export const series = new SeriesCache();
