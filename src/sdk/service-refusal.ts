import { findCodeName } from './service-codes.ts';

/** What a refusal of the hub says, whichever of its two body dialects it came in. @see service-protocol.md, 3.1 */
export interface ServiceRefusal {
  readonly status: number;
  /** The hub's code name, or `Http<status>` when it sent none. */
  readonly code: string;
  readonly message: string;
  readonly trackingId?: string;
  /** Milliseconds a throttled caller should wait. */
  readonly retryAfterMs?: number;
}

/** Reads the response that the SDK hangs on its errors; undefined when the hub never answered. */
export function findRefusal(error: unknown): ServiceRefusal | undefined {
  if (!(error instanceof Error)) return undefined;
  const response: unknown = Reflect.get(error, 'response');
  const status: unknown = isObject(response) ? response['statusCode'] : undefined;
  if (!isObject(response) || typeof status !== 'number') return undefined;
  const headers = isObject(response['headers']) ? response['headers'] : {};
  const retryAfterMs = retryAfter(headers['retry-after']);
  const body: unknown = Reflect.get(error, 'responseBody');
  return {
    status,
    ...readBody(typeof body === 'string' ? body : '', status, headers),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

type BodyReading = Pick<ServiceRefusal, 'code' | 'message' | 'trackingId'>;

function readBody(body: string, status: number, headers: Record<string, unknown>): BodyReading {
  const codeHeader = headers['iothub-errorcode'];
  const fallback = typeof codeHeader === 'string' ? codeHeader : `Http${status}`;
  const outer = parseObject(body);
  const text = outer?.['Message'] ?? outer?.['message'];
  if (typeof text !== 'string') return { code: fallback, message: body.slice(0, 500) || `HTTP status ${status}` };
  const inner = parseObject(text);
  return inner === undefined ? dialectA(text, outer?.['ExceptionMessage'], fallback) : dialectB(inner, fallback);
}

/** `ErrorCode:<CodeName>;<text>`, the tracking id beside it. */
function dialectA(text: string, exception: unknown, fallback: string): BodyReading {
  const parts = /^ErrorCode:(\w+);([\s\S]*)$/.exec(text);
  const trackingId = typeof exception === 'string' ? /Tracking ID:(\S+)/i.exec(exception)?.[1] : undefined;
  return {
    code: parts?.[1] ?? fallback,
    message: parts?.[2] ?? text,
    ...(trackingId === undefined ? {} : { trackingId: trackingId.replace(/-TimeStamp:.*$/, '') }),
  };
}

/** A JSON text inside `Message`: how direct methods are refused (sdk-traps.md, 7). */
function dialectB(inner: Record<string, unknown>, fallback: string): BodyReading {
  const number = Number(inner['errorCode']);
  const trackingId = inner['trackingId'];
  const message = inner['message'];
  return {
    code: findCodeName(number) ?? fallback,
    message: typeof message === 'string' ? message : JSON.stringify(inner),
    ...(typeof trackingId === 'string' ? { trackingId: trackingId.replace(/-TimeStamp:.*$/, '') } : {}),
  };
}

/** Seconds, or an HTTP date. */
function retryAfter(header: unknown): number | undefined {
  if (typeof header !== 'string') return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
