// Which tasks are listed, in which order. Both are in the address, so that a filtered list can be shared.

const NO_FILTERS = { text: "", verdict: "", finding: "", fault: "", format: "", engine: "", row: "", sort: "weakest", down: "" };
let filters = { ...NO_FILTERS };

// By verdict, then by what was caught; no share is above 1.
const weakness = (row) => row.weakness[0] * 2 + row.weakness[1];
const outcome = (row, name) => (row.outcomes ? row.outcomes[name] : -1);
const caught = (outcomes) => outcomes.killed + outcomes.timeout;
const leftOut = (outcomes) => outcomes.equivalent + outcomes.harmless + outcomes.invalid + outcomes.error + outcomes.flaky;
const tried = (outcomes) => caught(outcomes) + outcomes.idle + outcomes.survived + outcomes.partial + leftOut(outcomes);
const share = (found) => (found && found.counted ? found.value : null);
const VERDICT_ORDER = ["unsound", "weak", "broken", "flaky", "unmeasured", "adequate", "strong"];

// Column -> what it is sorted by. null always comes last.
const SORTS = {
  weakest: (row) => weakness(row),
  name: (row) => row.name,
  verdict: (row) => VERDICT_ORDER.indexOf(row.verdict),
  strength: (row) => share(row.share),
  stated: (row) => share(row.stated),
  caught: (row) => (row.outcomes ? caught(row.outcomes) : null),
  paid: (row) => (row.outcomes ? row.outcomes.survived + row.outcomes.partial : null),
  left: (row) => (row.outcomes ? leftOut(row.outcomes) : null),
  tried: (row) => (row.outcomes ? tried(row.outcomes) : null),
  findings: (row) => row.findings.length,
  format: (row) => row.format,
  engine: (row) => row.engine,
  seconds: (row) => row.seconds,
};

function matching() {
  const words = filters.text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = index.rows.filter((row) =>
    (!filters.verdict || row.verdict === filters.verdict)
    && (!filters.finding || row.findings.includes(filters.finding))
    && (!filters.fault || row.faults.includes(filters.fault))
    && (!filters.format || row.format === filters.format)
    && (!filters.engine || row.engine === filters.engine)
    && (!filters.row || row.rows.includes(filters.row))
    && words.every((word) => row.search.includes(word)));
  const key = SORTS[filters.sort] || SORTS.weakest;
  const keys = new Map(found.map((row) => [row, key(row)]));
  const sign = filters.down ? -1 : 1;
  return found.sort((one, other) => {
    const [a, b] = [keys.get(one), keys.get(other)];
    if (a === b) return one.place - other.place;
    if (a === null || b === null) return a === null ? 1 : -1;
    return (typeof a === "string" ? (a < b ? -1 : 1) : a - b) * sign;
  });
}

function filtersFrom(hash) {
  const given = new URLSearchParams(hash.replace(/^#\??/, ""));
  filters = Object.fromEntries(Object.entries(NO_FILTERS).map(([name, none]) => [name, given.get(name) || none]));
}

function filtersHash() {
  const set = Object.entries(filters).filter(([name, value]) => value !== NO_FILTERS[name]);
  return set.length ? `#?${new URLSearchParams(set)}` : "#";
}
