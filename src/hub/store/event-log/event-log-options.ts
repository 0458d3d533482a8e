import type { AppendLog } from './append-log.ts';
import { FileSegments } from './file-segments.ts';
import { MemorySegments } from './memory-segments.ts';
import { PartitionedLog } from './partitioned-log.ts';

export interface EventLogOptions {
  /** A folder for the events; without one they are kept in memory. */
  readonly directory?: string | undefined;
  /** Default: one day, as a hub's built-in endpoint. */
  readonly retentionMs?: number | undefined;
  /** Of all partitions together. Default: 256 MB in files, 32 MB in memory. */
  readonly maxBytes?: number | undefined;
}

/** As a hub's built-in endpoint has by default. @see service-protocol.md, 12.1 */
const PARTITIONS = 4;
const DEFAULT_RETENTION_MS = 24 * 60 * 60 * 1000;
const DEFAULT_FILE_BYTES = 256 * 1024 * 1024;
const DEFAULT_MEMORY_BYTES = 32 * 1024 * 1024;

/** Opens the log of a folder, with what it holds, or an empty one in memory. */
export function openEventLog(
  options: EventLogOptions,
  { now, onFault }: { now: () => number; onFault: (error: unknown) => void },
): AppendLog {
  const { directory, retentionMs = DEFAULT_RETENTION_MS } = options;
  const inFiles = directory !== undefined;
  return new PartitionedLog({
    storage: inFiles ? new FileSegments(directory, now()) : new MemorySegments(now()),
    now,
    partitions: PARTITIONS,
    retentionMs,
    onFault,
    maxBytes: options.maxBytes ?? (inFiles ? DEFAULT_FILE_BYTES : DEFAULT_MEMORY_BYTES),
  });
}
