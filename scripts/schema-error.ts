/** An error of a schema command, with a message for its user. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
}
