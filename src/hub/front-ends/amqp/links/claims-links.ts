import type { Hub } from '../../../hub.ts';
import { HubError } from '../../../model/hub-error.ts';
import { entraToken } from '../../../model/sas-token.ts';
import type { Credentials } from '../credentials.ts';
import { toAmqpError } from '../errors.ts';
import type { IncomingMessage, OutgoingMessage } from '../transport/messages.ts';
import { RequestChannel } from './request-channel.ts';

/** Python's azure-eventhub 5.11 calls its SAS tokens `jwt` too: what a token is shows in its text. */
const TOKEN_TYPES = ['servicebus.windows.net:sastoken', 'jwt'] as const;

/** Claims-based security: tokens on `$cbs`, an answer each. @see device-protocol.md, 8.2 */
export function newClaimsChannel(hub: Hub, credentials: Credentials): RequestChannel {
  return new RequestChannel((request) => {
    try {
      putToken(credentials, request);
      return answer(200, 'OK'); // the Node SDK takes 202 for a refusal
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      return answer(error.status, toAmqpError(error, hub.now()).description);
    }
  });
}

function putToken(credentials: Credentials, { applicationProperties, value }: IncomingMessage): void {
  const { operation, type } = applicationProperties;
  if (operation !== 'put-token') throw new HubError('InvalidOperation', 'the operation must be put-token');
  if (typeof type !== 'string' || !TOKEN_TYPES.some((known) => known === type.toLowerCase())) {
    throw new HubError('InvalidOperation', `the type of the token must be ${TOKEN_TYPES[0]}`);
  }
  if (typeof value !== 'string') throw new HubError('ArgumentInvalid', 'the body must be a token');
  if (!value.startsWith('SharedAccessSignature') && type.toLowerCase() === 'jwt') throw entraToken();
  credentials.put(value);
}

function answer(code: number, description: string): OutgoingMessage {
  return {
    applicationProperties: { 'status-code': { type: 'int', value: code }, 'status-description': description },
    body: Buffer.alloc(0),
  };
}
