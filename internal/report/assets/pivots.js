// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Queries that look for a finding's requests where the logs are kept. Paths and
// clients come from whoever sent the requests: each language has its own way to
// quote them, so that none can end the text it stands in.

const languages = [
  { id: "kql", name: "KQL", where: "Microsoft Sentinel, table W3CIISLog", query: kql },
  { id: "logql", name: "LogQL", where: "Grafana Loki, records of iis_log over OTLP", query: logql },
  { id: "esql", name: "ES|QL", where: "Elasticsearch, records of iis_log in OTel mode", query: esql },
  { id: "grep", name: "grep", where: "the log files, in a shell; IIS writes + for a blank in user agents, and paths as they are here", query: grep },
  { id: "powershell", name: "PowerShell", where: "the log files, on the server", query: powershell },
  { id: "duckdb", name: "DuckDB", where: "the log files; a line at a time, since columns change", query: duckdb },
  { id: "spl", name: "SPL", where: "Splunk, records of iis_log by HEC", query: spl },
];

// logged reports whether a value is as it was logged: it is neither cut nor has it
// characters that are written as their escapes.
function logged(s) {
  return !/\u2026|\ufffd|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}/.test(s);
}

// A question is about a page, by all clients, or about clients, on all pages;
// both a day before and after what was found.
const margin = 24 * 3600 * 1000;

function question(finding, about) {
  return {
    path: about === "page" ? finding.path || "" : "",
    clients: about === "clients" ? finding.clients || [] : [],
    from: finding.first - margin,
    to: finding.last + margin,
  };
}

const iso = (ms) => new Date(ms).toISOString().slice(0, 19) + "Z";

// escaped is a text in double quotes with backslash escapes, as KQL, LogQL and
// ES|QL have them. What is not printable ASCII stays as it is, but for control
// characters, which the report never has.
function escaped(s) {
  const body = s.replace(/[\\"]/g, "\\$&").replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ");
  return '"' + body + '"';
}

function kql(q) {
  const lines = ["W3CIISLog", "| where TimeGenerated between (datetime(" + iso(q.from) + ") .. datetime(" + iso(q.to) + "))"];
  if (q.path) {
    lines.push("| where csUriStem =~ " + escaped(q.path));
  }
  if (q.clients.length) {
    lines.push("| where cIP in (" + q.clients.map(escaped).join(", ") + ")");
  }
  lines.push(
    "| project TimeGenerated, sSiteName, cIP, csMethod, csUriStem, csUriQuery, scStatus, csUserAgent, csReferer, csUserName",
    "| sort by TimeGenerated asc",
  );
  return lines.join("\n");
}

// literal is a regular expression (RE2) for the text itself.
function literal(s) {
  return s.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}

// Loki has the time in the request, not in the query.
function logql(q) {
  const lines = ["# from " + iso(q.from) + " to " + iso(q.to), '{service_name=~".+"}'];
  if (q.path) {
    lines.push("| url_path =~ " + escaped("(?i)" + literal(q.path)));
  }
  if (q.clients.length) {
    lines.push("| client_address =~ " + escaped(q.clients.map(literal).join("|")));
  }
  return lines.join("\n");
}

function esql(q) {
  const lines = ["FROM logs-*", '| WHERE @timestamp >= "' + iso(q.from) + '" AND @timestamp <= "' + iso(q.to) + '"'];
  if (q.path) {
    lines.push("| WHERE TO_LOWER(url.path) == TO_LOWER(" + escaped(q.path) + ")");
  }
  if (q.clients.length) {
    lines.push("| WHERE client.address IN (" + q.clients.map(escaped).join(", ") + ")");
  }
  lines.push("| SORT @timestamp ASC", "| LIMIT 1000");
  return lines.join("\n");
}

// decoded is a text for SPL, where quotes, macros (`), variables ($) and
// subsearches ([) cannot all be escaped: what is not plain is percent-encoded,
// and Splunk decodes it.
function decoded(s) {
  if (/^[A-Za-z0-9 /._:~-]*$/.test(s)) {
    return '"' + s + '"';
  }
  const encode = (c) => "%" + c.toString(16).toUpperCase().padStart(2, "0");
  const plain = (c) => /[A-Za-z0-9/._:~-]/.test(String.fromCharCode(c));
  const body = Array.from(new TextEncoder().encode(s), (c) => (c < 128 && plain(c) ? String.fromCharCode(c) : encode(c)));
  return 'urldecode("' + body.join("") + '")';
}

function spl(q) {
  const seconds = (ms) => Math.floor(ms / 1000);
  const lines = ["index=* earliest=" + seconds(q.from) + " latest=" + seconds(q.to)];
  if (q.path) {
    lines.push("| where lower('url.path') = lower(" + decoded(q.path) + ")");
  }
  if (q.clients.length) {
    lines.push("| where in('client.address', " + q.clients.map(decoded).join(", ") + ")");
  }
  lines.push("| sort 0 _time");
  return lines.join("\n");
}

// The logs themselves. IIS separates values by blanks, and has none in a path.
function needles(q) {
  return q.path ? [" " + q.path + " "] : q.clients.map((c) => " " + c + " ");
}

// A text for a shell: nothing ends single quotes but a single quote.
const shell = (s) => "'" + s.replaceAll("'", "'\\''") + "'";

function grep(q) {
  return "zgrep -rhiF " + needles(q).map((n) => "-e " + shell(n)).join(" ") + " /srv/iis-logs # from " + iso(q.from) + " to " + iso(q.to);
}

// PowerShell takes the typographic quotes for quotes, too.
function powershell(q) {
  const text = (s) => "'" + s.replace(/['\u2018-\u201b]/g, "$&$&") + "'";
  return "Get-ChildItem C:\\inetpub\\logs\\LogFiles -Recurse -Filter *.log |\n  Select-String -SimpleMatch -Pattern " + needles(q).map(text).join(", ") + " |\n  ForEach-Object Line # from " + iso(q.from) + " to " + iso(q.to);
}

function duckdb(q) {
  const text = (s) => "'" + s.replaceAll("'", "''") + "'";
  const lines = ["SELECT filename, line FROM read_csv('/srv/iis-logs/**/*.log*', columns = {'line': 'VARCHAR'}, delim = '\\x01', quote = '', escape = '', header = false, filename = true)"];
  lines.push("WHERE line[1:10] BETWEEN '" + iso(q.from).slice(0, 10) + "' AND '" + iso(q.to).slice(0, 10) + "'");
  lines.push("AND (" + needles(q).map((n) => "contains(lower(line), lower(" + text(n) + "))").join(" OR ") + ")");
  return lines.join("\n");
}
