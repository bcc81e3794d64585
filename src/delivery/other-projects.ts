/** A note if experiments of a mirror belong to other projects than the configured one; undefined if none do. */
export function noteOnProjects(
  root: string,
  projects: Iterable<unknown>,
  ours: string | undefined,
): string | undefined {
  if (ours === undefined) return undefined;
  const others = [...new Set(projects)].filter((project) => typeof project === "string" && project !== ours).sort();
  if (others.length === 0) return undefined;
  const belong = others.length === 1 ? `project ${others[0]}` : `the projects ${others.join(", ")}`;
  return `${root}: some experiments belong to ${belong} and are sent there, not to project ${ours}.`;
}
