import type { Buffer } from 'node:buffer';
import type { DeviceMessage } from '../../model/device-message.ts';
import type { AppendedBatch, EventLog } from '../../model/event.ts';

/** The event log as the hub writes it. */
export interface AppendLog extends EventLog {
  /**
   * Adds an event; all of one moment are written together.
   *
   * @param stamps annotations as a JSON object
   * @returns what to wait for before the event is acknowledged; undefined where nothing survives the process anyway
   */
  append(partition: number, stamps: string, message: DeviceMessage): AppendedBatch | undefined;
  /** What many events have in common, encoded once for {@link appendPrepared}. */
  prepare(stamps: string, message: Omit<DeviceMessage, 'body'>): Buffer;
  /** As {@link append}, for what {@link prepare} made. */
  appendPrepared(partition: number, prepared: Buffer, body: Buffer): AppendedBatch | undefined;
  /** Drops what retention says. */
  sweep(): void;
  /** Drops all that has come until now. Numbers go on from there, so that readers that wait hear what comes next. */
  clear(): void;
  /** Writes what is waiting and lets go of files. */
  close(): void;
}
