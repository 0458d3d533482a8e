import type { JsonValue } from '../model/json.ts';

/** What can stand after FROM. */
export const SOURCE_NAMES = ['devices', 'devices.modules', 'devices.jobs'] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

/** What a query returns for a row. */
export type QueryRow = Readonly<Record<string, JsonValue>>;

/** Reads one value of a row; undefined = the row does not have it. */
export type Read<Row> = (row: Row) => JsonValue | undefined;

/** How the language reads a row of a source, so that rows need not be materialised. */
export interface QuerySource<Row> {
  readonly name: SourceName;
  /**
   * Accessors by name in canonical case: `deviceId`, `tags`, `properties`. A dotted name (`properties.desired.$version`) is
   * a nested member with an accessor of its own; it is taken instead of walking down from the outer one.
   */
  readonly members: Readonly<Record<string, Read<Row>>>;
  /**
   * By dotted name, the object below which paths are read when the member itself would have to be built first:
   * `properties.reported` → the bare values. Not used for the path that is exactly this name.
   */
  readonly within?: Readonly<Record<string, Read<Row>>>;
  /** `SELECT *`: the whole document. */
  document(row: Row): QueryRow;
  /** The `x-ms-item-type` of `SELECT *`. */
  readonly itemType: string;
}

/** What each source allows besides `SELECT *`, and the names that may stand in front of a path (longest first). */
export const SOURCE_RULES = {
  devices: { prefixes: ['devices'], projections: true, aggregates: true },
  'devices.modules': { prefixes: ['devices.modules', 'devices'], projections: true, aggregates: false },
  'devices.jobs': { prefixes: ['devices.jobs'], projections: false, aggregates: false },
} as const satisfies Record<
  SourceName,
  { readonly prefixes: readonly string[]; readonly projections: boolean; readonly aggregates: boolean }
>;
