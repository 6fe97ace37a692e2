// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// The search: words that all must be somewhere in a finding, "quoted" ones with
// their blanks, -without, and key:value for one property, where client: takes an
// address or a CIDR.

const searchKeys = {
  path: (data, f) => [f.path || "", f.page || ""],
  client: (data, f) => [...(f.clients || []), ...(f.counted || [])],
  agent: (data, f) => [data.agents[f.agent] || ""],
  site: (data, f) => f.sites || [],
  host: (data, f) => f.hosts || [],
  method: (data, f) => f.windows.flatMap((w) => w.methods || []),
  reason: (data, f) => (f.reasons || []).flatMap((r) => [r.signal, (data.signal.get(r.signal) || { label: "" }).label]),
};

// terms reads what was typed. Each has not, key ("" for anywhere) and text.
function terms(typed) {
  const out = [];
  for (const [, minus, key, quoted, word] of typed.matchAll(/(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/g)) {
    const known = key === undefined || Object.hasOwn(searchKeys, key);
    const text = quoted === undefined ? word : quoted;
    const term = { not: minus === "-", key: known ? key || "" : "", text: (known ? text : key + ":" + text).toLowerCase() };
    if (term.key === "client") {
      term.network = network(term.text);
    }
    if (term.text) {
      out.push(term);
    }
  }
  return out;
}

// matches tells whether a finding has all terms. haystack is the text of the finding.
function matches(data, f, list, haystack) {
  return list.every((t) => t.not !== has(data, f, t, haystack));
}

function has(data, f, t, haystack) {
  if (!t.key) {
    return haystack(f).includes(t.text);
  }
  const values = searchKeys[t.key](data, f);
  if (t.network) {
    return values.some((v) => within(v, t.network));
  }
  return values.some((v) => v.toLowerCase().includes(t.text));
}

// bits is an address as bits; undefined where it is none.
function bits(address) {
  const four = address.match(/^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/);
  if (four) {
    const bytes = four.slice(1).map(Number);
    return bytes.every((b) => b < 256) ? bytes.map((b) => b.toString(2).padStart(8, "0")).join("") : undefined;
  }
  const halves = address.split("::");
  if (!/^[0-9a-f:]+$/i.test(address) || !address.includes(":") || halves.length > 2) {
    return undefined;
  }
  const [head, tail] = [halves[0], halves[1] || ""].map((h) => h.split(":").filter(Boolean));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 0) {
    return undefined;
  }
  const groups = [...head, ...new Array(missing).fill("0"), ...tail];
  return groups.every((g) => g.length <= 4) ? groups.map((g) => Number.parseInt(g, 16).toString(2).padStart(16, "0")).join("") : undefined;
}

// network is a CIDR, or one whole address; undefined for a part of a text.
function network(text) {
  const [address, length] = text.split("/");
  const all = bits(address);
  if (all === undefined || (length !== undefined && (!/^\d+$/.test(length) || Number(length) > all.length))) {
    return undefined;
  }
  return { family: all.length, prefix: all.slice(0, length === undefined ? all.length : Number(length)) };
}

function within(address, net) {
  const all = bits(address);
  return all !== undefined && all.length === net.family && all.startsWith(net.prefix);
}
