// The page, from top to bottom.

function showSummary() {
  const counts = ["done", "unfinished", "stopped", "failed", "waiting"]
    .map((status) => [status, runs.filter((run) => run.status === status).length])
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`);
  const count = runs.length === 1 ? `1 ${data.noun}` : `${runs.length} ${data.noun}s`;
  const over = axes.length > 0 && axes[0].name !== data.noun ? ` over ${axes.map((axis) => axis.name).join(", ")}` : "";
  byId("summary").textContent = `${count}${over}: ${counts.join(", ") || "none"}.`;
}

/** Say what is different in a page of very many runs, and leave out what a single one has no use for. */
function showLimits() {
  for (const id of ["compare", "choice-hint"]) byId(id).hidden = runs.length < 2;
  byId("chosen").hidden = runs.length < 2;
  byId("same-values").hidden = data.table === "";
  byId("same-values").querySelector("code").textContent = data.table;
  byId("longest-side").textContent = String(data.longest_side);
  byId("gram-pictures-left-out").hidden = data.most_with_grams === null;
  byId("most-with-grams").textContent = String(data.most_with_grams);
}

/** Leave the links out that lead to nothing. */
function hideMissingSections() {
  for (const link of document.querySelectorAll(".sections a")) {
    link.parentElement.hidden = document.querySelector(link.getAttribute("href")).hidden;
  }
}

showSummary();
showLimits();
chooseFirst();
startLightbox();
startGrid();
startInputs();
startMetrics();
startSettings();
startComparison();
startCurves();
startGrams();
startRecords();
hideMissingSections();
