import { isError } from "../util/thrown.js";

/** What a dashboard can show in a table cell. The rest is in the stack. */
const LONGEST_MESSAGE = 500;
const LONGEST_STACK = 16_384;
const MAX_CAUSES = 5;

/** A thrown value for a dashboard: "Name: message", or the value as text, 500 characters at most. It never throws. */
export function failureMessage(thrown: unknown): string {
  const text = textOf(thrown);
  return text.length > LONGEST_MESSAGE ? `${cut(text, LONGEST_MESSAGE - 1)}…` : text;
}

/** The stacks of an error and of its causes; undefined if there is none. */
export function stackOf(error: unknown): string | undefined {
  const stacks: string[] = [];
  for (let each = error; isError(each) && stacks.length <= MAX_CAUSES; each = each.cause)
    stacks.push(each.stack ?? String(each));
  return stacks.length === 0 ? undefined : cut(stacks.join("\ncaused by: "), LONGEST_STACK);
}

function textOf(thrown: unknown): string {
  try {
    return isError(thrown) ? `${thrown.name}: ${thrown.message}` : String(thrown);
  } catch {
    return "something that cannot be read was thrown";
  }
}

/** Cuts a text without splitting a surrogate pair. */
function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "");
}
