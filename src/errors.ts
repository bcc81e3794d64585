import { STATUS_CODES } from "node:http";

/** What all errors of this package have in common: `catch (error) { if (error instanceof EvsysError) … }`. */
export class EvsysError extends Error {
  /** The name of the class, also where a bundler has shortened the class itself. */
  override readonly name: string = "EvsysError";
}

/** The API key or the project is missing, and the client is not offline. Thrown by the constructor; the message names the way out. */
export class EvsysAuthError extends EvsysError {
  override readonly name = "EvsysAuthError";
}

/** One thing that does not fit: where it stands and what is wrong with it. */
export interface ValidationIssue {
  /** The way to the field, such as `["predictions", 3, "model_output"]`. */
  readonly path: readonly (string | number)[];
  /** The same way as one reads it, such as `predictions[3].model_output`. */
  readonly field: string;
  /** What was given and what fits. */
  readonly message: string;
}

/** The input does not fit the document. Nothing was written and nothing was sent. */
export class EvsysValidationError extends EvsysError {
  override readonly name = "EvsysValidationError";
  readonly #issues: readonly ValidationIssue[];

  /** @internal `subject`: what was given, such as the method called. */
  constructor(subject: string, issues: readonly ValidationIssue[]) {
    const lines = issues.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`));
    super(`${subject}: ${lines.join("; ")}`);
    this.#issues = issues;
  }

  /** Everything that does not fit, in the order of the document. A getter, so that a console does not print it all again. */
  get issues(): readonly ValidationIssue[] {
    return this.#issues;
  }
}

/** The local folder could not be read or written. `path` is the file, `cause` what the system said. */
export class MirrorError extends EvsysError {
  override readonly name = "MirrorError";
  /** The file or folder concerned. */
  readonly path: string;

  /** @internal */
  constructor(message: string, path: string, cause?: unknown, wayOut?: string) {
    const reason = cause instanceof Error ? `: ${cause.message}` : "";
    super(withWayOut(`${message} (${path})${reason}`, wayOut), { cause });
    this.path = path;
  }
}

const SET_KEY = "Set EVSYS_API_KEY or apiKey.";

/** What a {@link DashboardClientError} is made of. */
export interface FailedRequest {
  /** The HTTP status of the answer. */
  readonly status: number;
  /** The answer: parsed where it was JSON, else its text. */
  readonly body: unknown;
  /** The route, such as `/sdk/runs/`. */
  readonly path: string;
  /** True where the write stays in the mirror and goes out later, once what blocks it is mended. */
  readonly pending: boolean;
  /** What the backend said, in words. */
  readonly reason: string;
  /** The name that the backend gave to the request: its `x-request-id` header. */
  readonly requestId?: string;
  /** What led to it, where it was more than the answer. */
  readonly cause?: unknown;
}

/** The backend answered, and the answer was no. The subclasses name the common statuses; any other status is of this class itself. */
export class DashboardClientError extends EvsysError {
  override readonly name: string = "DashboardClientError";
  /** The HTTP status of the answer. */
  readonly status: number;
  /** The answer: parsed where it was JSON, else its text, cut where it is long. */
  readonly body: unknown;
  /** The route, such as `/sdk/runs/`. */
  readonly path: string;
  /** Every route is a POST. */
  readonly method = "POST";
  /** True where the write is kept and goes out once the cause is mended: do not repeat the call. False where it was refused. */
  readonly pending: boolean;
  /** The name that the backend gave to the request, for its operators: the `x-request-id` header of the response. */
  readonly requestId: string | undefined;

  /** @internal */
  constructor(request: FailedRequest, wayOut?: string) {
    const status = `${request.status} ${STATUS_CODES[request.status] ?? ""}`.trim();
    const reason = request.reason === "" ? "" : `: ${request.reason}`;
    const name = request.requestId === undefined ? "" : ` (request ${request.requestId})`;
    const message = withWayOut(`[POST] ${request.path} → ${status}${reason}${name}`, wayOut);
    super(message, "cause" in request ? { cause: request.cause } : undefined);
    this.status = request.status;
    this.body = request.body;
    this.path = request.path;
    this.pending = request.pending;
    this.requestId = request.requestId;
  }
}

/** 400: the backend does not take the body. */
export class BadRequestError extends DashboardClientError {
  override readonly name = "BadRequestError";
}

/** 401: the API key is not accepted. What was written stays pending. */
export class AuthenticationError extends DashboardClientError {
  override readonly name = "AuthenticationError";

  /** @internal */
  constructor(request: FailedRequest) {
    super(request, SET_KEY);
  }
}

/** 403: the key may not write here, such as to a project of others. What was written stays pending. */
export class PermissionDeniedError extends DashboardClientError {
  override readonly name = "PermissionDeniedError";
}

/** 404: the backend does not know the experiment, the run or the route. */
export class NotFoundError extends DashboardClientError {
  override readonly name = "NotFoundError";
}

/** 409: the write contradicts what the backend holds. */
export class ConflictError extends DashboardClientError {
  override readonly name = "ConflictError";
}

/** 422: the body is well formed, and the backend cannot use it. */
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

/** The error for an answer that was no. */
export function errorOfAnswer(request: FailedRequest): DashboardClientError {
  return new (CLASS_OF_STATUS[request.status] ?? DashboardClientError)(request);
}

/** What an error says, without what to do about it: for who says that in words of its own. */
export function withoutWayOut({ message }: DashboardClientError): string {
  return message.endsWith(SET_KEY) ? message.slice(0, -SET_KEY.length).trimEnd() : message;
}

function withWayOut(message: string, wayOut: string | undefined): string {
  return wayOut === undefined ? message : `${message.replace(/\.$/, "")}. ${wayOut}`;
}
