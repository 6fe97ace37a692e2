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
  const out = svg("svg", { viewBox: "0 0 1000 90", preserveAspectRatio: "none", class: "overview", role: "img", "aria-label": "Findings over time" });
  for (let i = 0; i < n; i++) {
    const from = begin + i * step;
    let y = 90;
    const off = chosen && (from + step <= chosen.from || from >= chosen.to);
    const column = svg("g", { class: off ? "part off" : "part", onclick: () => pick(from, from + step) });
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
    el("figcaption", {}, "Findings active in each " + span_(step) + ", at most " + numbers.format(highest)),
    out, el("div", { class: "axis" }, marks));
}

function span_(step) {
  const names = new Map([[hour, "hour"], [24 * hour, "day"], [7 * 24 * hour, "week"]]);
  return names.get(step) || (step < 24 * hour ? step / hour + " hours" : Math.round(step / 24 / hour) + " days");
}

// strip draws a finding's requests: a bar from the first to the last of each
// window, and a mark for each sample; large has room for marks of its own.
function strip(f, span, large) {
  const height = large ? 44 : 14;
  const length = Math.max(1, span.to - span.from);
  const x = (ms) => 4 + ((ms - span.from) / length) * 992;
  const out = svg("svg", { viewBox: "0 0 1000 " + height, preserveAspectRatio: "none", class: large ? "strip large" : "strip", role: "img", "aria-label": "Requests over time" });
  out.append(svg("line", { class: "base", x1: 0, x2: 1000, y1: height / 2, y2: height / 2 }));
  for (const w of f.windows) {
    out.append(svg("rect", { class: w.complete ? "bar" : "bar doubtful", x: x(w.from) - 3, width: Math.max(6, x(w.to) - x(w.from) + 6), y: height / 2 - height / 5, height: height / 2.5 },
      svg("title", {}, time(w.from) + " to " + time(w.to) + ": " + count(w.requests, "request"))));
    for (const s of large ? w.samples || [] : []) {
      const sends = s.method && !["GET", "HEAD", "OPTIONS"].includes(s.method);
      out.append(svg("rect", { class: sends ? "mark sends" : "mark", x: x(Date.parse(s.time)) - 1.5, width: 3, y: 4, height: height - 8 },
        svg("title", {}, time(Date.parse(s.time)) + " " + (s.method || "") + " " + (s.status || ""))));
    }
  }
  return out;
}
