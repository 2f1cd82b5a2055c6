// The metrics of the finished pictures, and which of them are best where that means something.

const DIRECTIONS = { higher: "↑ higher is better", lower: "↓ lower is better" };

/** Return which way a metric is better, in words, or an empty text if nobody says so. */
const directionOf = (name) => DIRECTIONS[better[name]] ?? "";

/** Return the best value of a metric, or null if there is none: nothing to compare, or no better way. */
function bestOf(name) {
  const values = runs.map((run) => run.metrics[name]).filter(isNumber);
  if (values.length < 2 || better[name] === undefined || data.incomparable.length > 0) return null;
  return better[name] === "higher" ? Math.max(...values) : Math.min(...values);
}

function metricCell(name, run) {
  const value = run.metrics[name];
  if (!isNumber(value) || value !== bestOf(name)) return shown(value);
  return element("b", { class: "best" }, shown(value), element("span", {}, "best"));
}

function startMetrics() {
  const names = namesOf("metrics");
  byId("metrics-missing").hidden = names.length > 0;
  byId("metrics-body").hidden = names.length === 0;
  byId("metrics").hidden = !data.few; // the table of all runs has them
  if (names.length > 0 && data.few) {
    fillFacing(byId("metric-table"), names.map((name) => ({
      title: breakable(name),
      below: directionOf(name),
      cell: (run) => metricCell(name, run),
      class: "number",
    })));
  }
  showBestNote(names);
}

/** Say why no value is marked as the best. */
function showBestNote(names) {
  const several = runs.length > 1 && names.some((name) => better[name] !== undefined);
  byId("best-note").hidden = !several || data.incomparable.length === 0;
  const why = data.incomparable;
  byId("best-note").textContent = `No value is marked as the best: ${why.join(", ")} ${why.length > 1 || why[0]?.startsWith("the ") ? "differ" : "differs"}, and a metric compares only pictures of the same images at one size.`;
}

/** Fill a table whose columns are the runs; a row has a title, a text below it, and a cell(run). */
function fillFacing(table, rows) {
  const heads = runs.length > 1
    ? [element("thead", {}, element("tr", {}, element("td"), ...runs.map((run) => element("th", { scope: "col", class: rows[0]?.class }, breakable(nameOf(run))))))]
    : [];
  const body = rows.map((row) => element(
    "tr",
    {},
    element("th", { scope: "row" }, row.title, row.below ? element("span", { class: "direction" }, row.below) : null),
    ...runs.map((run) => element("td", { class: row.class }, row.cell(run))),
  ));
  table.replaceChildren(...heads, element("tbody", {}, ...body));
}
