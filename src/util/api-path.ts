/** Where the routes of the document stand below the address of a backend. */
export const API_PATH = "/api/dashboard/api";

/** What to do where the routes are not there. */
export const SET_ADDRESS = `Set EVSYS_API_URL to the address of the backend, without ${API_PATH}.`;

/** The host of a backend, and the address below which its routes stand. */
export function backendAt(baseUrl: string): { readonly origin: string; readonly routes: string } {
  const { origin, pathname } = new URL(baseUrl);
  return { origin, routes: `${origin}${pathname.replace(/\/$/, "")}${API_PATH}` };
}
