/** Why nothing could be done, in words for whoever called. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
}
