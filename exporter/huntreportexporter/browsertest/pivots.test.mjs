// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// The queries, read by a small reader of each language's texts: a value must
// stand in one text, and be the value.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

const source = readFileSync(new URL("../../../internal/report/assets/pivots.js", import.meta.url), "utf8");
const { languages, question, logged } = vm.runInNewContext(source + "\n;({ languages, question, logged })", { TextEncoder });

const hostile = [
  '" | search index=* | delete "',
  "\\",
  '\\"; drop table W3CIISLog //',
  "`macro` $token$ [ search x ] %22 * ?",
  "'single' -- comment",
  "(.*)+[a-z]{1,9}|^x$.y",
  "größe 日本 \u{1f600}",
  '"""',
  "",
  " ",
];

// texts returns the texts in double quotes of a query, their escapes undone, and
// the query with an S in place of each.
function texts(query) {
  const values = [];
  const rest = query.replace(/"((?:[^"\\]|\\.)*)"/gsu, (_, body) => {
    values.push(body.replace(/\\(.)/gsu, "$1"));
    return "S";
  });
  return { values, rest };
}

const ask = (id, path, clients, about) => languages.find((l) => l.id === id).query(question({ path, clients, first: 0, last: 1000 }, about));

// Where a query has no value of an attacker it is this, whatever the value.
const local = ["grep", "powershell", "duckdb"]; // see below
for (const { id, name } of languages.filter((l) => !local.includes(l.id))) {
  test(`${name}: no value leaves its text`, () => {
    const plain = texts(ask(id, "/x.aspx", ["192.0.2.1"], "page")).rest;
    const plainClients = texts(ask(id, "/x.aspx", ["192.0.2.1"], "clients")).rest;
    const shape = (rest) => rest.replaceAll("urldecode(S)", "S");
    for (const value of hostile.filter(Boolean)) {
      assert.equal(shape(texts(ask(id, value, [], "page")).rest), plain, value);
      assert.equal(shape(texts(ask(id, "", [value], "clients")).rest), plainClients, value);
      assert.doesNotMatch(ask(id, value, [value], "page"), /[\u0000-\u0009\u000b-\u001f]/);
    }
  });
}

for (const id of ["kql", "esql"]) {
  test(`${id}: the text is the value`, () => {
    for (const value of hostile.filter(Boolean)) {
      assert.ok(texts(ask(id, value, [], "page")).values.includes(value), value);
      assert.ok(texts(ask(id, "", [value], "clients")).values.includes(value), value);
    }
  });
}

test("logql: the text is a regular expression for the value alone", () => {
  for (const value of hostile.filter(Boolean)) {
    const expression = texts(ask("logql", value, [], "page")).values.at(-1).replace("(?i)", "");
    assert.match(value, new RegExp("^(?:" + expression + ")$", "i"));
    assert.doesNotMatch(value + "x", new RegExp("^(?:" + expression + ")$", "i"));
  }
});

test("spl: the text is the value, plain or percent-encoded, and nothing that Splunk reads", () => {
  for (const value of hostile.filter(Boolean)) {
    const query = ask("spl", value, [], "page");
    const text = texts(query).values.at(-1);
    assert.equal(query.includes("urldecode(") ? decodeURIComponent(text) : text, value);
    assert.match(text, /^[A-Za-z0-9 /._:~%-]*$/);
  }
});

test("spl: a percent sign of the value is not decoded", () => {
  assert.ok(ask("spl", "/a%2fb", [], "page").includes('urldecode("/a%252fb")'));
});

test("several clients", () => {
  const clients = ["192.0.2.1", "2001:db8::1"];
  assert.ok(ask("kql", "", clients, "clients").includes('cIP in ("192.0.2.1", "2001:db8::1")'));
  assert.ok(ask("logql", "", clients, "clients").includes('"192\\\\.0\\\\.2\\\\.1|2001:db8::1"'));
});

test("a day before and after", () => {
  const query = languages[0].query(question({ path: "/a", first: Date.UTC(2026, 2, 2), last: Date.UTC(2026, 2, 3) }, "page"));
  assert.ok(query.includes("between (datetime(2026-03-01T00:00:00Z) .. datetime(2026-03-04T00:00:00Z))"), query);
});

// The local ones quote with single quotes.
const single = {
  grep: (q) => q.replace(/'((?:[^']|'\\'')*)'/g, "S"),
  powershell: (q) => q.replace(/'((?:[^'\u2018-\u201b]|(['\u2018-\u201b])\2)*)'/g, "S"),
  duckdb: (q) => q.replace(/'((?:[^']|'')*)'/g, "S"),
};
for (const [id, rest] of Object.entries(single)) {
  test(`${id}: no value leaves its text`, () => {
    const plain = rest(ask(id, "/x.aspx", [], "page"));
    for (const value of [...hostile.filter(Boolean), "'; rm -rf / #", "''' $(id)", "\u2019; calc"]) {
      assert.equal(rest(ask(id, value, [], "page")), plain, value);
    }
  });
}

test("a value that is not as it was logged is no query's", () => {
  for (const value of ["/a.aspx", "/größe.aspx", "/a\\b", "/%5Cx41"]) {
    assert.ok(logged(value), value);
  }
  for (const value of ["/aaa\u2026", "/aaa\u2026[cut, sha256 00]", "/a\\u202eb", "/a\\x00", "/a\ufffd"]) {
    assert.ok(!logged(value), value);
  }
});
