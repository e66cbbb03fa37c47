/** How far a setup is, on the word of the server. */
export type SetupState = "open" | "live" | "closed" | "gone";

export interface Setup {
  state: SetupState;
  /** The onboarding's id; absent where the link opens nothing. */
  onboarding?: string;
  /** Rises with every change. */
  version: number;
}

export interface OpenOptions {
  /** `link.url` of the onboarding, as the API gave it to your backend. */
  link: string;
  /** `popup` (the default) must be called in a click; `same-tab` leaves your page. */
  mode?: "popup" | "same-tab";
  /** Called whenever the server says something new. */
  onChange?: (setup: Setup) => void;
  /** The popup was blocked: show the link. Without this the page goes there itself. */
  onBlocked?: (link: string) => void;
  /** The window seems to be closed. A hint: what was done is kept, and the promise goes on waiting. */
  onClosed?: () => void;
  /** A language: `en`, `de`, `fr`, `es` or `ja`. */
  language?: string;
  /** Ends the waiting; the promise rejects with an `AbortError`. */
  signal?: AbortSignal;
}

/** Resolves when the server says that the setup is live, closed, or that the link has ended. */
export function open(options: OpenOptions): Promise<Setup>;
