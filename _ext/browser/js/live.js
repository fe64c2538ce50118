// Live cells: code of the page that the reader changes and runs (_ext/browser/live.py runs it).

const cells = [];
let running, next; // the cell whose button was pressed, and the one to run after it

// --- one cell ----------------------------------------------------------------------------------

class Cell {
  constructor(place, number) {
    this.place = place;
    this.number = number;
    this.code = place.querySelector(".cell_input pre");
    this.html = this.code.innerHTML;
    this.own = this.code.textContent.replace(/\n$/, ""); // the book's code
    this.stored = place.querySelector(".cell_output")?.innerHTML ?? "";
    for (const part of ["run", "stop", "reset", "status"]) {
      this[part] = place.querySelector(`.live-${part}`);
    }
    this.area = editor(this);
    this.code.after(this.area);
    this.code.setAttribute("aria-hidden", "true"); // the editor has the same words
    this.controls = [...place.querySelectorAll(".live-controls [name]")];
    for (const control of this.controls) {
      control.addEventListener("input", () => this.set(control.name, control.value));
    }
    this.run.disabled = false;
    this.run.onclick = () => run(this);
    this.stop.onclick = () => book.stop("Stopped. The next run begins anew.");
    this.reset.onclick = () => {
      this.write(this.own);
      this.output().innerHTML = this.stored;
      this.say("As in the book again.");
      this.run.focus(); // Reset goes away
    };
    this.write(saved(this));
  }

  // Let the cell have some code: in the editor, behind it in colours, in the controls, kept.
  write(text) {
    if (this.area.value !== text) this.area.value = text;
    this.code.innerHTML = text === this.own ? this.html : `${painted(text)}\n`;
    this.reset.hidden = text === this.own;
    for (const control of this.controls) {
      const value = line(control.name).exec(text)?.[2];
      control.disabled = value === undefined; // its line is gone
      if (value !== undefined) control.value = value;
      const shown = control.parentElement.querySelector(".live-value");
      if (shown) shown.textContent = control.value;
    }
    save(this, text);
  }

  // Write what a control says into the code, and run it.
  set(name, value) {
    this.write(this.area.value.replace(line(name), (_, before, old, after) => before + value + after));
    if (running) next = this;
    else run(this);
  }

  say(text, heard = "") {
    const more = document.createElement("span");
    more.className = "visually-hidden";
    more.textContent = heard;
    this.status.replaceChildren(text, more);
  }

  show(outputs) {
    this.output().replaceChildren(...outputs.map(shown));
  }

  // Where the outputs stand; a cell without any gets the place now.
  output() {
    const there = this.place.querySelector(".cell_output");
    if (there) return there;
    const place = document.createElement("div");
    place.className = "cell_output docutils container";
    this.place.append(place);
    return place;
  }
}

// The assignment of a name whose comment has a range or choices: before, value, after.
const line = (name) => new RegExp(`^(${name} *= *)([^#\\n]*?)( *#.* (?:to|or) .*)$`, "m");

// --- running -----------------------------------------------------------------------------------

async function run(cell) {
  if (running) return;
  running = cell;
  cell.run.hidden = true;
  cell.stop.hidden = false;
  cell.say("Runs …");
  const codes = cells.map((each) => each.area.value);
  const asked = JSON.stringify({ cells: codes, wanted: cell.number });
  try {
    const order = JSON.parse(await book.call("live", "plan", [asked], (share) => coming(cell, share)));
    cell.say("Runs …");
    for (const number of order) {
      const one = JSON.stringify({ number, code: codes[number] });
      const outputs = JSON.parse(await book.call("live", "run", [one]));
      cells[number].show(outputs);
      const failed = outputs.some((each) => each.kind === "error");
      if (cells[number] !== cell) cells[number].say(failed ? "An error." : "Run for a cell below.");
      else cell.say(failed ? "An error." : done(order.length - 1), outputs.map(inWords).join(" "));
      if (failed && cells[number] !== cell) cell.say("A cell above, which this one needs, has an error.");
      if (failed) break;
    }
  } catch (error) {
    cell.say(error.message);
  }
  const focused = document.activeElement === cell.stop;
  cell.stop.hidden = true;
  cell.run.hidden = false;
  if (focused) cell.run.focus();
  const later = next;
  running = next = undefined;
  if (later) run(later);
}

function coming(cell, share) {
  const said = `Python comes: ${10 * Math.floor(10 * share)} %`; // not too often, for who listens
  if (cell.status.textContent !== said) cell.say(said);
}

function done(above) {
  return above ? `Done, after ${above} cell${above > 1 ? "s" : ""} above.` : "Done.";
}

// --- outputs, as the book has them -------------------------------------------------------------

const LOOKS = {
  stream: "output stream highlight-myst-ansi notranslate",
  text: "output text_plain highlight-myst-ansi notranslate",
  error: "output error notranslate",
  html: "output text_html",
  svg: "output image_svg",
};

