// The network explorer: the form asks, Python answers (_ext/browser/explorer.py), the page shows.

const page = document.getElementById("explorer");
const [form, status, nets] = ["form", ".status", ".nets"].map((each) => page.querySelector(each));
const [differences, begin] = [page.querySelector(".differences"), page.querySelector(".begin")];
const narrow = matchMedia("(max-width: 700px)");
let asked = 0; // how often Python was asked: only the last answer counts

// --- the choice, in the form and in the address ------------------------------------------------

// Each field is named in the address by its name, those of the second network with a 2.
function choices() {
  const both = form.elements.both.checked;
  return [...form.querySelectorAll("fieldset")].slice(0, both ? 2 : 1).map((fieldset) => {
    const words = {};
    for (const { name, value } of fieldset.elements) words[name.replace("2", "")] = value;
    return words;
  });
}

function toAddress() {
  const words = new URLSearchParams();
  for (const element of form.querySelectorAll("[name]")) {
    const there = element.type === "checkbox" ? element.checked : element.value.trim();
    const shown = !element.name.endsWith("2") || form.elements.both.checked;
    if (there && shown) words.set(element.name, there === true ? "yes" : there);
  }
  history.replaceState(null, "", `#${words}`);
}

function fromAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  if (!words.has("net")) return false;
  for (const element of form.querySelectorAll("[name]")) {
    const value = words.get(element.name) ?? element.defaultValue ?? "";
    if (element.type === "checkbox") element.checked = words.has(element.name);
    else element.value = value;
  }
  show2();
  return true;
}

function show2() {
  form.querySelectorAll("fieldset")[1].hidden = !form.elements.both.checked;
}

// --- asking ------------------------------------------------------------------------------------

async function ask() {
  const mine = ++asked;
  begin.hidden = true;
  const question = {
    choices: choices(),
    columns: form.elements.both.checked || narrow.matches ? 1 : 2,
    every_layer: form.elements.every.checked,
  };
  const coming = (share) => {
    const said = `Python comes: ${10 * Math.floor(10 * share)} %`; // not too often, for who listens
    if (status.textContent !== said) status.textContent = said;
  };
  try {
    const answer = await book.call("explorer", "answer", [JSON.stringify(question)], coming);
    if (mine === asked) show(JSON.parse(answer));
  } catch (error) {
    begin.hidden = false;
    status.textContent = `Python did not answer: ${error.message}`;
  }
}

let later;
form.addEventListener("input", () => {
  show2();
  toAddress();
  clearTimeout(later);
  later = setTimeout(ask, 150);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  toAddress();
  ask();
});
addEventListener("hashchange", () => fromAddress() && ask());
narrow.addEventListener("change", () => asked && ask());

// --- showing -----------------------------------------------------------------------------------

function show(answer) {
  const list = page.querySelector("datalist");
  list.replaceChildren(...answer.names.map((name) => new Option(name)));
  const said = answer.nets.map((net) => net.error ?? `${net.title}: ${net.said}.`);
  status.textContent = said.join(" ");
  nets.replaceChildren(...answer.nets.filter((net) => !net.error).map(shown));
  differences.innerHTML = answer.differences && scrolled("What differs", answer.differences);
}

function scrolled(label, table) {
  return `<div class="wide" role="region" tabindex="0" aria-label="${label}">${table}</div>`;
}

function shown(net) {
  const place = document.createElement("section");
  place.setAttribute("aria-label", net.title);
  place.innerHTML = `
    <h2></h2>
    <p class="copies"></p>
    <figure>${net.svg}<figcaption>Point at a layer, or step through them with Tab and the arrow
      keys.</figcaption></figure>
    ${scrolled(`${net.title}: by part`, net.parts)}
    ${scrolled(`${net.title}: memory`, net.memory)}
    <details><summary>Layer by layer</summary>
      ${scrolled(`${net.title}: layer by layer`, net.layers)}</details>`;
  place.querySelector("h2").textContent = net.title;
  const copies = { "Copy Gluon code": net.gluon, "Copy command": net.command, "Copy CSV": net.csv };
  place.querySelector(".copies").append(...Object.entries(copies).map(copier));
  point(place.querySelector("svg"), place.querySelector("figcaption"));
  return place;
}

function copier([label, text]) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm";
  button.textContent = label;
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(text);
      status.textContent = `${label.replace("Copy ", "")}: copied.`;
    } catch {
      status.textContent = `The browser does not let the page copy. The text: ${text}`;
    }
  };
  return button;
}

// What a layer gives and costs is told below the drawing, to who points at it or comes by keyboard.
function point(svg, caption) {
  const layers = [...svg.querySelectorAll("g.tip")];
  svg.setAttribute("role", "group");
  for (const [i, layer] of layers.entries()) {
    const said = layer.querySelector("title").textContent.split("\n").join("; ");
    layer.setAttribute("role", "img");
    layer.setAttribute("aria-label", said);
    layer.tabIndex = i ? -1 : 0; // one stop for the keyboard; the arrows go on
    const tell = () => {
      caption.textContent = said;
    };
    layer.addEventListener("pointerenter", tell);
    layer.addEventListener("focus", tell);
    layer.addEventListener("keydown", (event) => {
      const to = { ArrowDown: i + 1, ArrowRight: i + 1, ArrowUp: i - 1, ArrowLeft: i - 1 };
      to.Home = 0;
      to.End = layers.length - 1;
      const next = layers[to[event.key]];
      if (!next) return;
      event.preventDefault();
      layer.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }
}

// --- the beginning -----------------------------------------------------------------------------

begin.disabled = false; // before, a click would have sent the form away
show2();
if (fromAddress()) ask();
