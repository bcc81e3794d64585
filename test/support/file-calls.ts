import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

type FileCall = (...args: unknown[]) => unknown;
type SyncCall = Extract<keyof typeof fs, `${string}Sync`>;

const originals = new Map<SyncCall, unknown>();

/** Replaces a function of `node:fs`, also where it was imported by name, until `restoreFileCalls`. */
export function replaceFileCall(name: SyncCall, replacement: (original: FileCall) => FileCall): void {
  if (!originals.has(name)) originals.set(name, fs[name]);
  const original = fs[name];
  const call: FileCall = (...args) => Reflect.apply(original, fs, args);
  Object.assign(fs, { [name]: replacement(call) });
  syncBuiltinESMExports();
}

/** Restores all functions of `node:fs` that were replaced. */
export function restoreFileCalls(): void {
  Object.assign(fs, Object.fromEntries(originals));
  originals.clear();
  syncBuiltinESMExports();
}
