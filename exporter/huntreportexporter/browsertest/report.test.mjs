// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, test } from "node:test";
import { launch, open, screenshot, size } from "./browser.mjs";

let browser;
let report;

before(async () => { browser = await launch(); });
after(() => browser?.close());

// Each test ends with a page that has said nothing, asked for nothing, and
// violated nothing.
afterEach(async () => {
  if (!report) {
    return;
  }
  assert.deepEqual(report.problems, []);
  assert.deepEqual(await report.page.evaluate(() => window.violations), []);
  assert.equal(await report.page.evaluate(() => window.pwned), undefined);
  await report.close();
  report = undefined;
});

const show = async (name, options) => {
  report = await open(browser, name, options);
  return report.page;
};
const paths = (page) => page.locator(".expand").allTextContents();
const found = (page) => page.locator(".found").textContent();

test("the most telling finding is first, with its reasons", async () => {
  const page = await show("story");
  assert.deepEqual(await paths(page), ["/uploads/logo.aspx", "/admin/orders.aspx", "/search.aspx", "/partner.aspx", "/giftcard.aspx"]);
  assert.equal(await page.locator(".badge").first().textContent(), "140");
  const tags = await page.locator(".finding").first().locator(".tag").allTextContents();
  assert.deepEqual(tags, ["script in a data folder", "command in query", "sends data", "nobody else", "no link leads there", "comes back", "nothing else", "used often", "incomplete"]);
  assert.match(await page.locator(".run").textContent(), /24 files, 1\.5 MB, in 5\.0 s/);
  await screenshot(page, "light");
});

test("columns sort, both ways", async () => {
  const page = await show("story");
  const header = page.locator("th.path button");
  await header.click();
  const upwards = await paths(page);
  assert.deepEqual(upwards, [...upwards].sort());
  assert.equal(await page.locator("th.path").getAttribute("aria-sort"), "ascending");
  await header.click();
  assert.deepEqual(await paths(page), upwards.reverse());
  await page.locator("#sort").selectOption("requests");
  assert.equal((await paths(page))[0], "/uploads/logo.aspx");
});

test("filters and search", async () => {
  const page = await show("story");
  await page.locator(".level.strong").click();
  assert.equal(await found(page), "4 of 5 findings");
  await page.locator("button.tile.strong").click();
  assert.deepEqual(await paths(page), ["/uploads/logo.aspx"]);
  await page.locator("button.level.weak").click();
  await page.locator("button.level.moderate").click();
  await page.locator("#site").selectOption("W3SVC2");
  assert.deepEqual(await paths(page), ["/search.aspx"]);
  await page.locator("#site").selectOption("");
  await page.locator("#signal").selectOption("days");
  assert.deepEqual(await paths(page), ["/uploads/logo.aspx", "/admin/orders.aspx"]);
  await page.locator("#signal").selectOption("");
  await page.locator("#search").fill("WHOAMI 203.0.113.77");
  await page.waitForFunction(() => document.querySelector(".found").textContent === "1 of 5 findings");
  await page.locator("#search").fill("");
  await page.waitForFunction(() => document.querySelector(".found").textContent === "5 findings");
  await page.locator(".top button", { hasText: "192.0.2.44" }).click();
  assert.deepEqual(await paths(page), ["/admin/orders.aspx"]);
  await page.locator("button.tile.all").click();
  assert.equal(await found(page), "5 findings");
  assert.equal(await page.locator(".chip").count(), 0);
});

test("a part of the timeline selects its findings", async () => {
  const page = await show("story");
  const parts = page.locator(".overview .part:has(rect.strong)");
  await parts.first().click();
  assert.ok((await paths(page)).includes("/uploads/logo.aspx"));
  assert.equal(await page.locator(".chip").count(), 1);
  await page.locator(".chip").click();
  assert.equal(await found(page), "5 findings");
});

