import { ID_RULE, isSafeId } from "../api/ids.js";
import { type OperationName, ROUTES } from "../api/routes.js";
import { preview } from "../util/preview.js";

/** A body that matches the schema, or the reason why the response is unusable. */
export type Checked = { readonly body: unknown } | { readonly reason: string };

/** Checks the parsed body of a response; `text` is its JSON. */
export type ResponseCheck = (body: unknown, text: string, status: number) => Checked;

const MAX_KNOWN_TEXTS = 16;
const MAX_KNOWN_CHARACTERS = 128;

/** Creates the check for the 2xx responses of a route. It never throws. */
export function responseCheck(name: OperationName): ResponseCheck {
  const { response: schema, kind, entity } = ROUTES[name];
  // Most responses to rows are identical texts, which are checked once.
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
    // The id becomes a folder name in the mirror and part of later URL paths.
    const id: unknown = Object(Object(result.data)[entity]).id;
    if (kind === "create" && !isSafeId(id)) {
      return { reason: `the backend returned the id ${preview(id)}, expected ${ID_RULE}` };
    }
    if (text.length <= MAX_KNOWN_CHARACTERS && known.size < MAX_KNOWN_TEXTS && !text.includes("__proto__")) {
      known.add(text);
    }
    return { body: result.data };
  };
}
