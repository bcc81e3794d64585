import { keepErrorStack } from "../mirror/document.js";
import { documentPath } from "../mirror/paths.js";

/** What a dashboard shows in a table cell or a note. The rest is in the stack. */
const LONGEST_MESSAGE = 500;
const LONGEST_STACK = 16_384;
const MOST_CAUSES = 5;

/** What went wrong, in words a dashboard can show: "Name: message", or the thrown value as text, 500 characters at most. */
export function messageOf(error: unknown): string {
  const text = told(error);
  return text.length > LONGEST_MESSAGE ? `${cut(text, LONGEST_MESSAGE - 1)}…` : text;
}

/** Writes where an error came from, with its causes, into the mirror's document of the run. It is never sent. */
export function keepStack(root: string, runId: string, error: unknown): void {
  const stacks: string[] = [];
  for (let each = error; each instanceof Error && stacks.length <= MOST_CAUSES; each = each.cause)
    stacks.push(each.stack ?? String(each));
  if (stacks.length === 0) return;
  keepErrorStack(documentPath(root, "run", runId), cut(stacks.join("\ncaused by: "), LONGEST_STACK));
}

function told(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    // Anything may be thrown, also what cannot be made text of.
    return "something that cannot be read was thrown";
  }
}

/** Half a surrogate pair is no text. */
function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "");
}
