import type { RheaConnection } from './rhea.ts';

/** How many fields a performative has, by its code. AMQP 1.0 §2.7 */
const FIELDS: Readonly<Record<number, number>> = {
  0x10: 10, // open
  0x11: 8, // begin
  0x12: 14, // attach
  0x13: 11, // flow
  0x14: 11, // transfer
  0x15: 6, // disposition
  0x16: 3, // detach
  0x17: 1, // end
  0x18: 1, // close
};

const BEGIN = 0x11;
/** More than a pooled connection of a thousand devices has. */
const HANDLE_MAX = 65_535;

/** A performative of rhea's: the fields in their order, and the class that knows its code. */
export interface RheaPerformative {
  readonly value: unknown[];
  /** Of `begin`. */
  handle_max?: number;
  readonly constructor: { readonly descriptor?: { readonly numeric: number } };
}

/**
 * Writes trailing fields that are null too, as the service does. AMQP lets them be left out (§1.4), and rhea leaves them out,
 * but Python's azure-eventhub reads `handle-max`, the properties of an attach, the error of a detach by their place.
 */
export function writeWholeFrames(connection: RheaConnection): void {
  const write = connection._write_frame.bind(connection);
  connection._write_frame = (channel, frame, payload) => {
    if (frame !== undefined) complete(frame);
    write(channel, frame, payload);
  };
}

function complete(frame: RheaPerformative): void {
  const { value, constructor } = frame;
  const code = constructor.descriptor?.numeric ?? 0;
  if (code === BEGIN) frame.handle_max = HANDLE_MAX;
  const fields = FIELDS[code] ?? 0;
  for (let index = value.length; index < fields; index += 1) value[index] = undefined;
}
