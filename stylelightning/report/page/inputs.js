// The content images and the style images that the runs were made from.

/** Return the entries of the lightbox. */
function inputEntries() {
  return data.inputs.filter((input) => input.picture !== null).map((input) => ({
    input,
    title: `${input.role} image: ${input.file}`,
    alt: `${input.role} image`,
    note: input.file,
    picture: input.picture,
  }));
}

function startInputs() {
  byId("inputs").hidden = data.inputs.length === 0;
  const many = data.inputs.length > 4 || (data.grid && axes[grid.columns].labels.length > 4);
  byId("overview").classList.toggle("beside", data.inputs.length > 0 && !many);
  const entries = inOrder(runs);
  byId("inputs").replaceChildren(...data.inputs.map((input) => inputFigure(input, entries)));
}

function inputFigure(input, entries) {
  const caption = element("figcaption", {}, element("b", {}, input.role), ` ${input.file}`);
  if (input.picture === null) return element("figure", {}, element("p", { class: "note" }, "not in the page"), caption);
  const { thumbnail, width, height } = input.picture;
  const open = () => openLightbox(entries, entries.findIndex((entry) => entry.input === input));
  const image = element("img", { src: thumbnail, width, height, alt: "", decoding: "async" });
  const button = element("button", { type: "button", class: "open", "aria-label": `Open the ${input.role} image ${input.file}`, onclick: open }, image);
  return element("figure", {}, button, caption);
}
