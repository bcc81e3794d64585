/** The API key for the bench's server, which accepts any. */
export const API_KEY = "bench-key";
