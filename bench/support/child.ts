import { fork, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A process of the benchmark's own that answers questions; see serve.ts for its side. */
export class Child {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  readonly #exited: Promise<void>;
  #lastId = 0;

  /** @param name a file of bench/processes, without its ending */
  constructor(name: string, { nodeOptions = [] }: { nodeOptions?: readonly string[] } = {}) {
    const file = join(dirname(process.argv[1] ?? ''), 'processes', `${name}.js`);
    const profile = process.env['BENCH_PROFILE'] === name ? ['--cpu-prof', `--cpu-prof-dir=/tmp/bench-profile`] : [];
    this.#process = fork(file, [], { execArgv: ['--enable-source-maps', ...nodeOptions, ...profile] });
    this.pid = this.#process.pid ?? 0;
    this.#process.on('message', (answer: Answer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.error === undefined) waiting?.resolve(answer.result as never);
      else waiting?.reject(new Error(answer.error));
    });
    this.#exited = new Promise((resolve) => {
      this.#process.once('exit', (code) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`${name} ended with code ${String(code)}`));
        resolve();
      });
    });
  }

  ask<Result>(question: string, ...parameters: readonly unknown[]): Promise<Result> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.send({ id, question, parameters });
    });
  }

  /** The process ends when its channel closes. */
  async close(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    const late = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
    await this.#exited;
    clearTimeout(late);
  }
}