function shown({ kind, text }) {
  const place = document.createElement("div");
  place.className = LOOKS[kind];
  if (kind === "html" || kind === "svg") place.innerHTML = text;
  else {
    place.innerHTML = '<div class="highlight"><pre></pre></div>';
    place.querySelector("pre").textContent = text.endsWith("\n") ? text : `${text}\n`;
  }
  return place;
}

function inWords({ kind, text }) {
  if (kind === "html") return "A table.";
  if (kind === "svg") return /aria-label="([^"]{0,200})/.exec(text)?.[1] ?? "A drawing.";
  return kind === "error" ? text.trim().split("\n").pop() : text.slice(0, 200);
}

// --- the editor --------------------------------------------------------------------------------

function editor(cell) {
  const area = document.createElement("textarea");
  Object.assign(area, { value: cell.own, spellcheck: false, autocapitalize: "off", rows: 1 });
  area.setAttribute("aria-label", `Code of cell ${cell.number + 1}`);
  area.setAttribute("aria-description", "Control and Enter run it. After Escape, Tab leaves it.");
  let writing = false; // whether Tab indents: not for who came by Tab, or pressed Escape
  area.addEventListener("input", () => {
    writing = true;
    cell.write(area.value);
  });
  area.addEventListener("pointerdown", () => {
    writing = true;
  });
  area.addEventListener("blur", () => {
    writing = false;
  });
  area.addEventListener("keydown", (event) => {
    const { key, ctrlKey, metaKey, shiftKey, isComposing } = event;
    if (isComposing) return;
    if (key === "Enter" && (ctrlKey || metaKey || shiftKey)) {
      event.preventDefault();
      run(cell);
      if (shiftKey) cells[cell.number + 1]?.area.focus();
    } else if (key === "Enter") {
      event.preventDefault();
      type(area, `\n${indent(area)}`);
    } else if (key === "Tab" && writing) {
      event.preventDefault();
      if (shiftKey) dedent(area);
      else type(area, "    ");
    } else if (key === "Escape") writing = false;
  });
  return area;
}

// As if the reader typed it, so that it can be undone.
function type(area, text) {
  if (!document.execCommand(text ? "insertText" : "delete", false, text)) {
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input"));
  }
}

const lineBefore = (area) => area.value.slice(0, area.selectionStart).split("\n").pop();

function indent(area) {
  const before = lineBefore(area);
  return /^ */.exec(before)[0] + (/:\s*(#.*)?$/.test(before) ? "    " : "");
}

function dedent(area) {
  const { selectionStart: at, value } = area;
  const begin = at - lineBefore(area).length;
  const blanks = /^ {0,4}/.exec(value.slice(begin))[0].length;
  if (!blanks) return;
  area.setSelectionRange(begin, begin + blanks);
  type(area, "");
  area.setSelectionRange(Math.max(begin, at - blanks), Math.max(begin, at - blanks));
}

// The colours of the page, by the classes that Pygments gives.
const KINDS = ["c1", "s2", "k", "nb", "mi", "o"];
const MARKS = new RegExp(
  [
    /(#.*)/,
    /([rbfu]{0,2}(?:"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))/,
    /\b(and|as|assert|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|not|or|pass|raise|return|try|while|with|yield|None|True|False)\b/,
    /\b(abs|all|any|dict|enumerate|float|int|isinstance|len|list|map|max|min|print|range|repr|reversed|round|set|sorted|str|sum|tuple|type|zip)\b/,
    /\b(\d[\w.]*)/,
    /([-+*/%=<>!@&|^~]+)/,
    /\w+/,
  ]
    .map((each) => each.source)
    .join("|"),
  "g",
);

function painted(text) {
  let html = "";
  let end = 0;
  for (const found of text.matchAll(MARKS)) {
    const kind = KINDS[found.slice(1).findIndex((each) => each !== undefined)];
    html += escaped(text.slice(end, found.index));
    html += kind ? `<span class="${kind}">${escaped(found[0])}</span>` : escaped(found[0]);
    end = found.index + found[0].length;
  }
  return html + escaped(text.slice(end));
}

const escaped = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt()};`);

// --- what the reader wrote is there again after a reload, while the book's code is the same -----

const key = (cell) => `live ${location.pathname} ${cell.number}`;

function save(cell, text) {
  try {
    if (text === cell.own) localStorage.removeItem(key(cell));
    else localStorage.setItem(key(cell), JSON.stringify([cell.own, text]));
  } catch {
    // the browser keeps nothing: the edit lasts as long as the page
  }
}

function saved(cell) {
  try {
    const [own, text] = JSON.parse(localStorage.getItem(key(cell)) ?? "[]");
    if (own === cell.own) return text;
  } catch {
    // as above
  }
  return cell.own;
}

for (const [number, place] of document.querySelectorAll(".cell.tag_live").entries()) {
  cells.push(new Cell(place, number));
}
