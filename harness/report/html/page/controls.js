// Controls, timings and where the numbers come from.

const PHASES = { solve: "p-solve", verify: "p-verify" };
const MEANT = {
  reference: "must be paid in full", nop: "nothing was done: must not be paid", hollow: "the solution exits at once: must not be paid",
  "reference at the end": "must still be paid",
};

function phaseBar(phases, longest) {
  let at = 0;
  return svg("svg", { "aria-hidden": "true" }, phases.map((phase) => {
    const width = (phase.seconds / longest) * 100;
    const rect = svg("rect", { class: PHASES[phase.name] || "p-other", x: `${at.toFixed(3)}%`, width: `${width.toFixed(3)}%`, height: 10, y: 2 });
    at += width;
    return rect;
  }));
}

function controlRows(task) {
  const total = (control) => control.phases.reduce((sum, phase) => sum + phase.seconds, 0);
  const longest = Math.max(...task.controls.map(total), 0.001);
  return task.controls.map((control) => h("tr", {},
    h("th", { scope: "row" }, control.label && control.name === "reference" ? `reference, run ${control.label}` : control.name, h("small", {}, MEANT[control.name] || "")),
    h("td", { class: "whole" }, h("b", {}, control.shown), h("small", {}, ` ${rewards(control.rewards)}`), control.why || control.problem || control.trouble ? h("div", { class: "raw" }, long(control.trouble || control.problem || control.why, 600)) : null, control.notes.map((note) => h("div", { class: "hint" }, note))),
    h("td", { class: "timing whole" }, phaseBar(control.phases, longest), h("small", {}, control.phases.map((phase) => `${phase.name}${phase.step ? ` ${phase.step}` : ""} ${seconds(phase.seconds)}${phase.status === null ? " (time limit)" : phase.status ? ` (exit ${phase.status})` : ""}`).join(", "))),
    h("td", { class: "n" }, seconds(control.seconds))));
}

const logs = (task) => task.controls.flatMap((control) => control.phases.filter((phase) => phase.log).map((phase) =>
  lazy({}, `Log: ${control.name}${control.label && control.name === "reference" ? ` ${control.label}` : ""}, ${phase.name}${phase.step ? ` ${phase.step}` : ""}`, () => log(phase.log, "Log"))));

function mutantTimes(task) {
  const times = task.mutants.flatMap((one) => one.runs.map((run) => run.seconds)).sort((one, other) => one - other);
  if (!times.length) return "";
  return `${many(times.length, "run")} of variants: median ${seconds(times[Math.floor(times.length / 2)])}, longest ${seconds(times[times.length - 1])}; the whole task ${seconds(task.seconds)} of box time.`;
}

function controlsPart(task) {
  if (!task.controls.length) return null;
  return part("Controls and timings", "runs whose result is known beforehand",
    h("p", { class: "legend" }, ["solve", "verify"].map((name) => h("span", {}, svg("svg", { width: 12, height: 12, "aria-hidden": "true" }, svg("rect", { class: PHASES[name], width: 12, height: 12, rx: 3 })), ` ${name}`))),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Controls" }, h("table", { class: "plain stacked" }, h("thead", {}, h("tr", {}, ["Control", "Result", "Phases"].map((name) => h("th", { scope: "col" }, name)), h("th", { scope: "col", class: "n" }, "Time"))), h("tbody", {}, controlRows(task)))),
    h("p", { class: "hint" }, mutantTimes(task)), h("div", { class: "test-list" }, logs(task)));
}

const TIMES = {
  building: "the image", preparing: "boxes, and what was kept put into them", solving: "the solution", verifying: "the tests",
  rest: "copying, and looking at what was left", waiting: "for a turn, while other trials ran",
};

function timesPart(task) {
  if (!task.timings) return null;
  const spent = task.timings.seconds, longest = Math.max(...Object.values(spent), 0.001);
  const rows = Object.entries(TIMES).map(([name, meaning]) => h("tr", {},
    h("th", { scope: "row" }, name, h("small", {}, meaning)),
    h("td", { class: "bar" }, svg("svg", { class: "meter", "aria-hidden": "true" }, svg("rect", { class: "track", width: "100%", height: 8, y: 4, rx: 4 }), svg("rect", { class: "value", width: `${((spent[name] / longest) * 100).toFixed(2)}%`, height: 8, y: 4, rx: 4 }))),
    h("td", { class: "n" }, seconds(spent[name]))));
  return part("Where the time went", `${many(task.timings.trials, "trial")}, added up however many ran at once`,
    h("table", { class: "plain faults" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "For"), h("th", { scope: "col" }, h("span", { class: "unseen" }, "Bar")), h("th", { scope: "col", class: "n" }, "Time"))), h("tbody", {}, rows)),
    task.reused.map((said) => h("p", { class: "hint" }, said)));
}

const FIDELITY = {
  image: "the task's own image", host: "this machine's own root filesystem, not the task's image", "stand-in": "a base in place of the task's image",
};

function provenancePart(task) {
  const left = task.not_run.map((one) => [one.step ? `step ${one.step}: ` : "", `${many(one.generated, "variant")} possible`, one.duplicates ? `, ${one.duplicates} duplicates` : "", one.invalid ? `, ${one.invalid} invalid` : "", one.beyond_budget ? `, ${one.beyond_budget} beyond the budget` : "",
    one.skipped.map((skipped) => h("div", {}, h("code", {}, skipped.file), `: ${skipped.reason}`))]);
  const options = Object.entries(index.options).map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(" ") || "none" : value}`).join(", ");
  return part("Where the numbers come from", "",
    h("dl", { class: "sheet" },
      fact("Engine", task.engine_name), fact("Base of the boxes", FIDELITY[task.engine.fidelity] || task.engine.fidelity, task.engine.base ? `: ${task.engine.base}` : ""), fact("Notes", task.engine.notes.map((note) => h("div", {}, note))),
      fact("Image", task.engine.image && h("code", {}, task.engine.image)), fact("Task's digest", task.digest && h("code", {}, task.digest)), fact("Folder", h("code", {}, task.path)), fact("Format", task.format),
      fact("foolsgold", index.version, index.engine_version ? `, ${index.engine} ${index.engine_version}` : "", index.python ? `, Python ${index.python}` : ""), fact("Seed", String(index.seed)), fact("Options", options), fact("Thresholds", Object.entries(task.thresholds).map(([name, value]) => `${name} ${value}`).join(", ")),
      fact("Variants", left.map((each) => h("div", {}, each)))),
    task.internal_error ? [h("p", { class: "hint" }, "foolsgold itself failed here; please report this:"), log(task.internal_error, "Traceback")] : null);
}
