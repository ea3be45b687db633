// The instruction, each requirement marked with how well the tests check it.

const STATES = {
  tested: "tested", "in-part": "tested in part", untested: "untested", "not-probed": "not probed", forged: "forged", hidden: "hidden",
};
const MEANINGS = {
  tested: "every variant that breaks it is caught", "in-part": "some variants that break it are paid", untested: "no variant that breaks it is caught, or no test uses the option that it names",
  "not-probed": "no variant has it as the first requirement that it breaks", forged: "the reward can be had without doing it", hidden: "the tests demand it and nothing states it",
};

const stateChip = (state, count = "") => chip(state, "s", `${STATES[state]}${count}`);

function requirementRow(task, said) {
  const list = (mutants) => h("ul", { class: "links" }, mutants.map((one) => mutantLink(task, one)));
  const paid = said.mutants.filter((one) => ["survived", "partial"].includes(one.outcome)).length;
  return lazy({ "data-requirement": said.key }, h("span", { class: "row" }, stateChip(said.state), h("span", { class: "grow" }, prose(clipped(said.text, 300))),
    h("small", {}, said.mutants.length ? `${paid} of ${said.mutants.length} paid` : said.also.length ? `${said.also.length} concern it` : "")), () => [
    said.mutants.length ? [h("p", { class: "hint" }, "Variants that break it:"), list(said.mutants)] : h("p", { class: "hint" }, "No variant has this as the first requirement that it breaks."),
    said.also.length ? [h("p", { class: "hint" }, "Other variants that concern it:"), list(said.also)] : null,
  ]);
}

function instructionStep(task, step) {
  const rows = new Map(step.requirements.map((said) => [said.index, requirementRow(task, { ...said, key: `${step.name}/${said.index}` })]));
  const marks = new Map();
  const text = h("div", { class: "instruction" }, step.parts.map(([words, at]) => {
    const said = at === null ? null : step.requirements[at];
    if (!said) return long(words, 20000);
    const mark = h("mark", { class: `m-${said.state}` }, long(words, 20000));
    marks.set(at, mark);
    if (said.state === "not-probed" && !said.also.length) return mark;
    const button = h("button", { type: "button", class: `chip s-${said.state}`, "aria-label": `${STATES[said.state]}: show the variants that break “${clipped(said.text, 80)}”` },
      said.state === "not-probed" ? "not probed" : STATES[said.state]);
    button.addEventListener("click", () => { open(rows.get(at)); show(rows.get(at)); });
    return [mark, button];
  }));
  for (const [at, row] of rows) {
    for (const [event, on] of [["mouseenter", true], ["focusin", true], ["mouseleave", false], ["focusout", false]]) {
      row.addEventListener(event, () => marks.get(at)?.classList.toggle("now", on));
    }
  }
  const order = Object.keys(STATES);
  const rank = (state) => ["untested", "in-part", "forged", "tested", "not-probed"].indexOf(state);
  const sorted = [...step.requirements].sort((one, other) => rank(one.state) - rank(other.state) || one.index - other.index);
  const counts = order.map((state) => [state, step.requirements.filter((one) => one.state === state).length]).filter(([, count]) => count);
  return [
    step.name ? h("h3", {}, `Step ${step.name}`) : null,
    h("p", { class: "legend" }, counts.map(([state, count]) => h("span", {}, chip(state, "s", `${count} ${STATES[state]}`), MEANINGS[state]))),
    h("div", { class: "two" }, text, h("div", { class: "requirements" }, sorted.map((said) => rows.get(said.index)))),
  ];
}

// Findings about demands that the instruction does not state, or about rewards without the work, are shown with it.
function besides(task) {
  const told = task.findings.filter((one) => one.state);
  return told.length ? h("div", { class: "requirements" }, told.map((one) => lazy({}, h("span", { class: "row" }, stateChip(one.state), h("span", { class: "grow" }, prose(clipped(one.title, 600)))), () => findingBody(task, one)))) : null;
}

function instructionPart(task) {
  return task.steps.length ? part("Instruction", clipped(task.steps[0].path, 120), besides(task), task.steps.map((step) => instructionStep(task, step))) : null;
}
