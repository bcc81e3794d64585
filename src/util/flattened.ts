/** The fields of a nested value by path, such as `run_config.model.name`. Arrays and empty objects count as values. */
export function flattened(value: unknown, path = ""): [path: string, value: unknown][] {
  const entries = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  if (entries.length === 0) return path === "" ? [] : [[path, value]];
  return entries.flatMap(([name, item]) => flattened(item, path === "" ? name : `${path}.${name}`));
}
