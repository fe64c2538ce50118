// Figures that the reader moves; move.py says of what, and put this into the page.

const SVG = "http://www.w3.org/2000/svg";
const figures = JSON.parse(document.getElementById("move").textContent);
const DASHES = ["", "7 3", "2 3", "9 3 2 3"]; // so that colors need not be told apart
const HEIGHT = 260;
let made = 0; // fields, each with a name of its own

// --- small parts -------------------------------------------------------------------------------

function element(name, attributes = {}, ...inside) {
  const one = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  one.append(...inside);
  return one;
}

function shape(name, attributes, text) {
  const one = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  if (text !== undefined) one.textContent = text;
  return one;
}

// A slider from least to most, or a choice of options, with its name; what it says of itself.
function field({ name, options, least, most, value }) {
  const id = `move-${++made}`;
  const option = (each) => new Option(each, each, false, each === value);
  const input = options
    ? element("select", { id }, ...options.map(option))
    : element("input", { id, type: "range", min: least, max: most, value });
  const now = element("span", { "aria-hidden": "true" });
  const whole = element("p", {}, element("label", { for: id }, name), " ", now, input);
  if (options) now.remove();
  // What the field says, to the eye and to the ear.
  const tell = (text) => {
    now.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  const show = () => tell(input.value);
  if (!options) {
    input.addEventListener("input", show);
    show();
  }
  return { input, whole, tell };
}

// The next larger of 1, 2, 2.5, 5, 10 and so on.
function round(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return power * [1, 2, 2.5, 5, 10].find((each) => each * power >= number * (1 - 1e-9));
}

const plural = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

// --- windows over a row of pixels --------------------------------------------------------------

function windows(figure, { controls, values }) {
  const fields = controls.map(field);
  const [picture, said] = parts(figure, fields);
  return (width) => {
    const [size, kernel, stride] = fields.map(({ input }) => Number(input.value));
    const lines = Object.entries(values[`${size} ${kernel} ${stride}`]);
    const most = Math.max(...lines.map(([, line]) => size + (line ? line[0] + line[1] : 0)));
    const before = Math.max(...lines.map(([, line]) => line?.[0] ?? 0));
    const cell = Math.min(30, (width - 2) / Math.max(most, size + 2 * before));
    const drawn = [];
    const words = [];
    let y = 4;
    for (const [name, line] of lines) {
      const [added, text] = row(name, line, { size, kernel, stride, before, cell, y });
      drawn.push(...added);
      words.push(text);
      y = Math.max(...added.map((each) => Number(each.dataset.below ?? 0))) + 22;
    }
    paint(picture, width, y, drawn, words.join(" "));
    said.textContent = words.join(" ");
  };
}

// A row of pixels with its windows, and what there is to say of it.
function row(name, line, { size, kernel, stride, before, cell, y }) {
  const heading = shape("text", { x: 1, y: y + 12, "data-below": y + 20 }, name);
  if (!line) return [[heading], `${name}: the window is wider than the row.`];
  const [left, right, number] = line;
  const top = y + 20;
  const at = (pixel) => 1 + cell * (before + pixel - 1); // pixels are numbered from 1
  const firsts = Array.from({ length: number }, (_, i) => 1 - left + i * stride);
  const used = (pixel) => firsts.some((first) => first <= pixel && pixel < first + kernel);
  const added = [heading];
  for (let pixel = 1 - left; pixel <= size + right; pixel++) {
    const kind = pixel < 1 || pixel > size ? "padding" : used(pixel) ? "pixel" : "unused";
    const box = { x: at(pixel), y: top, width: cell, height: cell, "data-cell": kind };
    added.push(shape("rect", box));
    const middle = { x: at(pixel) + cell / 2, y: top + cell / 2 + 4, "data-number": "" };
    if (cell > 15) added.push(shape("text", middle, kind === "padding" ? "0" : pixel));
    else if (kind === "padding") added.push(shape("text", middle, "0"));
  }
  const levels = Math.min(number, Math.ceil(kernel / stride));
  for (const [i, first] of firsts.entries()) {
    const below = top + cell + 6 + 13 * (i % levels);
    const bar = { x: at(first) + 1.5, y: below, width: kernel * cell - 3, height: 8, rx: 2 };
    added.push(shape("rect", { ...bar, "data-window": "" }));
    const middle = at(first) + (kernel * cell) / 2;
    added.push(shape("circle", { cx: middle, cy: below + 4, r: 3, "data-below": below + 10 }));
  }
  const missed = Array.from({ length: size }, (_, i) => i + 1).filter((pixel) => !used(pixel));
  const unseen = missed.length ? `; in no window: ${missed.join(", ")}` : "";
  const text = `${name}: ${left} added left, ${right} right, ${plural(number, "window")}${unseen}.`;
  return [added, text];
}

// --- curves ------------------------------------------------------------------------------------

function curves(figure, { controls, scale, values, x, y, digits, colors }) {
  const fields = controls.map(field);
  const factor = scale && field({ ...scale, value: scale.options[0] });
  const [first] = Object.values(values);
  const shown = Object.keys(first.lines).map((name, i) => {
    const id = `move-${++made}`;
    const input = element("input", { id, type: "checkbox", checked: "" });
    const sample = shape("svg", { width: 28, height: 10, "aria-hidden": "true" });
    sample.append(shape("path", { d: "M0 5H28", stroke: colors[i], "stroke-dasharray": DASHES[i] }));
    return { name, i, input, whole: element("label", { for: id }, input, " ", sample, ` ${name}`) };
  });
  const legend = { whole: element("p", { role: "group", "aria-label": "Lines" }) };
  legend.whole.append(...shown.map(({ whole }) => whole));
  const cursor = field({ name: x, least: 0, most: first.x.length - 1, value: first.x.length - 1 });
  const inputs = [...fields, ...(factor ? [factor] : [])];
  const [picture, said] = parts(figure, [...inputs, legend, cursor]);
  let frame; // where the lines are, for who points at them

  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const share = (event.clientX - box.left - frame.left) / frame.wide;
    const to = Math.round(Math.min(Math.max(share, 0), 1) * (first.x.length - 1));
    if (String(to) === cursor.input.value) return;
    cursor.input.value = to;
    cursor.input.dispatchEvent(new Event("input", { bubbles: true }));
  });

  return (width) => {
    const chosen = fields.map(({ input }) => input.value);
    const { x: places, lines } = values[chosen.join(" ")];
    const times = factor ? Number(factor.input.value) : 1;
    const name = y[chosen[0]] ?? y[""];
    const kept = shown.filter(({ input }) => input.checked);
    const heights = kept.map((each) => ({ ...each, line: lines[each.name].map((v) => v * times) }));
    const all = shown.flatMap((each) => lines[each.name].map((value) => value * times));
    const step = round(Math.max(...all) / 4);
    const ticks = Math.ceil(Math.max(...all) / step - 1e-9);
    const top = ticks * step;
    const [left, right, above, below] = [44, 12, 26, 34];
    frame = { left, wide: width - left - right, high: HEIGHT - above - below };
    const [least, most] = [places[0], places.at(-1)];
    const atX = (value) => left + (frame.wide * (value - least)) / (most - least);
    const atY = (value) => above + frame.high * (1 - value / top);
    const drawn = [shape("text", { x: 0, y: 14 }, name)];
    for (let i = 0; i <= ticks; i++) {
      const height = atY(i * step);
      drawn.push(shape("path", { d: `M${left} ${height}H${width - right}`, "data-grid": "" }));
      const text = Number((i * step).toPrecision(3));
      drawn.push(shape("text", { x: left - 6, y: height + 4, "data-end": "" }, text));
    }
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const value = Math.round(least + share * (most - least));
      const middle = { x: atX(value), y: HEIGHT - below + 16, "data-number": "" };
      drawn.push(shape("text", middle, value));
    }
    drawn.push(shape("text", { x: left + frame.wide / 2, y: HEIGHT - 3, "data-number": "" }, x));
    for (const { i, line } of heights) {
      const point = (value, j) => `${atX(places[j]).toFixed(1)} ${atY(value).toFixed(1)}`;
      const d = `M${line.map(point).join("L")}`;
      drawn.push(shape("path", { d, stroke: colors[i], "stroke-dasharray": DASHES[i] }));
    }
    const here = Number(cursor.input.value);
    const stem = `M${atX(places[here])} ${above}V${HEIGHT - below}`;
    drawn.push(shape("path", { d: stem, "data-cursor": "" }));
    for (const { i, line } of heights) {
      const dot = { cx: atX(places[here]), cy: atY(line[here]), r: 4, fill: colors[i] };
      drawn.push(shape("circle", dot));
    }
    const place = Number(places[here].toFixed(2));
    cursor.tell(place);
    const each = heights.map(({ name, line }) => `${name} ${line[here].toFixed(digits)}`);
    const text = `${name[0].toUpperCase()}${name.slice(1)}, ${x} ${place}: ${each.join(", ")}.`;
    paint(picture, width, HEIGHT, drawn, text);
    said.textContent = text;
  };
}

