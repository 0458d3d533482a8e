import type { HubEvent } from '../../sdk/event-reader.ts';
import type { Entry } from './entry.ts';
import { type Moment, Timeline } from './timeline.ts';

/** An entry with its place in the timeline, and the event behind it where there is one. */
export type TimelineItem = Moment & { readonly entry: Entry; readonly event: HubEvent | undefined };

const TICK_MS = 40;

export interface TimelineOutputOptions {
  /** Shows one entry; the next one waits for it. */
  readonly show: (item: TimelineItem) => Promise<void>;
  /** How many are shown. */
  readonly count: number;
  /** Called once: the last one is shown, or showing has failed. */
  readonly onDone: (error: unknown) => void;
}

/** Shows what comes from all sources in one order, one entry after the other. */
export class TimelineOutput {
  readonly timeline = new Timeline<TimelineItem>();
  readonly #options: TimelineOutputOptions;
  readonly #ticking: NodeJS.Timeout;
  #left: number;
  #writing = Promise.resolve();

  constructor(options: TimelineOutputOptions) {
    this.#options = options;
    this.#left = options.count;
    this.#ticking = setInterval(() => this.#write(this.timeline.take(performance.now())), TICK_MS);
  }

  push(item: TimelineItem): void {
    this.timeline.push(item, performance.now());
  }

  /** Shows what is waiting, and no more after it. */
  async end(): Promise<void> {
    this.stop();
    this.#write(this.timeline.takeAll());
    await this.#writing;
  }

  stop(): void {
    clearInterval(this.#ticking);
  }

  #write(items: readonly TimelineItem[]): void {
    const { show, onDone } = this.#options;
    const shown = items.slice(0, this.#left);
    if (shown.length === 0) return;
    this.#left -= shown.length;
    for (const item of shown) this.#writing = this.#writing.then(() => show(item));
    const isLast = this.#left === 0;
    this.#writing.then(() => isLast && onDone(undefined), onDone);
  }
}
