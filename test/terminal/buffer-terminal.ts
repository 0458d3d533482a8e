import { PassThrough, Writable } from 'node:stream';
import { Terminal, type TerminalOptions } from '../../src/terminal/index.ts';

/** A terminal made of buffers, and what was written to it. */
export function bufferTerminal(options: Partial<TerminalOptions> & { input?: string } = {}): {
  terminal: Terminal;
  stdout: () => string;
  stderr: () => string;
} {
  const stdout = new Collector();
  const stderr = new Collector();
  const stdin = (): PassThrough => {
    const stream = new PassThrough();
    stream.end(options.input ?? '');
    return stream;
  };
  const terminal = new Terminal({ stdin, stdout, stderr, ...options });
  return { terminal, stdout: () => stdout.text, stderr: () => stderr.text };
}

class Collector extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}
