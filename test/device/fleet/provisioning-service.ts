import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { LOOPBACK_NAMES, makeCertificates } from '../../../src/hub/index.ts';

export const GROUP_KEY = Buffer.alloc(32, 5).toString('base64');
export const ID_SCOPE = '0ne00A1B2C3';

/** What a device of the enrollment group signs in with. */
export function deviceKeyOf(registrationId: string): string {
  return createHmac('sha256', Buffer.from(GROUP_KEY, 'base64')).update(registrationId).digest('base64');
}

export interface ScriptedService {
  readonly port: number;
  readonly ca: string;
  /** Every request, as `PUT device-1`. */
  readonly requests: readonly string[];
}

/**
 * A Device Provisioning Service over HTTPS that says what IoT Hub's says: 401 to a token that the group's key did not make, 202 and an
 * operation to poll, then the hub; a device called `busy` is throttled once, one called `disabled` is not registered.
 */
export async function startProvisioningService(assignedHub: string): Promise<ScriptedService> {
  const made = await makeCertificates(LOOPBACK_NAMES, Date.now());
  const requests: string[] = [];
  const server = createServer({ cert: made.certificate, key: made.key }, (request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const [, scope, , id = '', action] = (request.url ?? '').split(/[/?]/);
    requests.push(`${request.method ?? ''} ${id}`);
    const reply = (status: number, body: object, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    };
    if (scope !== ID_SCOPE || !isSigned(request.headers.authorization ?? '', id)) {
      reply(401, { errorCode: 401002, message: 'Invalid certificate or SAS token.' });
    } else if (id === 'busy' && requests.filter((text) => text === 'PUT busy').length === 1) {
      reply(429, { errorCode: 429001, message: 'Operations are being throttled.' }, { 'retry-after': '0.05' });
    } else if (id === 'disabled') {
      const registrationState = { status: 'disabled', errorCode: 403003, errorMessage: 'The enrollment is disabled.' };
      reply(200, { operationId: 'o1', status: 'failed', registrationState });
    } else if (action === 'register') {
      reply(202, { operationId: 'o1', status: 'assigning' }, { 'retry-after': '0.01' });
    } else {
      reply(200, { operationId: 'o1', status: 'assigned', registrationState: { assignedHub, deviceId: id } });
    }
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, ca: made.caCertificate, requests };
}

/** Signed is what stands in the token; the SDK writes the resource there as it is, without encoding it. */
function isSigned(token: string, id: string): boolean {
  const fields = new Map(
    token
      .replace('SharedAccessSignature ', '')
      .split('&')
      .map((field) => splitAtFirst(field)),
  );
  const [resource = '', signature = '', expiry = ''] = ['sr', 'sig', 'se'].map((name) => fields.get(name));
  const key = Buffer.from(deviceKeyOf(id), 'base64');
  const expected = createHmac('sha256', key).update(`${resource}\n${expiry}`).digest('base64');
  return resource === `${ID_SCOPE}/registrations/${id}` && decodeURIComponent(signature) === expected;
}

function splitAtFirst(field: string): [string, string] {
  const at = field.indexOf('=');
  return [field.slice(0, at), field.slice(at + 1)];
}
