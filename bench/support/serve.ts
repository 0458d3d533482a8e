interface Question {
  readonly id: number;
  readonly question: string;
  readonly parameters: readonly never[];
}

/** Answers the questions of a `Child` until it lets go. */
export function serve(
  answers: Readonly<Record<string, (...parameters: never[]) => unknown>>,
  close: () => Promise<void> | void = () => undefined,
): void {
  process.on('message', ({ id, question, parameters }: Question) => {
    void answer(question, parameters).then(
      (result) => process.send?.({ id, result }),
      (error: unknown) =>
        process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.once('disconnect', () => {
    void Promise.resolve(close()).finally(() => process.exit());
  });
  // Async, so that what an answer throws is a rejection too.
  // eslint-disable-next-line @typescript-eslint/require-await -- see above
  async function answer(question: string, parameters: readonly never[]): Promise<unknown> {
    const known = answers[question];
    if (known === undefined) throw new Error(`this process does not know '${question}'`);
    return known(...parameters);
  }
}
