// One picture on the whole screen; the arrow keys go on to the next of the list that it was opened in.
// An entry of the list has a title, an alt text, a note and the picture.

const lightbox = { list: [], place: 0 };

/** Return the entry of a run. */
function entryOf(run) {
  return { run, title: nameOf(run), alt: `Picture of ${placeOf(run) || run.point}`, note: run.point, picture: run.picture };
}

function openLightbox(list, place) {
  lightbox.list = list;
  lightbox.place = place;
  showInLightbox();
  byId("lightbox").showModal();
  byId("close").focus();
}

function turnLightbox(by) {
  const place = lightbox.place + by;
  if (place < 0 || place >= lightbox.list.length) return;
  lightbox.place = place;
  showInLightbox();
}

function showInLightbox() {
  const { title, alt, note, picture } = lightbox.list[lightbox.place];
  byId("lightbox-title").textContent = title;
  const image = byId("lightbox-picture");
  image.src = addressOf(picture.name);
  image.alt = alt;
  for (const side of ["width", "height"]) image.style.setProperty(`--${side}`, String(picture[side] / devicePixelRatio));
  byId("lightbox-note").replaceChildren(...[
    `${note}, picture ${lightbox.place + 1} of ${lightbox.list.length}; ${sizeOf(picture)}`,
    ...(picture.step === null || picture.step === undefined ? [] : [`, after step ${picture.step}`]),
    ...(picture.file ? [". The original: ", originalOf(picture.file)] : []),
  ]);
  byId("previous").disabled = lightbox.place === 0;
  byId("next").disabled = lightbox.place === lightbox.list.length - 1;
}

/** Return the size of a picture in pixels, and that at which it is in the page if that is another. */
function sizeOf({ size: [width, height], width: shownWidth, height: shownHeight }) {
  const whole = `${width} × ${height}`;
  return width === shownWidth ? `${whole}, compressed` : `${whole}, here compressed and ${shownWidth} × ${shownHeight}`;
}

function originalOf(file) {
  return element("a", { href: file.split("/").map(encodeURIComponent).join("/") }, file.split("/").pop());
}

/** Switch a button and what it stands for: a class of the stage. */
function toggleOnStage(name) {
  const pressed = byId("stage").classList.toggle(name);
  byId(name).setAttribute("aria-pressed", String(pressed));
}

const LIGHTBOX_KEYS = {
  ArrowLeft: () => turnLightbox(-1),
  ArrowRight: () => turnLightbox(1),
  1: () => toggleOnStage("actual"),
  p: () => toggleOnStage("pixelated"),
};

function startLightbox() {
  const dialog = byId("lightbox");
  byId("previous").addEventListener("click", () => turnLightbox(-1));
  byId("next").addEventListener("click", () => turnLightbox(1));
  byId("close").addEventListener("click", () => dialog.close());
  for (const name of ["actual", "pixelated"]) byId(name).addEventListener("click", () => toggleOnStage(name));
  byId("lightbox-picture").addEventListener("click", () => toggleOnStage("actual"));
  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    LIGHTBOX_KEYS[event.key]?.();
  });
}
