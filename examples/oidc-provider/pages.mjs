// The few pages that the three example sites show: plain HTML, inline style, no script but one.
import { randomBytes } from 'node:crypto';

/** @param {unknown} text */
export function escape(text) {
  const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return String(text ?? '').replace(/[&<>"']/g, (c) => entities[c]);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6577; --paper: #fff; --ground: #eef1f6; --line: #dde2ea; --edge: #8490a5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf3; --soft: #9aa5b8; --paper: #1b212c; --ground: #12161d; --line: #2d3543; --edge: #6d7890; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 2rem 1rem; color: var(--ink);
  background: var(--ground); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { width: 100%; max-width: 28rem; background: var(--paper); border-radius: 14px; overflow: hidden;
  box-shadow: 0 1px 2px #0001, 0 12px 32px #0002; }
main.wide { max-width: 44rem; }
header { padding: .9rem 1.75rem; color: #fff; background: var(--accent); font-size: .85rem; letter-spacing: .02em;
  display: flex; justify-content: space-between; gap: 1rem; }
header span { opacity: .8; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
section { padding: 1.5rem 1.75rem 1.75rem; }
h1 { margin: 0 0 .4rem; font-size: 1.45rem; line-height: 1.25; letter-spacing: -.01em; }
p { margin: .4rem 0 1rem; color: var(--soft); } p b { color: var(--ink); }
label { display: block; margin: .9rem 0 .3rem; font-size: .85rem; font-weight: 600; }
input { width: 100%; padding: .6rem .75rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--edge); border-radius: 8px; }
:is(input, button, a):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.row { display: flex; flex-wrap: wrap; gap: .6rem; margin-top: 1.3rem; }
.row form { display: contents; }
button, a.button { flex: 1 1 8rem; padding: .6rem 1rem; font: inherit; font-weight: 600; text-align: center; cursor: pointer;
  text-decoration: none; color: #fff; background: var(--accent); border: 1px solid var(--accent); border-radius: 8px; }
.quiet { color: var(--ink) !important; background: transparent !important; border-color: var(--edge) !important; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
td { padding: .45rem .75rem .45rem 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
td:first-child { color: var(--soft); white-space: nowrap; overflow-wrap: normal; }
code { font: .85em ui-monospace, SFMono-Regular, Menlo, monospace; }
tr.hot td { font-weight: 600; color: var(--ink); }
.error { padding: .75rem 1rem; border-left: 4px solid #c8372d; border-radius: 4px; background: #c8372d18; }
.error p { margin: .2rem 0 0; }
.who { display: flex; align-items: center; gap: .8rem; margin: 1rem 0; font-size: 1.15rem; font-weight: 600; }
.who i { display: grid; place-items: center; width: 2.6rem; height: 2.6rem; border-radius: 50%; color: #fff;
  background: var(--accent); font-style: normal; }`;

const ACCENTS = { idp: '#3d5bd9', rp: '#0d7a63', partner: '#a2407a' };

/**
 * A whole page. `body` is HTML: escape what goes into it.
 * @param {{site: 'idp'|'rp'|'partner', brand: string, host?: string, title: string, body: string, wide?: boolean, script?: string}} page
 */
export function page({ site, brand, host = '', title, body, wide = false, script = '' }) {
  const nonce = randomBytes(16).toString('base64');
  const html = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><style nonce="${nonce}">:root { --accent: ${ACCENTS[site]}; }${STYLE}</style>
<main${wide ? ' class="wide"' : ''}><header><b>${escape(brand)}</b><span>${escape(host)}</span></header>
<section>${body}</section></main>${script ? `<script nonce="${nonce}">${script}</script>` : ''}</html>`;
  const inline = script ? `; script-src 'nonce-${nonce}'` : '';
  return {
    html,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'${inline}; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  };
}

/** Sends a page. @param {import('node:http').ServerResponse} res @param {number} status */
export function send(res, status, { html, headers }) {
  res.writeHead(status, headers).end(html);
}

/** Sends the browser on, by GET. @param {import('node:http').ServerResponse} res @param {string} location */
export function seeOther(res, location) {
  res.writeHead(303, { location, 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' }).end();
}

/** Reads a form of at most 64 KiB. @param {import('node:http').IncomingMessage} req */
export async function readForm(req) {
  const chunks = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size > 65536) throw new Error('the form is larger than 64 KiB');
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** The cookies of a request, by name. @param {import('node:http').IncomingMessage} req */
export function cookies(req) {
  const pairs = (req.headers.cookie ?? '').split(';').map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  });
  return new Map(pairs.reverse()); // the first of two equal names wins, as most servers have it
}

/** A server whose handler may throw: then a plain 500, and the cause on stderr.
 *  @param {(req: import('node:http').IncomingMessage, res: import('node:http').ServerResponse) => Promise<unknown>} handler */
export function guarded(handler) {
  return (req, res) => {
    handler(req, res).catch((error) => {
      console.error(error);
      if (!res.headersSent) res.writeHead(500, { 'content-type': 'text/plain' });
      res.end('something failed; the server\'s log says what');
    });
  };
}
