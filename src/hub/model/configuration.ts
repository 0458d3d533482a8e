import { contentDocument, parseConfigurationContent, type ConfigurationContent } from './configuration-content.ts';
import { decimalEtag } from './etag.ts';
import { HubError } from './hub-error.ts';
import { isJsonObject, ownMember, type JsonObject, type JsonValue } from './json.ts';
import { formatTimestamp } from './timestamps.ts';

/** Settings for all devices or modules that meet a condition. @see service-protocol.md, 9 */
export interface Configuration {
  readonly id: string;
  readonly schemaVersion: string | null;
  readonly labels: JsonObject | null;
  readonly content: ConfigurationContent;
  /** '' = nobody, `*` = everybody, otherwise a WHERE expression. */
  readonly targetCondition: string;
  readonly priority: number;
  readonly metricQueries: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly etagCounter: number;
}

/** What a caller may choose; content only at creation. */
export type ConfigurationInput = Pick<
  Configuration,
  'schemaVersion' | 'labels' | 'targetCondition' | 'priority' | 'metricQueries'
>;

export const MAX_CONFIGURATIONS = 100;
const MAX_ID_CHARS = 128;
const MAX_METRICS = 5;
const MAX_PRIORITY = 2_147_483_647;
const ID = /^[^A-Z\s&^[\]{}\\|"<>/]+$/;

/** @throws HubError ArgumentInvalid: lower case, at most 128 characters, none of `& ^ [ ] { } \ | " < > /` and no blanks */
export function checkConfigurationId(id: string, body: JsonObject): void {
  if (id.length > MAX_ID_CHARS) throw invalid(`the id is longer than ${MAX_ID_CHARS} characters`);
  if (!ID.test(id)) {
    throw invalid(`the id '${id}' must be in lower case, without blanks and & ^ [ ] { } \\ | " < > /`);
  }
  const bodyId = ownMember(body, 'id') ?? id;
  if (bodyId !== id) throw invalid(`the body speaks of configuration ${JSON.stringify(bodyId)}, the path of '${id}'`);
}

/**
 * Reads the body of a configuration PUT; what the hub owns is passed over. Conditions and queries are checked by the caller.
 *
 * @throws HubError ArgumentInvalid
 */
export function parseConfigurationInput(body: JsonObject): ConfigurationInput {
  const metrics = ownMember(body, 'metrics') ?? {};
  if (!isJsonObject(metrics)) throw invalid('metrics must be a JSON object');
  return {
    schemaVersion: parseText('schemaVersion', ownMember(body, 'schemaVersion')) ?? null,
    labels: parseLabels(ownMember(body, 'labels')),
    targetCondition: (parseText('targetCondition', ownMember(body, 'targetCondition')) ?? '').trim(),
    priority: parsePriority(ownMember(body, 'priority')),
    metricQueries: parseMetricQueries(ownMember(metrics, 'queries')),
  };
}

/** @throws HubError InvalidConfigurationContent, ArgumentInvalid */
export function newConfiguration(id: string, body: JsonObject, nowMs: number): Configuration {
  return {
    id,
    ...parseConfigurationInput(body),
    content: parseConfigurationContent(ownMember(body, 'content')),
    createdMs: nowMs,
    updatedMs: nowMs,
    etagCounter: 1,
  };
}

/** @throws HubError CannotModifyImmutableConfigurationContent, ArgumentInvalid */
export function updateConfiguration(before: Configuration, body: JsonObject, nowMs: number): Configuration {
  const content = ownMember(body, 'content');
  if (content !== undefined && content !== null && !isSameContent(before.content, content)) {
    throw new HubError(
      'CannotModifyImmutableConfigurationContent',
      'the content of a configuration cannot be changed: make a new one with a higher priority',
    );
  }
  return {
    ...before,
    ...parseConfigurationInput(body),
    updatedMs: nowMs,
    etagCounter: before.etagCounter + 1,
  };
}

/** Which of two configurations goes first where both match: the higher priority, among equals the later one. */
export function compareConfigurations(a: Configuration, b: Configuration): number {
  return b.priority - a.priority || b.createdMs - a.createdMs;
}

export interface MetricResults {
  readonly system: Readonly<Record<string, number>>;
  readonly custom: Readonly<Record<string, number>>;
}

/** The configuration as the hub shows it, members in the service's order. */
export function configurationDocument(configuration: Configuration, results: MetricResults): JsonObject {
  return {
    id: configuration.id,
    schemaVersion: configuration.schemaVersion,
    labels: configuration.labels,
    content: contentDocument(configuration.content),
    targetCondition: configuration.targetCondition,
    createdTimeUtc: formatTimestamp(configuration.createdMs),
    lastUpdatedTimeUtc: formatTimestamp(configuration.updatedMs),
    priority: configuration.priority,
    systemMetrics: { results: results.system, queries: systemQueries(configuration) },
    metrics: { results: results.custom, queries: configuration.metricQueries },
    etag: decimalEtag(configuration.etagCounter),
  };
}

/** The hub's own metrics, as queries; an empty text where nobody is targeted. */
export function systemQueries(configuration: Configuration): Record<string, string> {
  const { content, id } = configuration;
  const from = content.kind === 'moduleContent' ? 'devices.modules' : 'devices';
  const where = targetExpression(configuration);
  const targeted = where === undefined ? '' : `select deviceId from ${from}${where === '' ? '' : ` where ${where}`}`;
  const queries = {
    targetedCount: targeted,
    appliedCount: `select deviceId from ${from} where configurations.[[${id}]].status = 'Applied'`,
  };
  if (content.kind !== 'modulesContent') return queries;
  const reported = (code: string): string =>
    `select deviceId from devices.modules where moduleId = '$edgeAgent' and configurations.[[${id}]].status = 'Applied' and properties.desired.$version = properties.reported.lastDesiredVersion and properties.reported.lastDesiredStatus.code ${code}`;
  return { ...queries, reportedSuccessfulCount: reported('= 200'), reportedFailedCount: reported('!= 200') };
}

/**
 * The condition as one on the right source, edge devices only for a deployment to them.
 *
 * @returns '' = every row; undefined = none
 */
export function targetExpression({ content, targetCondition }: Configuration): string | undefined {
  if (targetCondition === '') return undefined;
  const own = targetCondition === '*' ? '' : targetCondition.replace(/^FROM\s+devices(\.modules)?\s*(WHERE\s+)?/i, '');
  if (content.kind !== 'modulesContent') return own;
  return own === '' ? 'capabilities.iotEdge = true' : `capabilities.iotEdge = true and (${own})`;
}

function isSameContent(before: ConfigurationContent, after: JsonValue): boolean {
  return canonical(contentDocument(before)) === canonical(contentDocument(parseConfigurationContent(after)));
}

function canonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`).join()}}`;
}

function parseLabels(value: JsonValue | undefined): JsonObject | null {
  if (value === undefined || value === null) return null;
  if (!isJsonObject(value)) throw invalid('labels must be a JSON object');
  return value;
}

function parsePriority(value: JsonValue | undefined): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > MAX_PRIORITY) {
    throw invalid(`priority must be a whole number from 0 to ${MAX_PRIORITY}, got ${JSON.stringify(value)}`);
  }
  return value;
}

export function parseMetricQueries(value: JsonValue | undefined): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw invalid('the queries of metrics must be a JSON object');
  const queries = Object.entries(value).map(([name, text]): [string, string] => {
    if (typeof text !== 'string') throw invalid(`the query of metric '${name}' must be a string`);
    return [name, text];
  });
  if (queries.length > MAX_METRICS) throw invalid(`a configuration may have ${MAX_METRICS} metrics`);
  return Object.fromEntries(queries);
}

function parseText(name: string, value: JsonValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(`${name} must be a string`);
  return value;
}

function invalid(message: string): HubError {
  return new HubError('ArgumentInvalid', message);
}
