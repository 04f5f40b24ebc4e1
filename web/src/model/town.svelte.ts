/**
 * The page's picture of the town: every entity, kept live. Entities live in a plain map; `version` is the one signal
 * that says "something changed" (at most four times a second), so that a busy town costs no per-entity bookkeeping.
 */
import { allEntities, get, MAX_ENTITIES, setToken, token, Unauthorised } from '../api/client';
import { Feed, type Link, type Listener } from '../api/feed';
import { type Change, ChangeBuffer } from './changes';
import { type Entity, type Json, parseEntity } from './entity';
import { isStale } from './freshness';
import { series } from './series.svelte';

/** Milliseconds between two tries to load the list while the live connection stands. */
const RELOAD_PAUSE = 3000;

class Town implements Listener {
  /** Grows with every applied round of changes. Read it to depend on the entities. */
  version = $state(0);
  /** Entities the server counts; may be more than the page holds. */
  total = $state(0);
  /** Whether the list was loaded at least once. */
  loaded = $state(false);
  link = $state.raw<Link>({ state: 'connecting' });
  /** Server time now, milliseconds since 1970, one tick a second. */
  now = $state(Date.now());
  /** When the last byte came, by this machine's clock. */
  heardAt = $state<number | undefined>(undefined);
  /** Changes a second over the last five seconds. */
  rate = $state(0);
  /** Why the list could not be loaded; it is tried again for as long as the connection stands. */
  failure = $state<string | undefined>(undefined);
  signedIn = $state(token() !== undefined);

  private entities = new Map<string, Entity>();
  private buffer = new ChangeBuffer<Json>((changes) => this.apply(changes));
  private feed = new Feed(this);
  private load: AbortController | undefined;
  private skew = 0;
  private counts = [0, 0, 0, 0, 0];

  /** Connects, and keeps connected for as long as the page lives. */
  start(): void {
    void this.feed.run();
    setInterval(() => this.tick(), 1000);
    window.addEventListener('online', () => this.feed.retryNow());
  }

  /** All entities; depends on {@link version}. */
  all(): IterableIterator<Entity> {
    void this.version;
    return this.entities.values();
  }

  /** How many entities the page holds; depends on {@link version}. */
  size(): number {
    void this.version;
    return this.entities.size;
  }

  /** One entity; depends on {@link version}. */
  get(id: string): Entity | undefined {
    void this.version;
    return this.entities.get(id);
  }

  /** Whether the server has more entities than the page holds. */
  crowded(): boolean {
    return this.loaded && this.total > this.size();
  }

  /** Fetches an entity that the page does not hold, if there is such a one: from then on it is kept like all others. */
  async bring(id: string): Promise<void> {
    if (this.entities.has(id)) return;
    try {
      const path = `/ngsi-ld/v1/entities/${encodeURIComponent(id)}?local=true&options=sysAttrs`;
      const entity = parseEntity((await (await get(path)).json()) as Json);
      if (entity === undefined || this.entities.has(id)) return;
      this.entities.set(id, entity);
      this.version++;
    } catch {
      // It is not there, or there is no connection: its card says that it is not here.
    }
  }

  /** Whether an entity's values look stale now. */
  stale(entity: Entity): boolean {
    return isStale(entity, this.now, series.interval(entity));
  }

  /** Milliseconds since anything came from the server; `undefined` before the first byte. */
  silence(): number | undefined {
    return this.heardAt === undefined ? undefined : Math.max(0, this.now - this.skew - this.heardAt);
  }

  retryNow(): void {
    this.feed.retryNow();
  }

  /** Uses a bearer token for this tab and connects anew. */
  signIn(value: string): void {
    setToken(value);
    this.signedIn = true;
    this.feed.restart();
  }

  /** Forgets the token and everything it showed. */
  signOut(): void {
    setToken(undefined);
    this.signedIn = false;
    this.load?.abort();
    this.entities.clear();
    series.clear();
    this.buffer.clear();
    this.loaded = false;
    this.version++;
    this.feed.restart();
  }

  hello(now: number | undefined, resumed: boolean): void {
    if (now !== undefined) this.skew = now - Date.now();
    this.now = Date.now() + this.skew;
    // A list that was asked for before the cut may have failed with it: changes wait until one has come.
    if (!resumed || !this.loaded || this.buffer.holding) void this.reload();
  }

  entity(entity: Json): void {
    const id = idOf(entity);
    if (id === undefined) return;
    this.counts[0] = (this.counts[0] ?? 0) + 1;
    this.buffer.put(id, { kind: 'put', content: entity });
  }

  gone(id: string): void {
    this.counts[0] = (this.counts[0] ?? 0) + 1;
    this.buffer.put(id, { kind: 'gone' });
  }

  reset(): void {
    void this.reload();
  }

  heard(): void {
    const now = Date.now();
    // One reactive write a second is enough for a clock that ticks once a second.
    if (this.heardAt === undefined || now - this.heardAt > 500) this.heardAt = now;
  }

  setLink(link: Link): void {
    this.link = link;
  }

  private tick(): void {
    this.now = Date.now() + this.skew;
    this.rate = this.counts.reduce((sum, n) => sum + n, 0) / this.counts.length;
    this.counts = [0, ...this.counts.slice(0, -1)];
  }

  /** Loads the whole list; changes that arrive meanwhile wait and are applied on top of it. */
  private async reload(): Promise<void> {
    this.load?.abort();
    const load = new AbortController();
    this.load = load;
    this.buffer.hold();
    try {
      const { entities, total } = await allEntities(load.signal, (first) => {
        if (this.loaded || load.signal.aborted) return;
        this.entities = parsed(first);
        this.version++;
      });
      if (load.signal.aborted) return;
      this.entities = parsed(entities);
      this.total = total;
      this.failure = undefined;
      this.loaded = true;
      this.version++;
      this.buffer.release();
    } catch (error) {
      if (load.signal.aborted) return;
      if (error instanceof Unauthorised) this.link = { state: 'signIn' };
      else this.failure = error instanceof Error ? error.message : String(error);
      setTimeout(() => {
        if (!load.signal.aborted && this.link.state === 'live') void this.reload();
      }, RELOAD_PAUSE);
    }
  }

  private apply(changes: Map<string, Change<Json>>): void {
    for (const [id, change] of changes) {
      const old = this.entities.get(id);
      if (change.kind === 'gone') {
        if (this.entities.delete(id)) this.total = Math.max(0, this.total - 1);
        series.forget(id);
        continue;
      }
      if (old === undefined && this.entities.size >= MAX_ENTITIES) {
        this.total = Math.max(this.total, MAX_ENTITIES + 1);
        continue;
      }
      const entity = parseEntity(change.content);
      if (entity === undefined || (old !== undefined && entity.modifiedAt < old.modifiedAt)) continue;
      this.entities.set(id, entity);
      if (old === undefined) this.total++;
      else series.append(old, entity);
    }
    this.version++;
  }
}

function parsed(entities: Json[]): Map<string, Entity> {
  const out = new Map<string, Entity>();
  for (const json of entities) {
    const entity = parseEntity(json);
    if (entity !== undefined) out.set(entity.id, entity);
  }
  return out;
}

function idOf(json: Json): string | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  return typeof json['id'] === 'string' ? json['id'] : undefined;
}

/** The one picture this page has. */
export const town = new Town();
