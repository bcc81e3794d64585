/** The version of this package. A constant, because a bundled copy cannot read package.json; a test compares the two. */
export const VERSION = "0.1.0";
