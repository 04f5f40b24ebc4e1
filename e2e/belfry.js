// Runs the built binary for a test: a fresh data directory, a free port, stop and start again on the same two.
// It knows the command line and the port, not the page.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How long the binary may take to say that it listens. Milliseconds. */
const START = 20_000;

function binary() {
  const given = process.env.BELFRY_BIN;
  if (given) return given;
  const found = ['release', 'debug']
    .map((profile) => fileURLToPath(new URL(`../target/${profile}/belfry`, import.meta.url)))
    .find((path) => existsSync(path));
  if (!found) throw new Error('no belfry binary: build it with the page (npm run build in web/, then cargo build --features embed-ui), or set BELFRY_BIN');
  return found;
}

/** One server on its own data directory. */
export class Belfry {
  #child;
  #data = mkdtempSync(join(tmpdir(), 'belfry-e2e-'));
  #port = 0;
  #log = '';
  #demo;

  /** `demo`: arguments of `belfry demo`; without them it is `belfry serve`. */
  constructor({ demo } = {}) {
    this.#demo = demo;
  }

  /** The address of the page. */
  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts the binary and waits for its address. A second start uses the same port and data. */
  async start() {
    const command = this.#demo
      ? ['demo', '--data', this.#data, '--port', String(this.#port), '--mqtt-port', '0', ...this.#demo]
      : ['serve', '--data', this.#data, '--listen', `127.0.0.1:${this.#port}`];
    const child = spawn(binary(), command, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#log = '';
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`belfry did not start:\n${this.#log}`)), START);
      const heard = (chunk) => {
        this.#log += chunk;
        const port = /(?:listening on|The town is live:) http:\/\/127\.0\.0\.1:(\d+)/.exec(this.#log)?.[1];
        if (!port) return;
        clearTimeout(timer);
        this.#port = Number(port);
        resolve();
      };
      child.stdout.on('data', heard);
      child.stderr.on('data', heard);
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`belfry ended with ${code}:\n${this.#log}`));
      });
    });
    child.stdout.removeAllListeners('data').resume();
    child.stderr.removeAllListeners('data').resume();
    return this;
  }

  /** Ends the binary and keeps its data. */
  async stop(signal = 'SIGTERM') {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
  }

  /** Sends a signal to the running binary. */
  signal(name) {
    this.#child.kill(name);
  }

  /** Ends the binary and removes its data. */
  async end() {
    await this.stop('SIGKILL');
    rmSync(this.#data, { recursive: true, force: true });
  }

  /** Creates entities through the API. */
  async post(...entities) {
    for (const entity of entities) await this.#send('POST', '/ngsi-ld/v1/entities', entity, 201);
  }

  /** Creates or replaces many entities at once through the API. */
  async upsert(entities) {
    await this.#send('POST', '/ngsi-ld/v1/entityOperations/upsert', entities, 201);
  }

  /** Replaces attributes of an entity through the API. */
  async patch(id, attributes) {
    await this.#send('PATCH', `/ngsi-ld/v1/entities/${encodeURIComponent(id)}`, attributes, 204);
  }

  /** Deletes an entity through the API. */
  async remove(id) {
    await this.#send('DELETE', `/ngsi-ld/v1/entities/${encodeURIComponent(id)}`, undefined, 204);
  }

  async #send(method, path, body, expected) {
    const response = await fetch(this.url + path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (response.status !== expected) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }
}
