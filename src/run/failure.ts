import { keepErrorStack } from "../store/document.js";
import { documentPath } from "../store/paths.js";
import { isError } from "../util/thrown.js";

/** Maximum length of the message, for a table cell of a dashboard. The rest is in the stack. */
const MAX_MESSAGE_CHARACTERS = 500;
const MAX_STACK_CHARACTERS = 16_384;
const MAX_CAUSES = 5;

/** A message for a thrown value: "Name: message", or the value as text, at most 500 characters. It never throws. */
export function failureMessage(thrown: unknown): string {
  const text = textOf(thrown);
  return text.length > MAX_MESSAGE_CHARACTERS ? `${cut(text, MAX_MESSAGE_CHARACTERS - 1)}…` : text;
}

/** Keeps the stack of an error in the mirror's document of a run. It never throws: the run is marked as failed without it. */
export function keepStack(root: string, runId: string, error: unknown): void {
  try {
    const stack = stackOf(error);
    if (stack !== undefined) keepErrorStack(documentPath(root, "run", runId), stack);
  } catch {}
}

/** The stacks of an error and of its causes; undefined if there is none. */
function stackOf(error: unknown): string | undefined {
  const stacks: string[] = [];
  for (let each = error; isError(each) && stacks.length <= MAX_CAUSES; each = each.cause)
    stacks.push(each.stack ?? String(each));
  return stacks.length === 0 ? undefined : cut(stacks.join("\ncaused by: "), MAX_STACK_CHARACTERS);
}

function textOf(thrown: unknown): string {
  try {
    return isError(thrown) ? `${thrown.name}: ${thrown.message}` : String(thrown);
  } catch {
    return "a value that cannot be converted to text was thrown";
  }
}

/** Cuts a text without splitting a surrogate pair. */
function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "");
}
