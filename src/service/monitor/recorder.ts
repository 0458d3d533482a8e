import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { HubEvent } from '../../sdk/event-reader.ts';
import { wrongCall } from '../../terminal/index.ts';
import type { Entry } from './entry.ts';

/** Writes what is shown into a file from which `sim-device replay` sends it again. */
export interface Recorder {
  readonly file: string;
  /** @param event the event behind the entry: its bytes are kept as they were */
  write(entry: Entry, event: HubEvent | undefined): Promise<void>;
  close(): Promise<void>;
}

/** One JSON object a line: the entry, and for what a device sent the bytes of the body as `bodyBase64`. @throws ProgramError `wrongCall` */
export async function openRecorder(cwd: string, file: string): Promise<Recorder> {
  const path = resolve(cwd, file);
  const stream = createWriteStream(path, { flags: 'w', mode: 0o600 });
  try {
    await once(stream, 'open');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw wrongCall(`--record: the file "${file}" cannot be written: ${reason}`);
  }
  return {
    file,
    write: async (entry, event) => {
      const exact = event === undefined ? {} : { bodyBase64: event.body.toString('base64') };
      if (!stream.write(`${JSON.stringify({ ...entry, ...exact })}\n`)) await once(stream, 'drain');
    },
    close: async () => {
      if (stream.closed) return;
      stream.end();
      await once(stream, 'close');
    },
  };
}
