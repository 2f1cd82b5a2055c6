// The keys of the configs of A and B whose values differ.

function differingKeys(one, other) {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].filter((key) => one[key] !== other[key]).sort();
}

function showConfigs(a, b) {
  byId("config").replaceChildren(configView(a, b));
}

function configView(a, b) {
  const missing = [["A", a], ["B", b]].filter(([, run]) => !run?.config).map(([side]) => side);
  if (missing.length > 0) return element("p", { class: "notice" }, `No config of ${missing.join(" and ")}.`);
  const keys = differingKeys(a.config, b.config);
  if (keys.length === 0) return element("p", { class: "notice" }, "The configs are the same.");
  // on a narrow screen the cells stand below each other: the roles say that it is still a table
  const head = element(
    "tr",
    { role: "row" },
    element("th", { scope: "col", role: "columnheader" }, "key"),
    ...[["a", a], ["b", b]].map(([side, run]) =>
      element("th", { scope: "col", role: "columnheader" }, element("b", { class: `mark ${side}` }, side.toUpperCase()), ` ${nameOf(run)}`),
    ),
  );
  const lines = keys.map((key) => element(
    "tr",
    { role: "row" },
    element("th", { scope: "row", role: "rowheader", class: "key" }, key),
    configCell("a", a.config[key]),
    configCell("b", b.config[key]),
  ));
  return element("table", { class: "data differing", role: "table" }, element("thead", { role: "rowgroup" }, head), element("tbody", { role: "rowgroup" }, ...lines));
}

function configCell(side, value) {
  return element("td", { class: side, role: "cell", "data-side": side.toUpperCase() }, valueNode(value));
}
