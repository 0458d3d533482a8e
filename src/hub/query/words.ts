/** The words of the grammar; as a property name each must stand in brackets: `tags.[[group]]`. */
export const RESERVED_WORDS = [
  'SELECT',
  'TOP',
  'FROM',
  'WHERE',
  'GROUP',
  'BY',
  'AS',
  'AND',
  'OR',
  'NOT',
  'IN',
  'NIN',
  'TRUE',
  'FALSE',
  'NULL',
  'UNDEFINED',
] as const;

export type ReservedWord = (typeof RESERVED_WORDS)[number];

const RESERVED: ReadonlySet<string> = new Set(RESERVED_WORDS);

export function isReservedWord(name: string): boolean {
  return RESERVED.has(name.toUpperCase());
}

/** What people bring along from other languages: the refusal says what to write instead. */
const FOREIGN_WORDS: Readonly<Record<string, string>> = {
  ORDER: 'ORDER BY is not in the query language: sort the results in your program',
  HAVING: 'HAVING is not in the query language: filter the groups in your program',
  JOIN: 'JOIN is not in the query language: query devices and devices.modules one after the other',
  DISTINCT: 'DISTINCT is not in the query language: write GROUP BY with the property',
  OFFSET: 'OFFSET is not in the query language: follow the continuation token',
  LIMIT: 'LIMIT is not in the query language: write SELECT TOP <count>',
  BETWEEN: 'BETWEEN is not in the query language: write a >= low AND a <= high',
  LIKE: 'LIKE is not in the query language: write STARTSWITH(property, text) or ENDSWITH(property, text)',
  IS: 'IS is not in the query language: write IS_DEFINED(property), or property = null',
  CASE: 'CASE is not in the query language',
  EXISTS: 'EXISTS is not in the query language: write IS_DEFINED(property)',
  UNION: 'UNION is not in the query language: run two queries',
};

/** The same for signs. */
export const FOREIGN_SIGNS: Readonly<Record<string, string>> = {
  '==': 'equality is written =',
  '&&': 'write AND',
  '||': 'write OR',
  '!': 'write NOT',
  ';': 'a query is one statement and ends without a semicolon',
  '`': 'a name with special characters is written [[name]]',
};

/** What to write instead of a word of another language; undefined for any other word. */
export function foreignWordAdvice(word: string): string | undefined {
  const upper = word.toUpperCase();
  return Object.hasOwn(FOREIGN_WORDS, upper) ? FOREIGN_WORDS[upper] : undefined;
}
