// Loss curves of the runs that are chosen for it.

const SERIES = 7; // colours; when they are used up, the lines are dashed
const DASHES = [null, "7 4", "2 3", "9 3 2 3"];
const FIRST_CURVES = 6;

const curves = { chosen: new Set(), series: [], scales: null, step: Infinity }; // the step that is asked for

function startCurves() {
  const withLosses = runs.filter((run) => run.losses !== null && run.losses.step.length > 0);
  byId("losses-missing").hidden = withLosses.length > 0;
  byId("losses-body").hidden = withLosses.length === 0;
  if (withLosses.length === 0) return;
  fillSelect(byId("term"), termsOf(withLosses).map((term) => [term, term]), "total");
  for (const run of withLosses.slice(0, FIRST_CURVES)) curves.chosen.add(run);
  byId("curve-list").replaceChildren(...withLosses.map(curveCheckbox));
  byId("term").addEventListener("change", drawCurves);
  byId("logarithmic").addEventListener("change", drawCurves);
  byId("cursor").addEventListener("input", () => askForStep(Number(byId("cursor").value)));
  byId("plot").addEventListener("pointermove", cursorToPointer);
  byId("plot").addEventListener("pointerdown", cursorToPointer);
  byId("curves-all").addEventListener("click", () => chooseCurves(withLosses));
  byId("curves-none").addEventListener("click", () => chooseCurves([]));
  byId("curves-ab").addEventListener("click", () => {
    chooseCurves([choice.a, choice.b].filter((run) => run?.losses));
  });
  new ResizeObserver(oncePerFrame(drawCurves)).observe(byId("plot"));
}

/** Return the terms of any run; the total is first. */
function termsOf(withLosses) {
  const names = new Set(["total", ...withLosses.flatMap((run) => Object.keys(run.losses))]);
  names.delete("step");
  return [...names];
}

function curveCheckbox(run) {
  const box = element("input", { type: "checkbox", "data-curve": run.index, checked: curves.chosen.has(run) });
  box.addEventListener("change", () => {
    if (box.checked) curves.chosen.add(run);
    else curves.chosen.delete(run);
    drawCurves();
  });
  return element("label", {}, box, element("span", {}, nameOf(run)));
}

function chooseCurves(chosen) {
  curves.chosen = new Set(chosen);
  for (const box of document.querySelectorAll("[data-curve]")) {
    box.checked = curves.chosen.has(runs[Number(box.dataset.curve)]);
  }
  drawCurves();
}

/** Return the chosen runs in their order in the sweep, each with its line and its points. */
function chosenSeries(term) {
  return runs.filter((run) => curves.chosen.has(run)).map((run, place) => ({
    run,
    class: `series-${place % SERIES}`,
    dash: DASHES[Math.floor(place / SERIES) % DASHES.length],
    points: run.losses.step.map((step, row) => [step, run.losses[term]?.[row] ?? null]),
  }));
}

function drawCurves() {
  const term = byId("term").value;
  const logarithmic = byId("logarithmic").checked;
  const series = chosenSeries(term);
  curves.series = series;
  curves.scales = drawPlot(byId("plot"), series, { logarithmic, title: term });
  const steps = series.flatMap((each) => each.points.map(([step]) => step));
  const [low, high] = extent(steps);
  Object.assign(byId("cursor"), steps.length > 0 ? { min: low, max: high } : { min: 0, max: 0 });
  byId("plot-text").textContent = `${series.length} curves of ${term} over steps`;
  showStep();
}

function cursorToPointer(event) {
  if (curves.scales === null) return;
  const { left } = byId("plot").getBoundingClientRect();
  askForStep(Math.round(curves.scales.step(event.clientX - left)));
}

function askForStep(step) {
  curves.step = step;
  showStep();
}

/** Return the last point at or before a step, or the first one. */
function pointAt(points, step) {
  const after = points.findIndex(([each]) => each > step);
  return after === -1 ? points.at(-1) : points[Math.max(0, after - 1)];
}

/** Show the values at the step that was asked for, or at the nearest that the curves reach. */
function showStep() {
  const series = curves.series;
  const { min, max } = byId("cursor");
  const step = Math.min(Math.max(curves.step, Number(min)), Number(max));
  const found = series.map((each) => ({ ...each, point: pointAt(each.points, step) }));
  byId("cursor").value = String(step);
  byId("cursor-shown").value = series.length > 0 ? String(step) : MISSING;
  byId("legend").replaceChildren(...found.map(legendLine));
  if (curves.scales === null) return;
  const logarithmic = byId("logarithmic").checked;
  const dots = found
    .filter(({ point }) => isNumber(point[1]) && (!logarithmic || point[1] > 0))
    .map(({ class: name, point: [x, y] }) => ({ class: name, x, y }));
  drawAtStep(byId("plot"), curves.scales, step, dots);
}

function legendLine({ run, class: name, dash, point }) {
  const line = svgElement("line", { class: name, x1: 0, x2: 28, y1: 5, y2: 5, "stroke-dasharray": dash });
  return element(
    "li",
    {},
    svgElement("svg", { "aria-hidden": "true", viewBox: "0 0 28 10" }, line),
    element("span", { title: nameOf(run) }, nameOf(run)),
    element("b", {}, shown(point[1])),
  );
}
