import { EvsysError } from "../errors.js";
import { codeOf, isError, messageOf } from "../util/thrown.js";
import type { Deadline } from "./deadline.js";
import { UploadCutError } from "./exchange.js";
import { blockedOnTheWay, type Expected, type Outcome, type Unavailable } from "./outcome.js";
import { oneLine } from "./words.js";

/** How undici words it; there is no field for the status. */
const TUNNEL_REFUSED = /^Proxy response \((\d{3})\)/;
/** Errors of programs, not of networks, if they have no code of a system error. */
const PROGRAMMING_ERRORS: ReadonlySet<string> = new Set([
  "TypeError",
  "ReferenceError",
  "SyntaxError",
  "RangeError",
  "AssertionError",
]);
/** What fetch functions throw for the network is a TypeError as well. */
const FETCH_FAILED = /fetch|network|load failed/i;
const CLIENT_CODE = /^(ERR_(?!SSL|TLS)|UND_ERR_(INVALID|NOT_SUPPORTED|REQ_)|EMFILE|ENFILE|MODULE_NOT_FOUND)/;
const CLOSED_CODE = /^UND_ERR_(DESTROYED|CLOSED)$/;
const RESPONSE_CODE = /^UND_ERR_(RES_|RESPONSE|HEADERS_OVERFLOW)/;

/** The outcome of an attempt that threw in place of a response. */
export function outcomeOfFailure(thrown: unknown, deadline: Deadline, expected: Expected): Outcome {
  const { redact, proxy } = expected;
  if (deadline.reason !== undefined) return unavailable(redact(deadline.reason.message), "timeout");
  const [, status] = TUNNEL_REFUSED.exec(messageOf(thrown)) ?? [];
  if (status === "407") return blockedOnTheWay(407, expected);
  if (status !== undefined) return unavailable(`the proxy ${proxy} refuses to connect: HTTP ${status}`, "connection");
  if (isClosing(thrown)) return unavailable("the client is closed", "client");
  const evidence = evidenceOf(thrown);
  const reason = evidence === "client" ? `an error of this client: ${reasonOfThrown(thrown)}` : reasonOfThrown(thrown);
  return unavailable(redact(reason), evidence, thrown instanceof UploadCutError);
}

/** Why a request failed, in words: the code and the message of the error, or of its cause. */
export function reasonOfThrown(thrown: unknown): string {
  const told = innermost(thrown);
  const message = messageOf(told);
  // What OpenSSL says where plain http answers.
  if (/wrong version number|packet length too long/i.test(message))
    return "it does not speak TLS; http in place of https?";
  const code = codeOf(told) ?? (isError(told) ? told.name : "");
  return message.includes(code) || message === "" ? message || code : `${code}: ${message}`;
}

function evidenceOf(thrown: unknown): Unavailable["evidence"] {
  const told = innermost(thrown);
  const code = codeOf(told);
  if (RESPONSE_CODE.test(code ?? "") || (isError(told) && told.name === "HTTPParserError")) return "response";
  if (code !== undefined) return CLIENT_CODE.test(code) ? "client" : "connection";
  if (!isError(told)) return "connection";
  return PROGRAMMING_ERRORS.has(told.name) && !FETCH_FAILED.test(told.message) ? "client" : "connection";
}

function isClosing(thrown: unknown): boolean {
  return thrown instanceof EvsysError || CLOSED_CODE.test(codeOf(thrown) ?? "");
}

/** The error or its cause: Node keeps the telling part of a failed connection in the cause. */
export function innermost(thrown: unknown): unknown {
  return isError(thrown) && isError(thrown.cause) ? thrown.cause : thrown;
}

function unavailable(reason: string, evidence: Unavailable["evidence"], isUploadCut = false): Outcome {
  return { kind: "unavailable", reason: oneLine(reason), evidence, ...(isUploadCut ? { isUploadCut } : {}) };
}
