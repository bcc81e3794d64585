import { routes, type Validator } from "../../generated/validators.js";
import type { OperationName } from "../api/routes.js";

/** The validator of a response with this status. Undefined if the OpenAPI document has no such response. */
export function responseValidator(name: OperationName, status: number): Validator<unknown> | undefined {
  const { responses } = routes[name];
  return responses[status] ?? responses[`${Math.floor(status / 100)}XX`] ?? responses.default;
}
