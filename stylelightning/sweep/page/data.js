// What the page shows: see payload.py for what is in it.

const data = JSON.parse(byId("data").textContent);
const axes = data.axes;
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
  const labels = axes.map((axis) => run.place[axis.name]).filter((label) => label !== undefined);
  return labels.length > 0 ? labels.join(" · ") : run.point;
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
