import { STATUS_CODES } from "node:http";

/** The base class of all errors of this package: `catch (error) { if (error instanceof EvsysError) … }`. */
export class EvsysError extends Error {
  /** The name of the class, even if a bundler has shortened it. */
  override readonly name: string = "EvsysError";
}

/** The API key or the project id is missing and the client is not offline. Thrown by the constructor; the message says what to set. */
export class EvsysAuthError extends EvsysError {
  override readonly name = "EvsysAuthError";
}

/** A validation issue: an invalid field and what is allowed there. */
export interface ValidationIssue {
  /** The path to the field, such as `["predictions", 3, "model_output"]`. */
  readonly path: readonly (string | number)[];
  /** The same path as text, such as `predictions[3].model_output`. */
  readonly field: string;
  /** The value given and what is allowed. */
  readonly message: string;
}

/** The input does not match the schema. Nothing was written and nothing was sent. */
export class EvsysValidationError extends EvsysError {
  override readonly name = "EvsysValidationError";
  readonly #issues: readonly ValidationIssue[];

  /** @internal `subject`: what was validated, such as the method called. */
  constructor(subject: string, issues: readonly ValidationIssue[]) {
    const lines = issues.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`));
    super(`${subject}: ${lines.join("; ")}`);
    this.#issues = issues;
  }

  /** All issues, in the order of the schema. A getter, so that a console does not print them twice. */
  get issues(): readonly ValidationIssue[] {
    return this.#issues;
  }
}

/** The mirror could not be read or written. `path` is the file, `cause` the system's error. */
export class MirrorError extends EvsysError {
  override readonly name = "MirrorError";
  /** The file or folder. */
  readonly path: string;

  /** @internal */
  constructor(message: string, path: string, cause?: unknown, hint?: string) {
    const reason = cause instanceof Error ? `: ${cause.message}` : "";
    super(withHint(`${message} (${path})${reason}`, hint), { cause });
    this.path = path;
  }
}

const KEY_HINT = "Set EVSYS_API_KEY or apiKey.";

/** The properties of a {@link DashboardClientError}. */
export interface FailedRequest {
  /** The HTTP status of the response. */
  readonly status: number;
  /** The response body: parsed if it is JSON, else its text. */
  readonly body: unknown;
  /** The route, such as `/sdk/runs/`. */
  readonly path: string;
  /** True if the write stays in the mirror and is sent once the cause is fixed. */
  readonly pending: boolean;
  /** The backend's message. */
  readonly reason: string;
  /** The backend's id for the request: the `x-request-id` header of the response. */
  readonly requestId?: string;
  /** What to do next: a sentence that ends the message. */
  readonly hint?: string;
  /** The underlying error, if there is one. */
  readonly cause?: unknown;
}

/** The backend rejected or blocked a write. Common statuses have subclasses; any other status is of this class. */
export class DashboardClientError extends EvsysError {
  override readonly name: string = "DashboardClientError";
  /** The HTTP status of the response. */
  readonly status: number;
  /** The response body: parsed if it is JSON, else its text, truncated if it is long. */
  readonly body: unknown;
  /** The route, such as `/sdk/runs/`. */
  readonly path: string;
  /** Every route is a POST. */
  readonly method = "POST";
  /** True if the write is kept and will be sent once the cause is fixed: do not repeat the call. False if it was rejected. */
  readonly pending: boolean;
  /** The backend's id for the request, for its operators: the `x-request-id` header of the response. */
  readonly requestId: string | undefined;

  /** @internal */
  constructor(request: FailedRequest) {
    const status = `${request.status} ${STATUS_CODES[request.status] ?? ""}`.trim();
    const reason = request.reason === "" ? "" : `: ${request.reason}`;
    const name = request.requestId === undefined ? "" : ` (request ${request.requestId})`;
    const message = withHint(`[POST] ${request.path} → ${status}${reason}${name}`, request.hint);
    super(message, "cause" in request ? { cause: request.cause } : undefined);
    this.status = request.status;
    this.body = request.body;
    this.path = request.path;
    this.pending = request.pending;
    this.requestId = request.requestId;
  }
}

/** 400: the backend rejects the body. */
export class BadRequestError extends DashboardClientError {
  override readonly name = "BadRequestError";
}

/** 401: the API key is not accepted. The write stays pending. */
export class AuthenticationError extends DashboardClientError {
  override readonly name = "AuthenticationError";

  /** @internal */
  constructor(request: FailedRequest) {
    super({ ...request, hint: KEY_HINT });
  }
}

/** 403: the key has no write access, such as to another team's project. The write stays pending. */
export class PermissionDeniedError extends DashboardClientError {
  override readonly name = "PermissionDeniedError";
}

/** 404: the backend does not know the experiment, the run or the route. */
export class NotFoundError extends DashboardClientError {
  override readonly name = "NotFoundError";
}

/** 409: the write conflicts with the backend's data. */
export class ConflictError extends DashboardClientError {
  override readonly name = "ConflictError";
}

/** 422: the body is well formed, but the backend cannot process it. */
export class UnprocessableEntityError extends DashboardClientError {
  override readonly name = "UnprocessableEntityError";
}

const CLASS_OF_STATUS: Readonly<Record<number, typeof DashboardClientError>> = {
  400: BadRequestError,
  401: AuthenticationError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  422: UnprocessableEntityError,
};

/** Creates the error of the class that the status has. */
export function errorOfResponse(request: FailedRequest): DashboardClientError {
  return new (CLASS_OF_STATUS[request.status] ?? DashboardClientError)(request);
}

/** The message of an error without its hint, for a caller that adds its own. */
export function withoutHint({ message }: DashboardClientError): string {
  return message.endsWith(KEY_HINT) ? message.slice(0, -KEY_HINT.length).trimEnd() : message;
}

function withHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message.replace(/\.$/, "")}. ${hint}`;
}
