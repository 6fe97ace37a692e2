// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const out = fileURLToPath(new URL("out/", import.meta.url));
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

function program() {
  if (process.env.CHROMIUM) {
    return process.env.CHROMIUM;
  }
  for (const dir of (process.env.PATH || "").split(delimiter)) {
    for (const name of names) {
      try {
        accessSync(join(dir, name), constants.X_OK);
        return join(dir, name);
      } catch {
        // the next one
      }
    }
  }
  throw new Error("no Chromium was found: install one (Debian: apt-get install chromium), or name its file in CHROMIUM");
}

// launch starts the browser. Chromium's own sandbox refuses to run as root.
export function launch() {
  const root = process.getuid && process.getuid() === 0;
  return chromium.launch({ executablePath: program(), args: root ? ["--no-sandbox"] : [] });
}

// open opens a report; whatever goes wrong in the page is in the list problems.
export async function open(browser, name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const problems = [];
  page.on("console", (m) => problems.push(m.type() + ": " + m.text()));
  page.on("pageerror", (e) => problems.push("error: " + e.message));
  page.on("dialog", (d) => { problems.push("dialog: " + d.message()); return d.dismiss(); });
  const address = pathToFileURL(join(out, name + ".html")).href;
  page.on("request", (r) => { if (r.url() !== address) { problems.push("request: " + r.url()); } });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (e) => window.violations.push(e.violatedDirective + " " + e.sample));
  });
  const begin = performance.now();
  await page.goto(address);
  await page.locator("header h1").waitFor();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return { page, problems, opened: performance.now() - begin, close: () => context.close() };
}

export const screenshot = (page, name) => page.screenshot({ path: join(out, name + ".png"), fullPage: true });

export const size = async (name) => (await import("node:fs/promises")).stat(join(out, name + ".html")).then((s) => s.size);
