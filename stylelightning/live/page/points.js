// The points of a sweep: which are done, which are under way, and whose picture is shown.

import { byId, element } from "./dom.js";
import { shown, shownSeconds } from "./numbers.js";

const choice = { point: null, newest: 0 };

/** Return the index of the point whose picture is shown: the reader's choice, or the newest run. */
export const shownPoint = () => choice.point ?? choice.newest;

export function drawPoints(state) {
  byId("points").hidden = state.points.length === 0;
  if (state.points.length === 0) return;
  choice.newest = state.newest ?? choice.newest; // when none is under way, the last one stays
  const done = state.points.filter(({ status }) => status === "done").length;
  byId("points-note").textContent =
    `${done} of ${state.points.length} done, ${shownSeconds(state.seconds)} so far` +
    (state.seconds_left === null ? "" : `, about ${shownSeconds(state.seconds_left)} left`);
  const running = state.points.some(({ status }) => status === "running");
  byId("elsewhere").hidden = !running || state.run !== null;
  const list = byId("point-list");
  if (list.childElementCount !== state.points.length) list.replaceChildren(...state.points.map(pointLine));
  state.points.forEach((point, index) => {
    const button = list.children[index].firstElementChild;
    button.setAttribute("aria-pressed", String(index === shownPoint()));
    button.lastElementChild.dataset.status = point.status;
    button.lastElementChild.textContent =
      point.total === null ? point.status : `${point.status}, ${shown(point.total)}`;
  });
}

function pointLine({ name }, index) {
  const button = element(
    "button",
    { type: "button" },
    element("span", { class: "name" }, name),
    element("span", { class: "what" }),
  );
  button.addEventListener("click", () => {
    choice.point = choice.point === index ? null : index; // a second click follows the newest again
    document.dispatchEvent(new Event("chosen"));
  });
  return element("li", {}, button);
}
