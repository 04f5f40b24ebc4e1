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
/** Values without a time of measurement that make an entity a regular reporter. */
const REGULAR = 10;
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
  /** Intervals seen live, by entity: no more of them than the page holds entities. */
  private live = new Map<string, number>();
  /** The longest interval found among the entities of a type. */
  private ofType = new Map<string, number>();
  private queue: Entity[] = [];
  private running = 0;

  /** The series of one attribute, oldest first; empty until loaded. Depends on {@link version}. */
  of(id: string, attribute: string): Sample[] {
    void this.version;
    return this.kept.get(id)?.samples.get(attribute) ?? [];
  }

  /**
   * The usual time between two values of an entity, milliseconds: from its history, or else as seen live, or else as
   * usual among its type. `undefined` while unknown.
   */
  interval(entity: Entity): number | undefined {
    void this.version;
    const own = this.kept.get(entity.id)?.interval;
    // What carries no time of measurement may be edited by hand: only its own long history makes it a reporter.
    if (own !== undefined || entity.observedAt === undefined) return own;
    return this.live.get(entity.id) ?? this.ofType.get(entity.types[0] ?? '');
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

  /** Forgets an entity that is gone. */
  forget(id: string): void {
    this.live.delete(id);
    this.kept.delete(id);
  }

  /** Forgets everything. */
  clear(): void {
    this.live.clear();
    this.kept.clear();
    this.ofType.clear();
    this.queue = [];
  }

  /** Grows the series by what is new in `now` against `before`. */
  append(before: Entity, now: Entity): void {
    const gap = shownAt(now) - shownAt(before);
    if (gap > 0) this.live.set(now.id, Math.min(gap, 2 * (this.live.get(now.id) ?? gap)));
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
    if (gap > 0) this.measure(now, kept);
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
    this.measure(entity, kept);
    this.version++;
  }

  private measure(entity: Entity, kept: Kept): void {
    const least = entity.observedAt === undefined ? REGULAR : 3;
    const gaps = [...kept.samples.values()].filter((s) => s.length >= least).map((s) => usualInterval(s.map(([at]) => at))).filter((gap) => gap !== undefined);
    if (gaps.length === 0) return;
    kept.interval = Math.min(...gaps);
    const type = entity.types[0] ?? '';
    this.ofType.set(type, Math.max(kept.interval, this.ofType.get(type) ?? 0));
  }
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
