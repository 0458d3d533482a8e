import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellWord } from '../../src/service/shell-lines.ts';

test.each(['pump-1', 'a b', "it's", '"quoted"', '$HOME', 'back\\slash', '`id`', "both ' and $x", 'wow!', ''])(
  'the word %j reaches a program as it is',
  (word) => {
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(word)}`], { encoding: 'utf8' })).toBe(word);
  },
);

test('a condition stays readable', () => {
  expect(shellWord("tags.plant = 'R43'")).toBe(`"tags.plant = 'R43'"`);
});