// --- the figure around them --------------------------------------------------------------------

// The fields, the picture and what is said of it.
function parts(figure, fields) {
  const picture = shape("svg", { role: "img" });
  const said = element("p", { role: "status" });
  const set = element("div", { role: "group", "aria-label": "What to show" });
  set.append(...fields.map(({ whole }) => whole));
  figure.append(set, picture, said);
  return [picture, said];
}

function paint(picture, width, height, drawn, said) {
  for (const [key, value] of Object.entries({ width, height })) picture.setAttribute(key, value);
  picture.setAttribute("aria-label", said);
  picture.replaceChildren(...drawn);
}

const kinds = { windows, curves };

function begin(cell, spec) {
  const figure = element("div", { "data-move": spec.kind });
  const draw = kinds[spec.kind](figure, spec);
  const still = cell.querySelector(".cell_output");
  still.before(figure);
  still.dataset.still = ""; // for paper
  const again = () => figure.clientWidth && draw(Math.min(figure.clientWidth, 640)); // 0: on paper
  figure.addEventListener("input", again);
  new ResizeObserver(again).observe(figure);
}

// Each is made when it comes near.
for (const [tag, spec] of Object.entries(figures)) {
  const cell = document.querySelector(`.tag_${tag}`);
  const watch = new IntersectionObserver(
    (seen) => {
      if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
      watch.disconnect();
      begin(cell, spec);
    },
    { rootMargin: "1000px" },
  );
  watch.observe(cell);
}
