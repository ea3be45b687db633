// Mutants against tests. Mutants that the same tests noticed are one column.

const MOST_CELLS = 12000;
const BAD = new Set(["failed", "error"]);

// Each run has a letter for each test, in the order of the task's tests.
const NOTICED = new Set(["F", "E"]);
const LETTERS = { P: ["miss", "·", "passed"], s: ["miss", "s", "skipped"], x: ["miss", "x", "failed, as expected"], X: ["miss", "·", "passed, though expected to fail"] };

function columns(task) {
  const groups = new Map();
  for (const mutant of task.mutants) {
    if (!["survived", "partial", "killed", "timeout"].includes(mutant.outcome)) continue;
    const letters = mutant.runs.length ? mutant.runs[0].tests || "" : "";
    const key = `${mutant.outcome} ${letters}`;
    if (!groups.has(key)) groups.set(key, { outcome: mutant.outcome, letters, hits: [...letters].filter((each) => NOTICED.has(each)).length, mutants: [] });
    groups.get(key).mutants.push(mutant);
  }
  return [...groups.values()].sort((one, other) =>
    OUTCOME_ORDER.indexOf(one.outcome) - OUTCOME_ORDER.indexOf(other.outcome) || one.hits - other.hits || other.mutants.length - one.mutants.length);
}

function cell(column, test) {
  const letter = column.letters[test];
  if (NOTICED.has(letter)) return column.hits === 1 ? ["only", "!", "the only one to catch it"] : ["hit", "×", "caught it"];
  if (!column.letters) return ["none", "?", "results of single tests are unknown"];
  return LETTERS[letter] || ["none", "–", "did not report"];
}

const word = (test) => {
  if (test.vacuous) return chip("vacuous", "t", "never fails");
  if (test.decorative) return chip("decorative", "t", "never alone");
  return test.enough ? chip("enough", "t", "needed") : null;
};
const unknown = (status) => (status === null ? ["none", "–", "did not report"] : BAD.has(status) ? ["hit", "×", status] : ["miss", "·", status]);

function grid(task, onColumn) {
  const found = columns(task);
  const controls = [["nop", "nothing done"], ["hollow", "a solution that exits at once"]].filter(([name]) => task.tests.some((test) => test[name] !== null));
  const td = ([kind, sign, meaning], classes) => h("td", { class: classes }, h("span", { class: kind, title: meaning, "aria-label": meaning, role: "img" }, sign));
  const build = (most) => h("table", { class: "grid" },
    h("caption", { class: "unseen" }, "Tests in rows, variants in columns; variants that the same tests caught share a column."),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Test"), h("th", { scope: "col" }, h("span", { class: "unseen" }, "Value")),
      controls.map(([name, meaning]) => h("th", { scope: "col", class: "control", title: meaning }, name)),
      found.slice(0, most).map((column, at) => {
        const label = `${many(column.mutants.length, "variant")} ${SHORT[column.outcome]}: show`;
        return h("th", { scope: "col", class: at === 0 ? "gap-left" : null }, h("button", { type: "button", class: `o-${column.outcome}`, title: label, "aria-label": label, onclick: () => onColumn(column) }, String(column.mutants.length)));
      }))),
    h("tbody", {}, task.tests.map((test, row) => h("tr", {}, h("th", { scope: "row", title: clipped(test.name, 400) }, short(test.name)), h("td", { class: "kind" }, word(test)),
      controls.map(([name]) => td(unknown(test[name]), "cell")),
      found.slice(0, most).map((column, at) => td(cell(column, row), at === 0 ? "cell gap-left" : "cell"))))));
  const wrap = h("div", { class: "grid-wrap", tabindex: 0, role: "region", "aria-label": "Kill matrix" });
  const most = Math.max(10, Math.floor(MOST_CELLS / Math.max(task.tests.length, 1)));
  wrap.append(build(most));
  if (found.length <= most) return wrap;
  const button = h("button", { type: "button", class: "plain-button", onclick: () => { wrap.replaceChildren(build(found.length)); button.remove(); } }, `Show all ${number(found.length)} columns`);
  return [wrap, button];
}

const short = (name) => clipped(name.split("::").slice(-2).join(" :: "), 200);

