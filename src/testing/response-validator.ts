import { routes, type Validator } from "../../generated/validators.js";
import type { OperationName } from "../api/routes.js";

/** The validator for a route's responses of a status. Undefined if the schema has no such response. */
export function responseValidator(name: OperationName, status: number): Validator<unknown> | undefined {
  const { responses } = routes[name];
  return responses[status] ?? responses[`${Math.floor(status / 100)}XX`] ?? responses.default;
}
