/** Runs tests inside the extension host, one after the other, and writes down how each went. */
import * as fs from "node:fs";

const LIMIT_MS = 40_000;

export type HostTest = readonly [name: string, body: () => Promise<void>];

/** Run them all; `file` gets a JSON line for each, and one that says that it is over. */
export async function runAll(tests: readonly HostTest[], file: string): Promise<void> {
  const write = (line: object): void => fs.appendFileSync(file, `${JSON.stringify(line)}\n`);
  for (const [name, body] of tests) {
    const began = Date.now();
    let problem = "";
    try {
      await Promise.race([body(), late()]);
    } catch (error) {
      problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    write({ name, problem, ms: Date.now() - began });
  }
  write({ over: true });
}

/** What `look` finds, as soon as it is true; an error that says what was waited for when it is not in time. */
export async function until<Found>(what: string, look: () => Found | Promise<Found>, ms = 15_000): Promise<NonNullable<Found>> {
  const end = Date.now() + ms;
  let found = await look();
  while (!found) {
    if (Date.now() > end) {
      throw new Error(`not in ${ms} ms: ${what}; last seen: ${JSON.stringify(found)}`);
    }
    await pause(50);
    found = await look();
  }
  return found;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function late(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`not done in ${LIMIT_MS} ms`)), LIMIT_MS);
  });
}
