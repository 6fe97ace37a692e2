// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// What a finding shows when it is opened.

function details(data, f, changed) {
  for (const w of f.windows) { // of all findings, that would take a second of a large report
    w.start_ = Date.parse(w.start);
    w.end_ = Date.parse(w.end);
  }
  return el("div", { class: "details" },
    el("section", { class: "wide" }, el("h3", {}, "Your decision"), marker(data, f, changed)),
    el("section", { class: "why" }, el("h3", {}, "Why it is telling"), why(data, f)),
    el("section", { class: "facts" }, el("h3", {}, "What was found"), facts(data, f)),
    el("section", { class: "wide" }, el("h3", {}, "Requests"), requests(f)),
    el("section", { class: "wide" }, el("h3", {}, "Look further"), pivots(f)),
  );
}

function why(data, f) {
  if (!f.reasons || f.reasons.length === 0) {
    return el("p", { class: "dim" }, "Nothing but its rarity: the rule found it, no signal applies.");
  }
  return el("ul", { class: "reasons" }, f.reasons.map((r) => {
    const s = data.signal.get(r.signal) || { label: r.signal, why: "" };
    return el("li", {},
      el("span", { class: r.points ? "points" : "points none" }, r.points ? "+" + r.points : "note"),
      el("div", {}, el("b", {}, s.label), r.detail ? ": " + r.detail : "", el("p", {}, s.why)));
  }));
}

function facts(data, f) {
  const rule = data.rules[f.rule] || {};
  const threats = [...(rule.tactics || []), ...(rule.techniques || [])];
  const rows = [
    ["Page", f.path],
    ...Object.entries(f.group || {}),
    [f.client_count === 1 ? "Client" : "Clients", clients(f)],
    ["Counted as", (f.counted || []).join(", ")],
    ["User agent", data.agents[f.agent]],
    ["Sites", (f.sites || []).join(", ")],
    ["Hosts", (f.hosts || []).join(", ")],
    ["Server", (f.servers || []).join(", ")],
    ["Rule", rule.name ? el("span", {}, link(rule.name, rule.reference), rule.severity ? " (severity " + rule.severity + ")" : "") : ""],
    ["ATT&CK", threats.length ? el("span", {}, threats.map((t, i) => [i ? ", " : "", link((t.id + " " + (t.name || "")).trim(), t.reference)])) : ""],
  ];
  return el("dl", {}, rows.filter(([, value]) => value).map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function clients(f) {
  const more = f.client_count - Math.max((f.clients || []).length, (f.counted || []).length);
  return (f.clients || []).join(", ") + (more > 0 ? " and " + numbers.format(more) + " more" : "");
}

// windows shows the detections, one a window: when in it requests came.
function windows(f) {
  const whole = f.windows.every((w) => w.end_ - w.start_ === 24 * hour && w.start_ % (24 * hour) === 0);
  return el("table", { class: "windows" },
    el("thead", {}, el("tr", {}, ["Window (UTC)", el("div", { class: "axis" }, (whole ? ["00:00", "06:00", "12:00", "18:00", "24:00"] : ["start", "end"]).map((t) => el("span", {}, t))), "Requests", "Methods", "detection.id"].map((h) => el("th", {}, h)))),
    el("tbody", {}, f.windows.map((w) => el("tr", {},
      el("td", { class: "when" }, whole ? day(w.start_) : time(w.start_) + " to " + time(w.end_), w.complete ? "" : el("div", { class: "doubt" }, "incomplete: " + (w.incomplete || []).join(", "))),
      el("td", { class: "line" }, samples(w)),
      el("td", { class: "n" }, numbers.format(w.requests)),
      el("td", {}, (w.methods || []).join(" ")),
      el("td", { class: "id" }, w.id)))));
}

// Columns of the sample requests; those without any value are left out.
const sampleColumns = [
  ["Time (UTC)", (s) => time(Date.parse(s.time))],
  ["Client", (s, f) => (f.client_count > 1 || (f.clients || []).length > 1 ? s.client : "")],
  ["Method", (s) => s.method],
  ["Status", (s) => s.status],
  ["Query", (s) => s.query],
  ["Referer", (s) => s.referer],
  ["User", (s) => s.user],
  ["Size", (s) => (s.bytes ? bytes(s.bytes) : "")],
  ["File", (s) => s.file],
];

function requests(f) {
  const all = f.windows.flatMap((w) => w.samples || []);
  const shown = el("div", {}, el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Windows" }, windows(f)));
  if (all.length === 0) {
    shown.append(el("p", { class: "dim" }, "The rule keeps no samples."));
    return shown;
  }
  const used = sampleColumns.filter(([, value]) => all.some((s) => value(s, f)));
  shown.append(
    el("p", { class: "dim" }, count(all.length, "sample") + " of " + (f.at_least ? "at least " : "") + count(f.requests, "request") + ":"),
    el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Sample requests" }, el("table", { class: "samples" },
      el("thead", {}, el("tr", {}, used.map(([name]) => el("th", {}, name)))),
      el("tbody", {}, all.map((s) => el("tr", {}, used.map(([name, value]) =>
        el("td", { class: name.toLowerCase().split(" ")[0] + (name === "Method" && sends(s.method) ? " sends" : "") }, String(value(s, f) || "")))))))));
  return shown;
}

function pivots(f) {
  const state = { about: f.path ? "page" : "clients", language: languages[0] };
  const where = el("p", { class: "dim" });
  const code = el("code", {});
  const copy = el("button", { type: "button", class: "copy", onclick: () => copyText(code, copy) }, "Copy");
  const choices = el("div", { class: "tabs" });
  const show = () => {
    where.textContent = state.language.where;
    const q = question(f, state.about);
    const whole = [q.path, ...q.clients].every(logged);
    code.textContent = whole ? state.language.query(q) : "";
    if (!whole) {
      where.textContent = "The value was cut, or has characters that are not shown as they were logged: no query with it would match. Take it from the log; file and time of the samples lead there.";
    }
    for (const b of choices.querySelectorAll("button")) {
      b.setAttribute("aria-pressed", String(b.value === state.about || b.value === state.language.id));
    }
  };
  const button = (value, label, set) => el("button", { type: "button", value, onclick: () => { set(); show(); } }, label);
  choices.append(
    el("span", { class: "group" }, [
      f.path ? button("page", "Everybody on this page", () => { state.about = "page"; }) : "",
      (f.clients || []).length ? button("clients", f.client_count === 1 ? "All of this client" : "All of these clients", () => { state.about = "clients"; }) : "",
    ]),
    el("span", { class: "group" }, languages.map((l) => button(l.id, l.name, () => { state.language = l; }))),
  );
  show();
  return el("div", { class: "pivots" }, choices, el("div", { class: "query" }, el("pre", {}, code), copy), where);
}

// copyText uses the clipboard where the browser gives it to a local file, and
// else selects the text, which copies in the old way.
async function copyText(node, button) {
  const done = () => {
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  try {
    await navigator.clipboard.writeText(node.textContent);
    done();
  } catch {
    getSelection().selectAllChildren(node);
    if (document.execCommand("copy")) {
      done();
    }
  }
}
