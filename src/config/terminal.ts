import type { Environment } from "./environment.js";

/**
 * Whether to write in colour to a stream: if it is a terminal and NO_COLOR is not set. FORCE_COLOR takes precedence over
 * both, as in Node.
 */
export function prefersColour(
  { isTTY }: { readonly isTTY?: boolean },
  environment: Environment = process.env,
): boolean {
  const forced = environment.FORCE_COLOR?.trim();
  if (forced) return !/^(0|false)$/i.test(forced);
  return isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb";
}

/** Whether a stream is a terminal that shows characters beyond ASCII. */
export function showsUnicode(
  { isTTY }: { readonly isTTY?: boolean },
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (isTTY !== true || environment.TERM === "dumb") return false;
  if (platform === "win32") return environment.WT_SESSION !== undefined;
  // The first of them that is set decides, as in POSIX.
  const locale = [environment.LC_ALL, environment.LC_CTYPE, environment.LANG].find(Boolean);
  return /utf-?8/i.test(locale ?? "");
}
