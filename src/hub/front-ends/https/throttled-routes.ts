import { Buffer } from 'node:buffer';
import { isJsonObject, ownMember } from '../../model/json.ts';
import { METHOD_METER_BYTES, type OperationClass } from '../../model/throttle.ts';

interface RouteName {
  readonly method: string;
  readonly path: string;
}

/** Which operations share a throttle, the first line that fits. Messages are counted where every protocol sends them. */
const CLASSES: readonly (readonly [RegExp, OperationClass | undefined])[] = [
  [/^(GET|POST|DELETE) \/\$tandem\b/, undefined],
  [/^POST \/twins\/.*\/methods$/, 'methods'],
  [/^POST \/digitaltwins\/.*\/commands\//, 'methods'],
  [/^GET \/(digital)?twins\//, 'twinReads'],
  [/^(PATCH|PUT) \/(digital)?twins\//, 'twinUpdates'],
  [/^POST \/devices\/query$/, 'queries'],
  [/\/applyConfigurationContent$/, 'configurations'],
  [/^\w+ \/configurations\b/, 'configurations'],
  [/^\w+ \/jobs\/v2\//, 'jobs'],
  [/^\w+ \/jobs\b/, 'registry'],
  [/^GET \/statistics\//, 'registry'],
  [/^POST \/devices\/:\w+\/files$/, 'fileUpload'],
  [/^GET \/devices\/.*\/messages\/devicebound$/i, 'cloudToDeviceReceive'],
  [/^\w+ \/devices(\/:\w+(\/modules(\/:\w+)?)?)?$/, 'registry'],
];

/** The throttle of a route; undefined for one without. */
export function operationClassOf({ method, path }: RouteName): OperationClass | undefined {
  return CLASSES.find(([pattern]) => pattern.test(`${method} ${path}`))?.[1];
}

/** How much of its throttle a request takes: a batch as many as it has items, a method the bytes of its request in whole meters. */
export function operationCost(operation: OperationClass, body: unknown): number {
  if (operation === 'registry') return Array.isArray(body) ? Math.max(1, body.length) : 1;
  if (operation !== 'methods') return 1;
  const payload = isJsonObject(body) ? (ownMember(body, 'payload') ?? body) : body;
  const bytes = payload === undefined ? 0 : Buffer.byteLength(JSON.stringify(payload));
  return Math.max(1, Math.ceil(bytes / METHOD_METER_BYTES)) * METHOD_METER_BYTES;
}
