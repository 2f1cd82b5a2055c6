// The contact sheet: two axes are rows and columns, of every other one a label is chosen.

const grid = { rows: 0, columns: 1, others: {}, beneath: "" };

function startGrid() {
  for (const axis of axes) grid.others[axis.name] = axis.labels[0];
  drawGridControls();
  drawGrid();
}

/** Let an axis be rows or columns; if it was the other one, the two change places. */
function layOut(side, place) {
  const other = side === "rows" ? "columns" : "rows";
  if (grid[other] === place) grid[other] = grid[side];
  grid[side] = place;
  drawGridControls();
  byId(`grid-${side}`).focus(); // the select that was used is another one now
  drawGrid();
}

function drawGridControls() {
  const controls = [];
  if (data.grid) {
    const names = axes.map((axis, place) => [place, axis.name]);
    controls.push(labelledSelect("grid-rows", "Rows", names, grid.rows, (value) => layOut("rows", Number(value))));
    controls.push(labelledSelect("grid-columns", "Columns", names, grid.columns, (value) => layOut("columns", Number(value))));
  }
  for (const axis of otherAxes()) {
    const options = axis.labels.map((label) => [label, label]);
    controls.push(labelledSelect(null, axis.name, options, grid.others[axis.name], (label) => {
      grid.others[axis.name] = label;
      drawGrid();
    }));
  }
  controls.push(labelledSelect(null, "Beneath each picture", beneathOptions(), grid.beneath, (value) => {
    grid.beneath = value;
    drawGrid();
  }));
  byId("grid-controls").replaceChildren(...controls);
}

function beneathOptions() {
  const named = (key) => namesOf(key).map((name) => [`${key}/${name}`, name]);
  return [["", "nothing"], ...named("terms"), ...named("metrics"), ["steps", "steps"], ["seconds", "seconds"]];
}

/** Return what is said beneath the picture of a run. */
function beneath(run) {
  const [key, ...name] = grid.beneath.split("/");
  if (key === "") return "";
  if (key === "seconds") return shownSeconds(run.seconds);
  return shown(name.length > 0 ? run[key][name.join("/")] : run[key]);
}

function otherAxes() {
  return axes.filter((axis, place) => data.grid && place !== grid.rows && place !== grid.columns);
}

function drawGrid() {
  const chosen = runs.filter((run) => otherAxes().every((axis) => run.place[axis.name] === grid.others[axis.name]));
  const node = data.grid ? gridTable(chosen) : gridList(chosen);
  byId("grid").replaceChildren(node);
  markChoice();
}

/** Return the pictures one after the other, each with its values on the axes, whose names stand once. */
function gridList(chosen) {
  const list = inOrder(chosen);
  const names = axes.map(shortName).filter((name) => name !== data.noun).join(" · ");
  const cells = element("ul", { class: data.few ? "cells few" : "cells" }, ...chosen.map((run) =>
    element("li", {}, runs.length > 1 ? element("p", { class: "name" }, valuesOf(run)) : null, cellOf(run, list)),
  ));
  cells.style.setProperty("--count", String(chosen.length));
  return element("div", {}, names ? element("p", { class: "axis-names" }, names) : null, cells);
}

/** Return the labels of a run without the names of their axes, or its name if it has none. */
function valuesOf(run) {
  const labels = axes.filter((axis) => run.place[axis.name] !== undefined).map((axis) => bareLabel(axis, run));
  return labels.join(" · ") || run.point;
}

function gridTable(chosen) {
  const [rows, columns] = [axes[grid.rows], axes[grid.columns]];
  const at = (row, column) => chosen.filter(
    (run) => run.place[rows.name] === row && run.place[columns.name] === column,
  );
  const list = inOrder(rows.labels.flatMap((row) => columns.labels.flatMap((column) => at(row, column))));
  const head = element(
    "tr",
    {},
    element("td", { class: "axis" }, `${shortName(rows)} ↓ ${shortName(columns)} →`),
    ...columns.labels.map((label) => element("th", { scope: "col" }, label)),
  );
  const body = rows.labels.map((row) => element(
    "tr",
    {},
    element("th", { scope: "row" }, row),
    ...columns.labels.map((column) => element("td", {}, ...at(row, column).map((run) => cellOf(run, list)))),
  ));
  const table = element("table", { class: "grid" }, element("thead", {}, head), element("tbody", {}, ...body));
  table.style.setProperty("--columns", String(columns.labels.length));
  return table;
}

/** Return what the lightbox goes through: the pictures of the runs, then what they were made from. */
const inOrder = (chosen) => [...chosen.filter((run) => run.picture !== null).map(entryOf), ...inputEntries()];

function openRun(list, run) {
  openLightbox(list, list.findIndex((entry) => entry.run === run));
}

/** Return the cell of a run: its picture or what is to be said in place of it. */
function cellOf(run, list) {
  const view = run.status === "failed" || run.picture === null ? noteOf(run, list) : thumbnailOf(run, list);
  const below = element(
    "div",
    { class: "below" },
    BADGED.includes(run.status) && run.picture !== null ? element("span", { class: "badge" }, badgeOf(run)) : null,
    element("span", { class: "value" }, beneath(run)),
    choiceButtons(run),
  );
  return element("div", { class: "cell", "data-run-of": run.index }, view, below);
}

const BADGED = ["stopped", "unfinished"];

const badgeOf = (run) => (run.picture.step === null ? run.status : `${run.status}, step ${run.picture.step}`);

/** Return a picture that opens; where there are few, it has all the pixels that the page has. */
function thumbnailOf(run, list) {
  const { thumbnail, width, height, name } = run.picture;
  const src = data.few ? addressOf(name) : thumbnail;
  const image = element("img", { src, width, height, alt: "", decoding: "async" });
  return element(
    "button",
    { type: "button", class: "open", "aria-label": `Open the picture of ${nameOf(run)}`, onclick: () => openRun(list, run) },
    image,
  );
}

function noteOf(run, list) {
  const title = run.status === "done" ? "no picture" : run.status;
  const kept = run.picture === null ? null : element(
    "button",
    { type: "button", class: "plain", onclick: () => openRun(list, run) },
    "Open the kept picture",
  );
  return element(
    "div",
    { class: `note ${run.status}` },
    element("b", {}, title),
    element("span", {}, run.error),
    kept && element("div", {}, kept),
  );
}
