// What the page shows: see payload.py for what is in it.

const data = JSON.parse(byId("data").textContent);
const axes = data.axes;
const better = data.better; // "higher" or "lower" by metric
const runs = data.runs.map((run, index) => ({ ...run, index }));

/** Return the names that the runs have under a key ("terms", "metrics"), in order of appearance. */
function namesOf(key) {
  const names = new Set(runs.flatMap((run) => Object.keys(run[key])));
  return [...names].filter((name) => name !== "total").concat(names.has("total") ? ["total"] : []);
}

/** Return where a run stands on the axes, as text. */
function placeOf(run) {
  return axes.map((axis) => `${shortName(axis)} ${run.place[axis.name] ?? MISSING}`).join(", ");
}

/** Return what a run is called: its labels, if there are any, or its name. */
function nameOf(run) {
  const labels = axes.filter((axis) => run.place[axis.name] !== undefined).map((axis) => shortLabel(axis, run));
  return labels.length > 0 ? labels.join(" · ") : run.point;
}

/**
 * Return the label of a run so that it can stand beside those of other axes: without the folder
 * that all labels of the axis have in common, and with the axis if it is a number or a bare word.
 */
function shortLabel(axis, run) {
  const label = bareLabel(axis, run);
  if (label.trim() !== "" && Number.isFinite(Number(label))) return `${shortName(axis)} ${label}`;
  if (/^(true|false|null|none)$/i.test(label)) return `${shortName(axis)} ${label}`;
  return label;
}

/** Return the label of a run without the folder that all labels of the axis have in common. */
function bareLabel(axis, run) {
  const label = run.place[axis.name];
  const folder = (path) => path.slice(0, path.lastIndexOf("/") + 1);
  const common = folder(label);
  const shared = axis.labels.every((other) => folder(other) === common && other !== common);
  return shared ? label.slice(common.length) : label;
}

/** Return the last part of a dotted key if no other axis has the same, or the whole key. */
function shortName(axis) {
  const last = (name) => name.split(".").pop();
  const same = axes.filter((other) => last(other.name) === last(axis.name));
  return same.length > 1 ? axis.name : last(axis.name);
}

/** Return whether there is anything of a run that can be compared. */
const isComparable = (run) => run.picture !== null || run.config !== null || run.losses !== null;

let addresses = null;

/** Return the data: address of a picture; only those that are looked at are read. */
function addressOf(name) {
  addresses ??= new Map(
    Array.from(document.querySelectorAll("script[data-picture]"), (node) => [node.dataset.picture, node]),
  );
  return addresses.get(name).textContent;
}

/** Return a loaded picture. */
async function loaded(name) {
  const image = new Image();
  image.src = addressOf(name);
  await image.decode();
  return image;
}
