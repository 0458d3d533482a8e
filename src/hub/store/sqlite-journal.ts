import { closeSync, openSync } from 'node:fs';
import Database from 'libsql';
import type { Journal } from './journal.ts';

interface CollectionStatements {
  /** One for each of PUT_SIZES, in that order. */
  readonly puts: readonly Database.Statement[];
  readonly delete: Database.Statement;
}

/** Entries that one statement writes: 16 at once cost 3.6 µs each, one by one 5.8 µs. */
const PUT_SIZES = [16, 4, 1] as const;

const SCHEMA_VERSION = 1;

/**
 * A journal in one SQLite file, a table a collection: `SELECT key, json_extract(json, '$.status') FROM devices` works with
 * any `sqlite3` while the hub runs.
 *
 * WAL with `synchronous=NORMAL`: what is committed survives the death of the process, and the file is never corrupt; a power
 * cut may take the last moments. See docs/decisions/0003-state-in-sqlite.md.
 */
export class SqliteJournal implements Journal {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, CollectionStatements>();
  /** What the open transaction has yet to put, by collection: key, JSON, key, JSON, … */
  readonly #unwritten = new Map<string, string[]>();

  /** @throws when the file is no database of ours, or of a newer version */
  constructor(file: string) {
    // Keys are in it. SQLite gives the files beside it the same mode.
    closeSync(openSync(file, 'a', 0o600));
    this.#database = new Database(file);
    this.#database.pragma('journal_mode = WAL');
    this.#database.pragma('synchronous = NORMAL'); // libsql's default is FULL
    this.#checkVersion(file);
  }

  *load(collection: string): Iterable<{ key: string; json: string }> {
    this.#prepare(collection);
    const select = this.#database.prepare(`SELECT key, json FROM ${quote(collection)} ORDER BY sequence`);
    for (const row of select.iterate() as Iterable<{ key: string; json: string }>)
      yield { key: row.key, json: row.json };
  }

  begin(): void {
    this.#database.exec('BEGIN IMMEDIATE');
  }

  put(collection: string, key: string, json: string): void {
    const unwritten = this.#unwritten.get(collection);
    if (unwritten === undefined) this.#unwritten.set(collection, [key, json]);
    else unwritten.push(key, json);
  }

  delete(collection: string, key: string): void {
    this.#writePuts(); // one of them may be of this key
    this.#prepare(collection).delete.run(key);
  }

  commit(): void {
    this.#writePuts();
    this.#database.exec('COMMIT');
  }

  rollback(): void {
    this.#unwritten.clear();
    // After some failures (disk full) SQLite has rolled back by itself.
    if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
  }

  /** Drops all collections but some, in the file too. */
  keepOnly(collections: readonly string[]): void {
    const tables = this.#database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).pluck().all();
    this.begin();
    for (const name of tables) {
      if (typeof name === 'string' && !name.startsWith('sqlite_') && !collections.includes(name)) {
        this.#database.exec(`DROP TABLE ${quote(name)}`);
      }
    }
    this.commit();
    this.#statements.clear();
    this.#database.exec('VACUUM'); // what was dropped is still to be read in the file
  }

  close(): void {
    this.#database.close();
  }

  #writePuts(): void {
    for (const [collection, entries] of this.#unwritten) {
      const { puts } = this.#prepare(collection);
      let written = 0;
      for (const [index, size] of PUT_SIZES.entries()) {
        for (; entries.length - written >= 2 * size; written += 2 * size)
          puts[index]?.run(entries.slice(written, written + 2 * size));
      }
    }
    this.#unwritten.clear();
  }

  #prepare(collection: string): CollectionStatements {
    const known = this.#statements.get(collection);
    if (known !== undefined) return known;
    const table = quote(collection);
    this.#database.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (sequence INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, json TEXT NOT NULL)`,
    );
    const statements = {
      puts: PUT_SIZES.map((size) => {
        const rows = Array.from({ length: size }, () => '(?, ?)').join(', ');
        return this.#database.prepare(
          `INSERT INTO ${table} (key, json) VALUES ${rows} ON CONFLICT (key) DO UPDATE SET json = excluded.json`,
        );
      }),
      delete: this.#database.prepare(`DELETE FROM ${table} WHERE key = ?`),
    };
    this.#statements.set(collection, statements);
    return statements;
  }

  #checkVersion(file: string): void {
    const found = this.#database.prepare('PRAGMA user_version').pluck().get();
    const version = Number(found);
    if (version > SCHEMA_VERSION) {
      throw new Error(
        `${file} was written by a newer version of this program (schema ${version}, this one knows ${SCHEMA_VERSION})`,
      );
    }
    this.#database.pragma(`user_version = ${SCHEMA_VERSION}`);
  }
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
