/** A promise and what keeps it: for what happens once, and several may wait for. */
export interface Signal {
  /** Resolves once `give` has been called; later calls do nothing. */
  readonly given: Promise<void>;
  readonly give: () => void;
}

export function signal(): Signal {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
