import { randomUUID } from "node:crypto";
import type { Config } from "../../config.js";
import { TextRedactor } from "../../contract/text-redactor.js";
import { BASE_URL_HINT } from "../../util/api-path.js";
import { isUsableProxy } from "../../util/proxy.js";
import { type DoctorCheck, ok, skipped, toDo } from "./check.js";
import { clockCheck } from "./clock.js";
import { Probe, type ProbeFailure, type ProbeResponse } from "./probe.js";

/** The statuses of a backend that has rejected the body, and therefore accepted the key. */
const BODY_REJECTED = new Set([400, 409, 413, 415, 422]);
const KEY_REJECTED = new Set([401, 403]);

/** Checks that the backend responds, accepts the key and has the same time. */
export async function checkBackend(config: Config | undefined, leftMs: number): Promise<DoctorCheck[]> {
  const why = skipReason(config);
  if (config === undefined || why !== "")
    return [skipped("backend", why), skipped("access", why), skipped("clock", why)];
  const redactor = new TextRedactor(config.apiKey);
  const probe = new Probe(config, leftMs);
  try {
    const response = await probe.send(config.apiKey);
    if (response.kind === "no response") {
      const unknown = "Unknown, because the backend does not respond.";
      return [
        unreachableCheck(config.baseUrl, response, redactor),
        skipped("access", unknown),
        skipped("clock", unknown),
      ];
    }
    return [
      responseCheck(response, redactor, probe),
      await keyCheck(config, response, redactor, probe),
      clockCheck(response.date),
    ];
  } finally {
    await probe.close();
  }
}

function skipReason(config: Config | undefined): string {
  if (config === undefined) return "The address above is invalid.";
  if (config.offline) return "Offline: nothing is sent.";
  return config.proxy === undefined || isUsableProxy(config.proxy) ? "" : "The proxy above is invalid.";
}

function unreachableCheck(baseUrl: string, { code, reason }: ProbeFailure, redactor: TextRedactor): DoctorCheck {
  // OpenSSL's message for this is not helpful.
  if (baseUrl.startsWith("https:") && /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|ERR_SSL_HTTP_REQUEST/.test(code)) {
    const plain = baseUrl.replace("https:", "http:");
    return toDo("backend", "This port speaks plain http.", `Set EVSYS_API_URL=${plain}.`);
  }
  return toDo("backend", `${baseUrl} cannot be reached: ${redactor.short(reason)}.`, hintFor(code));
}

function hintFor(code: string): string {
  if (code === "ECONNREFUSED") return "Start the backend, or set EVSYS_API_URL to its address.";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "Check the host in EVSYS_API_URL and your DNS settings.";
  if (/CERT|SIGNED|ISSUER|ALTNAME/.test(code)) {
    return "Set NODE_EXTRA_CA_CERTS to the certificate of its CA, or set EVSYS_API_URL to the host of the certificate.";
  }
  return "Check EVSYS_API_URL, and whether a VPN, a proxy or a firewall blocks the connection. Writes stay in the mirror.";
}

function responseCheck(response: ProbeResponse, redactor: TextRedactor, probe: Probe): DoctorCheck {
  const { status, location } = response;
  const found = `The backend responds with status ${status}`;
  if (status >= 300 && status < 400) {
    const target = location === undefined ? undefined : probe.addressAt(location);
    const where = location === undefined ? "redirects without a target" : `redirects to ${redactor.short(location)}`;
    const next = target === undefined ? BASE_URL_HINT : `Set EVSYS_API_URL=${redactor.short(target)}.`;
    return toDo(
      "backend",
      `${found}: it ${where}. Redirects are not followed, because they would forward the API key.`,
      next,
    );
  }
  if (status === 404 || status === 405)
    return toDo("backend", `${found}: the SDK's routes are not at this address.`, BASE_URL_HINT);
  if (status === 407)
    return toDo(
      "backend",
      `${found}: a proxy requires authentication.`,
      "Add the user and password to the proxy variable.",
    );
  if (status >= 500 || status === 408 || status === 429) {
    return toDo(
      "backend",
      `${found}${reasonIn(response, redactor)}.`,
      "Try later, or ask its operators. Writes stay in the mirror and are sent later.",
    );
  }
  if (status < 300) {
    const what = response.contentType === "" ? "" : ` and ${redactor.short(response.contentType)}`;
    return toDo(
      "backend",
      `${found}${what} to an invalid body: it may not be an EvolvingSystems backend.`,
      BASE_URL_HINT,
    );
  }
  return ok(
    "backend",
    BODY_REJECTED.has(status) ? `The backend responds: it rejected the invalid test body with ${status}.` : `${found}.`,
  );
}

async function keyCheck(
  { apiKey }: Config,
  response: ProbeResponse,
  redactor: TextRedactor,
  probe: Probe,
): Promise<DoctorCheck> {
  if (apiKey === undefined) return skipped("access", "No key is set.");
  if (KEY_REJECTED.has(response.status)) {
    const found = `The backend rejects the API key with status ${response.status}${reasonIn(response, redactor)}.`;
    return toDo("access", found, "Set EVSYS_API_KEY to a key with write access to the project.");
  }
  if (!BODY_REJECTED.has(response.status)) return skipped("access", `Status ${response.status} does not show it.`);
  // Some backends validate the body before the key.
  const randomKey = await probe.send(`doctor-${randomUUID()}`);
  if (randomKey.kind === "response" && KEY_REJECTED.has(randomKey.status))
    return ok("access", "The backend accepts the API key.");
  return skipped("access", "Unknown, because the backend responds in the same way to a random key.");
}

function reasonIn({ text }: ProbeResponse, redactor: TextRedactor): string {
  const reason = redactor.short(text);
  return reason === "" ? "" : `: ${reason}`;
}
