import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EvsysValidationError } from "../errors.js";
import { preview } from "./preview.js";
import { issueAt } from "./validation.js";

/**
 * Resolves a user's folder argument: expands a leading `~` to the home folder, and converts a file URL to a path.
 * @throws EvsysValidationError for another kind of URL, or a value that cannot be a path.
 */
export function folderPath(subject: string, field: readonly (string | number)[], given: string): string {
  const invalid = (message: string) => new EvsysValidationError(subject, [issueAt(field, message)]);
  if (given.trim() === "") throw invalid("expected the path of a folder, got an empty text");
  if (given.includes("\0")) throw invalid(`expected the path of a folder, got ${preview(given)}`);
  if (/^~(?=$|[/\\])/.test(given)) return join(homedir(), given.slice(1));
  if (!/^[a-z][a-z\d+.-]+:\/\//i.test(given)) return given;
  try {
    return fileURLToPath(given);
  } catch {
    throw invalid(`expected the path of a folder or a file:// URL, got ${preview(given)}`);
  }
}
