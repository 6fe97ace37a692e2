// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// The page: summary, filters, and the list of findings, a page of it at a time.

const pageSize = 100;

const columns = [
  { id: "score", name: "Points", value: (f) => f.score, first: -1 },
  { id: "path", name: "Page", value: (f) => f.label.toLowerCase(), first: 1 },
  { id: "client", name: "Client", value: (f) => (f.clients || [""])[0] || "", first: 1 },
  { id: "requests", name: "Requests", value: (f) => f.requests, first: -1 },
  { id: "days", name: "Days", value: (f) => f.days, first: -1 },
  { id: "first", name: "First (UTC)", value: (f) => f.first, first: 1 },
  { id: "last", name: "Last (UTC)", value: (f) => f.last, first: -1 },
];

function load() {
  const data = JSON.parse(document.getElementById("data").textContent);
  data.signal = new Map(data.signals.map((s) => [s.id, s]));
  for (const f of data.findings) {
    for (const w of f.windows) {
      w.from = Date.parse(w.first);
      w.to = Date.parse(w.last);
    }
    f.first = f.windows.reduce((t, w) => Math.min(t, w.from), Infinity);
    f.last = f.windows.reduce((t, w) => Math.max(t, w.to), -Infinity);
    f.label = f.path || Object.values(f.group || {}).join(", ") || data.agents[f.agent] || "(no page)";
  }
  data.span = {
    from: data.findings.reduce((t, f) => Math.min(t, f.first), Infinity),
    to: data.findings.reduce((t, f) => Math.max(t, f.last), -Infinity),
  };
  return data;
}

// haystack is all of a finding that the search looks at, made when it is first needed.
function haystack(data, f) {
  if (f.haystack === undefined) {
    const samples = f.windows.flatMap((w) => (w.samples || []).flatMap((s) => [s.query, s.referer, s.user, s.file, s.method]));
    f.haystack = [f.path, f.page, ...Object.values(f.group || {}), ...(f.clients || []), ...(f.counted || []), data.agents[f.agent], ...(f.sites || []),
      ...(f.hosts || []), ...(f.servers || []), ...f.windows.map((w) => w.id), ...samples].filter(Boolean).join("\n").toLowerCase();
  }
  return f.haystack;
}

function filtered(data, state) {
  const typed = terms(state.search);
  const text = (f) => haystack(data, f);
  return data.findings.filter((f) =>
    state.levels.has(f.level) &&
    (!state.site || (f.sites || []).includes(state.site)) &&
    (!state.signal || (f.reasons || []).some((r) => r.signal === state.signal)) &&
    (!state.client || (f.clients || []).includes(state.client)) &&
    (state.agent === undefined || f.agent === state.agent) &&
    (!state.span || f.windows.some((w) => w.from < state.span.to && w.to >= state.span.from)) &&
    (!state.mark || (state.mark === "open" ? !markOf(data, f) : markOf(data, f) === state.mark)) &&
    matches(data, f, typed, text));
}

function sorted(findings, state) {
  const column = columns.find((c) => c.id === state.sort);
  if (column.id === "score" && state.direction === -1) {
    return findings; // the order of the report
  }
  return [...findings].sort((a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    return (x < y ? -1 : x > y ? 1 : 0) * state.direction;
  });
}

// everything is the state of the filters that lets every finding through.
function everything() {
  return { search: "", levels: new Set(["strong", "moderate", "weak"]), site: "", signal: "", mark: "", client: undefined, agent: undefined, span: undefined };
}

function report() {
  const data = load();
  const state = { ...everything(), sort: "score", direction: -1, group: "", page: 0, open: new Set() };
  fromAddress(data, state);
  let shown = data.findings;
  const nodes = { chart: el("div", {}), filters: el("div", { class: "chips" }), found: el("p", { class: "found", role: "status" }), body: el("tbody", {}), pager: el("nav", { class: "pager", "aria-label": "Pages" }), head: el("tr", {}) };
  const refresh = (keepPage) => {
    if (!keepPage) {
      state.page = 0;
    }
    shown = draw(data, state, nodes, refresh);
    toAddress(data, state);
  };
  document.getElementById("report").append(
    data.findings.length ? el("button", { type: "button", class: "skip", onclick: () => document.getElementById("findings").focus() }, "Skip to the findings") : "",
    header(data),
    data.findings.length ? summary(data, state, refresh) : empty(data),
    ...(data.findings.length ? [
      nodes.chart,
      controls(data, state, refresh),
      nodes.filters,
      el("h2", { class: "hidden", id: "findings", tabindex: "-1" }, "Findings"),
      nodes.found,
      el("table", { class: "findings" }, el("thead", {}, nodes.head), nodes.body),
      nodes.pager,
      exports(data, () => shown),
      tops(data, state, refresh),
    ] : []),
    run(data),
    legend(data),
  );
  if (data.findings.length) {
    refresh();
  }
}

