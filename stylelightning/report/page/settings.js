// What differs from run to run, and once for all what is the same.

/** Return what is known of how a run was made, as pairs of name and text. */
function factsOf(run) {
  const known = [
    ["status", run.status],
    ["steps", run.status === "waiting" ? null : shown(run.steps)],
    ["time", isNumber(run.seconds) ? shownSeconds(run.seconds) : null],
    ["memory", isNumber(run.megabytes) ? `${shown(run.megabytes)} MB` : null],
    ["picture", run.picture ? run.picture.size.join(" × ") : null],
    ...Object.entries(run.facts),
  ];
  return Object.fromEntries(known.filter(([, text]) => text !== null));
}

function startSettings() {
  const facts = runs.map(factsOf);
  const names = [...new Set(facts.flatMap((each) => Object.keys(each)))];
  const shared = names.filter((name) => facts.every((each) => each[name] === facts[0]?.[name]));
  showDiffering(names.filter((name) => !shared.includes(name)), facts);
  fillFacts(byId("shared-facts"), shared.map((name) => [name, facts[0][name]]));
  const settings = Object.entries(data.shared);
  fillFacts(byId("shared-settings"), settings);
  byId("shared-title").hidden = runs.length < 2;
  byId("shared-details").hidden = settings.length === 0;
  byId("shared-details").open = data.few;
  byId("shared-summary").textContent = `${settings.length} settings that are not null`;
}

/** Show in columns what few runs have different; of many, the table of all runs says it. */
function showDiffering(names, facts) {
  const rows = [
    ...data.differing.map((key) => ({ title: keyOf(key), cell: (run) => valueNode(run.config?.[key], key), class: null })),
    ...names.map((name) => ({ title: name, cell: (run) => facts[run.index][name] ?? MISSING, class: null })),
  ];
  byId("differing-body").hidden = runs.length < 2 || !data.few || rows.length === 0;
  if (!byId("differing-body").hidden) fillFacing(byId("differing-table"), rows);
}

const keyOf = (key) => element("span", { class: "key" }, breakable(key.replaceAll(".init_args.", ".").replace(/\.class_path$/, "")));

/** Return a value of a config; of a class its bare name. */
function valueNode(value, key = "") {
  if (value === undefined) return element("span", { class: "missing" }, "not set");
  const text = key.endsWith(".class_path") ? value.split(".").at(-1) : value;
  return element("code", {}, text === "" ? "(empty)" : text);
}

function fillFacts(list, pairs) {
  list.hidden = pairs.length === 0;
  list.replaceChildren(...pairs.map(([name, text]) =>
    element("div", {}, element("dt", {}, breakable(name)), element("dd", {}, text)),
  ));
}
