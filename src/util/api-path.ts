/** The path of the API below a backend's base URL. */
export const API_PATH = "/api/dashboard/api";

/** The hint for a base URL at which the routes are not found. */
export const BASE_URL_HINT = `Set EVSYS_API_URL to the address of the backend, without ${API_PATH}.`;

/** The origin of a backend, and the URL that all route paths are appended to. */
export function backendAt(baseUrl: string): { readonly origin: string; readonly routes: string } {
  const { origin, pathname } = new URL(baseUrl);
  return { origin, routes: `${origin}${pathname.replace(/\/$/, "")}${API_PATH}` };
}