function header(data) {
  return el("header", {},
    el("h1", {}, data.title),
    el("p", { class: "dim" }, "Written " + time(Date.parse(data.generated)) + (data.version ? " by iishunt " + data.version : "") + ". All times are UTC."));
}

function empty(data) {
  return el("p", { class: "empty" }, data.run ? "Nothing was found. What was read, and what was left out of it, is below." : "No detection has come yet.");
}

function summary(data, state, refresh) {
  const all = (pick) => new Set(data.findings.flatMap(pick));
  const sum = (pick) => data.findings.reduce((n, f) => n + pick(f), 0);
  const level = (id) => sum((f) => (f.level === id ? 1 : 0));
  const tile = (value, label, title) => el("div", { class: "tile", title }, el("b", {}, typeof value === "number" ? numbers.format(value) : value), el("span", {}, label));
  const incomplete = sum((f) => (f.windows.every((w) => w.complete) ? 0 : 1));
  return el("div", { class: "tiles" },
    el("button", { type: "button", class: "tile all", title: "a page (or other group) and its clients, over all windows; show all", onclick: () => {
      Object.assign(state, everything());
      for (const id of ["search", "site", "signal", "mark"]) {
        document.getElementById(id).value = "";
      }
      refresh();
    } }, el("b", {}, numbers.format(data.findings.length)), el("span", {}, data.findings.length === 1 ? "finding" : "findings")),
    ["strong", "moderate", "weak"].map((id) => el("button", { type: "button", class: "tile " + id, title: "show these only", onclick: () => { state.levels = new Set([id]); refresh(); } }, el("b", {}, numbers.format(level(id))), el("span", {}, id))),
    tile(all((f) => f.clients || []).size, "clients"),
    tile(all((f) => f.sites || []).size, "sites"),
    tile(sum((f) => f.requests), "requests"),
    tile(incomplete, "incomplete", "findings with a window of which something was lost"),
    tile(day(data.span.from) + " – " + day(data.span.to), "first to last request"));
}

function controls(data, state, refresh) {
  let waiting;
  const search = el("input", { type: "search", id: "search", value: state.search, placeholder: "Search: words, \"quoted\", -not, path:, client:10.0.0.0/8, agent:, site:, reason:", "aria-label": "Search", oninput: () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { state.search = search.value; refresh(); }, 120);
  } });
  const options = (values) => values.map(([value, label]) => el("option", { value }, label));
  const select = (id, label, values, set) => {
    const node = el("select", { id, "aria-label": label, onchange: () => { set(node.value); refresh(); } }, options([["", label], ...values]));
    node.value = state[id];
    return node;
  };
  const sites = [...new Set(data.findings.flatMap((f) => f.sites || []))].sort();
  const signals = data.signals.map((s) => [s.id, data.findings.filter((f) => (f.reasons || []).some((r) => r.signal === s.id)).length, s.label]).filter(([, n]) => n);
  const sorts = columns.map((c) => [c.id, "sorted by " + c.name.replace(" (UTC)", "").toLowerCase()]);
  const sort = el("select", { id: "sort", "aria-label": "Sort", onchange: () => { sortBy(state, sort.value); refresh(); } }, options(sorts));
  return el("div", { class: "controls" }, search,
    el("span", { class: "levels" }, ["strong", "moderate", "weak"].map((id) => el("button", { type: "button", class: "level " + id, value: id, onclick: () => { toggle(state.levels, id); refresh(); } }, id))),
    select("site", "all sites", sites.map((s) => [s, s]), (v) => { state.site = v; }),
    select("signal", "all reasons", signals.map(([id, n, label]) => [id, label + " (" + numbers.format(n) + ")"]), (v) => { state.signal = v; }),
    select("mark", "all decisions", [["open", "not decided yet"], ["reviewed", "reviewed"], ["benign", "benign"]], (v) => { state.mark = v; }),
    select("group", "not grouped", Object.keys(groups).map((g) => [g, "grouped by " + g]), (v) => { state.group = v; }),
    sort);
}

