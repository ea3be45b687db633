// Code: coloured lines, diffs, and texts of any length.

const LONG_LINE = 1000;
const CLASSES = { k: "k", s: "s", c: "c", n: "nm", f: "f", b: "b", d: "d", v: "v" };

// A line or a text that is too long to lay out at once ends in a button that shows the rest.
function long(text, most = LONG_LINE) {
  if (text.length <= most) return [text];
  const button = h("button", { type: "button", class: "link" }, ` … show ${number(text.length - most)} more characters`);
  button.addEventListener("click", () => button.replaceWith(text.slice(most)));
  return [text.slice(0, most), button];
}

// Lines of nodes: the text's runs (`k3p1s12`, see highlight.py) cut at line ends.
function colouredLines(text, runs) {
  const lines = text.split("\n");
  if (!runs) return lines.map((line) => long(line));
  const pieces = [];
  let at = 0;
  for (const [, letter, length] of runs.matchAll(/([a-z])(\d+)/g)) {
    pieces.push([letter, at, at += Number(length)]);
  }
  pieces.push(["p", at, text.length]);
  let start = 0;
  let piece = 0;
  return lines.map((line) => {
    const end = start + line.length;
    const nodes = [];
    while (piece < pieces.length && pieces[piece][1] < end) {
      const [letter, from, to] = pieces[piece];
      const part = text.slice(Math.max(from, start), Math.min(to, end));
      if (part) nodes.push(CLASSES[letter] ? h("span", { class: CLASSES[letter] }, part) : part);
      if (to > end) break;
      piece += 1;
    }
    start = end + 1;
    return nodes;
  });
}

const codeBlock = (label, ...lines) => h("pre", { class: "code", tabindex: 0, role: "region", "aria-label": label }, ...lines);
const log = (text, label) => h("pre", { class: "log", tabindex: 0, role: "region", "aria-label": label }, long(text, 20000));

// The common beginning and end of two lines; the rest has changed.
function changed(before, after) {
  let head = 0;
  const least = Math.min(before.length, after.length);
  while (head < least && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < least - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return [head, tail];
}

function marked(sign, line, other) {
  if (other === undefined || line.length > LONG_LINE || other.length > LONG_LINE) return [sign, long(line)];
  const [head, tail] = changed(line, other);
  return [sign, line.slice(0, head), h("b", {}, line.slice(head, line.length - tail)), line.slice(line.length - tail)];
}

function diff(text, label) {
  const lines = text.split("\n").slice(2);
  const nodes = [];
  for (let at = 0; at < lines.length;) {
    const removed = [];
    const added = [];
    while (at < lines.length && lines[at].startsWith("-")) removed.push(lines[at++].slice(1));
    while (at < lines.length && lines[at].startsWith("+")) added.push(lines[at++].slice(1));
    const paired = removed.length === added.length;
    removed.forEach((line, i) => nodes.push(h("del", { class: "l del" }, marked("- ", line, paired ? added[i] : undefined))));
    added.forEach((line, i) => nodes.push(h("ins", { class: "l add" }, marked("+ ", line, paired ? removed[i] : undefined))));
    if (removed.length || added.length) continue;
    const line = lines[at++];
    nodes.push(line.startsWith("@@") ? h("span", { class: "l hunk" }, line) : h("span", { class: "l" }, " ", long(line)));
  }
  return codeBlock(label, nodes);
}
