/** Which entity's card is open. It lives in the address (`#urn:...`), so that a card can be linked and Back closes it. */

function read(): string | undefined {
  const hash = location.hash.slice(1);
  if (hash === '') return undefined;
  try {
    return decodeURIComponent(hash);
  } catch {
    return undefined;
  }
}

class Selection {
  id = $state<string | undefined>(read());
  /** Grows when the map should move to the selected entity. */
  shown = $state(0);

  constructor() {
    window.addEventListener('hashchange', () => (this.id = read()));
  }

  /** Opens an entity's card. */
  open(id: string): void {
    this.id = id;
    // Stepping through the list is one visit, not a hundred: only opening from nothing makes a new entry to go Back from.
    if (location.hash === '') location.hash = encodeURIComponent(id);
    else history.replaceState(null, '', `#${encodeURIComponent(id)}`);
  }

  /** Closes the card. */
  close(): void {
    this.id = undefined;
    history.replaceState(null, '', location.pathname + location.search);
  }

  /** Asks the map to move to the selected entity. */
  show(): void {
    this.shown++;
  }
}

/** The one selection of this page. */
export const selection = new Selection();
