import { messageSize, type DeviceMessage } from '../../../model/device-message.ts';
import { HubError } from '../../../model/hub-error.ts';
import { isJsonObject, ownMember, type JsonObject } from '../../../model/json.ts';
import { MAX_TELEMETRY_BYTES } from '../../../model/limits.ts';
import { parseJson } from '../request-body.ts';
import { readProperties } from '../message-headers.ts';

export const BATCH_TYPE = 'application/vnd.microsoft.iothub.json';

/**
 * Reads a batch: `[{"body": "<base64>", "base64Encoded": true, "properties": {"iothub-app-k": "v", …}}, …]`.
 *
 * @throws HubError IotHubFormatError, ArgumentInvalid, MessageTooLarge over 256 KB in all
 * @see device-protocol.md, 9
 */
export function parseBatch(bytes: Buffer): DeviceMessage[] {
  const items = parseJson(bytes);
  if (!Array.isArray(items)) throw new HubError('ArgumentInvalid', 'a batch must be a JSON array');
  const messages = items.map(parseItem);
  const size = messages.reduce((total, message) => total + messageSize(message), 0);
  if (size > MAX_TELEMETRY_BYTES) {
    throw new HubError('MessageTooLarge', `the batch is ${size} bytes large, the limit is ${MAX_TELEMETRY_BYTES}`);
  }
  return messages;
}

function parseItem(item: unknown): DeviceMessage {
  if (!isJsonObject(item)) throw new HubError('ArgumentInvalid', 'each message of a batch must be a JSON object');
  const body = ownMember(item, 'body') ?? '';
  if (typeof body !== 'string') throw new HubError('ArgumentInvalid', "a message's body must be a string");
  const properties = ownMember(item, 'properties') ?? {};
  if (!isJsonObject(properties)) throw new HubError('ArgumentInvalid', "a message's properties must be an object");
  const isBase64 = ownMember(item, 'base64Encoded') !== false;
  return { body: Buffer.from(body, isBase64 ? 'base64' : 'utf8'), ...readProperties(headersOf(properties)) };
}

function headersOf(properties: JsonObject): string[] {
  return Object.entries(properties).flatMap(([name, value]) => {
    if (typeof value !== 'string') throw new HubError('ArgumentInvalid', `the property ${name} must be a string`);
    return [name, value];
  });
}
