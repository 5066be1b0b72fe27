// Starts the whole example: Postlude, the IdP, the relying party and the partner's prompt site, all on loopback.
//   node start.mjs --postlude ../../target/debug/postlude --plugin ../../plugins/target/postlude/custom-factor.wasm
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { createIdp } from './idp.mjs';
import { createPostlude } from '../idp-client/ts/postlude.mjs';
import { createPartnerKeys, createPromptSite } from './prompt-site.mjs';
import { createRp } from './rp.mjs';
import { createClientKeys, createSecondIdp } from './second-idp.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const CLAIM = 'https://postlude.dev/factor';
const READY_MS = 180_000; // the first start compiles the plugin: half a minute where it holds a JavaScript engine and the machine is busy
const STOP_MS = 5000;

/** A port that is free now. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((done) => { server.close(done); });
  return port;
}

/** Makes a root key, unless there is one: with another, nobody's record would count any more. */
async function rootKey(binary, file) {
  if (existsSync(file)) return;
  const { stdout } = await promisify(execFile)(binary, ['keys', 'new', 'root']);
  await writeFile(file, stdout, { mode: 0o600, flag: 'wx' });
}

/** Fills `{{name}}`; a value left out is a mistake of this file. */
async function fillTemplate(template, values) {
  return (await readFile(join(HERE, template), 'utf8')).replace(/\{\{(\w+)\}\}/g, (_, name) => {
    if (values[name] === undefined) throw new Error(`${template} wants \`${name}\``);
    return values[name];
  });
}

/** The `postlude serve` process: start, kill -9, start again, stop. */
function createProcess({ binary, config, url, log }) {
  let child;
  const killIt = () => child?.kill('SIGKILL');
  const self = {
    async start() {
      let output = '';
      child = spawn(binary, ['serve', '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
      const started = child;
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => { output = (output + chunk).slice(-8192); log(chunk.toString()); });
      }
      let gone;
      child.once('error', (error) => { gone = error.message; });
      child.once('exit', (code, signal) => { gone = `exit ${code ?? signal}`; process.off('exit', killIt); });
      process.on('exit', killIt);
      for (const end = Date.now() + READY_MS; ;) {
        if (gone) throw new Error(`${binary} serve did not start: ${gone}\n${output}`);
        const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1000) }).then((r) => r.ok, () => false);
        if (ready) break;
        if (Date.now() > end) { started.kill('SIGKILL'); throw new Error(`${binary} serve is not ready after ${READY_MS} ms\n${output}`); }
        await new Promise((done) => { setTimeout(done, 50); });
      }
    },
    async end(signal) {
      const ending = child;
      if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
      const exited = once(ending, 'exit');
      ending.kill(signal);
      const late = setTimeout(() => ending.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(late);
    },
    /** As a crash would: no handler of the process runs. */
    kill: () => self.end('SIGKILL'),
    stop: () => self.end('SIGTERM'),
  };
  return self;
}

/**
 * @param {object} options
 * @param {string} options.binary   the `postlude` program
 * @param {string} options.plugin   custom-factor.wasm; or what else the template calls `plugin`
 * @param {string} [options.template]   in this folder
 * @param {object} [options.more]   more values for the template
 * @param {boolean} [options.second]   a second OpenID provider is the factor, instead of the prompt site
 * @param {boolean} [options.elsewhere]   the factor is at a site that the caller starts
 * @param {string} [options.issuerPath]   the path of the tenant's issuer (default /demo)
 * @param {string} options.dir      where postlude.toml, keys and data go
 * @param {string} [options.maxAge]   for how long the factor's record counts (default 24h)
 * @param {{postlude?: number, idp?: number, rp?: number, prompt?: number}} [options.ports]   default: free ones
 * @param {(text: string) => void} [options.log]   gets what Postlude prints
 * @param {typeof fetch} [options.fetch]   with which the IdP calls Postlude
 */
