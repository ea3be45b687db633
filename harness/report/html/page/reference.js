// The reference solution, with the mutated places in its margin.

const CONTEXT = 3;
const SIGNS = { survived: "✕", partial: "◐", killed: "✓", timeout: "✓", idle: "○", harmless: "≈", equivalent: "=", invalid: "–", error: "?", flaky: "~" };

function marks(task, mutants, under) {
  const kinds = OUTCOME_ORDER.filter((name) => mutants.some((one) => one.outcome === name));
  return kinds.map((name) => {
    const found = mutants.filter((one) => one.outcome === name);
    const label = `${many(found.length, "variant")} ${SHORT[name]}, line ${found[0].line}`;
    const button = h("button", { type: "button", class: `mark o-${name}`, "aria-expanded": "false", "aria-label": label, title: label }, `${SIGNS[name]}${found.length}`);
    button.addEventListener("click", () => under(button, found));
    return button;
  });
}

function sourceFile(task, file, shade) {
  if (file.text === null) return [h("h3", {}, clipped(file.path, 200)), h("p", { class: "hint" }, `${number(file.bytes)} bytes: too large to be shown here.`)];
  const lines = colouredLines(file.text, file.runs);
  if (lines.length > 1 && file.text.endsWith("\n")) lines.pop();
  const at = new Map();
  for (const mutant of task.mutants) {
    if (mutant.path !== file.path || mutant.step !== file.step) continue;
    at.set(mutant.line, [...(at.get(mutant.line) || []), mutant]);
  }
  const near = new Set();
  for (const line of at.keys()) for (let each = line - CONTEXT; each <= line + CONTEXT; each += 1) near.add(each);
  const whole = lines.length <= 120;
  const make = (place) => {
    const mutants = at.get(place) || [];
    const worst = OUTCOME_ORDER.find((name) => mutants.some((one) => one.outcome === name));
    const row = h("div", { class: mutants.length ? `line hit w-${worst}` : "line" }, h("span", { class: "places" }), h("span", { class: "number", "aria-hidden": "true" }, String(place)), h("span", { class: "text" }, lines[place - 1]));
    shade.add(file.path, place, row);
    let panel = null;
    let by = null;
    row.firstChild.append(...marks(task, mutants, (button, found) => {
      panel?.remove();
      by?.setAttribute("aria-expanded", "false");
      by = by === button ? null : button;
      if (!by) return;
      panel = h("div", { class: "here" }, h("ul", { class: "links" }, found.sort(byImportance).map((one) => mutantLink(task, one))));
      button.setAttribute("aria-expanded", "true");
      row.after(panel);
    }));
    return row;
  };
  const nodes = [];
  for (let place = 1; place <= lines.length; place += 1) {
    if (whole || near.has(place)) { nodes.push(make(place)); continue; }
    const from = place;
    while (place < lines.length && !near.has(place + 1)) place += 1;
    const until = place;
    const fold = h("button", { type: "button", class: "fold" }, `show ${many(until - from + 1, "line")} without variants`);
    fold.addEventListener("click", () => fold.replaceWith(...Array.from({ length: until - from + 1 }, (_, step) => make(from + step))));
    nodes.push(fold);
  }
  return [h("h3", {}, file.step ? `${clipped(file.path, 200)} (step ${file.step})` : clipped(file.path, 200)), h("div", { class: "code source", tabindex: 0, role: "region", "aria-label": file.path }, nodes)];
}

function referencePart(task) {
  if (!task.files.length) return null;
  const shade = shading(task);
  const used = OUTCOME_ORDER.filter((name) => task.mutants.some((one) => one.outcome === name));
  return part("Reference solution", "the places that were broken", h("p", { class: "legend" }, used.map((name) => h("span", {}, chip(name, "o", SIGNS[name]), OUTCOMES[name]))), leastPart(task, shade), task.files.map((file) => sourceFile(task, file, shade)));
}