// groups are what findings can be put together by.
const groups = {
  page: (data, f) => f.label,
  client: (data, f) => (f.clients || []).join(", ") || "(no client)",
  "user agent": (data, f) => data.agents[f.agent] || "(not part of the rule)",
  site: (data, f) => (f.sites || []).join(", ") || "(no site)",
};

// grouped keeps the order, of the groups by their first finding and within them.
function grouped(data, findings, by) {
  if (!by) {
    return findings;
  }
  const lists = new Map();
  for (const f of findings) {
    const k = groups[by](data, f);
    if (!lists.has(k)) {
      lists.set(k, []);
    }
    lists.get(k).push(f);
  }
  return [...lists.values()].flat();
}

// The filters stand in the address, behind #, so that a reload or a bookmark has them.
function toAddress(data, state) {
  const all = new URLSearchParams();
  for (const key of ["search", "site", "signal", "mark", "group", "client"]) {
    if (state[key]) {
      all.set(key, state[key]);
    }
  }
  if (state.agent !== undefined) {
    all.set("agent", data.agents[state.agent]);
  }
  if (state.levels.size < 3) {
    all.set("levels", [...state.levels].join(" "));
  }
  if (state.sort !== "score" || state.direction !== -1) {
    all.set("sort", state.sort + " " + state.direction);
  }
  if (state.span) {
    all.set("span", state.span.from + " " + state.span.to);
  }
  if ("#" + all !== (location.hash || "#")) {
    history.replaceState(null, "", "#" + all);
  }
}

function fromAddress(data, state) {
  const all = new URLSearchParams(location.hash.slice(1));
  for (const key of ["search", "site", "signal", "mark"]) {
    state[key] = all.get(key) || "";
  }
  state.client = all.get("client") || undefined;
  state.group = Object.hasOwn(groups, all.get("group")) ? all.get("group") : "";
  const agent = all.has("agent") ? data.agents.indexOf(all.get("agent")) : -1;
  state.agent = agent < 0 ? undefined : agent;
  if (all.has("levels")) {
    state.levels = new Set(all.get("levels").split(" ").filter((l) => ["strong", "moderate", "weak"].includes(l)));
  }
  const [sort, direction] = (all.get("sort") || "").split(" ");
  if (columns.some((c) => c.id === sort)) {
    [state.sort, state.direction] = [sort, direction === "1" ? 1 : -1];
  }
  const [from, to] = (all.get("span") || "").split(" ").map(Number);
  if (from < to) {
    state.span = { from, to };
  }
}

function toggle(set, value) {
  if (!set.delete(value)) {
    set.add(value);
  }
}

function sortBy(state, id) {
  const column = columns.find((c) => c.id === id);
  state.direction = state.sort === id ? -state.direction : column.first;
  state.sort = id;
}

function draw(data, state, nodes, refresh) {
  const found = grouped(data, sorted(filtered(data, state), state), state.group);
  const pages = Math.max(1, Math.ceil(found.length / pageSize));
  state.page = Math.min(state.page, pages - 1);
  const from = state.page * pageSize;

  nodes.chart.replaceChildren(overview(found, data.span, state.span, (begin, end) => {
    state.span = state.span && state.span.from === begin ? undefined : { from: begin, to: end };
    refresh();
  }));
  nodes.filters.replaceChildren(...chips(data, state, refresh));
  nodes.found.textContent = found.length === data.findings.length ? count(found.length, "finding") : numbers.format(found.length) + " of " + count(data.findings.length, "finding");
  nodes.head.replaceChildren(...columns.map((c) => el("th", { class: c.id, scope: "col", "aria-sort": state.sort !== c.id ? "none" : state.direction === 1 ? "ascending" : "descending" },
    el("button", { type: "button", onclick: () => { sortBy(state, c.id); refresh(); } }, c.name))), el("th", { class: "when", scope: "col" }, "Timeline"));
  nodes.body.replaceChildren(...found.slice(from, from + pageSize).flatMap((f, i, part) => {
    const title = state.group && groups[state.group](data, f);
    const head = state.group && (i === 0 || groups[state.group](data, part[i - 1]) !== title) ? [el("tr", { class: "group" }, el("th", { colspan: columns.length + 1, scope: "rowgroup" }, el("bdi", {}, title)))] : [];
    return [...head, ...row(data, state, f, refresh)];
  }));
  if (found.length === 0) {
    nodes.body.append(el("tr", {}, el("td", { colspan: columns.length + 1, class: "none" }, "No finding matches all filters and the search. The first tile shows all again.")));
  }
  nodes.pager.replaceChildren(...pager(state, pages, refresh));
  document.getElementById("sort").value = state.sort;
  for (const b of document.querySelectorAll(".controls .level")) {
    b.setAttribute("aria-pressed", String(state.levels.has(b.value)));
  }
  return found;
}

