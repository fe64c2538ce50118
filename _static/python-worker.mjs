// Python in a thread of its own, so that the page goes on while it works.  See python.mjs.
import { loadPyodide } from "./pyodide/pyodide.mjs";
import { counted, serve } from "./serving.mjs";

const MEGABYTES = 12.3; // of what is read while Python starts

const plain = self.fetch;
self.fetch = async (...asked) => {
  const reply = await plain(...asked);
  return reply.body ? counted(reply, 1e6 * MEGABYTES) : reply;
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

serve(start(), (python, { module, name, words }) => python.pyimport(module)[name](...words));