function assertions(task, test) {
  if (!test.place) return h("p", { class: "hint" }, "The source of this test was not found in the tests' Python files.");
  const [place, at] = test.place;
  const file = task.test_files[place];
  const known = file.functions[at];
  if (file.text === null) return h("p", { class: "hint" }, `${file.path} is too large to be shown here.`);
  const lines = colouredLines(file.text, file.runs).slice(known.line - 1, known.end_line);
  const asserting = (line) => known.asserts.some((one) => one.line <= line && line <= one.end_line);
  return [h("p", { class: "where" }, `${file.path}:${known.line}`), codeBlock(`Source of ${known.name}`, lines.map((nodes, step) => h("span", { class: asserting(known.line + step) ? "l assert" : "l" }, nodes)))];
}

function testRow(task, test, place) {
  const noticed = task.mutants.filter((one) => one.killed_by.includes(place));
  return lazy({}, h("span", { class: "row" }, h("span", { class: "grow" }, h("code", {}, short(test.name))), word(test),
    h("small", {}, `${number(noticed.length)} caught, ${seconds(test.seconds)}`)), () => [
    assertions(task, test),
    h("dl", { class: "sheet" }, fact("Name", h("code", {}, clipped(test.name, 2000))), fact("Reference", test.reference.join(", ") || "not reported"), fact("Nothing done", test.nop && `${test.nop}${test.nop_said ? `: ${test.nop_said}` : ""}`), fact("Hollow solution", test.hollow)),
    noticed.length ? [h("p", { class: "hint" }, "It caught:"), h("ul", { class: "links" }, [...noticed].sort(byImportance).slice(0, 100).map((one) => mutantLink(task, one)), noticed.length > 100 ? h("li", {}, `and ${noticed.length - 100} more`) : null)] : h("p", { class: "hint" }, "It caught no variant."),
  ]);
}

function testsPart(task) {
  const shown = h("div", { "aria-live": "polite" });
  const onColumn = (column) => {
    shown.replaceChildren(h("p", { class: "hint" }, `${many(column.mutants.length, "variant")}, ${OUTCOMES[column.outcome]}${column.hits ? `, caught by ${many(column.hits, "test")}` : ""}:`), h("ul", { class: "links" }, column.mutants.map((one) => mutantLink(task, one))));
    shown.scrollIntoView({ block: "nearest" });
  };
  const counts = [["vacuous", "never fail"], ["decorative", "never catch a variant alone"], ["enough", "are enough to catch everything that is caught"]].map(([name, words]) => [task.tests.filter((test) => test[name]).length, words]);
  const sources = task.test_files.map((file) => lazy({}, h("span", { class: "row" }, h("code", { class: "grow" }, clipped(file.path, 200)), h("small", {}, file.step ? `step ${file.step}` : "")), () =>
    file.text === null ? h("p", { class: "hint" }, "Too large to be shown here.") : codeBlock(file.path, colouredLines(file.text, file.runs).map((nodes) => h("span", { class: "l" }, nodes)))));
  if (!task.tests.length && !sources.length) return null;
  return part("Tests", task.tests.length ? many(task.tests.length, "test") : "",
    task.tests.length && task.matrix ? [
      h("p", { class: "hint" }, `Of ${many(task.tests.length, "test")}, ${counts.map(([count, words]) => `${count} ${words}`).join(", ")}. A column is one or more variants that the same tests caught.`),
      h("p", { class: "legend" }, [["only", "!", "the only test that caught it"], ["hit", "×", "caught it, with others"], ["miss", "·", "passed"], ["none", "–", "did not report"]].map(([kind, sign, meaning]) => h("span", {}, h("span", { class: `sign ${kind}` }, sign), meaning))),
      grid(task, onColumn), shown,
    ] : h("p", { class: "hint" }, task.tests.length ? "No variant was tried against them." : "This verifier does not report single tests, so there is no kill matrix."),
    h("div", { class: "test-list" }, task.tests.map((test, place) => testRow(task, test, place))),
    sources.length ? [h("h3", {}, "Files of the tests"), h("div", { class: "test-list" }, sources)] : null);
}
