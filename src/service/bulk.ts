import { findCodeByName } from '../sdk/service-codes.ts';
import type { JsonObject } from '../sdk/service-documents.ts';
import { ProgramError } from '../terminal/index.ts';
import type { Console } from './console.ts';

/** The most devices that the hub takes in one request. */
export const MAX_BULK_DEVICES = 100;

/** One device of a bulk request, in the words of IoT Hub. */
export type BulkItem = JsonObject & { readonly id: string };

export type ImportMode = 'create' | 'update' | 'delete';

/** Changes up to 100 identities in one request. @returns what the hub refused, by deviceId */
export async function changeDevices(
  console: Console,
  items: readonly BulkItem[],
  importMode: ImportMode,
): Promise<Map<string, ProgramError>> {
  const client = await console.client();
  const errors = await client.changeDevices(items.map((item) => ({ ...item, importMode })));
  return new Map(errors.map(({ deviceId, ...refused }) => [deviceId, bulkRefusal(refused)]));
}

/** `items` in portions that the hub takes. */
export function inBatches<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / MAX_BULK_DEVICES);
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * MAX_BULK_DEVICES, (index + 1) * MAX_BULK_DEVICES),
  );
}

function bulkRefusal(refused: { errorCode: string; errorStatus: string }): ProgramError {
  const meaning = findCodeByName(refused.errorCode);
  const message = `${refused.errorStatus || (meaning?.meaning ?? 'refused')} (${refused.errorCode})`;
  return new ProgramError(meaning?.exit ?? 'failed', refused.errorCode, message, { hint: meaning?.remedy });
}
