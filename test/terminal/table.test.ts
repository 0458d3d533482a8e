import { describe, expect, test } from 'vitest';
import { renderTable } from '../../src/terminal/index.ts';
import { bufferTerminal } from './buffer-terminal.ts';

const { colours } = bufferTerminal().terminal;
const TITLES = ['deviceId', 'status', 'connectionState', 'lastActivity', 'tags'];
const ROWS = [
  ['pump-in-the-cellar-of-building-17', 'enabled', 'Disconnected', '', '{"location":{"plant":"Redmond43"}}'],
  ['pump-2', 'enabled', 'Connected', '', '{}'],
];

const render = (width: number): string[] => renderTable(TITLES, ROWS, { width, colours });

describe('a table', () => {
  test('is whole where nobody looks at it on a terminal', () => {
    expect(render(Infinity)).toEqual([
      'DEVICEID                           STATUS   CONNECTIONSTATE  LASTACTIVITY  TAGS',
      'pump-in-the-cellar-of-building-17  enabled  Disconnected                   {"location":{"plant":"Redmond43"}}',
      'pump-2                             enabled  Connected                      {}',
    ]);
  });

  test('on a narrow terminal leaves out what is empty, and keeps most of what the rows are about', () => {
    expect(render(60)).toEqual([
      'DEVICEID              STATUS   CONNECTIONST…  TAGS',
      'pump-in-the-cellar-…  enabled  Disconnected   {"location":{…',
      'pump-2                enabled  Connected      {}',
    ]);
  });

  test.each([30, 40, 50, 60, 70, 80, 120])('fits in %i columns', (width) => {
    expect(Math.max(...render(width).map((line) => line.length))).toBeLessThanOrEqual(width);
  });
});