test("a finding opens by mouse and by keyboard", async () => {
  const page = await show("story");
  const button = page.locator(".expand").first();
  await button.focus();
  await page.keyboard.press("Enter");
  assert.equal(await button.getAttribute("aria-expanded"), "true");
  const details = page.locator(".details").first();
  assert.equal(await details.locator(".windows tbody tr").count(), 3);
  assert.equal(await details.locator(".samples tbody tr").count(), 15);
  assert.match(await details.locator(".windows").textContent(), /incomplete: parse_error/);
  assert.deepEqual(await details.locator("dl a").evaluateAll((all) => all.map((a) => [a.textContent, a.href])), [
    ["URI requests from single client", "https://github.com/Azure/Azure-Sentinel"],
    ["TA0001 Initial Access", "https://attack.mitre.org/tactics/TA0001"],
    ["T1190 Exploit Public-Facing Application", "https://attack.mitre.org/techniques/T1190"],
  ]);
  await screenshot(page, "light-open");
  await page.locator(".finding td.days").first().click();
  assert.equal(await button.getAttribute("aria-expanded"), "false");
});

test("queries of every language can be copied", async () => {
  const page = await show("story", { permissions: ["clipboard-read", "clipboard-write"] });
  await page.locator(".expand").first().click();
  const code = page.locator(".details .query code").first();
  const wanted = {
    kql: ["W3CIISLog", 'csUriStem =~ "/uploads/logo.aspx"', 'cIP in ("203.0.113.77")'],
    logql: ['{service_name=~".+"}', 'url_path =~ "(?i)/uploads/logo\\\\.aspx"', 'client_address =~ "203\\\\.0\\\\.113\\\\.77"'],
    esql: ["FROM logs-*", 'TO_LOWER("/uploads/logo.aspx")', 'client.address IN ("203.0.113.77")'],
    spl: ["index=* earliest=", 'lower("/uploads/logo.aspx")', "in('client.address', \"203.0.113.77\")"],
  };
  for (const [language, [begin, ofPage, ofClient]] of Object.entries(wanted)) {
    await page.locator(`.tabs button[value=${language}]`).click();
    await page.locator(".tabs button[value=page]").click();
    const text = await code.textContent();
    assert.ok(text.includes(begin) && text.includes(ofPage), text);
    await page.locator(".details .copy").click();
    await page.locator(".details .copy", { hasText: "Copied" }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
    await page.locator(".tabs button[value=clients]").click();
    assert.ok((await code.textContent()).includes(ofClient), await code.textContent());
  }
});

test("dark where the system is", async () => {
  const page = await show("story", { colorScheme: "dark" });
  const brightness = () => page.evaluate(() => {
    const [background, text] = [getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.body).color];
    return [background, text].map((c) => c.match(/\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0));
  });
  const [darkGround, darkText] = await brightness();
  assert.ok(darkGround < 150 && darkText > 500, "light text on a dark ground");
  await page.locator(".expand").first().click();
  await screenshot(page, "dark");
  await page.emulateMedia({ colorScheme: "light" });
  const [ground, text] = await brightness();
  assert.ok(ground > 600 && text < 250, "dark text on a light ground");
});

for (const name of ["story", "hostile"]) {
  test(`a phone needs no scrolling sideways: ${name}`, async () => {
    const page = await show(name, { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true });
    await page.locator(".expand").first().click();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
    await screenshot(page, "phone-" + name);
  });
}

test("prints", async () => {
  const page = await show("story");
  await page.locator(".expand").first().click();
  await page.emulateMedia({ media: "print" });
  for (const control of [".controls", ".copy", ".tabs"]) {
    assert.equal(await page.locator(control).first().isVisible(), false, control);
  }
  assert.ok((await page.pdf({ format: "A4" })).length > 10_000);
});

test("an empty report says so", async () => {
  const page = await show("empty");
  assert.match(await page.locator(".empty").textContent(), /Nothing was found/);
  assert.match(await page.locator(".run").textContent(), /What was read/);
});

