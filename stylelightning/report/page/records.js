// The table of all points.

function startRecords() {
  fillTable(byId("record-table"), runs, [
    { title: "", cell: (run) => choiceButtons(run) ?? "", class: "picks" },
    { title: data.noun, value: (run) => run.point, cell: (run) => textCell(run.point), head: true },
    ...axes.filter((axis) => axis.name !== data.noun).map(axisColumn),
    {
      title: "status",
      value: (run) => run.status,
      cell: (run) => element("span", { class: run.status === "failed" ? "failed" : null }, run.status),
    },
    ...namesOf("terms").map((name) => numberColumn(name, (run) => run.terms[name])),
    ...namesOf("metrics").map(metricColumn),
    numberColumn("steps", (run) => (run.status === "waiting" ? null : run.steps)),
    numberColumn("seconds", (run) => (run.status === "waiting" ? null : run.seconds)),
    numberColumn("memory, MB", (run) => run.megabytes),
    { title: "error", value: (run) => run.error, cell: (run) => textCell(run.error), class: "error" },
  ]);
}

/** Return the column of an axis: it sorts as numbers if all labels are, or as the labels stand. */
function axisColumn(axis) {
  const numeric = axis.labels.every((label) => label.trim() !== "" && Number.isFinite(Number(label)));
  const place = (label) => (numeric ? Number(label) : axis.labels.indexOf(label));
  return {
    title: shortName(axis),
    value: (run) => (run.place[axis.name] === undefined ? null : place(run.place[axis.name])),
    cell: (run) => textCell(run.place[axis.name] ?? MISSING),
  };
}

/** Return the column of a metric, with the best value marked where one is. */
function metricColumn(name) {
  return {
    ...numberColumn(name, (run) => run.metrics[name]),
    below: directionOf(name),
    cell: (run) => metricCell(name, run),
  };
}

function numberColumn(title, value) {
  return { title, value, cell: (run) => shown(value(run)), class: "number" };
}
