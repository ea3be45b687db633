// Shows what the address names.

let shownTask = null;

function trouble(text) {
  byId("trouble").textContent = text;
  byId("trouble").hidden = !text;
}

function showOverview() {
  document.title = `foolsgold: ${index.run}`;
  byId("task").hidden = true;
  byId("overview").hidden = false;
  showFilters();
  showList();
}

async function route(focus) {
  const hash = location.hash;
  trouble("");
  if (hash.length < 2 || hash.startsWith("#?")) {
    const back = shownTask;
    shownTask = null;
    filtersFrom(hash);
    showOverview();
    if (back && focus) {
      const row = [...body.querySelectorAll("a")].find((each) => each.hash === link(back.name));
      if (row) { row.scrollIntoView({ block: "center" }); row.focus({ preventScroll: true }); } else scrollTo(0, 0);
    }
    return;
  }
  const found = target(hash);
  if (!found) {
    showOverview();
    trouble(`There is no task ${decoded(hash.slice(1, 200))} in this report.`);
    return;
  }
  if (!listed.length) listed = matching();
  const task = await readTask(found.place);
  if (location.hash !== hash) return;
  const page = byId("task");
  if (shownTask !== task) {
    page.replaceChildren(...taskPage(task));
    document.title = `${clipped(task.name, 80)} – foolsgold`;
  }
  shownTask = task;
  page.hidden = false;
  byId("overview").hidden = true;
  if (found.mutant) {
    if (!task.reveal?.(found.mutant)) trouble(`This task has no variant ${clipped(found.mutant, 80)} in this report.`);
  } else {
    scrollTo(0, 0);
    if (focus) byId("task-title").focus({ preventScroll: true });
  }
}

// --- colours

const dark = matchMedia("(prefers-color-scheme: dark)");
/* What was chosen, with when. A browser writes its storage when it has time, so a reload may read what was there before:
   the page's own place in the history is the second place, and the later choice counts. */
const KEPT = "foolsgold-colours";
const kept = {
  get() {
    const found = [];
    try { found.push(JSON.parse(localStorage.getItem(KEPT))); } catch { /* a page from disk may have no storage */ }
    found.push(history.state?.[KEPT]);
    const fit = found.filter((one) => typeof one?.at === "number" && ["", "light", "dark"].includes(one.value));
    return fit.sort((one, other) => other.at - one.at)[0]?.value ?? "";
  },
  set(value) {
    const chosen = { value, at: Date.now() };
    try { localStorage.setItem(KEPT, JSON.stringify(chosen)); } catch { /* the same */ }
    history.replaceState({ ...history.state, [KEPT]: chosen }, "");
  },
};

function colours(forced = "") {
  document.documentElement.dataset.theme = forced || byId("theme").value || (dark.matches ? "dark" : "light");
}

byId("theme").value = kept.get();
byId("theme").addEventListener("change", () => { kept.set(byId("theme").value); colours(); });
dark.addEventListener("change", () => colours());
addEventListener("beforeprint", () => colours("light"));
addEventListener("afterprint", () => colours());
colours();

byId("skip").addEventListener("click", (event) => { event.preventDefault(); show(byId("main")); });

async function start() {
  if (typeof DecompressionStream === "undefined") {
    trouble("This browser is too old to unpack the tasks in this file. Any browser from 2023 or later can. The numbers over all tasks are below.");
    return;
  }
  await readIndex();
  startOverview();
  filtersFrom(location.hash.startsWith("#?") ? location.hash : "");
  await route(false);
  addEventListener("hashchange", () => route(true));
  for (const code of document.querySelectorAll("#overview .command code")) code.textContent = addressed(code.textContent);
  document.documentElement.dataset.ready = "";
}

start();
