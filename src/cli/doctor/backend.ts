import { randomUUID } from "node:crypto";
import type { Config } from "../../config.js";
import { Words } from "../../contract/words.js";
import { BASE_URL_HINT } from "../../util/api-path.js";
import { isUsableProxy } from "../../util/proxy.js";
import { type Check, ok, skipped, toDo } from "./check.js";
import { clockOf } from "./clock.js";
import { type Answered, Probe, type Silence } from "./probe.js";

/** What a backend answers that has looked at the body, and therefore took the key before. */
const BODY_REFUSED = new Set([400, 409, 413, 415, 422]);
const KEY_REFUSED = new Set([401, 403]);

/** Asks the backend whether it is there, takes the key, and has the same time. */
export async function checkBackend(config: Config | undefined, leftMs: number): Promise<Check[]> {
  const why = whyUnasked(config);
  if (config === undefined || why !== "")
    return [skipped("backend", why), skipped("access", why), skipped("clock", why)];
  const words = new Words(config.apiKey);
  const probe = new Probe(config, leftMs);
  try {
    const answer = await probe.ask(config.apiKey);
    if (answer.kind === "silence") {
      const unknown = "It could not be told: the backend does not answer.";
      return [silent(config.baseUrl, answer, words), skipped("access", unknown), skipped("clock", unknown)];
    }
    return [answering(answer, words, probe), await keyOf(config, answer, words, probe), clockOf(answer.date)];
  } finally {
    await probe.close();
  }
}

function whyUnasked(config: Config | undefined): string {
  if (config === undefined) return "The address above cannot be used.";
  if (config.offline) return "Offline: nothing is sent.";
  return config.proxy === undefined || isUsableProxy(config.proxy) ? "" : "The proxy above cannot be used.";
}

function silent(baseUrl: string, { code, reason }: Silence, words: Words): Check {
  // What OpenSSL says of it helps nobody.
  if (baseUrl.startsWith("https:") && /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|ERR_SSL_HTTP_REQUEST/.test(code)) {
    const plain = baseUrl.replace("https:", "http:");
    return toDo("backend", "This port speaks plain http.", `Use ${plain}: set EVSYS_API_URL to it.`);
  }
  return toDo("backend", `${baseUrl} cannot be reached: ${words.short(reason)}.`, wayOut(code));
}

function wayOut(code: string): string {
  if (code === "ECONNREFUSED") return "Nothing listens there: start the backend, or set EVSYS_API_URL to its address.";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return "Set EVSYS_API_URL to a host that is known, and see to the DNS.";
  if (/CERT|SIGNED|ISSUER|ALTNAME/.test(code)) {
    return "Name the certificate of its authority with NODE_EXTRA_CA_CERTS, or set EVSYS_API_URL to the host that it is for.";
  }
  return "See whether EVSYS_API_URL is right, and whether a VPN, a proxy or a firewall is in the way. Writes wait in the mirror.";
}

function answering(answer: Answered, words: Words, probe: Probe): Check {
  const { status, location } = answer;
  const said = `The backend answers, with status ${status}`;
  if (status >= 300 && status < 400) {
    const target = location === undefined ? undefined : probe.addressAt(location);
    const where = location === undefined ? "names no target" : `redirects to ${words.short(location)}`;
    const next = target === undefined ? BASE_URL_HINT : `Set EVSYS_API_URL=${words.short(target)}.`;
    return toDo("backend", `${said}: it ${where}. Redirects are not followed, they would carry the key along.`, next);
  }
  if (status === 404 || status === 405)
    return toDo("backend", `${said}: the SDK's routes are not there.`, BASE_URL_HINT);
  if (status === 407)
    return toDo(
      "backend",
      `${said}: a proxy wants to know who asks.`,
      "Put its user and password into the variable of the proxy.",
    );
  if (status >= 500 || status === 408 || status === 429) {
    return toDo(
      "backend",
      `${said}${reasonIn(answer, words)}.`,
      "Wait, or ask who runs it: writes are kept in the mirror and sent later.",
    );
  }
  if (status < 300) {
    const what = answer.contentType === "" ? "" : ` and ${words.short(answer.contentType)}`;
    return toDo("backend", `${said}${what}, to what a backend refuses: something else may be there.`, BASE_URL_HINT);
  }
  return ok(
    "backend",
    BODY_REFUSED.has(status) ? `It answers: it refused the test body with ${status}, as it should.` : `${said}.`,
  );
}

async function keyOf({ apiKey }: Config, answer: Answered, words: Words, probe: Probe): Promise<Check> {
  if (apiKey === undefined) return skipped("access", "There is none to try.");
  if (KEY_REFUSED.has(answer.status)) {
    const found = `The backend refuses the key with status ${answer.status}${reasonIn(answer, words)}.`;
    return toDo("access", found, "Set EVSYS_API_KEY to a key that may write to the project.");
  }
  if (!BODY_REFUSED.has(answer.status)) return skipped("access", `It could not be told from status ${answer.status}.`);
  // Some look at the body first, and would say the same to anybody.
  const stranger = await probe.ask(`doctor-${randomUUID()}`);
  if (stranger.kind === "answer" && KEY_REFUSED.has(stranger.status))
    return ok("access", "The backend accepts the key.");
  return skipped("access", "It could not be told: the backend answers in the same way to a key that is made up.");
}

function reasonIn({ text }: Answered, words: Words): string {
  const reason = words.short(text);
  return reason === "" ? "" : `: ${reason}`;
}