test("10,000 findings: measured", async (t) => {
  const page = await show("many");
  assert.equal(await found(page), "10,000 findings");
  const rows = await page.locator(".finding").count();
  assert.equal(rows, 100, "a page at a time");
  const measured = async (what) => page.evaluate(async (what) => {
    const search = document.getElementById("search");
    const begin = performance.now();
    if (what === "search") {
      search.value = "page0";
      search.dispatchEvent(new Event("input"));
      await new Promise((done) => new MutationObserver(done).observe(document.querySelector(".found"), { childList: true, characterData: true, subtree: true }));
    } else {
      document.querySelector("th.path button").click();
    }
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return Math.round(performance.now() - begin);
  }, what);
  const sort = await measured("sort");
  const search = await measured("search");
  assert.equal(await found(page), "9,500 of 10,000 findings");
  await page.locator(".pager button", { hasText: "Last" }).click();
  assert.match(await page.locator(".pager").textContent(), /page 95 of 95/);
  assert.equal(await page.locator(".finding").count(), 100);
  t.diagnostic(`10,000 findings, ${((await size("many")) / 1e6).toFixed(1)} MB: opened in ${Math.round(report.opened)} ms, sorted in ${sort} ms, searched in ${search} ms (120 ms of it waiting for more typing)`);
});

test("texts of attackers are only texts", async () => {
  const page = await show("hostile");
  for (const button of await page.locator(".expand").all()) {
    await button.click();
  }
  while (await page.locator(".more").count()) {
    await page.locator(".more").first().click();
  }
  assert.deepEqual(await page.evaluate(() => [...new Set([...document.querySelectorAll("body *")].map((n) => n.localName))].filter((n) => ["img", "iframe", "object", "form", "base", "link", "meta"].includes(n))), []);
  assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll("body script")].map((s) => s.id || "own")), ["data", "own"]);
  const attributes = await page.evaluate(() => [...document.querySelectorAll("*")].flatMap((n) => [...n.attributes].map((a) => a.name)).filter((n) => n.startsWith("on") || n === "style" || n === "srcdoc"));
  assert.deepEqual(attributes, []);
  const links = await page.evaluate(() => [...document.querySelectorAll("a")].map((a) => new URL(a.href).protocol));
  assert.ok(links.length > 0 && links.every((p) => p === "https:"), links.join(" "));
  const text = await page.locator("main").textContent();
  for (const shown of ["/</script><script>window.pwned=1</script>.aspx", "<img src=x onerror=window.pwned=2>", "a\\u202egpj.\\u2066exe", "nul\\x00byte \\x1b[2J", "bad\ufffd\ufffdutf8\ufffd"]) {
    assert.ok(text.includes(shown), shown);
  }
  assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069\u2028\u2029]/);
  await screenshot(page, "hostile");
});

// The policy itself: what the page never does must not work either.
test("the policy stops what would get in", async () => {
  const page = await show("story");
  const results = await page.evaluate(async () => {
    const said = {};
    try {
      document.getElementById("report").innerHTML = "<b>x</b>";
      said.html = "written";
    } catch (e) {
      said.html = e.name;
    }
    const script = document.createElement("script");
    try {
      script.append("window.pwned = 10");
      document.body.append(script);
    } catch (e) {
      said.script = e.name;
    }
    said.fetch = await fetch("https://192.0.2.1/").then(() => "sent", (e) => e.name);
    said.pwned = window.pwned;
    return said;
  });
  await page.waitForFunction(() => window.violations.length >= 3);
  const violations = await page.evaluate(() => window.violations.splice(0).map((v) => v.split(" ")[0]));
  assert.equal(results.html, "TypeError");
  assert.equal(results.pwned, undefined);
  assert.equal(results.fetch, "TypeError");
  assert.deepEqual(violations.sort(), ["connect-src", "require-trusted-types-for", "require-trusted-types-for"]);
  report.problems.length = 0; // the browser says each of them on its console
});

