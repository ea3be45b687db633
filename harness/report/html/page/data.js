// What this file carries: an index of all tasks, and one compressed block for each.

const blocks = new Map();
let index = null;
const numberOf = new Map();

async function unpack(element) {
  const bytes = Uint8Array.from(atob(element.textContent), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
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

// The blocks stand after this script, so a task that is asked for at once may not have been read yet.
async function readTask(place) {
  if (!blocks.has(place)) {
    if (!byId(`block-${place}`)) await parsed;
    const task = await unpack(byId(`block-${place}`));
    blocks.set(place, task);
    if (blocks.size > 20) blocks.delete(blocks.keys().next().value);
  }
  return blocks.get(place);
}

// --- links: #task, #task/mutant, #?filters

const link = (task, mutant = "") =>
  `#${[...task.split("/"), ...(mutant ? mutant.split("/") : [])].map(encodeURIComponent).join("/")}`;

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// The longest beginning that is a task's name is the task, whatever follows is its mutant.
function target(hash) {
  const parts = hash.replace(/^#/, "").split("/").map(decoded);
  for (let length = parts.length; length > 0; length -= 1) {
    const place = numberOf.get(parts.slice(0, length).join("/"));
    if (place !== undefined) return { place, mutant: parts.slice(length).join("/") };
  }
  return null;
}
