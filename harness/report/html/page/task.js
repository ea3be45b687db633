// A task's page.

function part(title, aside, ...children) {
  return h("section", { class: "part" }, h("h2", { tabindex: -1 }, title, aside ? h("small", { class: "hint" }, aside) : null), children);
}

// "mutant 0123abcdef" becomes a link where the task has that mutant.
function linked(task, text) {
  return text.split(/(\bmutant [0-9a-f]{6,})/).map((piece, at) => {
    const mutant = at % 2 ? task.mutants.find((one) => one.id.split("/").pop() === piece.slice(7)) : null;
    return mutant ? h("a", { href: link(task.name, mutant.id) }, piece) : piece;
  });
}

// Links first, then code spans in what is between them.
const linkedProse = (task, text) => (text.length > 2000 ? long(text, 2000) : linked(task, text).map((piece) => (typeof piece === "string" ? prose(piece) : piece)));

function findingBody(task, one) {
  return [
    one.evidence.length ? h("ul", {}, one.evidence.map((text) => h("li", {}, linkedProse(task, text)))) : null,
    one.advice ? h("p", { class: "advice" }, one.advice) : null,
    one.command ? command(one.command, "the command that shows it") : null,
  ];
}

function findingsPart(task) {
  if (!task.findings.length && !task.leads.length) return null;
  const place = (one) => (one.place ? `${one.place.file}${one.place.line ? `:${one.place.line}` : ""}` : "");
  return part("Findings", many(task.findings.length, "finding"), h("div", { class: "findings" }, task.findings.map((one) =>
    h("section", { class: `finding x-bar-${one.severity}` }, h("header", {}, chip(one.severity, "x"), h("span", {}, one.id), h("span", {}, place(one))), h("h3", {}, prose(one.title, 600)), findingBody(task, one)))), leads(task));
}

function leads(task) {
  return task.leads.length ? lazy({ class: "leads" }, `${many(task.leads.length, "suspicion")} read from the tests, which no run has confirmed`, () =>
    h("ul", { class: "links" }, task.leads.map((one) => h("li", {}, prose(one.sentence, 600), h("small", {}, ` ${one.file}:${one.line}, ${one.id}`))))) : null;
}

function facts(task) {
  const found = task.strength;
  const fact = (label, value, small = "") => h("div", {}, h("dt", {}, label), h("dd", {}, value, small ? h("small", {}, small) : null));
  const interval = (share) => `${percent(share.low)} to ${percent(share.high)}`;
  return h("dl", { class: "facts" },
    found && found.share.counted ? fact("Strength", percent(found.share.value), interval(found.share)) : null,
    found && found.stated.counted ? fact("Of what is stated", percent(found.stated.value), `${interval(found.stated)}, ${many(found.stated.counted, "variant")}`) : null,
    found ? fact("Caught", `${weighed(found.share.detected)} of ${number(found.share.counted)}`, `${found.by_assertion} by an assertion, ${found.by_crash} by a crash${found.unexplained ? `, ${found.unexplained} unexplained` : ""}`) : null,
    found ? fact("Paid", number(found.by_outcome.survived), found.by_outcome.partial ? `and ${found.by_outcome.partial} in part` : "like the solution itself") : null,
    found && found.by_outcome.error + found.by_outcome.flaky ? fact("Unclear", number(found.by_outcome.error + found.by_outcome.flaky), "errors, or runs that disagree") : null,
    task.forging ? fact("Forged rewards", `${task.forging.paid} paid`, `${task.forging.paid_by_default} of them by what the format leaves open; ${task.forging.tried} means tried, ${task.forging.effective} took effect, ${task.forging.not_measured} not measured`) : null,
    fact("Engine", task.engine_name, task.engine.fidelity === "image" ? "the task's own image" : task.engine.base || ""),
    fact("Format", task.format || "unknown", `${seconds(task.seconds)} of box time`));
}

function crumbs(task) {
  const place = listed.findIndex((row) => row.name === task.name);
  const beside = (at, text, rel) => (place >= 0 && listed[at] ? h("a", { href: link(listed[at].name), rel }, text) : null);
  return h("nav", { class: "crumbs", "aria-label": "Tasks" }, h("a", { href: filtersHash() }, "← All tasks"), h("span", { class: "gap" }), place >= 0 ? h("span", { class: "hint" }, `${place + 1} of ${number(listed.length)}`) : null, beside(place - 1, "Previous", "prev"), beside(place + 1, "Next", "next"));
}

function taskPage(task) {
  const parts = [findingsPart(task), instructionPart(task), mutantsPart(task), referencePart(task), testsPart(task), controlsPart(task), provenancePart(task)].filter(Boolean);
  const jump = h("ul", { class: "jump", "aria-label": "Parts of this page" }, parts.map((each) => h("li", {}, h("button", { type: "button", onclick: () => show(each.firstChild) }, each.firstChild.firstChild.textContent))));
  return [crumbs(task), h("div", { class: "title" }, h("h1", { tabindex: -1, id: "task-title" }, long(named(task.name), 300)), chip(task.verdict, "v"), task.labels.map((label) => chip("warning", "x", label))), h("p", { class: "lead" }, prose(task.why, 600)), facts(task), jump, ...parts];
}
