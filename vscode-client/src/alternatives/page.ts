/** The alternatives panel's page: a frame without content, under a policy that lets nothing else in. */

export interface PageParts {
  /** What the webview's own resources come from. */
  readonly source: string;
  readonly script: string;
  readonly style: string;
  readonly nonce: string;
}

/** The whole page. Everything in it is ours: code and verdicts come later, as text. */
export function page({ source, script, style, nonce }: PageParts): string {
  const policy = `default-src 'none'; style-src ${source}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Alternatives</title>
<link rel="stylesheet" href="${style}">
</head>
<body>
<main aria-labelledby="heading">
<h1 id="heading">Alternatives</h1>
<p id="status" role="status" aria-live="polite"></p>
<div id="actions"></div>
<ol id="cards" aria-label="Alternatives, best first"></ol>
</main>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
