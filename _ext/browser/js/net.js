// The trained networks of a page: choose or draw an image, leave blocks out, see what they answer.
// What computes is net-worker.js.

const page = document.getElementById("net");
const [form, status, begin] = ["form", ".status", ".begin"].map((each) => page.querySelector(each));
const place = (name) => page.querySelector(`[data-place="${name}"]`);
const canvas = page.querySelector("canvas");
const paper = canvas.getContext("2d", { willReadFrequently: true });
const SIDE = canvas.width;
let facts; // of nets.json
let truth; // the class of the image, where it is known

// --- asking ------------------------------------------------------------------------------------

const thread = new book.Thread(loading);
const ask = (what, words, told) => thread.ask({ what, ...words }, told);

function say(text) {
  if (status.textContent !== text) status.textContent = text;
}

function loading(share) {
  if (!facts) say(`The networks come: ${10 * Math.floor(10 * share)} %`); // not too often
}

// --- the image ---------------------------------------------------------------------------------

let before; // the image as it was chosen, before anything was drawn on it

function pixels() {
  const { data } = paper.getImageData(0, 0, SIDE, SIDE);
  return data.filter((_, i) => i % 4 < 3);
}

async function choose(index) {
  const { number: field } = form.elements;
  const wanted = Math.trunc(index) || 0;
  field.value = Math.min(Math.max(wanted, 0), facts.labels.length - 1);
  const image = await ask("image", { number: Number(field.value) }).answer;
  const rgba = new ImageData(SIDE, SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    rgba.data.set([...image.slice(3 * i, 3 * i + 3), 255], 4 * i);
  }
  paper.putImageData(rgba, 0, 0);
  chosen(`Image ${field.value} of the sample`, facts.classes[facts.labels[field.value]]);
}

// The middle square of a picture, made smaller; what is transparent becomes white.
async function upload(file) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return say(`${file.name}: no image that this browser can read. Choose a PNG, JPEG or WebP file.`);
  }
  const side = Math.min(picture.width, picture.height);
  const [x, y] = [(picture.width - side) / 2, (picture.height - side) / 2];
  fill("white");
  paper.imageSmoothingQuality = "high";
  paper.drawImage(picture, x, y, side, side, 0, 0, SIDE, SIDE);
  const cut = picture.width === picture.height ? "" : "cut to its middle square and ";
  const size = `${picture.width}×${picture.height}`;
  const made = side === SIDE && !cut ? "as it is" : `${cut}made ${SIDE}×${SIDE} pixels`;
  chosen(`${file.name}, ${size} pixels, ${made}`);
}

function fill(color) {
  paper.fillStyle = color;
  paper.fillRect(0, 0, SIDE, SIDE);
}

// A new image is there.
function chosen(name, label) {
  say("");
  truth = label;
  before = { image: paper.getImageData(0, 0, SIDE, SIDE), name, label };
  place("name").textContent = label ? `${name}: ${label}` : name;
  see();
}

function drawn() {
  place("name").textContent = `${before.name}${before.label ? `: ${before.label}` : ""}, drawn on`;
  see();
}

// --- drawing -----------------------------------------------------------------------------------

const pen = { x: SIDE / 2, y: SIDE / 2, down: false };

function paint(x, y) {
  const size = Number(form.elements.brush.value);
  paper.fillStyle = form.elements.color.value;
  paper.fillRect(Math.round(x - size / 2), Math.round(y - size / 2), size, size);
}

// From where the pen was to where it is, without gaps.
function stroke(x, y) {
  const far = Math.ceil(Math.max(Math.abs(x - pen.x), Math.abs(y - pen.y), 1));
  for (let i = 1; i <= far; i++) {
    paint(pen.x + ((x - pen.x) * i) / far, pen.y + ((y - pen.y) * i) / far);
  }
  Object.assign(pen, { x, y });
}

function at(event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map(
    (share) => share * SIDE,
  );
}

canvas.addEventListener("pointerdown", (event) => {
  [pen.x, pen.y] = at(event);
  pen.down = true;
  canvas.setPointerCapture(event.pointerId);
  stroke(pen.x, pen.y);
});
canvas.addEventListener("pointermove", (event) => pen.down && stroke(...at(event)));
for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, () => {
    pen.down = false;
    drawn();
  });
}

