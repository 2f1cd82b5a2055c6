// How far the Gram matrices are from the style's, and their last pictures.

const GRAM = "gram/";

function startGrams() {
  const layers = namesOf("metrics").filter((name) => name.startsWith(GRAM));
  byId("gram-missing").hidden = layers.length > 0;
  byId("gram-body").hidden = layers.length === 0;
  if (layers.length === 0) return;
  const measured = runs.filter((run) => layers.some((layer) => isNumber(run.metrics[layer])));
  fillTable(byId("gram-table"), measured, [
    { title: "", cell: (run) => choiceButtons(run) ?? "", class: "picks" },
    { title: "run", value: nameOf, cell: (run) => textCell(nameOf(run)), head: true },
    ...layers.map((layer) => gramColumn(layer, measured)),
  ]);
}

function gramColumn(layer, measured) {
  const most = Math.max(...measured.map((run) => run.metrics[layer] ?? 0));
  return {
    title: layer.slice(GRAM.length),
    value: (run) => run.metrics[layer],
    cell: (run) => gramBar(run.metrics[layer], most),
  };
}

/** Return a bar as long as its part of the largest value, and the value. */
function gramBar(value, most) {
  if (!isNumber(value)) return element("span", { class: "missing" }, MISSING);
  const bar = element("i", { "aria-hidden": "true" });
  bar.style.setProperty("--part", String(most > 0 ? Math.max(0, value) / most : 0));
  return element("span", { class: "bar" }, bar, element("span", {}, shown(value)));
}

function showGramPictures(a, b) {
  const sides = [["a", a], ["b", b]].filter(([, run]) => run !== null);
  const layers = [...new Set(sides.flatMap(([, run]) => run.grams.map((gram) => gram.layer)))].sort();
  byId("gram-pictures-body").hidden = layers.length === 0;
  byId("gram-pictures").replaceChildren(
    ...layers.flatMap((layer) => sides.map(([side, run]) => gramPicture(side, run, layer))),
  );
}

function gramPicture(side, run, layer) {
  const gram = run.grams.find((each) => each.layer === layer);
  const caption = element(
    "figcaption",
    {},
    element("b", { class: `mark ${side}` }, side.toUpperCase()),
    gram ? `${layer}, step ${gram.step}` : `${layer}: no picture`,
  );
  const alt = `Gram matrices of ${layer}, ${side.toUpperCase()}: ${nameOf(run)}`;
  return element("figure", {}, caption, gram ? element("img", { src: addressOf(gram.name), alt }) : null);
}
