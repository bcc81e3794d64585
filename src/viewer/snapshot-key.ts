/** The key of a response in a self-contained file, which has one page and one resolution of everything. */
export function snapshotKey(path: string, run = "", series = ""): string {
  return path === "runs" || path === "delivery" ? path : [path, run, path === "curve" ? series : ""].join("\n");
}
