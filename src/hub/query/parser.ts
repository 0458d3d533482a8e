import { parseExpression, parsePath } from './expression-parser.ts';
import type { Token } from './lexer.ts';
import { suggestion } from './nearest-name.ts';
import type { Span } from './query-syntax-error.ts';
import { SOURCE_NAMES, type SourceName } from './source.ts';
import type { Aggregate, Condition, Constant, Path, Query, SelectItem } from './syntax-tree.ts';
import { TokenReader } from './token-reader.ts';
import { foreignWordAdvice, isReservedWord } from './words.ts';

/*
 * The grammar. Words and function names in any case; blanks and comments between tokens.
 *
 *   query       := SELECT [TOP number] list FROM source [WHERE expression] [GROUP BY path {"," path}]
 *   condition   := expression | FROM source [WHERE expression]
 *   list        := "*" | item {"," item}
 *   item        := (path | aggregate) [AS name]
 *   aggregate   := NAME "(" [path | "*" | constant] ")"
 *   source      := devices | devices.modules | devices.jobs
 *
 *   expression  := and {OR and}                                       lowest precedence
 *   and         := not {AND not}
 *   not         := NOT not | comparison
 *   comparison  := sum [("=" | "!=" | "<>" | "<" | ">" | "<=" | ">=") sum | (IN | NIN) array]
 *   sum         := product {("+" | "-") product}
 *   product     := operand {("*" | "/" | "%") operand}
 *   operand     := "(" expression ")" | constant | array | NAME "(" [expression {"," expression}] ")" | path
 *   path        := name {"." name}
 *   name        := letter | "_" | "$" {letter | digit | "_" | "$"} but no reserved word  |  "[[" any text "]]"
 *   constant    := ["-"] number | string | TRUE | FALSE | NULL | UNDEFINED
 *   array       := "[" (constant | array) {"," (constant | array)} "]"
 *   number      := digits ["." digits] ["e" ["+" | "-"] digits] | "0x" hexadecimal digits
 *   string      := "'" … "'" | '"' … '"'        escapes: \' \" \\ \uXXXX, and '' for ' between '
 *   comment     := "/*" … "*" "/"
 *
 * Reserved: the words in capitals above (words.ts). Known functions and aggregates: functions.ts, aggregate.ts.
 * Expressions are parsed in expression-parser.ts, the rest below.
 */

/**
 * Reads the text of a query into its tree.
 *
 * @throws QuerySyntaxError at the first place that the grammar does not allow, and for a text over the limit
 */
export function parseQuery(text: string): Query {
  const reader = new TokenReader(text);
  reader.expectWord('SELECT');
  const top = reader.takeWord('TOP') ? parseTop(reader) : undefined;
  const listAt = reader.next.at;
  const select = reader.takeSign('*') ? '*' : parseItems(reader);
  const selectSpan = reader.spanFrom(listAt);
  reader.expectWord('FROM', select === '*' ? 'FROM' : 'a comma, AS or FROM');
  const source = parseSource(reader);
  const where = reader.takeWord('WHERE') ? parseExpression(reader) : undefined;
  const groupBy = reader.takeWord('GROUP') ? parseGroupBy(reader) : [];
  reader.expectEnd(whatMayFollow(where !== undefined, groupBy.length > 0));
  return { text, top, select, selectSpan, source, where, groupBy };
}

/**
 * Reads a bare WHERE expression. The target condition of a configuration for modules names its source first:
 * `FROM devices.modules WHERE moduleId = 'a'`.
 *
 * @throws QuerySyntaxError as {@link parseQuery} does; also for an empty text (what it means is the caller's to say)
 */
export function parseCondition(text: string): Condition {
  const reader = new TokenReader(text);
  if (!reader.takeWord('FROM')) {
    const where = parseExpression(reader);
    reader.expectEnd('an operator or the end of the condition');
    return { text, source: 'devices', where };
  }
  const source = parseSource(reader);
  const where = reader.takeWord('WHERE') ? parseExpression(reader) : undefined;
  reader.expectEnd(where === undefined ? 'WHERE' : 'an operator or the end of the condition');
  return { text, source, where };
}

