import { onTestFinished } from "vitest";

/** The warnings that Node prints during the test. */
export function nodeWarnings(): readonly Error[] {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  return warnings;
}
