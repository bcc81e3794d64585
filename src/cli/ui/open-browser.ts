import { spawn } from "node:child_process";
import { once } from "node:events";

const COMMANDS: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/** Opens a URL in the user's browser. @returns false if that fails. */
export async function openBrowser(url: string): Promise<boolean> {
  const [command = "xdg-open", ...args] = COMMANDS[process.platform] ?? ["xdg-open"];
  try {
    const child = spawn(command, [...args, url], { stdio: "ignore", detached: true });
    child.unref();
    const [code] = await once(child, "exit");
    return code === 0;
  } catch {
    return false;
  }
}
