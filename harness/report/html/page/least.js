// The least that is paid: which lines of the reference nobody misses, all of them or requirement by requirement.

// What is greyed now: all that the least lacks, or what serves one requirement. Lines that are shown later ask here.
function shading(task) {
  const spans = (found) => {
    const at = new Set();
    for (const one of found) for (const [first, last] of one.lines) for (let line = first; line <= last; line += 1) at.add(`${one.path}:${line}`);
    return at;
  };
  const rows = new Map();
  let greyed = task.least ? spans(task.least.gone) : new Set();
  const apply = (row, key) => row.classList.toggle("unneeded", greyed.has(key));
  return {
    add(path, line, row) {
      rows.set(`${path}:${line}`, row);
      apply(row, `${path}:${line}`);
    },
    show(found) {
      greyed = spans(found);
      rows.forEach(apply);
    },
  };
}

const LOST = { visible: "gone, and seen to be", lost: "gone", kept: "still served" };
const fate = (one) => (one.visible ? "visible" : one.lost ? "lost" : "kept");

function leastPart(task, shade) {
  const found = task.least;
  if (!found) return null;
  const choose = (button, places) => {
    button.parentElement.closest(".least").querySelectorAll("[aria-pressed]").forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
    shade.show(places);
    say("The reference below shows it");
  };
  const toggle = (text, places, pressed) => {
    const button = h("button", { type: "button", "aria-pressed": String(pressed) }, text);
    button.addEventListener("click", () => choose(button, places));
    return button;
  };
  const evidence = (one) => {
    if (one.effect) return h("small", {}, ` ${one.effect.input}: expected ${clipped(one.effect.expected, 300)}, got ${clipped(one.effect.got, 300)}`);
    return one.words.length ? h("small", {}, " nothing is left of ", one.words.map((word, at) => [at ? ", " : "", h("code", {}, word)])) : null;
  };
  return h("div", { class: "least" },
    h("h3", {}, "What of it is enough to be paid"),
    h("p", { class: "hint" }, found.said),
    found.gone.length ? h("p", { class: "choice" }, toggle("Grey what is not needed", found.gone, true), toggle("Grey nothing", [], false)) : null,
    found.requirements.length ? h("ul", { class: "links" }, found.requirements.map((one) => h("li", {},
      h("span", { class: "choice" }, toggle(`line ${one.line}: ${LOST[fate(one)]}`, one.work, false)), " ", prose(clipped(one.text, 300)), evidence(one)))) : null,
    found.command ? command(found.command, "the command that writes it as a task") : null);
}
