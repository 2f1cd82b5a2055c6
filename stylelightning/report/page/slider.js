// A over B, with an edge that can be dragged or moved by the keys of the range below it.

/** Return the box that holds both pictures: as wide as the wider, as high as the higher. */
function boxOf(a, b) {
  return { width: Math.max(a.width, b.width), height: Math.max(a.height, b.height) };
}

function startSlider() {
  const box = byId("slider");
  const range = byId("slider-range");
  const toPointer = (event) => {
    const { left, width } = box.getBoundingClientRect();
    range.value = String((100 * (event.clientX - left)) / width);
    moveSlider();
  };
  range.addEventListener("input", moveSlider);
  box.addEventListener("pointerdown", (event) => {
    box.setPointerCapture(event.pointerId);
    toPointer(event);
  });
  box.addEventListener("pointermove", (event) => {
    if (box.hasPointerCapture(event.pointerId)) toPointer(event);
  });
  moveSlider();
}

function moveSlider() {
  byId("slider").style.setProperty("--at", `${byId("slider-range").value}%`);
}

function showInSlider(a, b) {
  for (const [side, run] of [["a", a], ["b", b]]) {
    const image = byId(`slider-${side}`);
    image.alt = run?.picture ? `${side.toUpperCase()}: ${nameOf(run)}` : "";
    if (run?.picture) image.src = addressOf(run.picture.name);
    else image.removeAttribute("src");
  }
  byId("slider-note").textContent = sliderNote(a, b);
}

function sliderNote(a, b) {
  const missing = [["A", a], ["B", b]].filter(([, run]) => !run?.picture).map(([side]) => side);
  if (missing.length > 0) return `No picture of ${missing.join(" and ")}.`;
  const [one, other] = [a.picture, b.picture];
  if (one.width === other.width && one.height === other.height) return `Both ${one.width} × ${one.height} pixels.`;
  return `A ${one.width} × ${one.height}, B ${other.width} × ${other.height} pixels: each is fitted into one box, its shape is kept.`;
}
