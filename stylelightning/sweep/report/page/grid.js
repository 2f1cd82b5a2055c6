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
  if (axes.length > 1) {
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
  return axes.filter((axis, place) => axes.length > 1 && place !== grid.rows && place !== grid.columns);
}

function drawGrid() {
  const chosen = runs.filter((run) => otherAxes().every((axis) => run.place[axis.name] === grid.others[axis.name]));
  const node = axes.length > 1 ? gridTable(chosen) : gridList(chosen);
  byId("grid").replaceChildren(node);
  markChoice();
}

/** Return the pictures one after the other, for a sweep of at most one axis. */
function gridList(chosen) {
  const list = inOrder(chosen);
  return element("ul", { class: "cells" }, ...chosen.map((run) =>
    element("li", {}, element("p", { class: "name" }, nameOf(run)), cellOf(run, list)),
  ));
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

/** Return the runs that the lightbox goes through. */
const inOrder = (chosen) => chosen.filter((run) => run.picture !== null);

/** Return the cell of a run: its picture or what is to be said in place of it. */
function cellOf(run, list) {
  const view = run.status === "failed" || run.picture === null ? noteOf(run, list) : thumbnailOf(run, list);
  const below = element(
    "div",
    { class: "below" },
    run.status === "stopped" && run.picture !== null ? element("span", { class: "badge" }, "stopped") : null,
    element("span", { class: "value" }, beneath(run)),
    choiceButtons(run),
  );
  return element("div", { class: "cell", "data-run-of": run.index }, view, below);
}

function thumbnailOf(run, list) {
  const { thumbnail, width, height } = run.picture;
  const image = element("img", { src: thumbnail, width, height, alt: "", decoding: "async" });
  return element(
    "button",
    { type: "button", class: "open", "aria-label": `Open the picture of ${nameOf(run)}`, onclick: () => openLightbox(list, run) },
    image,
  );
}

function noteOf(run, list) {
  const title = run.status === "done" ? "no picture" : run.status;
  const kept = run.picture === null ? null : element(
    "button",
    { type: "button", class: "plain", onclick: () => openLightbox(list, run) },
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