function chips(data, state, refresh) {
  const chip = (label, clear) => el("button", { type: "button", class: "chip", title: "remove this filter", onclick: () => { clear(); refresh(); } }, label, el("span", { "aria-hidden": "true" }, " ×"));
  const out = [];
  if (state.span) {
    out.push(chip(time(state.span.from).slice(0, 16) + " to " + time(state.span.to).slice(0, 16), () => { state.span = undefined; }));
  }
  if (state.client) {
    out.push(chip("client " + state.client, () => { state.client = undefined; }));
  }
  if (state.agent !== undefined) {
    out.push(chip("user agent " + data.agents[state.agent], () => { state.agent = undefined; }));
  }
  return out;
}

function row(data, state, f, refresh) {
  const open = el("tr", { class: "open", hidden: true }, el("td", { colspan: columns.length + 1 }));
  const decided = el("span", { class: "decided" }, markOf(data, f));
  const button = el("button", { type: "button", class: "expand", "aria-expanded": "false" }, el("bdi", {}, f.label));
  const show = (on) => {
    open.hidden = !on;
    button.setAttribute("aria-expanded", String(on));
    if (on && !open.firstChild.firstChild) {
      open.firstChild.append(details(data, f, () => { decided.textContent = markOf(data, f); if (state.mark) { refresh(true); } }));
    }
  };
  const flip = () => {
    toggle(state.open, f);
    show(state.open.has(f));
  };
  const words = (f.reasons || []).map((r) => el("span", { class: r.points ? "tag" : "tag note", title: r.detail || "" }, (data.signal.get(r.signal) || { label: r.signal }).label));
  const places = [...(f.sites || []), ...(f.hosts || [])].join(", ");
  const line = el("tr", { class: "finding " + f.level, onclick: (e) => {
    if (e.target === button || button.contains(e.target) || !String(getSelection())) {
      flip();
    }
  } },
    el("td", { class: "score" }, el("span", { class: "badge " + f.level, title: f.level }, String(f.score))),
    el("td", { class: "path" }, button, decided, el("div", { class: "place" }, places), data.agents[f.agent] ? el("div", { class: "place agent" }, data.agents[f.agent]) : "", el("div", { class: "tags" }, words)),
    el("td", { class: "client" }, f.client_count === 1 ? (f.clients || [""])[0] || "" : count(f.client_count, "client")),
    el("td", { class: "requests" }, (f.at_least ? "≥ " : "") + numbers.format(f.requests)),
    el("td", { class: "days" }, String(f.days)),
    el("td", { class: "first" }, time(f.first)),
    el("td", { class: "last" }, time(f.last)),
    el("td", { class: "when" }, strip(f.windows, data.span)));
  show(state.open.has(f));
  return [line, open];
}

function pager(state, pages, refresh) {
  if (pages === 1) {
    return [];
  }
  const go = (label, page) => el("button", { type: "button", disabled: page < 0 || page >= pages, onclick: () => { state.page = page; refresh(true); document.querySelector(".found").scrollIntoView(); } }, label);
  return [go("First", state.page ? 0 : -1), go("Previous", state.page - 1), el("span", {}, "page " + (state.page + 1) + " of " + pages), go("Next", state.page + 1), go("Last", state.page < pages - 1 ? pages - 1 : pages)];
}

