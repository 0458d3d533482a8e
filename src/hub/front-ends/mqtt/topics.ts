import type { Target } from '../../model/identifiers.ts';
import { targetKey } from '../../model/identifiers.ts';

/** What a device may publish. `rid` is echoed as it came. @see device-protocol.md, 3.5 */
export type PublishTopic =
  | { readonly kind: 'telemetry'; readonly bag: string }
  | { readonly kind: 'getTwin'; readonly rid: string | undefined }
  | { readonly kind: 'reportProperties'; readonly rid: string | undefined; readonly version: number | undefined }
  | { readonly kind: 'methodResponse'; readonly status: string; readonly rid: string };

export const TWIN_RESPONSES = '$iothub/twin/res/#';
export const DESIRED_PATCHES = '$iothub/twin/PATCH/properties/desired/#';
export const METHOD_REQUESTS = '$iothub/methods/POST/#';

const GET_TWIN = '$iothub/twin/GET/';
const REPORT_PROPERTIES = '$iothub/twin/PATCH/properties/reported/';
const METHOD_RESPONSE = '$iothub/methods/res/';

/** The topics of one device or module, its prefixes made once a connection. */
export class Topics {
  readonly #events: string;
  readonly #filters: ReadonlySet<string>;
  readonly #willPrefix: string;
  readonly deviceBound: string;

  constructor(target: Target) {
    const base =
      target.moduleId === undefined
        ? `devices/${targetKey(target)}`
        : `devices/${target.deviceId}/modules/${target.moduleId}`;
    this.#events = `${base}/messages/events`;
    this.#willPrefix = this.#events;
    this.deviceBound = `${base}/messages/devicebound/`;
    const own = target.moduleId === undefined ? [`${this.deviceBound}#`] : [`${base}/#`, `${base}/inputs/#`];
    this.#filters = new Set([...own, TWIN_RESPONSES, DESIRED_PATCHES, METHOD_REQUESTS]);
  }

  /** Whether the device may subscribe to a filter: its own few, and nothing else. */
  isSubscribable(filter: string): boolean {
    return this.#filters.has(filter);
  }

  /** What a PUBLISH means; undefined for a topic that is not this device's to publish. */
  parse(topic: string): PublishTopic | undefined {
    if (topic.startsWith(this.#events)) return this.#parseTelemetry(topic);
    if (topic.startsWith(GET_TWIN)) return { kind: 'getTwin', rid: parseParameters(topic, GET_TWIN).get('$rid') };
    if (topic.startsWith(REPORT_PROPERTIES)) return parseReport(topic);
    if (topic.startsWith(METHOD_RESPONSE)) return parseMethodResponse(topic);
    return undefined;
  }

  #parseTelemetry(topic: string): PublishTopic | undefined {
    const rest = topic.slice(this.#willPrefix.length);
    if (rest !== '' && !rest.startsWith('/')) return undefined; // devices/a/messages/eventsX
    return { kind: 'telemetry', bag: rest.slice(1) };
  }
}

function parseReport(topic: string): PublishTopic | undefined {
  const parameters = parseParameters(topic, REPORT_PROPERTIES);
  const version = parameters.get('$version');
  if (version !== undefined && !/^\d{1,15}$/.test(version)) return undefined;
  return {
    kind: 'reportProperties',
    rid: parameters.get('$rid'),
    version: version === undefined ? undefined : Number(version),
  };
}

/** `$iothub/methods/res/{status}/?$rid={rid}` */
function parseMethodResponse(topic: string): PublishTopic | undefined {
  const slash = topic.indexOf('/', METHOD_RESPONSE.length);
  if (slash < 0) return undefined;
  const rid = parseParameters(topic, topic.slice(0, slash + 1)).get('$rid');
  if (rid === undefined) return undefined;
  return { kind: 'methodResponse', status: topic.slice(METHOD_RESPONSE.length, slash), rid };
}

function parseParameters(topic: string, prefix: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of topic.slice(prefix.length).replace(/^\?/, '').split('&')) {
    const equals = pair.indexOf('=');
    if (equals > 0) parameters.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return parameters;
}

export function twinResponseTopic(status: number, rid: string, version?: number): string {
  return `$iothub/twin/res/${status}/?$rid=${rid}${version === undefined ? '' : `&$version=${version}`}`;
}

export function desiredPatchTopic(version: number): string {
  return `$iothub/twin/PATCH/properties/desired/?$version=${version}`;
}

export function methodRequestTopic(name: string, rid: string): string {
  return `$iothub/methods/POST/${name}/?$rid=${rid}`;
}
