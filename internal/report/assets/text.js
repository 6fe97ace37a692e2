// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Elements and texts. Everything in the data was chosen by somebody else: it
// gets into the page as text only, through append(), never as HTML.

const svgNS = "http://www.w3.org/2000/svg";

// el makes an element. Properties that begin with "on" are listeners; children
// are nodes, or texts.
function el(name, properties, ...children) {
  return fill(document.createElement(name), properties, children);
}

function svg(name, properties, ...children) {
  return fill(document.createElementNS(svgNS, name), properties, children);
}

function fill(node, properties, children) {
  for (const [key, value] of Object.entries(properties || {})) {
    if (value === undefined || value === false) {
      continue;
    }
    if (key.startsWith("on")) {
      node.addEventListener(key.slice(2), value);
    } else {
      node.setAttribute(key, value === true ? "" : value);
    }
  }
  node.append(...children.flat(Infinity).filter((c) => c !== undefined && c !== ""));
  return node;
}

const numbers = new Intl.NumberFormat("en");

function count(n, noun) {
  return numbers.format(n) + " " + noun + (n === 1 ? "" : "s");
}

// time is 2026-03-04 00:44:20, in UTC.
function time(ms) {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

function day(ms) {
  return new Date(ms).toISOString().slice(0, 10);
}

function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  for (; n >= 1000 && i < units.length - 1; i++) {
    n /= 1000;
  }
  return (i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)) + " " + units[i];
}

// link is a link only to an https address; anything else (javascript:, file:)
// is shown as the text it is.
function link(label, address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return el("span", {}, label);
  }
  if (url.protocol !== "https:") {
    return el("span", {}, label);
  }
  return el("a", { href: url.href, rel: "noopener noreferrer", target: "_blank" }, label);
}
