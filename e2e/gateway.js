// A gateway between browser and server that can break what passes: the list, the live stream, the server's own words.
// Everything else is the real server's.
import { createServer, request } from 'node:http';

/** A gateway before `target` (`http://host:port`). */
export class Gateway {
  /** Whether the list of entities is answered 503. */
  listBroken = false;
  /** Whether the live stream is refused. */
  streamBroken = false;
  #streams = new Set();
  #server;

  constructor(target) {
    this.#server = createServer((from, to) => {
      const stream = from.url.startsWith('/events');
      const list = from.url.startsWith('/ngsi-ld/v1/entities?');
      if ((stream && this.streamBroken) || (list && this.listBroken)) {
        to.writeHead(503, { 'content-type': 'application/problem+json' }).end('{"title":"Busy"}');
        return;
      }
      const passed = request(target + from.url, { method: from.method, headers: from.headers }, (answer) => {
        to.writeHead(answer.statusCode, answer.headers);
        answer.pipe(to);
        if (stream) this.#streams.add(to);
        to.on('close', () => {
          this.#streams.delete(to);
          answer.destroy();
        });
      });
      passed.on('error', () => to.destroy());
      from.pipe(passed);
    });
  }

  /** Listens on a free port; resolves to its address. */
  async start() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Puts an event into the open streams, as the server does when it cannot go on. */
  say(event) {
    for (const stream of this.#streams) stream.write(`event: ${event}\ndata: {}\n\n`);
  }

  /** Cuts the open streams. */
  cut() {
    for (const stream of this.#streams) stream.destroy();
  }

  async end() {
    this.cut();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
