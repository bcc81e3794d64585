import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EvsysValidationError } from "../errors.js";
import { issueAt, shown } from "./validation.js";

/**
 * A folder that the user names, as a path: a leading `~` stands for the home folder, a file URL for its path.
 * @throws EvsysValidationError if it is another URL, or cannot be a path.
 */
export function folderPath(subject: string, field: readonly (string | number)[], given: string): string {
  const refuse = (message: string) => new EvsysValidationError(subject, [issueAt(field, message)]);
  if (given.trim() === "") throw refuse("expected the path of a folder, got an empty text");
  if (given.includes("\0")) throw refuse(`expected the path of a folder, got ${shown(given)}`);
  if (/^~(?=$|[/\\])/.test(given)) return join(homedir(), given.slice(1));
  if (!/^[a-z][a-z\d+.-]+:\/\//i.test(given)) return given;
  try {
    return fileURLToPath(given);
  } catch {
    throw refuse(`expected the path of a folder or a file:// URL, got ${shown(given)}`);
  }
}
