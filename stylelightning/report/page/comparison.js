// Everything that shows A beside B.

function startComparison() {
  const comparable = runs.filter(isComparable);
  const options = comparable.map((run) => [run.index, optionText(run)]);
  for (const side of ["a", "b"]) {
    const select = byId(`choose-${side}`);
    fillSelect(select, options);
    select.addEventListener("change", () => choose(side, runs[Number(select.value)]));
  }
  byId("swap").addEventListener("click", swapChoice);
  byId("factor").addEventListener("input", oncePerFrame(() => showDifference(choice.a, choice.b)));
  startSlider();
  onChoice(showComparison);
}

/** Return what a run is called in a list: its labels, and its name if that says more. */
function optionText(run) {
  const status = run.status === "done" ? "" : ` (${run.status})`;
  return run.point === nameOf(run) ? `${run.point}${status}` : `${nameOf(run)}${status} – ${run.point}`;
}

function showComparison() {
  const { a, b } = choice;
  byId("choose-a").value = a === null ? "" : String(a.index);
  byId("choose-b").value = b === null ? "" : String(b.index);
  showChosen();
  markChoice();
  const pictures = [a?.picture, b?.picture].filter((picture) => picture);
  if (pictures.length > 0) {
    const box = boxOf(pictures[0], pictures.at(-1));
    byId("compare").style.setProperty("--shape", String(box.width / box.height));
  }
  showInSlider(a, b);
  showDifference(a, b);
  showConfigs(a, b);
  showGramPictures(a, b);
}
