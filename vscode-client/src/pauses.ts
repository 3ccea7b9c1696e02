/** What the user has paused in this window: everything, or some languages. It holds until resumed or the window ends. */

export interface Paused {
  readonly all: boolean;
  readonly languages: ReadonlySet<string>;
}

export class Pauses implements Paused {
  private everything = false;
  private readonly some = new Set<string>();

  /** `onChange` is called after each change, with the language that it was about, or undefined for all. */
  constructor(private readonly onChange: (language: string | undefined, paused: boolean) => void) {}

  get all(): boolean {
    return this.everything;
  }

  get languages(): ReadonlySet<string> {
    return this.some;
  }

  /** Whether nothing is offered in this language. */
  has(language: string): boolean {
    return this.everything || this.some.has(language);
  }

  /** Pause or resume a language, or everything. Resuming everything resumes each language as well. */
  set(language: string | undefined, paused: boolean): void {
    if (language === undefined) {
      this.everything = paused;
      if (!paused) {
        for (const each of [...this.some]) {
          this.set(each, false);
        }
      }
    } else if (paused) {
      this.some.add(language);
    } else {
      this.some.delete(language);
    }
    this.onChange(language, paused);
  }
}
