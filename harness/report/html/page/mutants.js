// A task's broken variants: a row each, which opens to show the diff, the verifier's result, and the command.

const OUTCOMES = {
  survived: "paid in full, like the solution itself", partial: "paid in part", killed: "caught: not paid", timeout: "caught: it hangs where the solution does not",
  idle: "caught as if nothing were done: nothing works any more, so it tells nothing and is counted apart",
  harmless: "other than the solution in nothing that matters: left out",
  equivalent: "shown to do what the solution does: left out", invalid: "does not parse or build: left out",
  error: "could not be measured: left out", flaky: "runs disagree: left out",
};
const OUTCOME_ORDER = Object.keys(OUTCOMES);
const SHORT = { survived: "paid", partial: "paid in part", killed: "caught", timeout: "caught: hangs", idle: "caught as if nothing were done", harmless: "no difference that matters", equivalent: "equivalent", invalid: "invalid", error: "error", flaky: "flaky" };

const outcomeChip = (name) => chip(name, "o", SHORT[name] || name);
const byImportance = (one, other) => one.rank - other.rank;

const mutantLink = (task, mutant) =>
  h("li", {}, outcomeChip(mutant.outcome), h("a", { href: link(task.name, mutant.id) }, prose(clipped(mutant.sentence, 300))), h("small", {}, ` ${clipped(mutant.path, 120)}:${mutant.line}`));

function fact(label, ...value) {
  return value.flat().some((each) => each !== null && each !== undefined && each !== "") ? [h("dt", {}, label), h("dd", {}, value)] : [];
}

const rewards = (found) => (found ? Object.entries(found).map(([name, value]) => `${name} ${value}`).join(", ") : "no reward");

function effectOf(effect) {
  if (!effect) return [];
  if (!effect.measured) return fact("Effect", "No effect could be measured: nothing that the tests run, ask, call or leave differs.");
  return [fact("Effect of", h("code", {}, clipped(effect.input, 600)), effect.others ? ` (and ${many(effect.others, "more difference", "more differences")})` : ""),
    fact("Expected", clipped(effect.expected, 600)), fact("Got", clipped(effect.got, 600))];
}

function mutantBody(task, mutant) {
  const tests = mutant.killed_by.map((place) => task.tests[place].name);
  return [
    diff(mutant.diff, "The change"),
    h("dl", {},
      fact("Breaks", mutant.requirement && [prose(clipped(mutant.requirement.text, 2000)), " ", h("small", {}, `${mutant.requirement.file}:${mutant.requirement.line}`)]),
      fact("Outcome", OUTCOMES[mutant.outcome] || mutant.outcome, mutant.cause ? ` (${mutant.cause})` : "", mutant.crashed ? "; the solution itself ended with an error" : "",
        mutant.outcome === "partial" ? `; the gap to the solution's reward is ${mutant.gap}` : ""),
      effectOf(mutant.effect),
      fact(mutant.outcome === "harmless" ? "Why it does not matter" : "Reason", mutant.why ? long(mutant.why) : ""),
      fact("Caught by", tests.length ? h("ul", { class: "links" }, tests.map((name) => h("li", {}, h("code", {}, clipped(name, 400))))) : ""),
      fact("Runs", mutant.runs.map((run, at) => [at ? h("br") : "", `${run.run}: ${rewards(run.rewards)}, ${seconds(run.seconds)}${run.network ? ", with network" : ""}${run.problem ? `: ${run.problem}` : ""}`])),
      fact("Fault", `${mutant.fault}, ${mutant.operator}, ${mutant.tier}`),
      fact("In", mutant.target !== mutant.path && mutant.target, mutant.scope ? ` (${mutant.scope})` : "")),
    mutant.log ? lazy({}, "The end of the verifier's log", () => log(mutant.log, "The end of the verifier's log")) : null,
    h("p", { class: "hint" }, "A complete task folder with this variant as its solution:"),
    command(mutant.repro, "the command that reproduces it"),
  ];
}

function mutantRow(task, mutant) {
  return lazy({ class: "mutant", id: `m-${mutant.id}` }, h("span", { class: "row" },
    outcomeChip(mutant.outcome), h("span", { class: "grow" }, prose(clipped(mutant.sentence, 400))),
    h("span", { class: "where" }, `${clipped(mutant.path, 120)}:${mutant.line} · ${mutant.fault} · ${mutant.id}`)), () => mutantBody(task, mutant));
}

const MUTANTS_AT_ONCE = 200;

function mutantsPart(task) {
  const ranked = [...task.mutants].sort(byImportance);
  const list = h("div", { class: "mutants" });
  const rows = new Map();
  let shown = ranked;
  const row = (mutant) => {
    if (!rows.has(mutant)) rows.set(mutant, mutantRow(task, mutant));
    return rows.get(mutant);
  };
  const more = h("button", { type: "button", class: "plain-button", onclick: () => fillList(shown.length) }, "");
  function fillList(most) {
    list.replaceChildren(...shown.slice(0, most).map(row));
    if (shown.length > most) list.append(more);
    more.textContent = `Show all ${number(shown.length)}`;
  }
  const buttons = ["", ...OUTCOME_ORDER.filter((name) => task.mutants.some((one) => one.outcome === name))].map((name) => {
    const count = name ? task.mutants.filter((one) => one.outcome === name).length : task.mutants.length;
    return h("button", { type: "button", "aria-pressed": name === "" ? "true" : "false", "data-outcome": name }, `${name ? SHORT[name] : "all"} ${number(count)}`);
  });
  function choose(name) {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.outcome === name));
    shown = name ? ranked.filter((one) => one.outcome === name) : ranked;
    fillList(MUTANTS_AT_ONCE);
  }
  for (const button of buttons) button.addEventListener("click", () => choose(button.dataset.outcome));
  choose("");
  task.reveal = (id) => {
    const mutant = ranked.find((one) => one.id === id) || ranked.find((one) => id && (one.id.startsWith(id) || one.id.endsWith(`/${id}`)));
    if (!mutant) return false;
    if (!list.contains(row(mutant))) { choose(""); fillList(ranked.length); }
    for (const each of rows.values()) each.classList.toggle("now", each === row(mutant));
    open(row(mutant));
    show(row(mutant));
    return true;
  };
  return task.mutants.length ? part("Broken variants", many(task.mutants.length, "variant"), h("div", { class: "choice", role: "group", "aria-label": "Show variants by outcome" }, buttons), list) : null;
}
