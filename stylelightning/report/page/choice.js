// A and B: which two runs are compared, and who wants to know.

const choice = { a: null, b: null };
const choiceListeners = [];

/** Call a function now and whenever A or B changes. */
function onChoice(listener) {
  choiceListeners.push(listener);
  listener();
}

/** Choose a run as A or B. */
function choose(side, run) {
  choice[side] = run;
  for (const listener of choiceListeners) listener();
}

function swapChoice() {
  [choice.a, choice.b] = [choice.b, choice.a];
  for (const listener of choiceListeners) listener();
}

/** Choose the first two runs that have a picture, or that have anything. */
function chooseFirst() {
  const shown = runs.filter((run) => run.picture !== null);
  const others = runs.filter((run) => run.picture === null && isComparable(run));
  [choice.a = null, choice.b = choice.a] = [...shown, ...others];
}

/** Return two buttons that choose a run as A or as B, or null if there is nothing to compare. */
function choiceButtons(run) {
  if (!isComparable(run)) return null;
  return element("span", { class: "pick" }, choiceButton(run, "a"), choiceButton(run, "b"));
}

function choiceButton(run, side) {
  const name = side.toUpperCase();
  return element(
    "button",
    {
      type: "button",
      class: side,
      "data-run": run.index,
      "aria-pressed": String(choice[side] === run),
      "aria-label": `Compare ${nameOf(run)} as ${name}`,
      onclick: () => choose(side, run),
    },
    name,
  );
}

/** Mark the buttons of A and B, and whatever stands for them (data-run-of), all over the page. */
function markChoice() {
  for (const button of document.querySelectorAll(".pick button")) {
    const side = button.classList.contains("a") ? "a" : "b";
    button.setAttribute("aria-pressed", String(choice[side]?.index === Number(button.dataset.run)));
  }
  for (const node of document.querySelectorAll("[data-run-of]")) {
    node.classList.toggle("is-a", choice.a?.index === Number(node.dataset.runOf));
    node.classList.toggle("is-b", choice.b?.index === Number(node.dataset.runOf));
  }
}

/** Say in the head of the page what A and B are. */
function showChosen() {
  const parts = ["a", "b"].filter((side) => choice[side] !== null).map((side) =>
    element(
      "span",
      {},
      element("b", { class: `mark ${side}` }, side.toUpperCase()),
      element("i", { title: placeOf(choice[side]) }, nameOf(choice[side])),
    ),
  );
  byId("chosen").replaceChildren(...parts);
}
