// Python in a thread of its own, so that the page goes on while it works.  See python.mjs.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const MEGABYTES = 12.3; // of what is read while Python starts

// Whatever is read is counted on its way.
let read = 0;
const plain = self.fetch;
self.fetch = async (...asked) => {
  const reply = await plain(...asked);
  if (!reply.body) return reply;
  const counted = reply.body.pipeThrough(
    new TransformStream({
      transform(piece, onwards) {
        read += piece.byteLength;
        postMessage({ progress: Math.min(1, read / MEGABYTES / 1e6) });
        onwards.enqueue(piece);
      },
    }),
  );
  return new Response(counted, { status: reply.status, headers: reply.headers });
};

async function start() {
  const [python, rooms] = await Promise.all([
    loadPyodide({ indexURL: new URL("pyodide/", import.meta.url).href }),
    fetch(new URL("d2lres.zip", import.meta.url), { cache: "no-cache" }),
  ]);
  if (!rooms.ok) throw new Error(`${rooms.url}: ${rooms.status}`);
  python.unpackArchive(await rooms.arrayBuffer(), "zip", { extractDir: "/book" });
  python.runPython("import sys; sys.path.insert(0, '/book')");
  return python;
}

const started = start();
started.catch((error) => postMessage({ failed: error.message }));

onmessage = async ({ data: { id, module, name, words } }) => {
  try {
    const python = await started;
    postMessage({ id, answer: python.pyimport(module)[name](...words) });
  } catch (error) {
    postMessage({ id, error: error.message });
  }
};
