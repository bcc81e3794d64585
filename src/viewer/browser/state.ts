import type { RunList } from "../api-types.js";

/** The views, in the order of the tabs. */
export const VIEWS = ["runs", "curves", "evals", "checkpoints", "predictions", "config"] as const;
export type View = (typeof VIEWS)[number];

/** The visible range of the x axis. */
export interface Zoom {
  readonly from: number;
  readonly to: number;
}

/** The state of the page. */
export interface State {
  readonly view: View;
  /** The keys of the selected runs, in the order of their colours. */
  readonly selected: readonly string[];
  readonly list: RunList;
  readonly series: string;
  readonly error: string;
}

/** Holds the state, notifies listeners, and stores view and selection in the URL. */
export class Store {
  #state: State = { view: "runs", selected: [], list: { runs: [], series: [], missing: [] }, series: "", error: "" };
  readonly #listeners: ((state: State, before: State) => void)[] = [];

  constructor() {
    this.#state = { ...this.#state, ...fromAddress() };
    window.addEventListener("hashchange", () => this.set(fromAddress()));
  }

  get state(): State {
    return this.#state;
  }

  set(change: Partial<State>): void {
    const before = this.#state;
    this.#state = { ...before, ...change };
    const hash = toAddress(this.#state);
    if (hash !== window.location.hash) window.history.replaceState(null, "", hash);
    for (const listener of this.#listeners) listener(this.#state, before);
  }

  listen(listener: (state: State, before: State) => void): void {
    this.#listeners.push(listener);
  }

  /** Selects or deselects a run. */
  toggle(key: string): void {
    const { selected } = this.#state;
    this.set({ selected: selected.includes(key) ? selected.filter((each) => each !== key) : [...selected, key] });
  }
}

function fromAddress(): Pick<State, "view" | "selected" | "series"> {
  const parameters = new URLSearchParams(window.location.hash.slice(1));
  const view = VIEWS.find((name) => name === parameters.get("view")) ?? "runs";
  return { view, selected: parameters.getAll("run"), series: parameters.get("series") ?? "" };
}

function toAddress({ view, selected, series }: State): string {
  const parameters = new URLSearchParams({ view });
  for (const key of selected) parameters.append("run", key);
  if (series !== "") parameters.set("series", series);
  return `#${parameters}`;
}
