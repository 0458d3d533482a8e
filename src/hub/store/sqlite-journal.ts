import { closeSync, openSync } from 'node:fs';
import Database from 'libsql';
import type { Journal } from './journal.ts';

interface CollectionStatements {
  readonly put: Database.Statement;
  readonly delete: Database.Statement;
}

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
    this.#prepare(collection).put.run(key, json);
  }

  delete(collection: string, key: string): void {
    this.#prepare(collection).delete.run(key);
  }

  commit(): void {
    this.#database.exec('COMMIT');
  }

  rollback(): void {
    // After some failures (disk full) SQLite has rolled back by itself.
    if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
  }

  close(): void {
    this.#database.close();
  }

  #prepare(collection: string): CollectionStatements {
    const known = this.#statements.get(collection);
    if (known !== undefined) return known;
    const table = quote(collection);
    this.#database.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (sequence INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, json TEXT NOT NULL)`,
    );
    const statements = {
      put: this.#database.prepare(
        `INSERT INTO ${table} (key, json) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET json = excluded.json`,
      ),
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
