// One picture at its full size; the arrow keys go on to the next of the list that it was opened in.

const lightbox = { list: [], place: 0 };

function openLightbox(list, run) {
  lightbox.list = list;
  lightbox.place = list.indexOf(run);
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
  const run = lightbox.list[lightbox.place];
  const { width, height, name, file } = run.picture;
  byId("lightbox-title").textContent = nameOf(run);
  const picture = byId("lightbox-picture");
  picture.src = addressOf(name);
  picture.style.setProperty("--width", String(width));
  picture.style.setProperty("--height", String(height));
  picture.alt = `Picture of ${placeOf(run) || run.point}`;
  const original = element("a", { href: file.split("/").map(encodeURIComponent).join("/") }, "result.png");
  byId("lightbox-note").replaceChildren(
    `${run.point}, picture ${lightbox.place + 1} of ${lightbox.list.length}; compressed, ${width} × ${height}. The original: `,
    original,
  );
  byId("previous").disabled = lightbox.place === 0;
  byId("next").disabled = lightbox.place === lightbox.list.length - 1;
}

function startLightbox() {
  const dialog = byId("lightbox");
  byId("previous").addEventListener("click", () => turnLightbox(-1));
  byId("next").addEventListener("click", () => turnLightbox(1));
  byId("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") turnLightbox(-1);
    if (event.key === "ArrowRight") turnLightbox(1);
  });
}