export async function startStack({ binary, plugin, template = 'postlude.template.toml', more = {}, second = false, elsewhere = false, issuerPath = '/demo', dir, maxAge = '24h', ports = {}, log = () => {}, fetch }) {
  const port = {};
  for (const name of ['postlude', 'idp', 'rp', 'prompt']) port[name] = ports[name] ?? await freePort();
  // `localhost` and `127.0.0.1` are two sites to a browser: the prompt site and the relying party are cross-site to the IdP
  const urls = {
    postlude: `http://localhost:${port.postlude}`,
    issuer: `http://localhost:${port.postlude}${issuerPath}`,
    idp: `http://localhost:${port.idp}`,
    rp: `http://127.0.0.1:${port.rp}`,
    prompt: `http://127.0.0.1:${port.prompt}`,
    second: `http://localhost:${port.prompt}`, // by name: plugins may call no address
  };

  await mkdir(dir, { recursive: true });
  const partner = await createPartnerKeys();
  const client = await createClientKeys();
  const apiKey = randomBytes(32).toString('base64url');
  const config = join(dir, 'postlude.toml');
  await writeFile(join(dir, 'partner.jwks.json'), JSON.stringify(partner.jwks, null, 2));
  await rootKey(binary, join(dir, 'root.key'));
  await writeFile(join(dir, 'client.pem'), client.pem, { mode: 0o600 });
  await writeFile(config, await fillTemplate(template, {
    ...more,
    listen: `127.0.0.1:${port.postlude}`,
    issuer: urls.issuer,
    idp: urls.idp,
    prompt: urls.prompt,
    second: urls.second,
    second_host: new URL(urls.second).host,
    idp_key_sha256: createHash('sha256').update(apiKey).digest('hex'),
    plugin: resolve(plugin).replaceAll('\\', '/'),
    max_age: maxAge,
  }));

  const clientSecret = randomBytes(32).toString('base64url');
  const postludeProcess = createProcess({ binary, config, url: urls.postlude, log });
  const servers = [];
  const close = (server) => { server.closeAllConnections(); return new Promise((done) => { server.close(done); }); };
  const stop = async () => {
    await Promise.all(servers.map(close));
    await postludeProcess.stop();
  };
  try {
    await postludeProcess.start();
    const idp = await createIdp({
      issuer: urls.idp,
      postlude: createPostlude({ url: urls.postlude, apiKey, fetch }),
      idTokenClaims: [CLAIM],
      clients: [{
        client_id: 'shop', client_secret: clientSecret, redirect_uris: [`${urls.rp}/callback`],
        post_logout_redirect_uris: [`${urls.rp}/`], grant_types: ['authorization_code', 'refresh_token'],
      }],
    });
    const sites = [
      [idp, port.idp],
      [createRp({ origin: urls.rp, issuer: urls.idp, clientId: 'shop', clientSecret }), port.rp],
    ];
    if (second) {
      sites.push([await createSecondIdp({ issuer: urls.second, redirectUri: `${urls.issuer}/continue`, jwks: client.jwks }), port.prompt]);
    } else if (!elsewhere) {
      sites.push([await createPromptSite({ origin: urls.prompt, issuer: urls.issuer, keys: partner }), port.prompt]);
    }
    for (const [server, number] of sites) {
      server.listen(number, '127.0.0.1');
      servers.push(server);
      await once(server, 'listening');
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { urls, config, claim: CLAIM, postlude: postludeProcess, stopFactor: () => close(servers.at(-1)), stop };
}

async function main() {
  const { values } = parseArgs({
    options: {
      postlude: { type: 'string', default: process.env.POSTLUDE_BIN },
      plugin: { type: 'string', default: process.env.CUSTOM_FACTOR_WASM },
      dir: { type: 'string', default: 'demo-data' },
      'max-age': { type: 'string', default: '24h' },
    },
  });
  if (!values.postlude || !values.plugin) {
    console.error('usage: node start.mjs --postlude <program> --plugin <custom-factor.wasm> [--dir demo-data] [--max-age 24h]');
    process.exitCode = 2;
    return;
  }
  const stack = await startStack({
    binary: resolve(values.postlude), plugin: values.plugin, dir: resolve(values.dir), maxAge: values['max-age'],
    ports: { postlude: 8480, idp: 3000, rp: 3001, prompt: 4000 }, log: (text) => process.stderr.write(text),
  });
  console.log(`\nopen ${stack.urls.rp} and log in as ana or ben, with any password\nconfig: ${stack.config}\nCtrl-C stops everything`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { stack.stop().then(() => process.exit(0)); });
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
