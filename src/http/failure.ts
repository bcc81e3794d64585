import { EvsysError } from "../errors.js";
import { codeOf, isError, messageOf } from "../util/thrown.js";
import type { Deadline } from "./deadline.js";
import { UploadCutError } from "./exchange.js";
import { blockedByIntermediary, type Expected, type Outcome, type Unavailable } from "./outcome.js";
import { oneLine } from "./response-text.js";

/** undici's message if a proxy rejects the tunnel; the status has no field of its own. */
const TUNNEL_FAILED = /^Proxy response \((\d{3})\)/;
/** undici's messages if the server switches protocols, which no request asks for. */
const UNREQUESTED_UPGRADE = /^bad upgrade$|assert\(upgrade\)/;
/** Errors that indicate a bug rather than a network failure, unless they have the code of a system error. */
const PROGRAMMING_ERRORS: ReadonlySet<string> = new Set([
  "TypeError",
  "ReferenceError",
  "SyntaxError",
  "RangeError",
  "AssertionError",
]);
/** Fetch functions throw a TypeError for network failures too. */
const FETCH_FAILED = /fetch|network|load failed/i;
const CLIENT_CODE = /^(ERR_(?!SSL|TLS)|UND_ERR_(INVALID|NOT_SUPPORTED|REQ_)|EMFILE|ENFILE|MODULE_NOT_FOUND)/;
const CLOSED_CODE = /^UND_ERR_(DESTROYED|CLOSED)$/;
const RESPONSE_CODE = /^UND_ERR_(RES_|RESPONSE|HEADERS_OVERFLOW)/;

/** Classifies an attempt that threw instead of returning a response. */
export function outcomeOfFailure(thrown: unknown, deadline: Deadline, expected: Expected): Outcome {
  const { redact, proxy } = expected;
  if (deadline.reason !== undefined) return unavailable(redact(deadline.reason.message), "timeout");
  const [, status] = TUNNEL_FAILED.exec(messageOf(thrown)) ?? [];
  if (status === "407") return blockedByIntermediary(407, expected);
  if (status !== undefined) return unavailable(`the proxy ${proxy} does not connect: HTTP ${status}`, "connection");
  if (UNREQUESTED_UPGRADE.test(messageOf(rootCause(thrown))))
    return unavailable("HTTP 101: the server switches to another protocol", "response");
  if (isClosing(thrown)) return unavailable("the client is closed", "client");
  const evidence = evidenceOf(thrown);
  const reason = evidence === "client" ? `an error of this client: ${reasonOfThrown(thrown)}` : reasonOfThrown(thrown);
  return unavailable(redact(reason), evidence, thrown instanceof UploadCutError);
}

/** The reason why a request failed: the code and the message of the error, or of its cause. */
export function reasonOfThrown(thrown: unknown): string {
  const cause = rootCause(thrown);
  const message = messageOf(cause);
  // OpenSSL's message if the server speaks plain http.
  if (/wrong version number|packet length too long/i.test(message))
    return "the server does not speak TLS; use http instead of https?";
  const code = codeOf(cause) ?? (isError(cause) ? cause.name : "");
  return message.includes(code) || message === "" ? message || code : `${code}: ${message}`;
}

function evidenceOf(thrown: unknown): Unavailable["evidence"] {
  const cause = rootCause(thrown);
  const code = codeOf(cause);
  if (RESPONSE_CODE.test(code ?? "") || (isError(cause) && cause.name === "HTTPParserError")) return "response";
  if (code !== undefined) return CLIENT_CODE.test(code) ? "client" : "connection";
  if (!isError(cause)) return "connection";
  return PROGRAMMING_ERRORS.has(cause.name) && !FETCH_FAILED.test(cause.message) ? "client" : "connection";
}

function isClosing(thrown: unknown): boolean {
  return thrown instanceof EvsysError || CLOSED_CODE.test(codeOf(thrown) ?? "");
}

/** The error's cause, if it has one: Node puts the details of a failed connection there. */
export function rootCause(thrown: unknown): unknown {
  return isError(thrown) && isError(thrown.cause) ? thrown.cause : thrown;
}

function unavailable(reason: string, evidence: Unavailable["evidence"], isUploadCut = false): Outcome {
  return { kind: "unavailable", reason: oneLine(reason), evidence, ...(isUploadCut ? { isUploadCut } : {}) };
}
