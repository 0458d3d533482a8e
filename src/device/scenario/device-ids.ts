import { wrongCall } from '../../terminal/index.ts';

/**
 * The id of the device with this index: `pump-${index}`, `pump-${index:4}` (padded), or a pattern without either, to which the
 * index is added. A list gives its members by turns, the first at `start`.
 *
 * @throws ProgramError `wrongCall` when a list is too short, or the id is none that IoT Hub takes
 */
export function deviceIdOf(ids: string | readonly string[], index: number, start: number): string {
  const id = typeof ids === 'string' ? expand(ids, index) : ids[index - start];
  if (id === undefined) {
    throw wrongCall(
      `the scenario lists ${ids.length} device ids, and device ${index - start + 1} was asked for`,
      'lower --count',
    );
  }
  // device-protocol.md, 2.1
  if (!/^[A-Za-z0-9\-:.+%_#*?!(),=@;$']{1,128}$/.test(id)) {
    throw wrongCall(`"${id}" is no device id`, `up to 128 letters, digits and - : . + % _ # * ? ! ( ) , = @ ; $ '`);
  }
  return id;
}

function expand(pattern: string, index: number): string {
  const placeholder = /\$\{index(?::(\d+))?\}/g;
  if (!placeholder.test(pattern)) return `${pattern}${index}`;
  return pattern.replace(placeholder, (_, width: string | undefined) =>
    String(index).padStart(Number(width ?? 0), '0'),
  );
}

/** Whether `1-5,17` contains `index`. */
export function isAmong(indexes: string | number, index: number): boolean {
  return String(indexes)
    .split(',')
    .some((range) => {
      const [first = NaN, last = first] = range.trim().split('-').map(Number);
      return index >= first && index <= last;
    });
}
