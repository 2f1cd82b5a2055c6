// The page, from top to bottom.

function showSummary() {
  const counts = ["done", "stopped", "failed", "waiting"]
    .map((status) => [status, runs.filter((run) => run.status === status).length])
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`);
  const points = runs.length === 1 ? "1 point" : `${runs.length} points`;
  const over = axes.length > 0 ? ` over ${axes.map((axis) => axis.name).join(", ")}` : "";
  byId("summary").textContent = `${points}${over}: ${counts.join(", ") || "none"}.`;
}

/** Say what is different in a page of very many points. */
function showLimits() {
  byId("longest-side").textContent = String(data.longest_side);
  byId("gram-pictures-left-out").hidden = data.most_with_grams === null;
  byId("most-with-grams").textContent = String(data.most_with_grams);
}

showSummary();
showLimits();
chooseFirst();
startLightbox();
startGrid();
startComparison();
startCurves();
startGrams();
startRecords();
