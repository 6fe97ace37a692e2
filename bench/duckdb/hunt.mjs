// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// The hunt as one SQL query on DuckDB's CSV reader, in the fastest form that
// was found: columns given instead of sniffed, no quotes, only the five columns
// that matter are materialised, and `min = max` instead of a distinct count.
//
//   node hunt.mjs THREADS RESULT FILE...
//
// It reads the one fixed header that it is written for, and finds what
// rare_client finds with its defaults. The result is path, user agent and
// client of each finding, divided by TABs.
import { writeFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';

const [threads, result, ...files] = process.argv.slice(2);
const header = 'date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version ' +
  'cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken';
const text = (s) => `'${s.replaceAll("'", "''")}'`;
const columns = header.split(' ').map((name) => `${text(name)}: 'VARCHAR'`).join(', ');

// RFC 1918, loopback, link-local and unique-local addresses, also IPv4-mapped.
const internal = (column) => `regexp_matches(${column},
  '^(::ffff:)?(10\\.|127\\.|192\\.168\\.|169\\.254\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.)|^::1$|^fe[89ab]|^f[cd]', 'i')`;

const sql = `
  SELECT lower("cs-uri-stem") AS path, "cs(User-Agent)" AS agent, min("c-ip") AS client
  FROM read_csv([${files.map(text).join(', ')}], delim = ' ', header = false, skip = 4, quote = '', escape = '',
    auto_detect = false, columns = {${columns}})
  WHERE "sc-status" = '200'
    AND regexp_matches("cs-uri-stem", '\\.(php|aspx|asp|cfml)([^0-9a-z]|$)', 'i')
    AND "cs(User-Agent)" ILIKE 'mozilla%'
    AND NOT ${internal('"c-ip"')}
    AND NOT ${internal('"s-ip"')}
  GROUP BY path, agent
  HAVING min("c-ip") = max("c-ip")`;

const instance = await DuckDBInstance.create(':memory:', { threads });
const connection = await instance.connect();
const rows = (await connection.runAndReadAll(sql)).getRows();
writeFileSync(result, rows.map((row) => row.join('\t') + '\n').join(''));
