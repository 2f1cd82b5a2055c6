// The newest picture. It stays when the run has ended: it is the page's own copy.

import { byId, say } from "./dom.js";

const shownNow = { point: null, tag: "", step: -1 };

/** Return the step that the picture is of; -1 when there is none. */
export const shownStep = () => shownNow.step;

/** Ask for a newer picture of a point than is shown, for which the server waits; return whether one came. */
export async function askForPicture(point, name, signal) {
  if (shownNow.point !== point) Object.assign(shownNow, { point, tag: "", step: -1 });
  const headers = { "If-None-Match": `"${shownNow.tag}"` };
  const response = await fetch(`/picture.png?point=${point}`, { headers, signal, cache: "no-store" });
  if (response.status === 204) {
    if (shownNow.tag === "") clearPicture();
    return false;
  }
  if (response.status !== 200) return false;
  const picture = await response.blob();
  shownNow.tag = response.headers.get("ETag").replaceAll('"', "");
  await show(picture, name, response.headers.get("X-Step"));
  return true;
}

/** Show a picture in place of the one before, without a flash between the two. */
async function show(blob, name, step) {
  const image = byId("picture");
  const before = image.src;
  const address = URL.createObjectURL(blob);
  const next = new Image();
  next.src = address;
  await next.decode();
  shownNow.step = Number(step);
  image.src = address;
  image.alt = `The picture after step ${step}`;
  image.hidden = false;
  if (before) URL.revokeObjectURL(before);
  byId("no-picture").hidden = true;
  say("picture-note", `${name ? `${name}, ` : ""}after step ${step}`);
}

function clearPicture() {
  byId("picture").hidden = true;
  byId("no-picture").hidden = false;
  say("picture-note", "");
}

/** Let the two buttons choose how pixels are shown. */
export function startChoice() {
  for (const id of ["smooth", "pixelated"]) {
    byId(id).addEventListener("click", () => {
      byId("picture").classList.toggle("pixelated", id === "pixelated");
      for (const other of ["smooth", "pixelated"]) byId(other).setAttribute("aria-pressed", String(other === id));
    });
  }
}
