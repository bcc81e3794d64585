/** The fields of a value by their path, such as `run_config.model.name`; lists and empty objects are values. */
export function flattened(value: unknown, path = ""): [path: string, value: unknown][] {
  const entries = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  if (entries.length === 0) return path === "" ? [] : [[path, value]];
  return entries.flatMap(([name, item]) => flattened(item, path === "" ? name : `${path}.${name}`));
}