function whatMayFollow(hasWhere: boolean, hasGroupBy: boolean): string {
  if (hasGroupBy) return 'a comma or the end of the query';
  if (hasWhere) return 'an operator, GROUP BY or the end of the query';
  return 'WHERE, GROUP BY or the end of the query';
}

function parseTop(reader: TokenReader): Constant {
  const token = reader.next;
  if (token.kind !== 'number') throw reader.unexpected('a number after TOP');
  reader.take();
  return { kind: 'constant', value: token.value, span: { at: token.at, length: token.length } };
}

function parseItems(reader: TokenReader): readonly SelectItem[] {
  const items = [parseItem(reader)];
  while (reader.takeSign(',')) items.push(parseItem(reader));
  return items;
}

function parseItem(reader: TokenReader): SelectItem {
  const { next } = reader;
  if (next.kind !== 'name' && next.kind !== 'bracketed') throw reader.unexpected('*, a property or an aggregate');
  const value = next.kind === 'name' && reader.isFollowedBy('(') ? parseAggregate(reader) : parsePath(reader);
  if (reader.next.kind === 'name' && !isReservedWord(reader.next.value)) refuseForeignWord(reader, next);
  const alias = reader.takeWord('AS') ? parseAlias(reader) : undefined;
  return { value, alias, span: reader.spanFrom(next.at) };
}

/** `SELECT DISTINCT tags.a`: the word that went before is what is wrong, not the name behind it. */
function refuseForeignWord(reader: TokenReader, before: Token): void {
  const advice = foreignWordAdvice(before.text);
  if (advice !== undefined) throw reader.refusal(before, advice);
}

function parseAggregate(reader: TokenReader): Aggregate {
  const name = reader.take();
  reader.expectSign('(');
  const argument = reader.isSign(')') ? undefined : parseAggregateArgument(reader);
  reader.expectSign(')');
  return { kind: 'aggregate', name: name.text.toUpperCase(), argument, span: reader.spanFrom(name.at) };
}

function parseAggregateArgument(reader: TokenReader): Path | Constant | '*' {
  if (reader.takeSign('*')) return '*';
  const { next } = reader;
  if (next.kind !== 'number') return parsePath(reader);
  reader.take();
  return { kind: 'constant', value: next.value, span: { at: next.at, length: next.length } };
}

function parseAlias(reader: TokenReader): string {
  const token = reader.next;
  const isName = token.kind === 'bracketed' || (token.kind === 'name' && !isReservedWord(token.value));
  if (!isName) throw reader.unexpected('a name after AS');
  reader.take();
  return token.value;
}

function parseGroupBy(reader: TokenReader): readonly Path[] {
  reader.expectWord('BY', 'BY after GROUP');
  const paths = [parsePath(reader)];
  while (reader.takeSign(',')) paths.push(parsePath(reader));
  return paths;
}

function parseSource(reader: TokenReader): SourceName {
  const { next } = reader;
  if (next.kind !== 'name') throw reader.unexpected(SOURCES);
  const written = [reader.take().text];
  while (reader.takeSign('.')) written.push(sourcePart(reader));
  const span: Span = reader.spanFrom(next.at);
  const name = SOURCE_NAMES.find((known) => known === written.join('.').toLowerCase());
  if (name !== undefined) return name;
  const found = written.join('.');
  throw reader.refusal(span, `expected ${SOURCES}, found "${found}"${suggestion(found, SOURCE_NAMES)}`);
}

function sourcePart(reader: TokenReader): string {
  if (reader.next.kind !== 'name') throw reader.unexpected(SOURCES);
  return reader.take().text;
}

const SOURCES = 'devices, devices.modules or devices.jobs after FROM';
