// The list of tasks, made thirty rows at a time.

const BATCH = 30;
const COLUMNS = [
  ["name", "Task"], ["verdict", "Verdict"], ["strength", "Strength"], ["stated", "Stated"], ["caught", "Caught"], ["paid", "Paid"],
  ["left", "Left out"], ["tried", "Tried"], ["findings", "Findings"], ["format", "Format"], ["engine", "Engine"], ["seconds", "Time"],
];
const NUMBERS = new Set(["stated", "caught", "paid", "left", "tried", "seconds"]);
// A reason that only repeats the row's share.
const SAID_BY_NUMBERS = /^[\d.]+ % of \d+ broken variants were caught(; [\d.]+ % is \w+)?$/;
let listed = [];
let body = null;
let made = 0;
let sentinel = null;

function cells(row) {
  const { share: all, stated, outcomes } = row;
  return {
    verdict: [chip(row.verdict, "v"), ...row.labels.map((label) => chip("warning", "x", label))],
    strength: all && all.counted
      ? h("span", { class: "with-meter" }, meter(all), h("span", {}, percent(all.value), " ", h("small", {}, `${Math.round(all.low * 100)}–${Math.round(all.high * 100)}`)))
      : "-",
    stated: stated && stated.counted ? percent(stated.value) : "-",
    caught: outcomes ? h("span", { title: `${number(outcomes.idle)} more caught as if nothing were done` }, number(caught(outcomes)) + (outcomes.idle ? ` +${outcomes.idle} idle` : "")) : "-",
    paid: outcomes ? number(outcomes.survived) + (outcomes.partial ? ` +${outcomes.partial} in part` : "") : "-",
    left: outcomes ? h("span", { title: `${outcomes.equivalent + outcomes.invalid} equivalent or invalid, ${outcomes.harmless} with no difference that matters, ${outcomes.error + outcomes.flaky} unclear` }, number(leftOut(outcomes))) : "-",
    tried: outcomes ? number(tried(outcomes)) : "-",
    findings: h("span", { class: "tags" }, row.findings.slice(0, 3).map((name) => h("span", {}, name)), row.findings.length > 3 ? h("span", {}, `and ${row.findings.length - 3} more`) : null),
    format: row.format || "-",
    engine: row.engine,
    seconds: seconds(row.seconds),
  };
}

function line(row) {
  const found = cells(row);
  return h("tr", { role: "row" },
    h("th", { scope: "row", role: "rowheader" }, h("a", { href: link(row.name) }, clipped(named(row.name), 160)), SAID_BY_NUMBERS.test(row.why) ? null : h("span", { class: "why" }, clipped(row.why, 160))),
    COLUMNS.slice(1).map(([name, label]) => h("td", { role: "cell", class: `c-${name}${NUMBERS.has(name) ? " n" : ""}${found[name] === "-" || (name === "findings" && !row.findings.length) ? " blank" : ""}`, "data-label": label }, h("span", {}, found[name]))));
}

const named = (name) => (name.trim() ? name : "(blank)");
const clipped = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function addRows(count = BATCH) {
  do {
    const until = Math.min(made + count, listed.length);
    const rows = document.createDocumentFragment();
    for (; made < until; made += 1) rows.append(line(listed[made]));
    body.append(rows);
    sentinel.hidden = made >= listed.length;
  } while (endInView());
  sentinel.firstChild.textContent = `Show more (${number(listed.length - made)} left)`;
}

// Nothing is in view while another part of the page is shown: it has no size then.
const MARGIN = 600;
function endInView() {
  const { top, height } = sentinel.getBoundingClientRect();
  return height > 0 && top < innerHeight + MARGIN;
}

// For what is scrolled to, and a list that is shown again. Observed anew, it reports again what has come into view meanwhile.
const nearEnd = new IntersectionObserver(() => {
  if (!endInView()) return;
  addRows();
  nearEnd.unobserve(sentinel);
  nearEnd.observe(sentinel);
}, { rootMargin: `${MARGIN}px` });

function makeList() {
  // Explicit roles, because the narrow layout shows the table as cards.
  const head = h("tr", { role: "row" }, COLUMNS.map(([name, label]) =>
    h("th", { scope: "col", role: "columnheader", class: `c-${name}${NUMBERS.has(name) ? " n" : ""}`, "data-column": name }, h("button", { type: "button", onclick: () => sortBy(name) }, label))));
  body = h("tbody", { role: "rowgroup" });
  sentinel = h("p", { class: "more", hidden: true }, h("button", { type: "button", class: "plain-button", onclick: () => addRows() }, ""));
  byId("list").append(h("div", { class: "list" }, h("table", { role: "table" }, h("caption", { class: "unseen" }, "Tasks. The buttons in the header sort."), h("thead", { role: "rowgroup" }, head), body), h("p", { class: "empty", hidden: true }, "No task is like that.")), sentinel);
  nearEnd.observe(sentinel);
}

// The first click on a column sorts its worst values first, and names and words from A to Z.
const WORST_LOW = new Set(["name", "verdict", "strength", "stated", "caught", "format", "engine"]);

function sortBy(name) {
  const first = WORST_LOW.has(name) ? "" : "1";
  if (filters.sort === name) filters.down = filters.down ? "" : "1";
  else Object.assign(filters, { sort: name, down: first });
  update();
  say(`Sorted by ${name}, ${filters.down ? "descending" : "ascending"}.`);
}

function update() {
  history.replaceState(history.state, "", filtersHash());
  showList();
}

function showList() {
  listed = matching();
  made = 0;
  body.replaceChildren();
  addRows();
  byId("list").querySelector(".empty").hidden = listed.length > 0;
  const all = index.rows.length;
  byId("counted").textContent = listed.length === all ? `${many(all, "task")}, ${filters.sort === "weakest" ? "weakest first" : `by ${filters.sort}`}` : `${number(listed.length)} of ${many(all, "task")}`;
  for (const th of byId("list").querySelectorAll("th[data-column]")) {
    if (th.dataset.column === filters.sort) th.setAttribute("aria-sort", filters.down ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
  }
}

// A filter in use is never hidden.
function showFilters() {
  if (Object.keys(NO_FILTERS).some((name) => !["sort", "down"].includes(name) && filters[name])) byId("filterbox").open = true;
  for (const field of byId("filters").elements) if (field.name) field.value = filters[field.name];
}

function startOverview() {
  makeList();
  for (const text of document.querySelectorAll("#overview .prose")) text.replaceChildren(...prose(text.textContent));
  const form = byId("filters");
  form.addEventListener("input", (event) => {
    filters[event.target.name] = event.target.value;
    update();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    filters = { ...NO_FILTERS };
    showFilters();
    update();
  });
  for (const button of document.querySelectorAll("[data-filter]")) {
    button.addEventListener("click", () => {
      filters = { ...NO_FILTERS, [button.dataset.filter]: button.dataset.value };
      showFilters();
      update();
      show(byId("tasks-title"));
    });
  }
  addEventListener("beforeprint", () => { byId("statistics").open = true; if (!byId("overview").hidden) addRows(listed.length); });
}
