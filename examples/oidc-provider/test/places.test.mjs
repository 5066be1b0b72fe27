// The plugins terms and new-device, in real browsers: what the user accepted goes with the user, what they confirmed with the session.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { join } from 'node:path';
import { startStack } from '../start.mjs';
import { again, amr, atShop, enterPassword, freshPage, launch, need, shot } from './support.mjs';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';

describe('terms and new devices', { timeout: 300_000 }, () => {
  let folder, browser, stack;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postlude-places-'));
    const log = process.env.VERBOSE ? (text) => process.stderr.write(text) : undefined;
    stack = await startStack({
      binary: need('POSTLUDE_BIN'), plugin: need('TERMS_WASM'), more: { new_device: need('NEW_DEVICE_WASM') },
      template: 'postlude.places.template.toml', dir: folder, log,
    });
    browser = await launch();
  });

  after(async () => {
    await Promise.allSettled([browser?.close(), stack?.stop()]);
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  async function press(page, button) {
    await page.waitForSelector(`button:has-text("${button}")`);
    await page.click(`button:has-text("${button}")`);
  }

  it('whoever declines the terms is denied, and asked again', async () => {
    const page = await freshPage(browser);
    for (let round = 0; round < 2; round += 1) {
      await enterPassword(page, stack);
      await press(page, 'Decline');
      const { error } = await atShop(page, stack);
      assert.equal(error.error, 'access_denied');
      assert.match(error.description, /once you accept/);
    }
  });

  it('terms are accepted once, a device is confirmed in each browser, and then nobody is asked', async () => {
    const page = await freshPage(browser);
    await enterPassword(page, stack);
    await page.waitForURL(`${stack.urls.prompt}/prompt**`);
    assert.match(await page.textContent('#text'), /version 2026-11/);
    await shot(page, 'terms');
    await press(page, 'Accept');
    await press(page, "It's me");
    assert.deepEqual(amr(await atShop(page, stack)), ['mfa', 'pwd']);
    assert.deepEqual(amr(await again(page, stack)), ['mfa', 'pwd']);

    const other = await freshPage(browser);
    await enterPassword(other, stack);
    await other.waitForURL(`${stack.urls.prompt}/prompt**`);
    assert.match(await other.textContent('#text'), /new place \(device, network\)/, 'the terms were accepted in the first browser');
    await press(other, "It's me");
    assert.deepEqual(amr(await atShop(other, stack)), ['mfa', 'pwd']);
  });

  it('a session that turns up in another browser is asked about, though its record is fresh', async () => {
    const page = await freshPage(browser);
    await enterPassword(page, stack, 'ben');
    await press(page, 'Accept');
    await press(page, "It's me");
    await atShop(page, stack);

    const thief = await freshPage(browser, { userAgent: FIREFOX });
    await thief.context().addCookies(await page.context().cookies());
    assert.equal((await again(thief, stack, '?prompt=none')).error.error, 'interaction_required');
    await thief.goto(`${stack.urls.rp}/login`);
    await thief.waitForURL(`${stack.urls.prompt}/prompt**`);
    assert.match(await thief.textContent('#text'), /new place \(device\)/);
    await shot(thief, 'new-device');
    await press(thief, 'Not me');
    assert.equal((await atShop(thief, stack)).error.error, 'access_denied');
    assert.deepEqual(amr(await again(page, stack)), ['mfa', 'pwd'], 'the browser that the user confirmed is as before');
  });
});
