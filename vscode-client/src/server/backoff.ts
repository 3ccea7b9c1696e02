/**
 * When a server that died is started again: soon, then later and later, and not for ever.
 *
 * It holds no timer; whoever does asks it what to wait for.
 */

/** Milliseconds before the first start after a death; each one in a row doubles it. */
export const FIRST_DELAY_MS = 1000;
/** Deaths in a row after which only the user starts it again. */
export const MAX_DEATHS = 5;
/** Milliseconds of life after which a death is not counted with those before it. */
export const HEALTHY_MS = 60_000;

export class Backoff {
  private deaths = 0;

  /** The server lived for `livedMs`: milliseconds until it is started again, or undefined to give up. */
  died(livedMs: number): number | undefined {
    if (livedMs >= HEALTHY_MS) {
      this.deaths = 0;
    }
    this.deaths += 1;
    return this.deaths > MAX_DEATHS ? undefined : FIRST_DELAY_MS * 2 ** (this.deaths - 1);
  }

  /** The user starts it: what was counted is forgotten. */
  reset(): void {
    this.deaths = 0;
  }
}
