// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// What a reader decides about findings stays in the browser, and leaves it as
// text: CSV, indicators, and an exclude block of rare_client.

const marksKey = "iishunt-marks";
const markNames = { reviewed: "reviewed", benign: "benign" };

// Where a browser keeps nothing (some do not, for a local file), marks last as
// long as the page.
let kept = {};
try {
  kept = JSON.parse(localStorage.getItem(marksKey)) || {};
} catch {
  kept = {};
}

// identity is the same for a finding in every report.
function identity(data, f) {
  return JSON.stringify([(data.rules[f.rule] || {}).id, f.page || (f.path || "").toLowerCase(), f.group || {}, data.agents[f.agent], f.counted || f.clients]);
}

function markOf(data, f) {
  const m = kept[identity(data, f)];
  return Object.hasOwn(markNames, m) ? m : "";
}

function setMark(data, f, mark) {
  if (mark) {
    kept[identity(data, f)] = mark;
  } else {
    delete kept[identity(data, f)];
  }
  try {
    localStorage.setItem(marksKey, JSON.stringify(kept));
  } catch {
    // it lasts as long as the page
  }
}

// cell is a text for a spreadsheet, which takes what begins so for a formula.
function cell(v) {
  const s = String(v === undefined || v === null ? "" : v);
  return '"' + (/^[=+\-@\t\r]/.test(s) ? "'" : "") + s.replaceAll('"', '""') + '"';
}

function csv(data, findings) {
  const rows = [["rank", "score", "level", "path", "clients", "user_agent", "sites", "requests", "days", "first", "last", "reasons", "mark"]];
  for (const f of findings) {
    rows.push([data.findings.indexOf(f) + 1, f.score, f.level, f.path, (f.clients || []).join(" "), data.agents[f.agent], (f.sites || []).join(" "), f.requests, f.days,
      time(f.first), time(f.last), (f.reasons || []).map((r) => r.signal).join(" "), markOf(data, f)]);
  }
  return rows.map((r) => r.map(cell).join(",")).join("\r\n") + "\r\n";
}

// indicators are the clients and pages of findings, a type and a value a line.
function indicators(findings) {
  const out = new Set();
  for (const f of findings) {
    for (const c of f.clients || []) {
      out.add((c.includes(":") ? "ipv6-addr\t" : "ipv4-addr\t") + c);
    }
    if (f.path) {
      out.add("url-path\t" + f.path);
    }
  }
  return [...out].join("\n") + "\n";
}

// networks reports whether what is counted are the networks of the clients.
function networks(f) {
  return (f.counted || []).length > 0 && f.counted.every((n) => network(n) && (f.clients || []).some((c) => within(c, network(n))));
}

// exclusions is a block for rare_client's configuration: each page that was marked
// as benign, for its clients alone. JSON's texts are YAML's, too.
function exclusions(data) {
  const out = ["exclude:"];
  for (const f of data.findings) {
    if (markOf(data, f) !== "benign") {
      continue;
    }
    const who = networks(f) ? f.counted : f.clients || [];
    if (!f.path || !f.path.startsWith("/") || f.path === "/" || !logged(f.path) || f.client_count !== who.length) {
      out.push("  # " + JSON.stringify(f.path || "") + ": its page or its clients are not known as they were logged");
      continue;
    }
    out.push("  - name: " + JSON.stringify("benign: " + f.path + " " + who.join(" ")), "    paths: [" + JSON.stringify(f.path) + "]", "    clients: [" + who.map((c) => JSON.stringify(c)).join(", ") + "]");
  }
  return out.length === 1 ? "exclude: [] # nothing is marked as benign\n" : out.join("\n") + "\n";
}

// exports offers the texts: to save, or to copy.
function exports(data, shown) {
  const code = el("code", {});
  const box = el("div", { class: "query", hidden: true }, el("pre", { tabindex: "0" }, code));
  const copy = el("button", { type: "button", class: "copy", onclick: () => copyText(code, copy) }, "Copy");
  box.append(copy);
  const offer = (label, file, text) => el("button", { type: "button", class: "export", onclick: () => {
    code.textContent = text();
    box.hidden = false;
    const link = el("a", { href: URL.createObjectURL(new Blob([code.textContent], { type: "text/plain" })), download: file });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  } }, label);
  return el("section", { class: "exports" }, el("h2", {}, "Take along"),
    el("p", { class: "dim" }, "Of the findings that the filters leave; the exclude block has those marked as benign."),
    offer("CSV", "findings.csv", () => csv(data, shown())),
    offer("Indicators", "indicators.txt", () => indicators(shown())),
    offer("exclude block", "exclude.yaml", () => exclusions(data)),
    box);
}

// marker lets the reader decide about a finding.
function marker(data, f, changed) {
  const buttons = ["", "reviewed", "benign"].map((m) => el("button", { type: "button", value: m, onclick: () => { setMark(data, f, m); show(); changed(); } }, markNames[m] || "not yet"));
  const show = () => {
    for (const b of buttons) {
      b.setAttribute("aria-pressed", String(b.value === markOf(data, f)));
    }
  };
  show();
  return el("div", { class: "tabs marker" }, el("span", { class: "group", role: "group", "aria-label": "Your decision" }, buttons));
}