canvas.addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const step = steps[event.key];
  if (!step && event.key !== " ") return;
  event.preventDefault();
  if (step) {
    pen.x = Math.min(Math.max(Math.floor(pen.x) + step[0], 0), SIDE - 1);
    pen.y = Math.min(Math.max(Math.floor(pen.y) + step[1], 0), SIDE - 1);
    say(`Column ${pen.x + 1}, row ${pen.y + 1}; space paints.`);
    return;
  }
  paint(pen.x, pen.y);
  drawn();
});

// --- what is left out --------------------------------------------------------------------------

function without() {
  return [...form.querySelectorAll("[name^=stage]")].filter((e) => !e.checked).map((e) => e.name);
}

function inWords(names) {
  const words = names.map((name) => name.replace("stage", "stage ").replace(".block", " block "));
  return words.length ? `without ${words.join(", ")}` : "all blocks";
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

// --- the probabilities and the maps ------------------------------------------------------------

let looked = 0; // how often it was asked: only the last answer counts

async function see() {
  const mine = ++looked;
  const shown = Number(form.elements.shown.value);
  const words = { image: pixels(), without: without(), shown };
  const asked = `${place("name").textContent}, ${inWords(words.without)}`;
  try {
    const found = await ask("see", words).answer;
    if (mine !== looked) return;
    probabilities(found, asked);
    maps(found[shown]);
  } catch (error) {
    place("answer").textContent = `The networks did not answer: ${error.message}`;
  }
}

function probabilities(found, asked) {
  const said = [];
  const best = found.map(({ probabilities: p }) => p && p.indexOf(Math.max(...p)));
  const rows = facts.classes.map((name, i) => {
    const cells = found.map(({ probabilities: p }, j) => {
      const cell = cellOf(p ? percent(p[i]) : "–");
      if (p) cell.style.setProperty("--share", p[i]);
      if (best[j] === i) cell.dataset.best = "";
      return cell;
    });
    return row(name === truth ? `${name} (true)` : name, cells);
  });
  for (const [j, { probabilities: p, lacking }] of found.entries()) {
    const { title } = facts.nets[j];
    if (p) said.push(`${title}: ${facts.classes[best[j]]}, ${percent(p[best[j]])}`);
    else said.push(`${title} cannot go without ${inWords(lacking).replace("without ", "")}`);
  }
  place("probabilities").replaceChildren(...rows);
  place("answer").textContent = `${asked}. ${said.join("; ")}.`;
}

function row(name, cells) {
  const line = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  line.append(head, ...cells);
  return line;
}

// Each map on its own scale, from black for 0 to white for its largest value, as in the chapter.
function maps({ maps: stages, lacking }) {
  place("maps").replaceChildren(...(stages ?? []).map(figure));
  if (!stages) place("maps").textContent = `Not there ${inWords(lacking)}.`;
}

const ACROSS = 8;

function figure({ name, shape: [count, side], data }) {
  const picture = document.createElement("canvas");
  picture.width = ACROSS * (side + 1) - 1;
  picture.height = Math.ceil(count / ACROSS) * (side + 1) - 1;
  const context = picture.getContext("2d");
  let zeros = 0;
  for (let map = 0; map < count; map++) {
    const values = data.subarray(map * side * side, (map + 1) * side * side);
    const largest = Math.max(...values, 1e-6);
    const gray = new ImageData(side, side);
    for (const [i, value] of values.entries()) {
      zeros += value === 0;
      const light = (255 * value) / largest;
      gray.data.set([light, light, light, 255], 4 * i);
    }
    const [x, y] = [map % ACROSS, Math.floor(map / ACROSS)].map((each) => each * (side + 1));
    context.putImageData(gray, x, y);
  }
  const share = Math.round((100 * zeros) / data.length);
  const said = `${count} maps of ${side}×${side}, ${share} % of the values 0`;
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", `${name.replace("stage", "Stage ")}: ${said}`);
  const whole = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = `After ${name.replace("stage", "stage ")}: ${said}`;
  whole.append(picture, caption);
  return whole;
}

// --- the sample --------------------------------------------------------------------------------

const counts = new Map(); // of what was counted already
let counting; // the number of the question that is being answered
let counted = 0; // how often it was asked: only the last answer counts

async function count() {
  const [mine, names] = [++counted, without()];
  if (counting) ask("stop", { question: counting }).answer.catch(() => {}); // it says so itself
  const rows = [...place("counts").rows];
  const known = (net) => `${net} ${names}`;
  for (const [net, line] of rows.entries()) {
    line.cells[2].textContent = shown(counts.get(known(net))) ?? "…";
  }
  for (const net of [...rows.keys()].reverse()) {
    const [, whole, cell] = rows[net].cells;
    if (!counts.has(known(net))) {
      const told = (done) => {
        if (mine === counted) cell.textContent = `${done} seen …`;
      };
      const question = ask("count", { net, without: names }, told);
      counting = question.id;
      const right = await question.answer;
      if (mine !== counted) return; // the reader has gone on
      counts.set(known(net), right);
    }
    cell.textContent = shown(counts.get(known(net)));
    if (!names.length) whole.textContent = cell.textContent;
  }
  counting = undefined;
  const said = rows.map((line) => `${line.cells[0].textContent}: ${line.cells[2].textContent}`);
  place("counted").textContent = `Counted, ${inWords(names)}. ${said.join("; ")}.`;
}

// So many, as a share, and its standard error.
function shown(right) {
  if (right === undefined) return undefined;
  if (right === null) return "not possible";
  const images = facts.labels.length;
  const share = right / images;
  const error = Math.sqrt((share * (1 - share)) / images);
  return `${right}: ${(100 * share).toFixed(1)} ± ${percent(error)}`;
}

// The rows and columns of the networks, before anything is known.
function tables() {
  form.elements.shown.replaceChildren(...facts.nets.map(({ title }, i) => new Option(title, i)));
  form.elements.number.max = facts.labels.length - 1;
  const heads = facts.nets.map(({ title }) => {
    const head = document.createElement("th");
    head.scope = "col";
    head.textContent = title;
    return head;
  });
  place("titles").append(...heads);
  const rows = facts.nets.map(({ title, accuracy, asked }) => {
    const recorded = `${percent(accuracy)} of ${asked.toLocaleString("en")}`;
    return row(title, ["…", "…", recorded].map(cellOf));
  });
  place("counts").replaceChildren(...rows);
}

function cellOf(text) {
  const cell = document.createElement("td");
  cell.textContent = text;
  return cell;
}

// --- the form ----------------------------------------------------------------------------------

function blocksChanged() {
  see();
  count().catch((error) => say(`The sample could not be counted: ${error.message}`));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  choose(form.elements.number.value); // again, after something was drawn
});
form.addEventListener("change", ({ target }) => {
  const { name } = target;
  if (name === "number") choose(target.value);
  else if (name === "file" && target.files.length) upload(target.files[0]);
  else if (name === "shown") see();
  else if (name.startsWith("stage")) blocksChanged();
});

const buttons = {
  another: () => choose(Math.random() * facts.labels.length),
  back() {
    paper.putImageData(before.image, 0, 0);
    chosen(before.name, before.label);
  },
  empty() {
    fill(form.elements.color.value);
    chosen("An empty page");
  },
  all() {
    for (const each of form.querySelectorAll("[name^=stage]")) each.checked = true;
    blocksChanged();
  },
};
form.addEventListener("click", ({ target }) => buttons[target.name]?.());

begin.addEventListener("click", async () => {
  begin.disabled = true;
  say("The networks come: 0 %");
  try {
    facts = await ask("load").answer;
    form.hidden = false;
    begin.hidden = true;
    tables();
    await choose(form.elements.number.value);
    form.elements.number.focus({ preventScroll: true });
    await count();
  } catch (error) {
    begin.disabled = false;
    say(`The networks did not come: ${error.message}. Try again.`);
  }
});
begin.disabled = false; // before, a click would have done nothing
