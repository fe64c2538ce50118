// The trained networks in a thread of their own, so that the page goes on while they work.
// See net.js, which asks, and _ext/browser/nets.py, which wrote what is loaded here.

const SIDE = 32; // pixels of a stored image
const ROW = 20; // images in a row of their picture
const BATCH = 50;

// --- loading -----------------------------------------------------------------------------------

let runtime;

async function start(files) {
  const [facts, wasmBinary, ort] = await Promise.all([
    book.unpacked(files["nets.json"]).json(),
    book.unpacked(files["ort-wasm-simd-threaded.wasm"]).arrayBuffer(),
    book.imported(files["ort.wasm.bundle.min.mjs"]),
  ]);
  runtime = ort;
  Object.assign(runtime.env.wasm, { numThreads: 1, wasmBinary });
  const sessions = [];
  for (const { file } of facts.nets) {
    const model = await book.unpacked(files[file]).arrayBuffer();
    sessions.push(await runtime.InferenceSession.create(new Uint8Array(model)));
  }
  return { facts, sessions, pixels: await decoded(files[facts.images], facts.labels.length) };
}

// Red, green and blue of each image.
async function decoded(pieces, count) {
  const content = new Blob([await book.unpacked(pieces).arrayBuffer()]);
  const picture = await createImageBitmap(content, { colorSpaceConversion: "none" });
  const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  context.drawImage(picture, 0, 0);
  return Array.from({ length: count }, (_, i) => {
    const [x, y] = [SIDE * (i % ROW), SIDE * Math.floor(i / ROW)];
    return opaque(context.getImageData(x, y, SIDE, SIDE).data);
  });
}

function opaque(rgba) {
  return Uint8ClampedArray.from({ length: 3 * SIDE * SIDE }, (_, i) => {
    return rgba[4 * Math.floor(i / 3) + (i % 3)];
  });
}

// --- running -----------------------------------------------------------------------------------

// Images as a network was trained to see them: channels first, normalized.
function prepared(images, { means, deviations }) {
  const X = new Float32Array(images.length * 3 * SIDE * SIDE);
  let place = 0;
  for (const image of images) {
    for (let channel = 0; channel < 3; channel++) {
      for (let i = 0; i < SIDE * SIDE; i++) {
        X[place++] = (image[3 * i + channel] / 255 - means[channel]) / deviations[channel];
      }
    }
  }
  return new runtime.Tensor("float32", X, [images.length, 3, SIDE, SIDE]);
}

// The names of blocks that are left out and that this network has no switch for.
function stuck(session, without) {
  return without.filter((name) => !session.inputNames.includes(`${name}.switch`));
}

let last = Promise.resolve();

// One after another: a session answers one question at a time.
function run(session, images, net, without, outputs) {
  const asked = { images: prepared(images, net) };
  for (const name of session.inputNames.slice(1)) {
    const left = without.includes(name.replace(".switch", ""));
    asked[name] = new runtime.Tensor("float32", [left ? 0 : 1], []);
  }
  last = last.catch(() => {}).then(() => session.run(asked, outputs));
  return last;
}

function softmax(scores) {
  const largest = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

// --- what the page asks ------------------------------------------------------------------------

const stopped = new Set(); // questions that the page has given up

const answers = {
  async load({ facts }) {
    return facts;
  },

  stop(_, { question }) {
    stopped.add(question);
  },

  image({ pixels }, { number }) {
    return pixels[number];
  },

  // The probabilities of each network, and the maps of one: null where a block cannot be left out.
  async see({ facts, sessions }, { image, without, shown }) {
    const found = [];
    for (const [i, session] of sessions.entries()) {
      const lacking = stuck(session, without);
      const outputs = i === shown ? session.outputNames : ["logits"];
      const values =
        lacking.length === 0 && (await run(session, [image], facts.nets[i], without, outputs));
      found.push({
        lacking,
        probabilities: values && softmax(values.logits.data),
        maps: values && i === shown ? mapsOf(values) : null,
      });
    }
    return found;
  },

  // How many images of the sample a network has right: null where a block cannot be left out,
  // nothing where the page has stopped it.
  async count({ facts, sessions, pixels }, { net, without }, id) {
    if (stuck(sessions[net], without).length) return null;
    const classes = facts.classes.length;
    let right = 0;
    for (let i = 0; i < pixels.length; i += BATCH) {
      const batch = pixels.slice(i, i + BATCH);
      const { logits } = await run(sessions[net], batch, facts.nets[net], without, ["logits"]);
      for (let j = 0; j < batch.length; j++) {
        const scores = logits.data.slice(j * classes, (j + 1) * classes);
        right += scores.indexOf(Math.max(...scores)) === facts.labels[i + j];
      }
      postMessage({ id, part: i + batch.length });
      await new Promise((done) => setTimeout(done)); // let the page's next question in
      if (stopped.delete(id)) return undefined;
    }
    return right;
  },
};

function mapsOf(values) {
  const stages = Object.entries(values).filter(([name]) => name.startsWith("stage"));
  return stages.map(([name, { dims, data }]) => ({ name, shape: dims.slice(1), data }));
}

book.serve(start, (loaded, { what, ...words }, id) => answers[what](loaded, words, id));
