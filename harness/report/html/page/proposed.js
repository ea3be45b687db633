// Variants that somebody else wrote, such as a model. They are no part of the strength, and so not among the others.

function proposedRow(one) {
  const tests = one.killed_by.length ? h("ul", { class: "links" }, one.killed_by.map((name) => h("li", {}, h("code", {}, clipped(name, 400))))) : "";
  return lazy({ class: "mutant" }, h("span", { class: "row" }, outcomeChip(one.outcome), h("span", { class: "grow" }, prose(clipped(one.sentence, 400))),
    h("span", { class: "where" }, `${clipped(one.path, 120)}:${one.line} · by ${clipped(one.source, 80)} · ${one.id}`)), () => [
    diff(one.diff, "The change"),
    h("dl", {},
      fact("By", `${one.source}, ${one.name}`),
      fact("Meant to break", one.breaks && prose(clipped(one.breaks, 2000))),
      fact("Breaks", one.requirement && [prose(clipped(one.requirement.text, 2000)), " ", h("small", {}, `${one.requirement.file}:${one.requirement.line}`)]),
      fact("Outcome", OUTCOMES[one.outcome] || one.outcome),
      effectOf(one.effect),
      fact("Reason", one.why ? long(one.why) : ""),
      fact("Caught by", tests),
      fact("Runs", one.runs.map((run, at) => [at ? h("br") : "", `${run.run}: ${rewards(run.rewards)}, ${seconds(run.seconds)}${run.problem ? `: ${run.problem}` : ""}`]))),
    h("p", { class: "hint" }, "A complete task folder with this variant as its solution:"),
    command(one.repro, "the command that reproduces it")]);
}

function proposedPart(task) {
  if (!task.proposed) return null;
  const [sum, ...aside] = task.proposed.said;
  return part("Variants from elsewhere", many(task.proposed.variants.length, "variant"), h("p", { class: "hint" }, sum),
    aside.length ? h("ul", { class: "links" }, aside.map((text) => h("li", {}, clipped(text, 600)))) : null,
    h("div", { class: "mutants" }, task.proposed.variants.map(proposedRow)));
}
