import { SCRIPT, STYLE } from "../../generated/viewer-assets.js";
import type { Snapshot } from "./api-types.js";
import { filePolicy } from "./headers.js";

const HEAD = `<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>evsys-sdk ui</title>
<link rel="icon" href="data:,">`;
const BODY = `<noscript>The viewer needs JavaScript.</noscript>
<div id="viewer"></div>`;

/** The page of the server. */
export function servedPage(): string {
  return `<!doctype html>
<html lang="en">
<head>
${HEAD}
<link rel="stylesheet" href="/viewer.css">
<script src="/viewer.js" defer></script>
</head>
<body>
${BODY}
</body>
</html>
`;
}

/** The page with its script, its style and its data in one file. */
export function selfContainedPage(snapshot: Snapshot): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta http-equiv="content-security-policy" content="${filePolicy(SCRIPT, STYLE)}">
${HEAD}
<style>${STYLE}</style>
</head>
<body>
${BODY}
<script type="application/json" id="snapshot">${scriptSafe(JSON.stringify(snapshot))}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** JSON that cannot end the script element that contains it. */
function scriptSafe(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
