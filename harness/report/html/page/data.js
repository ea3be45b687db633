// The data of this file: an index of all tasks, and one compressed block for each.

const blocks = new Map();
let index = null;
const numberOf = new Map();

const SIGNS_85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%.()*+-;,=>?@^_`{|}~";
const VALUES_85 = new Uint8Array(128);
[...SIGNS_85].forEach((sign, value) => { VALUES_85[sign.charCodeAt(0)] = value; });

// Five characters are four bytes; characters missing at the end count as the highest one.
function bytes85(text) {
  const bytes = new Uint8Array(Math.ceil(text.length / 5) * 4);
  const view = new DataView(bytes.buffer);
  for (let at = 0, to = 0; at < text.length; at += 5, to += 4) {
    let value = 0;
    for (let step = 0; step < 5; step += 1) value = value * 85 + (at + step < text.length ? VALUES_85[text.charCodeAt(at + step)] : 84);
    view.setUint32(to, value);
  }
  return bytes.subarray(0, bytes.length - ((5 - (text.length % 5)) % 5));
}

async function unpack(element) {
  const stream = new Blob([bytes85(element.textContent)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

// --- restores what task.py folded

// A diff by the lines of its file, see diffs.py.
function unfold(folded, lines) {
  if (typeof folded === "string") return folded;
  const [first, ...steps] = folded;
  const body = [];
  let at = first - 1;
  let [removed, added] = [0, 0];
  for (const step of steps) {
    if (typeof step === "string") { body.push(`+${step}`); added += 1; continue; }
    const count = Math.abs(step);
    for (let each = 0; each < count; each += 1) body.push((step < 0 ? "-" : " ") + lines[at + each]);
    at += count;
    removed += count;
    if (step > 0) added += step;
  }
  const range = (count) => (count === 1 ? `${first}` : `${first},${count}`);
  return ["---", "+++", `@@ -${range(removed)} +${range(added)} @@`, ...body].join("\n");
}

function expand(task) {
  const { columns, repros } = task.mutants;
  const names = Object.keys(columns);
  const lines = new Map(task.files.map((file) => [`${file.step}\n${file.path}`, (file.text || "").split("\n")]));
  task.mutants = columns.id.map((id, at) => {
    const mutant = Object.fromEntries(names.map((name) => [name, columns[name][at]]));
    mutant.requirement = null;
    mutant.diff = unfold(mutant.diff, lines.get(`${mutant.step}\n${mutant.path}`));
    mutant.repro = repros[mutant.repro].join(id.split("/").pop());
    mutant.runs = mutant.runs.map(([run, rewards, tests, took, network, problem]) => ({ run, rewards, tests, seconds: took, network, problem }));
    mutant.rank = at;
    return mutant;
  });
  for (const step of task.steps) {
    for (const said of step.requirements) {
      said.mutants = said.mutants.map((at) => task.mutants[at]);
      said.also = said.also.map((at) => task.mutants[at]);
      for (const mutant of said.mutants) mutant.requirement = { text: said.text, line: said.line, file: step.path };
    }
  }
  return task;
}

async function readIndex() {
  index = await unpack(byId("index"));
  index.rows.forEach((row, place) => {
    row.place = place;
    row.search = `${row.name}\n${row.format}\n${row.said}`.toLowerCase();
    numberOf.set(row.name, place);
  });
}

const parsed = new Promise((resolve) => {
  if (document.readyState !== "loading") resolve();
  else document.addEventListener("DOMContentLoaded", resolve, { once: true });
});

// The blocks come after this script, so the task that the address names may not have been parsed yet.
async function readTask(place) {
  if (!blocks.has(place)) {
    if (!byId(`block-${place}`)) await parsed;
    const task = expand(await unpack(byId(`block-${place}`)));
    blocks.set(place, task);
    if (blocks.size > 20) blocks.delete(blocks.keys().next().value);
  }
  return blocks.get(place);
}

// --- links: #task, #task/mutant, #?filters

// An empty name is a task's name and not the overview.
const link = (task, mutant = "") =>
  !task && !mutant ? "#/" : `#${[...task.split("/"), ...(mutant ? mutant.split("/") : [])].map(encodeURIComponent).join("/")}`;

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// The longest prefix that is a task's name is the task; the rest is its mutant.
function target(hash) {
  const parts = hash.replace(/^#/, "").split("/").map(decoded);
  for (let length = parts.length; length > 0; length -= 1) {
    const place = numberOf.get(parts.slice(0, length).join("/"));
    if (place !== undefined) return { place, mutant: parts.slice(length).join("/") };
  }
  return null;
}
