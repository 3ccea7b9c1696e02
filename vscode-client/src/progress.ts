/**
 * Work that the server reports, shown with a visible Cancel, but only once it takes long.
 *
 * VS Code's client would put it into the status bar, where it cannot be cancelled. The start of the model is shown only
 * while something is downloaded: else it is over soon, and the status bar item tells of it.
 */

export const SHOW_AFTER_MS = 1000;
/** The title under which the server starts its model. */
const MODEL_TITLE = "Glosswright model";

export type Token = string | number;

export interface Begin {
  readonly kind: "begin";
  readonly title: string;
  readonly cancellable?: boolean;
  readonly message?: string;
  readonly percentage?: number;
}
export interface Report {
  readonly kind: "report";
  readonly message?: string;
  readonly percentage?: number;
}
export interface End {
  readonly kind: "end";
  readonly message?: string;
}

/** Something on the screen. */
export interface Shown {
  /** `percentage`: from 0 to 100, or undefined where nobody knows. */
  report(message: string, percentage: number | undefined): void;
  close(): void;
}

export interface Screen {
  show(title: string, cancel: (() => void) | undefined): Shown;
  after(ms: number, action: () => void): () => void;
}

interface Work {
  readonly begin: Begin;
  message: string;
  percentage: number | undefined;
  shown: Shown | undefined;
  takeBack: (() => void) | undefined;
}

export class WorkProgress {
  private readonly works = new Map<Token, Work>();
  private readonly claims = new Map<Token, (message: string) => void>();

  /** `cancel` tells the server that the user wants the work of a token ended. */
  constructor(
    private readonly screen: Screen,
    private readonly cancel: (token: Token) => void,
  ) {}

  /** One message of `$/progress`. */
  take(token: Token, value: Begin | Report | End): void {
    const claim = this.claims.get(token);
    if (claim !== undefined) {
      if (value.kind !== "end" && value.message) {
        claim(value.message);
      }
      return;
    }
    if (value.kind === "begin") {
      this.end(token);
      const percentage = value.percentage === 0 ? undefined : value.percentage;
      const work: Work = { begin: value, message: value.message ?? "", percentage, shown: undefined, takeBack: undefined };
      work.takeBack = this.screen.after(SHOW_AFTER_MS, () => {
        work.takeBack = undefined;
        this.show(token, work);
      });
      this.works.set(token, work);
      return;
    }
    const work = this.works.get(token);
    if (work === undefined) {
      return;
    }
    if (value.kind === "end") {
      this.end(token);
      return;
    }
    work.message = value.message ?? work.message;
    work.percentage = value.percentage ?? work.percentage;
    if (work.shown === undefined) {
      this.show(token, work);
    } else {
      work.shown.report(work.message, work.percentage);
    }
  }

  /** What is said under `token` is shown by `show`, which has a Cancel of its own; until what is returned is called. */
  claim(token: Token, show: (message: string) => void): () => void {
    this.claims.set(token, show);
    return () => {
      this.claims.delete(token);
    };
  }

  /** The server is gone, and its work with it. */
  clear(): void {
    for (const token of [...this.works.keys()]) {
      this.end(token);
    }
  }

  private show(token: Token, work: Work): void {
    const isWaiting = work.takeBack !== undefined;
    const isQuiet = work.begin.title === MODEL_TITLE && work.percentage === undefined;
    if (isWaiting || isQuiet || work.shown !== undefined) {
      return;
    }
    work.shown = this.screen.show(work.begin.title, work.begin.cancellable ? () => this.cancel(token) : undefined);
    work.shown.report(work.message, work.percentage);
  }

  private end(token: Token): void {
    const work = this.works.get(token);
    this.works.delete(token);
    work?.takeBack?.();
    work?.shown?.close();
  }
}