test("search: quoted, without, by key, and networks", async () => {
  const page = await show("story");
  for (const [typed, want] of [
    ['"cmd=whoami"', ["/uploads/logo.aspx"]],
    ["-path:uploads -path:search .aspx", ["/admin/orders.aspx", "/partner.aspx", "/giftcard.aspx"]],
    ["client:203.0.113.0/24", ["/uploads/logo.aspx"]],
    ["client:2001:db8::/32", ["/partner.aspx"]],
    ["client:192.0.2.4", []],
    ["agent:nikto", ["/search.aspx"]],
    ["-client:192.0.2.0/24 -client:203.0.113.77", ["/search.aspx"]],
    ["nokey:x", []],
  ]) {
    await page.locator("#search").fill(typed);
    await page.waitForFunction((t) => decodeURIComponent(location.hash.replaceAll("+", " ")).includes("search=" + t), typed);
    assert.deepEqual(await paths(page), want, typed);
    assert.equal(await found(page), want.length + " of 5 findings");
  }
  assert.match(await page.locator(".none").textContent(), /No finding matches/);
});

test("filters survive a reload", async () => {
  const page = await show("story");
  await page.locator("#search").fill("client:192.0.2.0/24");
  await page.waitForFunction(() => location.hash.includes("search"));
  await page.locator("#group").selectOption("client");
  await page.locator("button.level.strong").click();
  const before = await paths(page);
  await page.reload();
  await page.locator(".found").waitFor();
  assert.deepEqual(await paths(page), before);
  assert.equal(await page.locator("#search").inputValue(), "client:192.0.2.0/24");
  assert.equal(await page.locator("button.level.strong").getAttribute("aria-pressed"), "false");
  assert.ok(await page.locator("tr.group").count() > 1);
  await page.locator("button.tile.all").click();
  assert.equal(await found(page), "5 findings");
});

test("a decision is kept, and becomes an exclude block", async () => {
  const page = await show("story");
  await page.locator(".expand").nth(1).click();
  await page.locator(".marker button[value=benign]").click();
  assert.equal(await page.locator(".decided").nth(1).textContent(), "benign");
  await page.reload();
  await page.locator(".found").waitFor();
  assert.equal(await page.locator(".decided").nth(1).textContent(), "benign");
  await page.locator("#mark").selectOption("benign");
  assert.deepEqual(await paths(page), ["/admin/orders.aspx"]);
  const take = async (name) => {
    const [file] = await Promise.all([page.waitForEvent("download"), page.locator(".export", { hasText: name }).click()]);
    return readFileSync(await file.path(), "utf8");
  };
  assert.equal(await take("exclude block"), 'exclude:\n  - name: "benign: /admin/orders.aspx 192.0.2.44"\n    paths: ["/admin/orders.aspx"]\n    clients: ["192.0.2.44"]\n');
  assert.match(await take("CSV"), /^"rank","score".*\r\n"2","30","weak","\/admin\/orders\.aspx","192\.0\.2\.44"/);
  assert.equal(await take("Indicators"), "ipv4-addr\t192.0.2.44\nurl-path\t/admin/orders.aspx\n");
  const others = report.problems.filter((p) => !p.startsWith("request: blob:")); // a download is one
  report.problems.splice(0, report.problems.length, ...others);
});

test("by keyboard alone: skip, choose a day, open, decide", async () => {
  const page = await show("story");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the findings");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "findings");
  await page.locator(".overview .part:has(rect.strong)").first().focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".chip").count(), 1);
  await page.locator(".expand").first().focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".decided").first().textContent(), "reviewed");
});

const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
for (const [name, options] of [["story", {}], ["story", { colorScheme: "dark" }], ["story", { viewport: { width: 390, height: 844 }, isMobile: true }], ["empty", {}]]) {
  test(`axe finds nothing with opened rows: ${name} ${JSON.stringify(options)}`, async () => {
    const page = await show(name, options);
    for (const button of await page.locator(".expand").all()) {
      await button.click();
    }
    await page.evaluate(axe);
    const violations = await page.evaluate(() => window.axe.run().then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ") + " " + n.failureSummary).slice(0, 2).join("; "))));
    assert.deepEqual(violations, []);
    report.problems.length = 0; // what axe itself does to look
    await page.evaluate(() => { window.violations = []; });
  });
}
