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

const EVIDENCE = 4;

function findingBody(task, one) {
  const [shown, rest] = [one.evidence.slice(0, EVIDENCE), one.evidence.slice(EVIDENCE)];
  return [
    one.evidence.length ? h("ul", {}, shown.map((text) => h("li", {}, linkedProse(task, text)))) : null,
    rest.length ? lazy({ class: "rest" }, `${rest.length} more`, () => h("ul", {}, rest.map((text) => h("li", {}, linkedProse(task, text))))) : null,
    one.advice ? h("p", { class: "advice" }, one.advice) : null,
  ];
}

// A note is one line until somebody opens it, because it is no alarm.
function findingCard(task, one) {
  const place = one.place ? `${one.place.file}${one.place.line ? `:${one.place.line}` : ""}` : "";
  const head = [chip(one.severity, "x"), h("span", {}, one.id), h("span", {}, place)];
  if (one.severity === "note") return lazy({ class: "note" }, h("span", { class: "row" }, chip(one.severity, "x"), h("span", { class: "grow" }, prose(clipped(one.title, 300)))), () => [h("p", { class: "hint" }, one.id, place ? `, ${place}` : ""), findingBody(task, one)]);
  return h("section", { class: `finding x-bar-${one.severity}` }, h("header", {}, head), h("h3", {}, prose(one.title, 600)), findingBody(task, one));
}

// The most useful tests to write, each with the variants that were paid without it.
function firstPart(task) {
  if (!task.missing.length) return null;
  return h("section", { class: "panel first" }, h("h2", { tabindex: -1 }, task.missing[0].sure ? "Tests to write first" : "Perhaps to be tested"), h("ol", { class: "wanted" }, task.missing.map((test) => {
    const found = test.ids.map((id) => task.mutants.find((one) => one.id.split("/").pop() === id)).filter(Boolean);
    return h("li", {}, lazy({}, [h("span", { class: "says" }, test.says ? ["“", prose(clipped(test.says, 300)), "”"] : "What the instruction does not state"),
      h("span", { class: "paid" }, "paid although ", prose(clipped(test.paid[0], 300)), test.paid.length > 1 ? `, and ${test.paid.length - 1} more` : "")], () => [
      test.place ? h("p", { class: "hint" }, test.place) : null,
      h("ul", { class: "links" }, found.slice(0, 10).map((one) => mutantLink(task, one)), found.length > 10 ? h("li", {}, `and ${found.length - 10} more`) : null),
      command(test.command, "the command that shows the first")]));
  })));
}

function findingsPart(task) {
  if (!task.findings.length && !task.leads.length) return null;
  const graver = task.findings.filter((one) => one.severity !== "note");
  const notes = task.findings.filter((one) => one.severity === "note");
  return part("Findings", many(task.findings.length, "finding"), graver.length ? h("div", { class: "findings" }, graver.map((one) => findingCard(task, one))) : null,
    notes.length ? h("div", { class: "notes" }, notes.map((one) => findingCard(task, one))) : null, command(task.show, "the command that lists them in a terminal"), leads(task));
}

function leads(task) {
  return task.leads.length ? lazy({ class: "leads" }, `${many(task.leads.length, "lead")} read from the tests, which no run has confirmed`, () =>
    h("ul", { class: "links" }, task.leads.map((one) => h("li", {}, prose(one.sentence, 600), h("small", {}, ` ${one.file}:${one.line}, ${one.id}`))))) : null;
}

function facts(task) {
  const found = task.strength;
  const fact = (label, value, small = "") => h("div", {}, h("dt", {}, label), h("dd", {}, value, small ? h("small", {}, small) : null));
  const interval = (share) => `${whole(share.low)} to ${whole(share.high)}`;
  const sum = (outcomes) => [[caught(outcomes), "caught"], [outcomes.survived, "paid in full"], [outcomes.idle, "caught as if nothing were done"], [outcomes.partial, "paid in part"], [outcomes.equivalent, "equivalent to the solution"], [outcomes.harmless, "with no difference that matters"], [outcomes.invalid, "invalid"], [outcomes.error + outcomes.flaky, "unclear"]]
    .filter(([count], at) => count || at < 2).map(([count, word]) => `${number(count)} ${word}`).join(" + ");
  const how = (found) => [[found.by_assertion, "by a failing test"], [found.by_crash, "because the solution itself crashed"], [found.by_outcome.timeout, "because it hung"], [found.unexplained, "without a known failing test"]].filter(([count]) => count).map(([count, words]) => `${number(count)} ${words}`).join(", ");
  return h("dl", { class: "facts" },
    found && found.share.counted ? fact("Strength", percent(found.share.value), interval(found.share)) : null,
    found && found.stated.counted ? fact("Stated requirements", percent(found.stated.value), `${interval(found.stated)}, ${many(found.stated.counted, "variant")}`) : null,
    found ? fact("Tried", number(tried(found.by_outcome)), `= ${sum(found.by_outcome)}`) : null,
    found ? fact("Caught", number(caught(found.by_outcome)), how(found)) : null,
    found ? fact("Paid", number(found.by_outcome.survived), found.by_outcome.partial ? `and ${found.by_outcome.partial} in part` : "like the solution itself") : null,
    task.forging ? fact("Forged rewards", `${task.forging.paid} paid`, `${task.forging.paid_by_default} of them by what the format leaves open; ${task.forging.tried} attacks tried, ${task.forging.effective} took effect, ${task.forging.not_measured} not measured`) : null,
    task.training ? fact("Training value", task.training.value, task.training.why) : null,
    fact("Engine", task.engine_name, task.engine.fidelity === "image" ? "the task's own image" : task.engine.base || ""),
    fact("Format", task.format || "unknown", `${seconds(task.seconds)} of box time`));
}

function crumbs(task) {
  const place = listed.findIndex((row) => row.name === task.name);
  const beside = (at, text, rel) => (place >= 0 && listed[at] ? h("a", { href: link(listed[at].name), rel }, text) : null);
  return h("nav", { class: "crumbs", "aria-label": "Tasks" }, h("a", { href: filtersHash() }, "← All tasks"), h("span", { class: "gap" }), place >= 0 ? h("span", { class: "hint" }, `${place + 1} of ${number(listed.length)}`) : null, beside(place - 1, "Previous", "prev"), beside(place + 1, "Next", "next"));
}

function taskPage(task) {
  const parts = [findingsPart(task), instructionPart(task), mutantsPart(task), proposedPart(task), referencePart(task), testsPart(task), controlsPart(task), timesPart(task), provenancePart(task)].filter(Boolean);
  const jump = h("ul", { class: "jump", "aria-label": "Parts of this page" }, parts.map((each) => h("li", {}, h("button", { type: "button", onclick: () => show(each.firstChild) }, each.firstChild.firstChild.textContent))));
  return [crumbs(task), h("div", { class: "title" }, h("h1", { tabindex: -1, id: "task-title" }, long(named(task.name), 300)), chip(task.verdict, "v"), task.labels.map((label) => chip("warning", "x", label))), h("p", { class: "lead" }, prose(task.why, 600)), firstPart(task), facts(task), jump, ...parts];
}
