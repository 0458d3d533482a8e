import type { Terminal } from '../terminal/index.ts';
import type { EventSink } from './device-event.ts';
import { renderEvent } from './event-text.ts';

export const EVENT_FORMATS = ['text', 'ndjson'] as const;
export type EventFormat = (typeof EVENT_FORMATS)[number];

/**
 * Writes every event to stdout as it happens: a line of text, or one JSON object a line.
 *
 * @param verbose timings and hints in the text; JSON has them always
 */
export function eventOutput(terminal: Terminal, format: EventFormat, verbose: boolean): EventSink {
  return (event) => {
    const line = format === 'ndjson' ? JSON.stringify(event) : renderEvent(event, terminal.colours, verbose);
    // A closed pipe ends the program through the terminal's own signal.
    terminal.print(line).catch(() => undefined);
  };
}
