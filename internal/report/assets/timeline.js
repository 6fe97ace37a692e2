// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Timelines. A detection says when its first and last request were, and the
// times of its sample requests: that is what is drawn, nothing in between.

const hour = 3600 * 1000;
const steps = [hour, 3 * hour, 6 * hour, 12 * hour, 24 * hour, 7 * 24 * hour, 30 * 24 * hour];

// bins cuts the span into at most 120 equal parts of a usual length.
function bins(from, to) {
  const step = steps.find((s) => (to - from) / s <= 120) || Math.ceil((to - from) / 120 / hour) * hour;
  const begin = Math.floor(from / step) * step;
  return { begin, step, n: Math.floor((to - begin) / step) + 1 };
}

// overview draws how many findings were active in each part of the span,
// stacked by level. pick(from, to) is called with the part that is clicked.
function overview(findings, span, chosen, pick) {
  const { begin, step, n } = bins(span.from, span.to);
  const levels = ["strong", "moderate", "weak"];
  const sums = levels.map(() => new Array(n).fill(0));
  for (const f of findings) {
    const row = sums[levels.indexOf(f.level)];
    if (f.windows.length === 1) {
      const last = Math.floor((f.windows[0].to - begin) / step);
      for (let i = Math.floor((f.windows[0].from - begin) / step); i <= last; i++) {
        row[i]++;
      }
      continue;
    }
    const seen = new Set();
    for (const w of f.windows) {
      for (let i = Math.floor((w.from - begin) / step); i <= Math.floor((w.to - begin) / step); i++) {
        seen.add(i);
      }
    }
    seen.forEach((i) => row[i]++);
  }
  const totals = sums[0].map((_, i) => sums.reduce((all, row) => all + row[i], 0));
  const highest = Math.max(1, ...totals);
  const width = 1000 / n;
  const out = svg("svg", { viewBox: "0 0 1000 90", preserveAspectRatio: "none", class: "overview", role: "group", "aria-label": "Findings over time" });
  for (let i = 0; i < n; i++) {
    const from = begin + i * step;
    let y = 90;
    const off = chosen && (from + step <= chosen.from || from >= chosen.to);
    const column = svg("g", { class: off ? "part off" : "part", tabindex: "0", role: "button", "aria-pressed": chosen && !off ? "true" : "false", "aria-label": time(from).slice(0, 16) + ", " + count(totals[i], "finding"), onclick: () => pick(from, from + step), onkeydown: (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); pick(from, from + step); } } });
    column.append(svg("title", {}, time(from).slice(0, 16) + " UTC, " + span_(step) + ": " + count(totals[i], "finding")));
    column.append(svg("rect", { class: "ground", x: i * width, y: 0, width, height: 90 }));
    sums.forEach((row, l) => {
      const height = (row[i] / highest) * 86;
      y -= height;
      if (height > 0) {
        column.append(svg("rect", { class: levels[l], x: i * width + width * 0.08, y, width: width * 0.84, height }));
      }
    });
    out.append(column);
  }
  const last = begin + n * step;
  const marks = [begin, begin + Math.floor(n / 2) * step, last].map((ms) => el("span", {}, step < 24 * hour ? time(ms).slice(0, 16) : day(ms)));
  return el("figure", { class: "chart" },
    el("figcaption", {}, "Findings active per " + span_(step) + " (highest: " + numbers.format(highest) + ")"),
    out, el("div", { class: "axis" }, marks));
}

function span_(step) {
  const names = new Map([[hour, "hour"], [24 * hour, "day"], [7 * 24 * hour, "week"]]);
  return names.get(step) || (step < 24 * hour ? step / hour + " hours" : Math.round(step / 24 / hour) + " days");
}

// strip draws the windows of a finding in the span: a bar from the first to the
// last request of each.
function strip(ws, span) {
  const x = scale(span);
  const out = canvas("strip", 14);
  for (const w of ws) {
    out.append(svg("rect", { class: w.complete ? "bar" : "bar doubtful", x: x(w.from) - 3, width: Math.max(6, x(w.to) - x(w.from) + 6), y: 4, height: 6 },
      svg("title", {}, time(w.from) + " to " + time(w.to) + ": " + count(w.requests, "request"))));
  }
  return out;
}

// samples draws one window from its start to its end, so that the same hours of
// several days stand below each other, with a mark for each sample request.
function samples(w) {
  const x = scale({ from: w.start_, to: w.end_ });
  const out = canvas("strip large", 20);
  for (let i = 1; i < 4; i++) {
    out.append(svg("line", { class: "base", x1: 250 * i, x2: 250 * i, y1: 0, y2: 20 }));
  }
  out.append(svg("rect", { class: "bar", x: x(w.from) - 2, width: Math.max(4, x(w.to) - x(w.from) + 4), y: 8, height: 4 }));
  for (const s of w.samples || []) {
    out.append(svg("rect", { class: sends(s.method) ? "mark sends" : "mark", x: x(Date.parse(s.time)) - 1.5, width: 3, y: 3, height: 14 },
      svg("title", {}, [time(Date.parse(s.time)), s.method, s.status].filter(Boolean).join(" "))));
  }
  return out;
}

function sends(method) {
  return Boolean(method) && !["GET", "HEAD", "OPTIONS"].includes(method);
}

function scale(span) {
  const length = Math.max(1, span.to - span.from);
  return (ms) => 4 + ((ms - span.from) / length) * 992;
}

function canvas(name, height) {
  return svg("svg", { viewBox: "0 0 1000 " + height, preserveAspectRatio: "none", class: name, role: "img", "aria-label": "Requests over time" },
    svg("line", { class: "base", x1: 0, x2: 1000, y1: height / 2, y2: height / 2 }));
}
