/**
 * Collects a burst of changes and hands them on at a bounded rate, so that thousands of events a second cost the page
 * four redraws a second. The newest change of an entity wins; order between entities does not matter to a picture of now.
 */

/** A change waiting to be applied: the entity's new content, or that it is gone. */
export type Change<T> = { kind: 'put'; content: T } | { kind: 'gone' };

/** Milliseconds between two hand-overs. */
export const FLUSH_EVERY = 250;

/** Gathers changes by entity id and calls `apply` at most once in {@link FLUSH_EVERY} milliseconds. */
export class ChangeBuffer<T> {
  private waiting = new Map<string, Change<T>>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private held = false;

  /** Whether changes are kept back: a list is being loaded, or could not be. */
  get holding(): boolean {
    return this.held;
  }

  constructor(private readonly apply: (changes: Map<string, Change<T>>) => void) {}

  /** Notes a change; an older one of the same entity is forgotten. */
  put(id: string, change: Change<T>): void {
    this.waiting.set(id, change);
    this.schedule();
  }

  /** Keeps changes back while the full list is being loaded. */
  hold(): void {
    this.held = true;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Hands on again; what gathered meanwhile goes out in the next round. */
  release(): void {
    this.held = false;
    if (this.waiting.size > 0) this.schedule();
  }

  /** Forgets everything that waits. */
  clear(): void {
    this.waiting = new Map();
  }

  private schedule(): void {
    if (this.held || this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      const changes = this.waiting;
      this.waiting = new Map();
      this.apply(changes);
    }, FLUSH_EVERY);
  }
}
