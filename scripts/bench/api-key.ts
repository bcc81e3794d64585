/** What the bench's server is shown; it looks at none. */
export const API_KEY = "bench-key";