// tops lists the clients and user agents with the most findings.
function tops(data, state, refresh) {
  const table = (title, keys, label, pick) => {
    const counts = new Map();
    for (const f of data.findings) {
      for (const k of keys(f)) {
        const c = counts.get(k) || { findings: 0, requests: 0, score: 0 };
        c.findings++;
        c.requests += f.requests;
        c.score = Math.max(c.score, f.score);
        counts.set(k, c);
      }
    }
    const all = [...counts].sort(([, a], [, b]) => b.score - a.score || b.findings - a.findings);
    const body = el("tbody", {});
    const add = (rows) => body.append(...rows.map(([k, c]) => el("tr", {},
      el("td", { class: "key" }, el("button", { type: "button", class: "text", title: "show these only", onclick: () => { pick(k); refresh(); document.querySelector(".found").scrollIntoView(); } }, el("bdi", {}, label(k)))),
      el("td", { class: "n" }, String(c.score)), el("td", { class: "n" }, numbers.format(c.findings)), el("td", { class: "n" }, numbers.format(c.requests)))));
    add(all.slice(0, 10));
    const more = el("button", { type: "button", class: "more", onclick: () => { add(all.slice(10, 1000)); more.remove(); } }, "Show " + (all.length > 1000 ? "1,000" : "all " + numbers.format(all.length)));
    return el("section", {}, el("h2", {}, title + " (" + numbers.format(all.length) + ")"),
      el("table", { class: "top" }, el("thead", {}, el("tr", {}, [title.replace(/s$/, ""), "most points", "findings", "requests"].map((h) => el("th", { scope: "col" }, h)))), body),
      all.length > 10 ? more : "");
  };
  return el("div", { class: "tops" },
    table("Clients", (f) => f.clients || [], (k) => k, (k) => { state.client = k; }),
    table("User agents", (f) => [f.agent], (k) => data.agents[k] || "(not part of the rule)", (k) => { state.agent = k; }));
}

// run shows what a hunt read, where that is known.
function run(data) {
  const r = data.run;
  const lines = [];
  if (data.left_out) {
    lines.push(el("p", { class: "doubt" }, count(data.left_out, "detection") + " had no room in this report; the most telling were kept. Raise max_findings to keep more."));
  }
  if (data.ignored) {
    lines.push(el("p", { class: "dim" }, count(data.ignored, "record") + " came that were no detections, and were left out."));
  }
  if (!r) {
    return el("section", { class: "run" }, lines);
  }
  const table = (title, rows, help) => (rows || []).length ? el("div", {}, el("h3", {}, title), el("table", { class: "counts" }, el("tbody", {}, rows.map((c) => el("tr", {},
    el("td", {}, c.name), el("td", { class: "n" }, numbers.format(c.count)), el("td", { class: "bar" }, meter(c.count, Math.max(...rows.map((x) => x.count)))))))), help ? el("p", { class: "dim" }, help) : "") : "";
  const seconds = r.took_ns / 1e9;
  return el("section", { class: "run" }, el("h2", {}, "What was read"), lines,
    el("p", {}, count(r.files, "file") + ", " + bytes(r.bytes) + ", in " + seconds.toFixed(1) + " s, of ", el("bdi", { class: "mono" }, r.logs)),
    el("div", { class: "columns" },
      table("Lines", r.lines),
      table("Requests, by the stage that left them out", r.stages, "Only those that passed every stage can become a finding."),
      table("Losses that could have been a second client", r.lost)),
    (r.unread || []).length ? el("div", {}, el("h3", {}, "Could not be read"), el("ul", {}, r.unread.map((u) => el("li", {}, el("bdi", { class: "mono" }, u.path), ": " + u.error)))) : "",
    (r.warnings || []).length ? el("div", {}, el("h3", {}, "The Collector warned"), el("ul", {}, r.warnings.map((w) => el("li", {}, w)))) : "");
}

function meter(value, highest) {
  return svg("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", class: "meter" }, svg("rect", { x: 0, y: 0, height: 8, width: highest ? (value / highest) * 100 : 0 }));
}

function legend(data) {
  return el("details", { class: "legend" }, el("summary", {}, "How findings are ranked"),
    el("p", {}, "Each signal gives points; " + data.strong_from + " and more are strong, " + data.moderate_from + " and more moderate. Points say where to look first, not what is malicious. No signal takes points away: what would excuse a request can be forged."),
    el("table", { class: "signals" }, el("tbody", {}, data.signals.map((s) => el("tr", {}, el("td", { class: "n" }, s.points ? "+" + s.points : "note"), el("td", {}, el("b", {}, s.label)), el("td", {}, s.why))))));
}

report();
