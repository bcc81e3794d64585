import { ID_RULE, isSafeId } from "../api/ids.js";
import { type OperationName, operations } from "../api/routes.js";
import { shown } from "../util/validation.js";

/** A body that matches the schema, or the reason why the response cannot be used. */
export type Checked = { readonly body: unknown } | { readonly reason: string };

/** Checks the parsed body of a response; `text` is what it was parsed from. */
export type ResponseCheck = (body: unknown, text: string, status: number) => Checked;

const MAX_KNOWN_TEXTS = 16;
const MAX_KNOWN_CHARACTERS = 128;

/** The check for the 2xx responses of a route. It never throws. */
export function responseCheck(name: OperationName): ResponseCheck {
  const { answer: schema, kind, entity } = operations[name];
  // Most responses to rows are equal, letter by letter: these are checked once.
  const known = new Set<string>();
  return (body, text, status) => {
    if (known.has(text)) return { body };
    const result = schema.safeParse(body);
    if (!result.success) {
      const [issue] = result.error.issues;
      const field = issue?.path.join(".") ?? "";
      const where = field === "" ? "" : `${field}: `;
      return { reason: `HTTP ${status} that does not match the schema: ${where}${issue?.message}` };
    }
    // The id names a folder of the mirror and a part of later paths: it must not lead to any other place.
    const id: unknown = Object(Object(result.data)[entity]).id;
    if (kind === "create" && !isSafeId(id)) {
      return { reason: `the backend gave ${shown(id)} as an id, expected ${ID_RULE}` };
    }
    if (text.length <= MAX_KNOWN_CHARACTERS && known.size < MAX_KNOWN_TEXTS && !text.includes("__proto__")) {
      known.add(text);
    }
    return { body: result.data };
  };
}
