// Elements. Texts become text nodes, never markup: nothing that a task wrote is read as HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const h = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
const svg = (name, attributes = {}, ...children) => fill(document.createElementNS(SVG, name), attributes, children);
const byId = (id) => document.getElementById(id);

const chip = (word, kind, text = word) => h("span", { class: `chip ${kind}-${word}` }, text);
// Rounded down, so that no value seems to reach a threshold that it misses.
const percent = (share) => (share === null || share === undefined ? "-" : `${Math.floor(share * 1000 + 1e-6) / 10}\u00a0%`);
const whole = (share) => `${Math.round(share * 100)}\u00a0%`;
const number = (value) => value.toLocaleString("en-US");
const weighed = (value) => (Number.isInteger(value) ? number(value) : value.toFixed(1));
const many = (count, word, words = `${word}s`) => `${number(count)} ${count === 1 ? word : words}`;

function seconds(value) {
  if (value === null || value === undefined) return "-";
  if (value >= 5400) return `${(value / 3600).toFixed(1)} h`;
  if (value >= 90) return `${(value / 60).toFixed(1)} min`;
  if (value < 0.095) return `${Math.round(value * 1000)} ms`;
  return value >= 10 ? `${value.toFixed(0)} s` : `${value.toFixed(2)} s`;
}

function meter(share) {
  const at = (value) => `${(value * 100).toFixed(2)}%`;
  return svg("svg", { class: "meter", "aria-hidden": "true" },
    svg("rect", { class: "track", width: "100%", height: 8, y: 4, rx: 4 }),
    svg("rect", { class: "value", width: at(share.value || 0), height: 8, y: 4, rx: 4 }),
    svg("rect", { class: "whisker", x: at(share.low), width: at(share.high - share.low), height: 2, y: 7 }));
}

// `code` between backticks; an unpaired backtick stays.
function prose(text, most = 2000) {
  if (text.length > most) return long(text, most);
  const pieces = text.split("`");
  if (pieces.length % 2 === 0) return [text];
  return pieces.map((piece, at) => (at % 2 ? h("code", {}, piece) : piece));
}

function say(text) {
  byId("said").textContent = text;
}

// The clipboard of a page opened from disk may be closed to scripts; selecting and copying works everywhere.
async function copy(text, source) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    if (!document.execCommand("copy")) return false;
    selection.removeAllRanges();
  }
  return true;
}

// A page in its run's own folder knows where that is now: its commands work after the folder was moved or downloaded.
function addressed(text) {
  const verb = ["show", "repro"].find((each) => index.here && text.startsWith(`foolsgold ${each} ${index.here} `));
  if (!verb || location.protocol !== "file:") return text;
  let folder;
  try {
    folder = decodeURIComponent(location.pathname.slice(0, location.pathname.lastIndexOf("/"))) || "/";
  } catch {
    return text; // a name that is not UTF-8
  }
  const word = /^[\w@%+=:,./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", `'"'"'`)}'`;
  return `foolsgold ${verb} ${word} ${text.slice(`foolsgold ${verb} ${index.here} `.length)}`;
}

function command(given, label = "the command") {
  const text = addressed(given);
  const code = h("code", { tabindex: 0 }, text);
  const button = h("button", { type: "button", class: "copy", "aria-label": `Copy ${label}` }, "Copy");
  button.addEventListener("click", async () => {
    const done = await copy(text, code);
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    say(done ? "Copied." : "The browser does not allow this page to copy. The command is selected: press Ctrl+C.");
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  return h("div", { class: "command" }, code, button);
}

// Its content is made when it is first opened.
function lazy(attributes, summary, make) {
  const element = h("details", attributes, h("summary", {}, summary));
  element.addEventListener("toggle", () => {
    if (element.open && element.childElementCount === 1) element.append(h("div", { class: "inside" }, make()));
  });
  return element;
}

function open(details) {
  details.open = true;
  details.dispatchEvent(new Event("toggle"));
}

function show(element, focus = true) {
  element.scrollIntoView({ block: "start" });
  if (!focus) return;
  const target = element.matches("details") ? element.firstElementChild : element;
  if (target.tabIndex < 0) target.setAttribute("tabindex", "-1");
  target.focus({ preventScroll: true });
}
